// safetensors (github.com/huggingface/safetensors): u64 header length N, N bytes of JSON padded
// with blanks, then the data. The JSON maps each name to {"dtype", "shape", "data_offsets": [begin,
// end]} relative to the data, and "__metadata__" to a map of strings.
//
// The header is walked once before it is parsed, so that JSON built to cost memory or stack
// (depth, long lists) is refused while it is still text.

#include "io/safetensors.h"

#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/status.h"
#include "io/name_index.h"

enum {
    LENGTH_BYTES = 8,
    HEADER_MAX_BYTES = 100000000, // the reference's limit
    JSON_MAX_DEPTH = 3,           // {"name": {"shape": [...]}}
    LIST_MAX = 64,
    NO_DTYPE = -1
};

// widest last, as the reference orders them: its writer puts the widest first
static const struct {
    const char *name;
    size_t bytes;
    int dtype; ///< mkd_dtype, or NO_DTYPE where we have none
} dtypes[] = {
    {"BOOL", 1, MKD_BOOL},    {"U8", 1, MKD_U8},   {"I8", 1, MKD_I8},    {"F8_E5M2", 1, NO_DTYPE},
    {"F8_E4M3", 1, NO_DTYPE}, {"I16", 2, MKD_I16}, {"U16", 2, MKD_U16},  {"F16", 2, MKD_F16},
    {"BF16", 2, MKD_BF16},    {"I32", 4, MKD_I32}, {"U32", 4, NO_DTYPE}, {"F32", 4, MKD_F32},
    {"C64", 8, NO_DTYPE},     {"F64", 8, MKD_F64}, {"I64", 8, MKD_I64},  {"U64", 8, NO_DTYPE},
};

typedef struct entry {
    const char *name; ///< belongs to the JSON
    int dtype_row;
    mkd_shape shape;
    uint64_t begin, end;
    void *copy; ///< where the file's data is not aligned to its elements
} entry;

struct mkd_safetensors {
    mkd_fs_map map; ///< empty if the file was given in memory
    const uint8_t *data;
    uint64_t data_bytes;
    char *path;
    json_t *root;
    entry *entries; ///< in the order of the data
    size_t n;
    mkd_name_index index;
};


/// Refuses what no header has: depth above 3, lists above 64. Strings are skipped.
static int scan_header(const char *text, size_t n, const char *path) {
    int depth = 0, commas = 0;
    bool in_string = false;
    for (size_t i = 0; i < n; i++) {
        char c = text[i];
        if (in_string) {
            i += c == '\\';
            in_string = c != '"';
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            commas = 0;
            if (++depth > JSON_MAX_DEPTH) {
                MKD_FAIL(MKD_EFORMAT, "%s: header is nested deeper than %d", path, JSON_MAX_DEPTH);
            }
        } else if (c == '}' || c == ']') {
            commas = 0;
            depth--;
        } else if (c == ',' && depth == JSON_MAX_DEPTH && ++commas >= LIST_MAX) {
            MKD_FAIL(MKD_EFORMAT, "%s: header has a list of more than %d numbers", path, LIST_MAX);
        }
    }
    return 0;
}

static int parse_header(mkd_safetensors *f, const uint8_t *bytes, size_t n_bytes) {
    if (n_bytes < LENGTH_BYTES) {
        MKD_FAIL(MKD_EFORMAT, "%s: found %zu bytes, expected a safetensors file", f->path, n_bytes);
    }
    uint64_t length = 0;
    for (int i = LENGTH_BYTES - 1; i >= 0; i--) {
        length = length << 8 | bytes[i];
    }
    if (length > n_bytes - LENGTH_BYTES || length > HEADER_MAX_BYTES) {
        MKD_FAIL(MKD_EFORMAT,
                 "%s: found a header length of %llu in a file of %zu bytes, expected a safetensors "
                 "file with a header of at most %d",
                 f->path, (unsigned long long)length, n_bytes, HEADER_MAX_BYTES);
    }
    const char *text = (const char *)bytes + LENGTH_BYTES;
    if (length == 0 || text[0] != '{') {
        MKD_FAIL(MKD_EFORMAT, "%s: header does not begin with '{'", f->path);
    }
    MKD_TRY(scan_header(text, (size_t)length, f->path));
    json_error_t error;
    f->root = json_loadb(text, (size_t)length, JSON_REJECT_DUPLICATES, &error);
    if (!f->root) {
        if (json_error_code(&error) == json_error_out_of_memory) {
            MKD_FAIL(MKD_ENOMEM, "%s: out of memory in the header", f->path);
        }
        MKD_FAIL(MKD_EFORMAT, "%s: broken header at byte %d: %s", f->path,
                 error.position + LENGTH_BYTES, error.text);
    }
    f->data = bytes + LENGTH_BYTES + length;
    f->data_bytes = n_bytes - LENGTH_BYTES - length;
    return 0;
}

