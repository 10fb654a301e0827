/// Element types of tensors.
#ifndef MKD_TENSOR_DTYPE_H
#define MKD_TENSOR_DTYPE_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum mkd_dtype {
    MKD_F32,
    MKD_F64,
    MKD_BF16,
    MKD_F16,
    MKD_I8,
    MKD_U8,
    MKD_I16,
    MKD_U16,
    MKD_I32,
    MKD_I64,
    MKD_BOOL, ///< one byte, 0 or 1
    MKD_N_DTYPES
} mkd_dtype;

/// Bytes of one element.
size_t mkd_dtype_bytes(mkd_dtype dtype);
/// "f32", "bf16", "i64", ...
const char *mkd_dtype_name(mkd_dtype dtype);

#ifdef __cplusplus
}
#endif

#endif
