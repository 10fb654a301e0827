// NPY (numpy.lib.format): "\x93NUMPY", major, minor, header length (u16 in version 1, u32 in 2 and
// 3, little-endian), then a Python dict literal such as
//     {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }
// padded with blanks and ended by a newline so that the data begins at a multiple of 64.

#include "io/npy.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/status.h"
#include "io/npz.h"

enum { DESCR_BYTES = 32, ALIGNMENT = 64 };

static const struct {
    char code[3];
    mkd_dtype dtype;
} codes[] = {
    {"f4", MKD_F32}, {"f8", MKD_F64}, {"f2", MKD_F16}, {"i1", MKD_I8},  {"u1", MKD_U8},
    {"i2", MKD_I16}, {"u2", MKD_U16}, {"i4", MKD_I32}, {"i8", MKD_I64}, {"b1", MKD_BOOL},
};

typedef struct cursor {
    const char *at, *end;
} cursor;

static void skip_blanks(cursor *c) {
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\t' || *c->at == '\n')) {
        c->at++;
    }
}

/// Passes `mark` if it is next.
static bool accept(cursor *c, char mark) {
    skip_blanks(c);
    if (c->at < c->end && *c->at == mark) {
        c->at++;
        return true;
    }
    return false;
}

static bool accept_word(cursor *c, const char *word) {
    skip_blanks(c);
    size_t n = strlen(word);
    if ((size_t)(c->end - c->at) >= n && memcmp(c->at, word, n) == 0) {
        c->at += n;
        return true;
    }
    return false;
}

/// A Python string without escapes, cut to the size of `out`.
static bool read_string(char out[DESCR_BYTES], cursor *c) {
    char quote = '\'';
    if (!accept(c, quote)) {
        quote = '"';
        if (!accept(c, quote)) {
            return false;
        }
    }
    size_t n = 0;
    for (; c->at < c->end && *c->at != quote; c->at++) {
        if (*c->at == '\\' || (unsigned char)*c->at < ' ' || (unsigned char)*c->at > '~') {
            return false;
        }
        if (n < DESCR_BYTES - 1) {
            out[n++] = *c->at;
        }
    }
    out[n] = '\0';
    return accept(c, quote);
}

static bool read_extent(int64_t *out, cursor *c) {
    skip_blanks(c);
    const char *start = c->at;
    int64_t value = 0;
    for (; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++) {
        int digit = *c->at - '0';
        if (value > (INT64_MAX - digit) / 10) {
            return false;
        }
        value = value * 10 + digit;
    }
    *out = value;
    return c->at > start;
}

static int read_shape(mkd_shape *out, cursor *c, const char *name) {
    *out = (mkd_shape){0};
    if (!accept(c, '(')) {
        MKD_FAIL(MKD_EFORMAT, "%s: found a .npy shape that is no tuple", name);
    }
    int rank = 0;
    while (!accept(c, ')')) {
        int64_t extent;
        if (!read_extent(&extent, c)) {
            MKD_FAIL(MKD_EFORMAT,
                     "%s: found a .npy shape whose extent %d is no number from 0 to 2^63 - 1", name,
                     rank);
        }
        if (rank < MKD_MAX_RANK) {
            out->at[rank] = extent;
        }
        rank++;
        if (!accept(c, ',')) {
            // "(3)" is a number in Python, not a tuple
            if (rank == 1 || !accept(c, ')')) {
                MKD_FAIL(MKD_EFORMAT, "%s: found a .npy shape that is no tuple", name);
            }
            break;
        }
    }
    if (rank > MKD_MAX_RANK) {
        MKD_FAIL(MKD_EUNSUPPORTED, "%s: found an array of %d dimensions, expected at most %d", name,
                 rank, MKD_MAX_RANK);
    }
    out->rank = rank;
    return 0;
}

