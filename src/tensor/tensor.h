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

/// Extents, outermost first. Rank 0 is a scalar. Images are [N,H,W,C].
typedef struct mkd_shape {
    int rank;
    int64_t at[MKD_MAX_RANK];
} mkd_shape;

/// Shape from a list: MKD_SHAPE(2, 3, 4).
#define MKD_SHAPE(...)                                                                             \
    mkd_shape_of((int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)),                        \
                 (const int64_t[]){__VA_ARGS__})
mkd_shape mkd_shape_of(int rank, const int64_t *extents);
/// Number of elements; -1 if the product overflows or an extent is negative.
int64_t mkd_shape_count(const mkd_shape *shape);
bool mkd_shape_equal(const mkd_shape *a, const mkd_shape *b);
#define MKD_SHAPE_TEXT_BYTES 96
/// "[2,3,4]" into `text`; returns `text`.
const char *mkd_shape_text(char text[MKD_SHAPE_TEXT_BYTES], const mkd_shape *shape);

typedef struct mkd_tensor {
    mkd_dtype dtype;
    mkd_shape shape;
    void *data; ///< count * element bytes, aligned to 64 when owned
    bool owned; ///< mkd_tensor_free frees `data`
} mkd_tensor;

/// Zeroed and owned.
int mkd_tensor_new(mkd_tensor *out, mkd_dtype dtype, mkd_shape shape) MKD_NODISCARD;
void mkd_tensor_free(mkd_tensor *tensor);
int64_t mkd_tensor_count(const mkd_tensor *tensor);
size_t mkd_tensor_bytes(const mkd_tensor *tensor);
/// Axes permuted: out axis i is in axis `order[i]` (NHWC to NCHW is {0,3,1,2}). Owned.
int mkd_tensor_transpose(mkd_tensor *out, const mkd_tensor *in, const int *order) MKD_NODISCARD;
/// Converted element type (saturating for integers, round to nearest even for bf16). Owned.
int mkd_tensor_convert(mkd_tensor *out, const mkd_tensor *in, mkd_dtype dtype) MKD_NODISCARD;

/// Round to nearest even; NaN stays NaN.
uint16_t mkd_bf16_from_f32(float value);
float mkd_f32_from_bf16(uint16_t bits);

#ifdef __cplusplus
}
#endif

#endif
