#include "tensor/dtype.h"

static const struct {
    const char *name;
    size_t bytes;
} dtypes[MKD_N_DTYPES] = {
    [MKD_F32] = {"f32", 4}, [MKD_F64] = {"f64", 8},   [MKD_BF16] = {"bf16", 2},
    [MKD_F16] = {"f16", 2}, [MKD_I8] = {"i8", 1},     [MKD_U8] = {"u8", 1},
    [MKD_I16] = {"i16", 2}, [MKD_U16] = {"u16", 2},   [MKD_I32] = {"i32", 4},
    [MKD_I64] = {"i64", 8}, [MKD_BOOL] = {"bool", 1},
};

size_t mkd_dtype_bytes(mkd_dtype dtype) {
    return (unsigned)dtype < MKD_N_DTYPES ? dtypes[dtype].bytes : 0;
}

const char *mkd_dtype_name(mkd_dtype dtype) {
    return (unsigned)dtype < MKD_N_DTYPES ? dtypes[dtype].name : "?";
}