static int check_metadata(const mkd_safetensors *f, json_t *metadata) {
    const char *key;
    json_t *value;
    if (!json_is_object(metadata)) {
        MKD_FAIL(MKD_EFORMAT, "%s: __metadata__ is no map of strings", f->path);
    }
    json_object_foreach(metadata, key, value) {
        if (!json_is_string(value)) {
            MKD_FAIL(MKD_EFORMAT, "%s: __metadata__: value of '%s' is no string", f->path, key);
        }
    }
    return 0;
}

static bool read_unsigned(uint64_t *out, const json_t *number) {
    if (!json_is_integer(number) || json_integer_value(number) < 0) {
        return false;
    }
    *out = (uint64_t)json_integer_value(number);
    return true;
}

static int read_shape(mkd_shape *out, const json_t *list, const char *path, const char *name) {
    size_t rank = json_array_size(list);
    if (!json_is_array(list)) {
        MKD_FAIL(MKD_EFORMAT, "%s: %s: shape is no list", path, name);
    }
    if (rank > MKD_MAX_RANK) {
        MKD_FAIL(MKD_EUNSUPPORTED, "%s: %s: found %zu dimensions, expected at most %d", path, name,
                 rank, MKD_MAX_RANK);
    }
    *out = (mkd_shape){.rank = (int)rank};
    for (size_t i = 0; i < rank; i++) {
        uint64_t extent;
        if (!read_unsigned(&extent, json_array_get(list, i))) {
            MKD_FAIL(MKD_EFORMAT, "%s: %s: extent %zu of the shape is no number from 0 up", path,
                     name, i);
        }
        out->at[i] = (int64_t)extent;
    }
    return 0;
}

static int read_dtype(int *row, const json_t *value, const char *path, const char *name) {
    const char *text = json_string_value(value);
    for (size_t i = 0; text && i < MKD_COUNT(dtypes); i++) {
        if (strcmp(text, dtypes[i].name) == 0) {
            *row = (int)i;
            return 0;
        }
    }
    MKD_FAIL(text ? MKD_EUNSUPPORTED : MKD_EFORMAT,
             "%s: %s: found dtype '%s', expected F32 F64 F16 BF16 I8 U8 I16 U16 I32 I64 or BOOL",
             path, name, text ? text : "");
}

static int read_entry(entry *out, const mkd_safetensors *f, const char *name, const json_t *value) {
    const json_t *offsets = json_object_get(value, "data_offsets");
    out->name = name;
    if (json_object_size(value) != 3 || json_array_size(offsets) != 2) {
        MKD_FAIL(MKD_EFORMAT, "%s: %s: expected a map of dtype, shape and two data_offsets",
                 f->path, name);
    }
    MKD_TRY(read_dtype(&out->dtype_row, json_object_get(value, "dtype"), f->path, name));
    MKD_TRY(read_shape(&out->shape, json_object_get(value, "shape"), f->path, name));
    if (!read_unsigned(&out->begin, json_array_get(offsets, 0)) ||
        !read_unsigned(&out->end, json_array_get(offsets, 1)) || out->begin > out->end) {
        MKD_FAIL(MKD_EFORMAT, "%s: %s: data_offsets are no numbers in rising order", f->path, name);
    }
    int64_t count = mkd_shape_count(&out->shape);
    size_t bytes = dtypes[out->dtype_row].bytes;
    char shape[MKD_SHAPE_TEXT_BYTES];
    if (count < 0 || (uint64_t)count > SIZE_MAX / 2 / bytes) {
        MKD_FAIL(MKD_EFORMAT, "%s: %s: found shape %s of %s, which no memory can hold", f->path,
                 name, mkd_shape_text(shape, &out->shape), dtypes[out->dtype_row].name);
    }
    if (out->end - out->begin != (uint64_t)count * bytes) {
        MKD_FAIL(MKD_EFORMAT, "%s: %s: found %llu bytes of data, expected %llu for shape %s of %s",
                 f->path, name, (unsigned long long)(out->end - out->begin),
                 (unsigned long long)count * bytes, mkd_shape_text(shape, &out->shape),
                 dtypes[out->dtype_row].name);
    }
    return 0;
}

