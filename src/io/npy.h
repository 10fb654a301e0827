/// The header of numpy's .npy arrays: shared by single arrays and by archives of them.
#ifndef MKD_IO_NPY_H
#define MKD_IO_NPY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "tensor/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Magic, version and the longest header length field.
#define MKD_NPY_PREAMBLE_BYTES 12
/// Longest header we read: numpy's own are 118 bytes, and 64 KiB is what version 1.0 can say.
#define MKD_NPY_HEADER_MAX_BYTES (MKD_NPY_PREAMBLE_BYTES + 65536)

typedef struct mkd_npy_header {
    mkd_dtype dtype;
    mkd_shape shape;     ///< as numpy shows it
    bool is_fortran;     ///< data lies with the first axis innermost
    size_t header_bytes; ///< the data begins here
    size_t data_bytes;
} mkd_npy_header;

/// Bytes of the whole header, from its first `n_bytes` (at least MKD_NPY_PREAMBLE_BYTES, or all).
int mkd_npy_header_length(size_t *out, const void *bytes, size_t n_bytes,
                          const char *name) MKD_NODISCARD;
/// Parses a header; `bytes` holds at least the bytes that mkd_npy_header_length gives.
int mkd_npy_header_parse(mkd_npy_header *out, const void *bytes, size_t n_bytes,
                         const char *name) MKD_NODISCARD;

/// A tensor for the header's array: `mkd_npy_finish` brings it into C order once data is read.
int mkd_npy_tensor_new(mkd_tensor *out, const mkd_npy_header *header) MKD_NODISCARD;
int mkd_npy_finish(mkd_tensor *tensor, const mkd_npy_header *header) MKD_NODISCARD;

#define MKD_NPY_WRITTEN_HEADER_MAX_BYTES 320
/// Writes a version 1.0 header of a C-order array, as numpy would. EUNSUPPORTED: bf16.
int mkd_npy_header_write(char out[MKD_NPY_WRITTEN_HEADER_MAX_BYTES], size_t *n_bytes,
                         mkd_dtype dtype, const mkd_shape *shape) MKD_NODISCARD;

#ifdef __cplusplus
}
#endif

#endif
