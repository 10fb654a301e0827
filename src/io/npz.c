// NPZ: a ZIP archive of .npy members. numpy.savez stores, savez_compressed deflates; other methods
// do not occur. Nothing the archive says about sizes is believed before it agrees with the rest:
// the member's size with the array's header, and the packed size with what deflate can reach.

#include "io/npz.h"

#include <string.h>
#include <zip.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/status.h"
#include "base/str.h"
#include "io/name_index.h"
#include "io/npy.h"

// deflate's best is 258 bytes in 2 bits
enum { DEFLATE_MAX_RATIO = 1032 };

struct mkd_npz {
    zip_t *zip;
    mkd_fs_map map; ///< of a file; empty if the archive was given in memory
    char *path;
    char **names; ///< without ".npy"
    size_t n;
    mkd_name_index index;
};

static int fail_zip(zip_error_t *error, const char *where) {
    int zip_code = zip_error_code_zip(error);
    int code = zip_code == ZIP_ER_MEMORY ? MKD_ENOMEM : MKD_EFORMAT;
    mkd_error_set(code, "%s: found a broken zip archive: %s", where, zip_error_strerror(error));
    zip_error_fini(error);
    return code;
}

static int open_zip(mkd_npz *npz, const void *bytes, size_t n_bytes) {
    // libzip takes no bytes at all for an archive without members
    if (n_bytes == 0) {
        MKD_FAIL(MKD_EFORMAT, "%s: found an empty file, expected a zip archive of .npy arrays",
                 npz->path);
    }
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t *source = zip_source_buffer_create(bytes, n_bytes, 0, &error);
    if (!source) {
        return fail_zip(&error, npz->path);
    }
    npz->zip = zip_open_from_source(source, ZIP_RDONLY, &error);
    if (!npz->zip) {
        zip_source_free(source);
        return fail_zip(&error, npz->path);
    }
    zip_error_fini(&error);
    return 0;
}

static int read_names(mkd_npz *npz) {
    zip_int64_t n = zip_get_num_entries(npz->zip, 0);
    npz->names = mkd_alloc_array((size_t)n, sizeof *npz->names);
    if (!npz->names) {
        return MKD_ENOMEM;
    }
    for (zip_int64_t i = 0; i < n; i++) {
        const char *member = zip_get_name(npz->zip, (zip_uint64_t)i, 0);
        size_t length = member ? strlen(member) : 0;
        if (length < 4 || strcmp(member + length - 4, ".npy") != 0) {
            MKD_FAIL(MKD_EFORMAT, "%s: found member '%s', expected names that end in .npy",
                     npz->path, member ? member : "");
        }
        char *name = mkd_strdup(member);
        if (!name) {
            return MKD_ENOMEM;
        }
        name[length - 4] = '\0';
        npz->names[npz->n++] = name;
    }
    const char *twin;
    MKD_TRY(mkd_name_index_new(&npz->index, &twin, (const char *const *)npz->names, npz->n));
    if (twin) {
        MKD_FAIL(MKD_EFORMAT, "%s: found two arrays named '%s'", npz->path, twin);
    }
    return 0;
}

static int open_memory(mkd_npz *npz, const void *bytes, size_t n_bytes) {
    MKD_TRY(open_zip(npz, bytes, n_bytes));
    return read_names(npz);
}

static int new_npz(mkd_npz **out, const char *path) {
    mkd_npz *npz = mkd_alloc(sizeof *npz);
    char *copy = npz ? mkd_strdup(path) : NULL;
    if (!copy) {
        mkd_free(npz);
        *out = NULL;
        return MKD_ENOMEM;
    }
    npz->path = copy;
    *out = npz;
    return 0;
}

int mkd_npz_parse(mkd_npz **out, const void *bytes, size_t n_bytes, const char *name) {
    MKD_TRY(new_npz(out, name));
    int status = open_memory(*out, bytes, n_bytes);
    if (status < 0) {
        mkd_npz_close(*out);
        *out = NULL;
    }
    return status;
}

int mkd_npz_open(mkd_npz **out, const char *path) {
    MKD_TRY(new_npz(out, path));
    int status = mkd_fs_map_open(&(*out)->map, path);
    if (status == 0) {
        status = open_memory(*out, (*out)->map.data, (*out)->map.bytes);
    }
    if (status < 0) {
        mkd_npz_close(*out);
        *out = NULL;
    }
    return status;
}

void mkd_npz_close(mkd_npz *npz) {
    if (!npz) {
        return;
    }
    if (npz->zip) {
        zip_discard(npz->zip);
    }
    for (size_t i = 0; i < npz->n; i++) {
        mkd_free(npz->names[i]);
    }
    mkd_free(npz->names);
    mkd_name_index_free(&npz->index);
    mkd_fs_map_close(&npz->map);
    mkd_free(npz->path);
    mkd_free(npz);
}

size_t mkd_npz_count(const mkd_npz *npz) {
    return npz->n;
}

const char *mkd_npz_name(const mkd_npz *npz, size_t i) {
    return i < npz->n ? npz->names[i] : NULL;
}

