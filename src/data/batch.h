/// A batch: named tensors with the sample as first axis, allocated once and filled again and again.
#ifndef MKD_DATA_BATCH_H
#define MKD_DATA_BATCH_H

#include "base/compiler.h"
#include "tensor/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/// What a batch holds of each sample.
typedef struct mkd_batch_field {
    const char *name; ///< "image"
    mkd_dtype dtype;
    mkd_shape shape; ///< of one sample, without the batch axis
} mkd_batch_field;

typedef struct mkd_batch {
    size_t n_fields;
    char **names;        ///< [n_fields]
    mkd_tensor *tensors; ///< [n_fields], each [batch_size, shape of the field...]
    size_t batch_size;
    size_t n_live;    ///< samples in it; below batch_size only at the end of an epoch
    int64_t *indices; ///< [batch_size], the samples' places in the data set, -1 behind n_live
    uint32_t epoch;
    uint64_t number; ///< within the epoch, from 0
} mkd_batch;

/// Zeroed. Errors: EINVAL for no field, a name that occurs twice, a batch size of 0 or a shape that
/// overflows; ENOMEM.
int mkd_batch_new(mkd_batch *out, const mkd_batch_field *fields, size_t n_fields,
                  size_t batch_size) MKD_NODISCARD;
void mkd_batch_free(mkd_batch *batch);
/// Index of a field, or -1.
long mkd_batch_find(const mkd_batch *batch, const char *name);
/// The part of tensor `field` that belongs to sample `slot`, and its bytes.
void *mkd_batch_slice(const mkd_batch *batch, size_t field, size_t slot);
size_t mkd_batch_slice_bytes(const mkd_batch *batch, size_t field);

#ifdef __cplusplus
}
#endif

#endif