static int compare_entries(const void *a, const void *b) {
    const entry *x = a, *y = b;
    if (x->begin != y->begin) {
        return x->begin < y->begin ? -1 : 1;
    }
    if (x->end != y->end) {
        return x->end < y->end ? -1 : 1;
    }
    return strcmp(x->name, y->name);
}

static int read_entries(mkd_safetensors *f) {
    f->entries = mkd_alloc_array(json_object_size(f->root), sizeof *f->entries);
    if (!f->entries) {
        return MKD_ENOMEM;
    }
    const char *name;
    json_t *value;
    json_object_foreach(f->root, name, value) {
        if (strcmp(name, "__metadata__") == 0) {
            MKD_TRY(check_metadata(f, value));
        } else {
            MKD_TRY(read_entry(&f->entries[f->n], f, name, value));
            f->n++;
        }
    }
    qsort(f->entries, f->n, sizeof *f->entries, compare_entries);
    uint64_t end = 0;
    for (size_t i = 0; i < f->n; i++) {
        if (f->entries[i].begin != end) {
            MKD_FAIL(MKD_EFORMAT, "%s: %s: data begins at %llu, expected %llu (no gap, no overlap)",
                     f->path, f->entries[i].name, (unsigned long long)f->entries[i].begin,
                     (unsigned long long)end);
        }
        end = f->entries[i].end;
    }
    if (end != f->data_bytes) {
        MKD_FAIL(MKD_EFORMAT, "%s: found %llu bytes of data, expected %llu", f->path,
                 (unsigned long long)f->data_bytes, (unsigned long long)end);
    }
    return 0;
}

static int build_index(mkd_safetensors *f) {
    const char **names = mkd_alloc_array(f->n, sizeof *names), *twin;
    if (!names) {
        return MKD_ENOMEM;
    }
    for (size_t i = 0; i < f->n; i++) {
        names[i] = f->entries[i].name;
    }
    int status = mkd_name_index_new(&f->index, &twin, names, f->n);
    mkd_free(names);
    return status;
}

/// Copies the tensors that do not lie at a multiple of their element size (foreign writers).
static int align_entries(mkd_safetensors *f) {
    for (size_t i = 0; i < f->n; i++) {
        entry *e = &f->entries[i];
        const uint8_t *data = f->data + e->begin;
        if ((uintptr_t)data % dtypes[e->dtype_row].bytes == 0 || e->begin == e->end) {
            continue;
        }
        e->copy = mkd_alloc((size_t)(e->end - e->begin));
        if (!e->copy) {
            return MKD_ENOMEM;
        }
        memcpy(e->copy, data, (size_t)(e->end - e->begin));
    }
    return 0;
}

static int open_memory(mkd_safetensors *f, const uint8_t *bytes, size_t n_bytes) {
    MKD_TRY(parse_header(f, bytes, n_bytes));
    MKD_TRY(read_entries(f));
    MKD_TRY(build_index(f));
    return align_entries(f);
}

static int new_file(mkd_safetensors **out, const char *path) {
    mkd_safetensors *f = mkd_alloc(sizeof *f);
    char *copy = f ? mkd_strdup(path) : NULL;
    if (!copy) {
        mkd_free(f);
        *out = NULL;
        return MKD_ENOMEM;
    }
    f->path = copy;
    *out = f;
    return 0;
}

int mkd_safetensors_parse(mkd_safetensors **out, const void *bytes, size_t n_bytes,
                          const char *name) {
    MKD_TRY(new_file(out, name));
    int status = open_memory(*out, bytes, n_bytes);
    if (status < 0) {
        mkd_safetensors_close(*out);
        *out = NULL;
    }
    return status;
}