static int read_descr(mkd_dtype *out, cursor *c, const char *name) {
    if (accept(c, '[')) {
        MKD_FAIL(MKD_EUNSUPPORTED, "%s: found a structured array, expected numbers", name);
    }
    char descr[DESCR_BYTES];
    if (!read_string(descr, c)) {
        MKD_FAIL(MKD_EFORMAT, "%s: found a .npy 'descr' that is no string", name);
    }
    if (strchr(descr, 'O')) {
        MKD_FAIL(MKD_EUNSUPPORTED, "%s: found Python objects (descr '%s'), expected numbers", name,
                 descr);
    }
    if (descr[0] == '>') {
        MKD_FAIL(MKD_EUNSUPPORTED, "%s: found big-endian data (descr '%s'), expected little-endian",
                 name, descr);
    }
    for (size_t i = 0; i < MKD_COUNT(codes); i++) {
        bool one_byte = codes[i].code[1] == '1';
        if (strcmp(descr + (descr[0] != '\0'), codes[i].code) == 0 &&
            (descr[0] == '<' || (one_byte && descr[0] == '|'))) {
            *out = codes[i].dtype;
            return 0;
        }
    }
    MKD_FAIL(MKD_EUNSUPPORTED,
             "%s: found data type '%s', expected one of f4 f8 f2 i1 u1 i2 u2 i4 i8 b1", name,
             descr);
}

static int read_order(bool *is_fortran, cursor *c, const char *name) {
    *is_fortran = accept_word(c, "True");
    if (!*is_fortran && !accept_word(c, "False")) {
        MKD_FAIL(MKD_EFORMAT, "%s: found a .npy 'fortran_order' that is neither True nor False",
                 name);
    }
    return 0;
}

/// The dict literal: exactly the keys descr, fortran_order and shape, in any order.
static int read_dict(mkd_npy_header *out, cursor *c, const char *name) {
    unsigned seen = 0;
    bool ok = accept(c, '{');
    while (ok && !accept(c, '}')) {
        char key[DESCR_BYTES];
        unsigned bit = 0;
        if (!read_string(key, c) || !accept(c, ':')) {
            ok = false;
        } else if (strcmp(key, "descr") == 0) {
            bit = 1;
            MKD_TRY(read_descr(&out->dtype, c, name));
        } else if (strcmp(key, "fortran_order") == 0) {
            bit = 2;
            MKD_TRY(read_order(&out->is_fortran, c, name));
        } else if (strcmp(key, "shape") == 0) {
            bit = 4;
            MKD_TRY(read_shape(&out->shape, c, name));
        }
        ok = ok && bit && !(seen & bit);
        seen |= bit;
        if (ok && !accept(c, ',')) {
            ok = accept(c, '}');
            break;
        }
    }
    skip_blanks(c);
    if (!ok || seen != 7 || c->at != c->end) {
        MKD_FAIL(
            MKD_EFORMAT,
            "%s: found a broken .npy header, expected a dict of descr, fortran_order and shape",
            name);
    }
    return 0;
}

int mkd_npy_header_length(size_t *out, const void *bytes, size_t n_bytes, const char *name) {
    const uint8_t *at = bytes;
    if (n_bytes < 10 || memcmp(at, "\x93NUMPY", 6) != 0) {
        MKD_FAIL(MKD_EFORMAT, "%s: found no .npy array, expected one (\\x93NUMPY and a header)",
                 name);
    }
    if (at[6] < 1 || at[6] > 3 || at[7] != 0) {
        MKD_FAIL(MKD_EUNSUPPORTED, "%s: found .npy version %d.%d, expected 1.0, 2.0 or 3.0", name,
                 at[6], at[7]);
    }
    size_t preamble = at[6] == 1 ? 10 : 12, length = (size_t)at[8] | (size_t)at[9] << 8;
    if (at[6] > 1) {
        if (n_bytes < 12) {
            MKD_FAIL(MKD_EFORMAT, "%s: truncated in the .npy header", name);
        }
        length |= (size_t)at[10] << 16 | (size_t)at[11] << 24;
    }
    if (preamble + length > MKD_NPY_HEADER_MAX_BYTES) {
        MKD_FAIL(MKD_EFORMAT, "%s: found a .npy header of %zu bytes, expected at most 65536", name,
                 length);
    }
    *out = preamble + length;
    return 0;
}

