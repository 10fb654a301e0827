/// A dense array on the host: element type, shape, and memory in C order.
#ifndef MKD_TENSOR_TENSOR_H
#define MKD_TENSOR_TENSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "tensor/dtype.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MKD_MAX_RANK 6

/// Extents, outermost first. Rank 0 is a scalar (mkd_shape_of(0, NULL)). Images are [N,H,W,C].
typedef struct mkd_shape {
    int rank;
    int64_t at[MKD_MAX_RANK];
} mkd_shape;

/// Shape from a list: MKD_SHAPE(2, 3, 4).
#define MKD_SHAPE(...)                                                                             \
    mkd_shape_of((int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)),                        \
                 (const int64_t[]){__VA_ARGS__})
/// A rank below 0 or above MKD_MAX_RANK gives a shape whose count is -1.
mkd_shape mkd_shape_of(int rank, const int64_t *extents);
/// Number of elements; -1 if the product overflows or an extent is negative.
int64_t mkd_shape_count(const mkd_shape *shape);
bool mkd_shape_equal(const mkd_shape *a, const mkd_shape *b);
#define MKD_SHAPE_TEXT_BYTES 128
/// "[2,3,4]" into `text`; returns `text`.
const char *mkd_shape_text(char text[MKD_SHAPE_TEXT_BYTES], const mkd_shape *shape);

typedef struct mkd_tensor {
    mkd_dtype dtype;
    mkd_shape shape;
    void *data; ///< count * element bytes, aligned to 64 when owned
    bool owned; ///< mkd_tensor_free frees `data`
} mkd_tensor;

/// Zeroed and owned. Errors: EINVAL (element type, shape), ENOMEM.
int mkd_tensor_new(mkd_tensor *out, mkd_dtype dtype, mkd_shape shape) MKD_NODISCARD;
/// Frees what is owned and clears the struct; NULL is allowed.
void mkd_tensor_free(mkd_tensor *tensor);
int64_t mkd_tensor_count(const mkd_tensor *tensor);
/// Bytes of `data` (0 for an invalid shape).
size_t mkd_tensor_bytes(const mkd_tensor *tensor);
/// Axes permuted: out axis i is in axis `order[i]` (NHWC to NCHW is {0,3,1,2}). Owned.
int mkd_tensor_transpose(mkd_tensor *out, const mkd_tensor *in, const int *order) MKD_NODISCARD;
/// Converted element type. Owned. Real to integer drops the fraction; integers saturate; NaN
/// becomes 0, or true. Reals round to nearest even.
int mkd_tensor_convert(mkd_tensor *out, const mkd_tensor *in, mkd_dtype dtype) MKD_NODISCARD;
/// The same into memory that is there: `out` has its type, data and as many elements as `in`.
void mkd_tensor_convert_into(const mkd_tensor *out, const mkd_tensor *in);

/// Round to nearest even; NaN stays NaN.
uint16_t mkd_bf16_from_f32(float value);
float mkd_f32_from_bf16(uint16_t bits);
uint16_t mkd_f16_from_f32(float value);
float mkd_f32_from_f16(uint16_t bits);

#ifdef __cplusplus
}
#endif

#endif