long mkd_npz_find(const mkd_npz *npz, const char *name) {
    return mkd_name_index_find(&npz->index, name);
}


/// Reads up to `n` bytes; fewer only at the member's end.
static int read_member(size_t *n_read, zip_file_t *file, void *out, size_t n, const char *where) {
    *n_read = 0;
    while (*n_read < n) {
        zip_int64_t got = zip_fread(file, (char *)out + *n_read, n - *n_read);
        if (got < 0) {
            MKD_FAIL(MKD_EFORMAT, "%s: cannot be unpacked: %s", where,
                     zip_error_strerror(zip_file_get_error(file)));
        }
        if (got == 0) {
            break;
        }
        *n_read += (size_t)got;
    }
    return 0;
}

/// What the archive's directory says, as far as it can be true.
static int check_member(zip_stat_t *stat, mkd_npz *npz, size_t i, const char *where) {
    if (zip_stat_index(npz->zip, i, 0, stat) < 0 || !(stat->valid & ZIP_STAT_SIZE) ||
        !(stat->valid & ZIP_STAT_COMP_SIZE) || !(stat->valid & ZIP_STAT_COMP_METHOD)) {
        MKD_FAIL(MKD_EFORMAT, "%s: found no size in the archive", where);
    }
    if (stat->comp_method != ZIP_CM_STORE && stat->comp_method != ZIP_CM_DEFLATE) {
        MKD_FAIL(MKD_EUNSUPPORTED, "%s: found compression method %d, expected stored or deflated",
                 where, stat->comp_method);
    }
    zip_uint64_t ratio = stat->comp_method == ZIP_CM_STORE ? 1 : DEFLATE_MAX_RATIO;
    if (stat->size / ratio > stat->comp_size) {
        MKD_FAIL(MKD_EFORMAT, "%s: found %llu bytes that claim to unpack to %llu", where,
                 (unsigned long long)stat->comp_size, (unsigned long long)stat->size);
    }
    return 0;
}

static int read_header(mkd_npy_header *header, zip_file_t *file, const char *where) {
    char start[MKD_NPY_PREAMBLE_BYTES];
    size_t n_start, whole, n_rest;
    MKD_TRY(read_member(&n_start, file, start, sizeof start, where));
    MKD_TRY(mkd_npy_header_length(&whole, start, n_start, where));
    if (whole < n_start) {
        MKD_FAIL(MKD_EFORMAT, "%s: found a .npy header of %zu bytes, which is too short", where,
                 whole);
    }
    char *text = mkd_alloc(whole);
    if (!text) {
        return MKD_ENOMEM;
    }
    memcpy(text, start, n_start);
    int status = read_member(&n_rest, file, text + n_start, whole - n_start, where);
    if (status == 0) {
        status = mkd_npy_header_parse(header, text, n_start + n_rest, where);
    }
    mkd_free(text);
    return status;
}

static int read_array(mkd_tensor *out, zip_file_t *file, const zip_stat_t *stat,
                      const char *where) {
    mkd_npy_header header;
    size_t n_read;
    char more;
    MKD_TRY(read_header(&header, file, where));
    if (stat->size < header.header_bytes || stat->size - header.header_bytes != header.data_bytes) {
        char shape[MKD_SHAPE_TEXT_BYTES];
        MKD_FAIL(MKD_EFORMAT,
                 "%s: found %llu bytes in the archive, expected %zu for shape %s of %s", where,
                 (unsigned long long)stat->size, header.header_bytes + header.data_bytes,
                 mkd_shape_text(shape, &header.shape), mkd_dtype_name(header.dtype));
    }
    MKD_TRY(mkd_npy_tensor_new(out, &header));
    MKD_TRY(read_member(&n_read, file, out->data, header.data_bytes, where));
    if (n_read != header.data_bytes) {
        MKD_FAIL(MKD_EFORMAT, "%s: found %zu bytes of data, expected %zu", where, n_read,
                 header.data_bytes);
    }
    // libzip checks the sum of the whole member when its end is reached
    MKD_TRY(read_member(&n_read, file, &more, 1, where));
    if (n_read != 0) {
        MKD_FAIL(MKD_EFORMAT, "%s: found more than %zu bytes of data", where, header.data_bytes);
    }
    return mkd_npy_finish(out, &header);
}

int mkd_npz_read(mkd_tensor *out, mkd_npz *npz, size_t i) {
    *out = (mkd_tensor){0};
    if (i >= npz->n) {
        MKD_FAIL(MKD_EINVAL, "%s: found array index %zu, expected below %zu", npz->path, i, npz->n);
    }
    mkd_str where = {0};
    mkd_str_printf(&where, "%s: %s.npy", npz->path, npz->names[i]);
    zip_file_t *file = NULL;
    zip_stat_t stat;
    int status;
    MKD_GOTO(mkd_str_status(&where));
    MKD_GOTO(check_member(&stat, npz, i, where.text));
    file = zip_fopen_index(npz->zip, i, 0);
    if (!file) {
        status = mkd_error_set(MKD_EFORMAT, "%s: cannot be unpacked: %s", where.text,
                               zip_strerror(npz->zip));
        goto done;
    }
    MKD_GOTO(read_array(out, file, &stat, where.text));
done:
    if (file) {
        zip_fclose(file);
    }
    if (status < 0) {
        mkd_tensor_free(out);
    }
    mkd_str_free(&where);
    return status;
}