int mkd_safetensors_open(mkd_safetensors **out, const char *path) {
    MKD_TRY(new_file(out, path));
    int status = mkd_fs_map_open(&(*out)->map, path);
    if (status == 0) {
        status = open_memory(*out, (*out)->map.data, (*out)->map.bytes);
    }
    if (status < 0) {
        mkd_safetensors_close(*out);
        *out = NULL;
    }
    return status;
}

void mkd_safetensors_close(mkd_safetensors *file) {
    if (!file) {
        return;
    }
    for (size_t i = 0; file->entries && i < file->n; i++) {
        mkd_free(file->entries[i].copy);
    }
    mkd_free(file->entries);
    mkd_name_index_free(&file->index);
    json_decref(file->root);
    mkd_fs_map_close(&file->map);
    mkd_free(file->path);
    mkd_free(file);
}

size_t mkd_safetensors_count(const mkd_safetensors *file) {
    return file->n;
}

const char *mkd_safetensors_name(const mkd_safetensors *file, size_t i) {
    return i < file->n ? file->entries[i].name : NULL;
}

long mkd_safetensors_find(const mkd_safetensors *file, const char *name) {
    return mkd_name_index_find(&file->index, name);
}

int mkd_safetensors_view(mkd_tensor *out, const mkd_safetensors *file, size_t i) {
    *out = (mkd_tensor){0};
    if (i >= file->n) {
        MKD_FAIL(MKD_EINVAL, "%s: found tensor index %zu, expected below %zu", file->path, i,
                 file->n);
    }
    const entry *e = &file->entries[i];
    if (dtypes[e->dtype_row].dtype == NO_DTYPE) {
        MKD_FAIL(
            MKD_EUNSUPPORTED,
            "%s: %s: found dtype '%s', expected F32 F64 F16 BF16 I8 U8 I16 U16 I32 I64 or BOOL",
            file->path, e->name, dtypes[e->dtype_row].name);
    }
    // a tensor without elements may lie behind the last byte, at any address
    void *data = e->copy ? e->copy : (void *)(file->data + e->begin);
    *out = (mkd_tensor){.dtype = (mkd_dtype)dtypes[e->dtype_row].dtype,
                        .shape = e->shape,
                        .data = e->begin == e->end ? (void *)file->entries : data};
    return 0;
}

const char *mkd_safetensors_metadata(const mkd_safetensors *file, const char *key) {
    return json_string_value(json_object_get(json_object_get(file->root, "__metadata__"), key));
}


typedef struct item {
    const char *name;
    const mkd_tensor *tensor;
    int dtype_row;
} item;

/// Widest first, then by name: every tensor is aligned if the data is.
static int compare_items(const void *a, const void *b) {
    const item *x = a, *y = b;
    return x->dtype_row != y->dtype_row ? y->dtype_row - x->dtype_row : strcmp(x->name, y->name);
}

static int sort_items(item *items, const char *path, const char *const *names,
                      const mkd_tensor *const *tensors, size_t n) {
    for (size_t i = 0; i < n; i++) {
        items[i] = (item){.name = names[i], .tensor = tensors[i], .dtype_row = -1};
        for (size_t d = 0; d < MKD_COUNT(dtypes); d++) {
            if (dtypes[d].dtype == (int)tensors[i]->dtype) {
                items[i].dtype_row = (int)d;
            }
        }
        if (items[i].dtype_row < 0 || mkd_tensor_count(tensors[i]) < 0) {
            MKD_FAIL(MKD_EINVAL, "%s: tensor '%s' has no valid type and shape", path, names[i]);
        }
    }
    qsort(items, n, sizeof *items, compare_items);
    return 0;
}

/// Adds `value` (its reference is taken) under a key that must be new.
static int add_key(json_t *object, const char *key, json_t *value, const char *path) {
    if (json_object_get(object, key)) {
        json_decref(value);
        MKD_FAIL(MKD_EINVAL, "%s: found '%s' twice, expected different names", path, key);
    }
    if (!value || json_object_set_new(object, key, value) < 0) {
        MKD_FAIL(MKD_EINVAL,
                 "%s: cannot write '%s': it or its value is no UTF-8 text, or memory "
                 "is out",
                 path, key);
    }
    return 0;
}