int mkd_npy_header_parse(mkd_npy_header *out, const void *bytes, size_t n_bytes, const char *name) {
    *out = (mkd_npy_header){0};
    MKD_TRY(mkd_npy_header_length(&out->header_bytes, bytes, n_bytes, name));
    if (out->header_bytes > n_bytes) {
        MKD_FAIL(MKD_EFORMAT, "%s: truncated in the .npy header: found %zu bytes, expected %zu",
                 name, n_bytes, out->header_bytes);
    }
    const char *text = bytes;
    cursor c = {.at = text + (text[6] == 1 ? 10 : 12), .end = text + out->header_bytes};
    MKD_TRY(read_dict(out, &c, name));
    int64_t count = mkd_shape_count(&out->shape);
    size_t element = mkd_dtype_bytes(out->dtype);
    if (count < 0 || (uint64_t)count > SIZE_MAX / 2 / element) {
        char shape[MKD_SHAPE_TEXT_BYTES];
        MKD_FAIL(MKD_EFORMAT, "%s: found shape %s of %s, which no memory can hold", name,
                 mkd_shape_text(shape, &out->shape), mkd_dtype_name(out->dtype));
    }
    out->data_bytes = (size_t)count * element;
    return 0;
}

static mkd_shape reversed(const mkd_shape *shape) {
    mkd_shape out = {.rank = shape->rank};
    for (int i = 0; i < shape->rank; i++) {
        out.at[i] = shape->at[shape->rank - 1 - i];
    }
    return out;
}

int mkd_npy_tensor_new(mkd_tensor *out, const mkd_npy_header *header) {
    mkd_shape shape = header->is_fortran ? reversed(&header->shape) : header->shape;
    return mkd_tensor_new(out, header->dtype, shape);
}

int mkd_npy_finish(mkd_tensor *tensor, const mkd_npy_header *header) {
    if (!header->is_fortran || header->shape.rank <= 1) {
        return 0;
    }
    int order[MKD_MAX_RANK];
    for (int i = 0; i < header->shape.rank; i++) {
        order[i] = header->shape.rank - 1 - i;
    }
    mkd_tensor turned;
    MKD_TRY(mkd_tensor_transpose(&turned, tensor, order));
    mkd_tensor_free(tensor);
    *tensor = turned;
    return 0;
}

int mkd_npy_parse(mkd_tensor *out, const void *bytes, size_t n_bytes, const char *name) {
    *out = (mkd_tensor){0};
    mkd_npy_header header;
    MKD_TRY(mkd_npy_header_parse(&header, bytes, n_bytes, name));
    if (n_bytes - header.header_bytes != header.data_bytes) {
        char shape[MKD_SHAPE_TEXT_BYTES];
        MKD_FAIL(MKD_EFORMAT, "%s: found %zu bytes of data, expected %zu for shape %s of %s", name,
                 n_bytes - header.header_bytes, header.data_bytes,
                 mkd_shape_text(shape, &header.shape), mkd_dtype_name(header.dtype));
    }
    MKD_TRY(mkd_npy_tensor_new(out, &header));
    memcpy(out->data, (const char *)bytes + header.header_bytes, header.data_bytes);
    int status = mkd_npy_finish(out, &header);
    if (status < 0) {
        mkd_tensor_free(out);
    }
    return status;
}

int mkd_npy_header_write(char out[MKD_NPY_WRITTEN_HEADER_MAX_BYTES], size_t *n_bytes,
                         mkd_dtype dtype, const mkd_shape *shape) {
    const char *code = NULL;
    for (size_t i = 0; i < MKD_COUNT(codes); i++) {
        code = codes[i].dtype == dtype ? codes[i].code : code;
    }
    if (!code) {
        MKD_FAIL(MKD_EUNSUPPORTED, "found element type %s, which numpy does not have",
                 mkd_dtype_name(dtype));
    }
    // longest: 10 + 50 of keys + 6 extents of 19 digits, padded to a multiple of 64: below 256
    size_t max = MKD_NPY_WRITTEN_HEADER_MAX_BYTES;
    size_t n = 10;
    n += (size_t)snprintf(out + n, max - n, "{'descr': '%c%s', 'fortran_order': False, 'shape': (",
                          code[1] == '1' ? '|' : '<', code);
    for (int i = 0; i < shape->rank; i++) {
        n += (size_t)snprintf(out + n, max - n, "%s%" PRId64 "%s", i ? ", " : "", shape->at[i],
                              shape->rank == 1 ? "," : "");
    }
    n += (size_t)snprintf(out + n, max - n, "), }");
    size_t whole = (n + 1 + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    memset(out + n, ' ', whole - 1 - n);
    out[whole - 1] = '\n';
    memcpy(out, "\x93NUMPY\x01\x00", 8);
    out[8] = (char)((whole - 10) & 0xff);
    out[9] = (char)((whole - 10) >> 8);
    *n_bytes = whole;
    return 0;
}
