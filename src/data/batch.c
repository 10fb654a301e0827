#include "data/batch.h"

#include <string.h>

#include "base/alloc.h"
#include "base/status.h"

static int add_field(mkd_batch *batch, const mkd_batch_field *field) {
    if (mkd_batch_find(batch, field->name) >= 0) {
        MKD_FAIL(MKD_EINVAL, "batch: found field \"%s\" twice", field->name);
    }
    if (field->shape.rank < 0 || field->shape.rank >= MKD_MAX_RANK) {
        MKD_FAIL(MKD_EINVAL, "batch: %s: found rank %d, expected 0..%d", field->name,
                 field->shape.rank, MKD_MAX_RANK - 1);
    }
    mkd_shape shape = {.rank = field->shape.rank + 1, .at = {(int64_t)batch->batch_size}};
    for (int i = 0; i < field->shape.rank; i++) {
        shape.at[i + 1] = field->shape.at[i];
    }
    size_t i = batch->n_fields;
    batch->names[i] = mkd_strdup(field->name);
    if (!batch->names[i]) {
        return MKD_ENOMEM;
    }
    batch->n_fields++;
    int status = mkd_tensor_new(&batch->tensors[i], field->dtype, shape);
    return status < 0 ? mkd_error_prefix(status, "batch: %s", field->name) : 0;
}

int mkd_batch_new(mkd_batch *out, const mkd_batch_field *fields, size_t n_fields,
                  size_t batch_size) {
    int status = 0;
    *out = (mkd_batch){.batch_size = batch_size};
    if (n_fields == 0 || batch_size == 0) {
        MKD_FAIL(MKD_EINVAL, "batch: found %zu fields and size %zu, expected above 0", n_fields,
                 batch_size);
    }
    out->names = mkd_alloc_array(n_fields, sizeof *out->names);
    out->tensors = mkd_alloc_array(n_fields, sizeof *out->tensors);
    out->indices = mkd_alloc_array(batch_size, sizeof *out->indices);
    if (!out->names || !out->tensors || !out->indices) {
        MKD_GOTO(MKD_ENOMEM);
    }
    for (size_t i = 0; i < n_fields; i++) {
        MKD_GOTO(add_field(out, &fields[i]));
    }
done:
    if (status < 0) {
        mkd_batch_free(out);
    }
    return status;
}

void mkd_batch_free(mkd_batch *batch) {
    if (!batch) {
        return;
    }
    for (size_t i = 0; i < batch->n_fields; i++) {
        mkd_free(batch->names[i]);
        mkd_tensor_free(&batch->tensors[i]);
    }
    mkd_free(batch->names);
    mkd_free(batch->tensors);
    mkd_free(batch->indices);
    *batch = (mkd_batch){0};
}

long mkd_batch_find(const mkd_batch *batch, const char *name) {
    for (size_t i = 0; i < batch->n_fields; i++) {
        if (!strcmp(batch->names[i], name)) {
            return (long)i;
        }
    }
    return -1;
}

size_t mkd_batch_slice_bytes(const mkd_batch *batch, size_t field) {
    return mkd_tensor_bytes(&batch->tensors[field]) / batch->batch_size;
}

void *mkd_batch_slice(const mkd_batch *batch, size_t field, size_t slot) {
    return (char *)batch->tensors[field].data + slot * mkd_batch_slice_bytes(batch, field);
}