static int add_metadata(json_t *root, const char *path, const char *const *pairs, size_t n_pairs) {
    if (n_pairs == 0) {
        return 0;
    }
    json_t *metadata = json_object();
    MKD_TRY(add_key(root, "__metadata__", metadata, path));
    for (size_t i = 0; i < n_pairs; i++) {
        MKD_TRY(add_key(metadata, pairs[2 * i], json_string(pairs[2 * i + 1]), path));
    }
    return 0;
}

static int add_item(json_t *root, uint64_t *offset, const item *it, const char *path) {
    uint64_t end = *offset + mkd_tensor_bytes(it->tensor);
    if (strcmp(it->name, "__metadata__") == 0) {
        MKD_FAIL(MKD_EINVAL, "%s: found a tensor named __metadata__", path);
    }
    json_t *shape = json_array();
    int failed = !shape;
    for (int i = 0; i < it->tensor->shape.rank && !failed; i++) {
        failed = json_array_append_new(shape, json_integer(it->tensor->shape.at[i]));
    }
    if (failed) {
        json_decref(shape);
        MKD_FAIL(MKD_ENOMEM, "%s: out of memory in the header", path);
    }
    json_t *value = json_pack("{s:s,s:o,s:[I,I]}", "dtype", dtypes[it->dtype_row].name, "shape",
                              shape, "data_offsets", (json_int_t)*offset, (json_int_t)end);
    *offset = end;
    return add_key(root, it->name, value, path);
}

static int write_header(mkd_fs_writer *writer, const char *path, const item *items, size_t n,
                        const char *const *pairs, size_t n_pairs) {
    int status;
    char *text = NULL;
    uint64_t offset = 0;
    json_t *root = json_object();
    if (!root) {
        MKD_FAIL(MKD_ENOMEM, "%s: out of memory in the header", path);
    }
    MKD_GOTO(add_metadata(root, path, pairs, n_pairs));
    for (size_t i = 0; i < n; i++) {
        MKD_GOTO(add_item(root, &offset, &items[i], path));
    }
    text = json_dumps(root, JSON_COMPACT);
    if (!text) {
        status = mkd_error_set(MKD_ENOMEM, "%s: out of memory in the header", path);
        goto done;
    }
    size_t length = strlen(text), padding = (8 - length % 8) % 8;
    if (length + padding > HEADER_MAX_BYTES) {
        status = mkd_error_set(MKD_EINVAL, "%s: found a header of %zu bytes, expected at most %d",
                               path, length, HEADER_MAX_BYTES);
        goto done;
    }
    uint8_t prefix[LENGTH_BYTES];
    for (int i = 0; i < LENGTH_BYTES; i++) {
        prefix[i] = (uint8_t)((uint64_t)(length + padding) >> (8 * i));
    }
    MKD_GOTO(mkd_fs_writer_write(writer, prefix, sizeof prefix));
    MKD_GOTO(mkd_fs_writer_write(writer, text, length));
    MKD_GOTO(mkd_fs_writer_write(writer, "       ", padding));
done:
    free(text);
    json_decref(root);
    return status;
}

int mkd_safetensors_write(const char *path, const char *const *names,
                          const mkd_tensor *const *tensors, size_t n,
                          const char *const *metadata_pairs, size_t n_pairs) {
    mkd_fs_writer *writer = NULL;
    item *items = mkd_alloc_array(n, sizeof *items);
    if (!items) {
        return MKD_ENOMEM;
    }
    int status;
    MKD_GOTO(sort_items(items, path, names, tensors, n));
    MKD_GOTO(mkd_fs_writer_open(&writer, path));
    MKD_GOTO(write_header(writer, path, items, n, metadata_pairs, n_pairs));
    for (size_t i = 0; i < n; i++) {
        size_t bytes = mkd_tensor_bytes(items[i].tensor);
        MKD_GOTO(mkd_fs_writer_write(writer, items[i].tensor->data, bytes));
    }
    mkd_fs_writer *whole = writer;
    writer = NULL;
    MKD_GOTO(mkd_fs_writer_commit(whole));
done:
    mkd_fs_writer_abort(writer);
    mkd_free(items);
    return status;
}