typedef struct member {
    char header[MKD_NPY_WRITTEN_HEADER_MAX_BYTES];
    zip_buffer_fragment_t fragments[2];
} member;

static int add_member(zip_t *zip, member *m, const char *path, const char *name,
                      const mkd_tensor *tensor) {
    size_t header_bytes;
    int status = mkd_npy_header_write(m->header, &header_bytes, tensor->dtype, &tensor->shape);
    if (status < 0) {
        return mkd_error_prefix(status, "%s: %s", path, name);
    }
    m->fragments[0] = (zip_buffer_fragment_t){(zip_uint8_t *)m->header, header_bytes};
    m->fragments[1] = (zip_buffer_fragment_t){tensor->data, mkd_tensor_bytes(tensor)};
    mkd_str file_name = {0};
    mkd_str_printf(&file_name, "%s.npy", name);
    MKD_GOTO(mkd_str_status(&file_name));
    zip_source_t *source =
        zip_source_buffer_fragment(zip, m->fragments, m->fragments[1].length ? 2 : 1, 0);
    zip_int64_t at =
        source ? zip_file_add(zip, file_name.text, source, ZIP_FL_ENC_UTF_8) : (zip_int64_t)-1;
    // the first day that zip can say, so that equal arrays give equal files
    if (at < 0 || zip_file_set_dostime(zip, (zip_uint64_t)at, 0, 1 << 5 | 1, 0) < 0) {
        if (at < 0) {
            zip_source_free(source);
        }
        status = mkd_error_set(MKD_EINVAL, "%s: cannot add array '%s': %s", path, name,
                               zip_strerror(zip));
    }
done:
    mkd_str_free(&file_name);
    return status;
}

/// Packs all arrays into the growing buffer of `target`.
static int pack(zip_source_t *target, const char *path, const char *const *names,
                const mkd_tensor *const *tensors, size_t n) {
    zip_error_t error;
    zip_error_init(&error);
    zip_source_keep(target);
    zip_t *zip = zip_open_from_source(target, ZIP_CREATE | ZIP_TRUNCATE, &error);
    if (!zip) {
        zip_source_free(target);
        return fail_zip(&error, path);
    }
    zip_error_fini(&error);
    int status = 0;
    member *members = mkd_alloc_array(n, sizeof *members);
    if (!members) {
        status = MKD_ENOMEM;
    }
    for (size_t i = 0; i < n && status == 0; i++) {
        status = add_member(zip, &members[i], path, names[i], tensors[i]);
    }
    if (status < 0) {
        zip_discard(zip);
    } else if (zip_close(zip) < 0) {
        status = mkd_error_set(MKD_EIO, "%s: cannot be packed: %s", path, zip_strerror(zip));
        zip_discard(zip);
    }
    mkd_free(members);
    return status;
}

static int copy_to_file(zip_source_t *source, const char *path) {
    enum { CHUNK_BYTES = 1 << 18 };
    mkd_fs_writer *writer = NULL;
    char *chunk = mkd_alloc(CHUNK_BYTES);
    if (!chunk) {
        return MKD_ENOMEM;
    }
    int status;
    bool is_open = false;
    MKD_GOTO(mkd_fs_writer_open(&writer, path));
    is_open = zip_source_open(source) == 0;
    zip_int64_t got = is_open ? 1 : -1;
    while (got > 0) {
        got = zip_source_read(source, chunk, CHUNK_BYTES);
        if (got > 0) {
            MKD_GOTO(mkd_fs_writer_write(writer, chunk, (size_t)got));
        }
    }
    if (got < 0) {
        status = mkd_error_set(MKD_EIO, "%s: cannot be packed: %s", path,
                               zip_error_strerror(zip_source_error(source)));
        goto done;
    }
    mkd_fs_writer *whole = writer;
    writer = NULL;
    MKD_GOTO(mkd_fs_writer_commit(whole));
done:
    mkd_fs_writer_abort(writer);
    if (is_open) {
        zip_source_close(source);
    }
    mkd_free(chunk);
    return status;
}

int mkd_npz_write(const char *path, const char *const *names, const mkd_tensor *const *tensors,
                  size_t n) {
    // libzip makes no file for an archive without members
    if (n == 0) {
        MKD_FAIL(MKD_EINVAL, "%s: found no arrays to write, expected at least one", path);
    }
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t *target = zip_source_buffer_create(NULL, 0, 1, &error);
    if (!target) {
        return fail_zip(&error, path);
    }
    int status = pack(target, path, names, tensors, n);
    if (status == 0) {
        status = copy_to_file(target, path);
    }
    zip_source_free(target);
    zip_error_fini(&error);
    return status;
}
