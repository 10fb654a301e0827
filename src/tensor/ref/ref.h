/// The reference backend's kernels: plain loops over whole calls, one thread, sums in double.
///
/// Every operator on real numbers exists twice, made from one source (both.inc): ..._f32 and
/// ..._f64. bf16 values are widened to f32 before the kernel and rounded after it. Kernels trust
/// shapes and attributes (the graph checks them) and skip outputs whose data is NULL.
#ifndef MKD_TENSOR_REF_REF_H
#define MKD_TENSOR_REF_REF_H

#include "tensor/ops.h"

#ifdef __cplusplus
extern "C" {
#endif

/// `scratch`: memory of mkd_ref__scratch_bytes(op, call), aligned to 64, contents undefined.
typedef void (*mkd_ref_kernel)(const mkd_call *call, void *scratch);

/// Bytes of scratch that a call wants (0 for most).
size_t mkd_ref__scratch_bytes(mkd_op op, const mkd_call *call);
/// As mkd_ref_run, with scratch from the caller: takes no memory of its own.
int mkd_ref__run(mkd_op op, const mkd_call *call, void *scratch) MKD_NODISCARD;

#define MKD_REF_KERNEL(name)                                                                       \
    void mkd_ref__##name##_f32(const mkd_call *call, void *scratch);                               \
    void mkd_ref__##name##_f64(const mkd_call *call, void *scratch);
#define MKD_REF_KERNEL_ANY(name) void mkd_ref__##name(const mkd_call *call, void *scratch);

// conv
MKD_REF_KERNEL(conv2d)
MKD_REF_KERNEL(conv2d_grad_input)
MKD_REF_KERNEL(conv2d_grad_weight)
MKD_REF_KERNEL(conv_transpose2d)
MKD_REF_KERNEL(conv_transpose2d_grad_input)
MKD_REF_KERNEL(conv_transpose2d_grad_weight)
// norm
MKD_REF_KERNEL(batch_norm)
MKD_REF_KERNEL(batch_norm_grad)
MKD_REF_KERNEL(batch_norm_update)
MKD_REF_KERNEL(batch_norm_inference)
MKD_REF_KERNEL(batch_norm_inference_grad)
MKD_REF_KERNEL(layer_norm)
MKD_REF_KERNEL(layer_norm_grad)
// elementwise
MKD_REF_KERNEL(unary)
MKD_REF_KERNEL(unary_grad)
MKD_REF_KERNEL(binary)
MKD_REF_KERNEL(where)
MKD_REF_KERNEL_ANY(cast)
// layout: any element type
MKD_REF_KERNEL_ANY(copy)
MKD_REF_KERNEL_ANY(transpose)
MKD_REF_KERNEL_ANY(concat)
MKD_REF_KERNEL_ANY(slice)
MKD_REF_KERNEL_ANY(slice_grad)
MKD_REF_KERNEL_ANY(broadcast)
// reduce
MKD_REF_KERNEL(reduce)
MKD_REF_KERNEL(reduce_max_grad)
// matmul, softmax
MKD_REF_KERNEL(matmul)
MKD_REF_KERNEL(softmax)
MKD_REF_KERNEL(softmax_grad)
MKD_REF_KERNEL(log_softmax)
MKD_REF_KERNEL(log_softmax_grad)
// pool
MKD_REF_KERNEL(max_pool2d)
MKD_REF_KERNEL(max_pool2d_grad)
MKD_REF_KERNEL(avg_pool2d)
MKD_REF_KERNEL(avg_pool2d_grad)
MKD_REF_KERNEL(adaptive_avg_pool2d)
MKD_REF_KERNEL(adaptive_avg_pool2d_grad)
// interpolate
MKD_REF_KERNEL(interpolate2d)
MKD_REF_KERNEL(interpolate2d_grad)
// gather
MKD_REF_KERNEL(gather_rows)
MKD_REF_KERNEL(gather_rows_grad)
MKD_REF_KERNEL(one_hot)
// sort
MKD_REF_KERNEL(sort)
MKD_REF_KERNEL(topk)
MKD_REF_KERNEL(rank)

/// The window with what was left at 0 (stride, dilation, groups) at 1.
mkd_window mkd_ref__window(const mkd_window *window);

/// A walk over an array in C order, row by row (a row is the last axis), that keeps the offsets of
/// two operands whose strides may be 0 (broadcasting) or permuted.
///
///     for (mkd_ref_walk w = mkd_ref__walk(&y->shape); w.more; mkd_ref__walk_next(&w)) {
///         row of y begins at w.begin; of operand i at w.offset[i], step w.step[i]; w.n elements
///     }
typedef struct mkd_ref_walk {
    bool more;
    int64_t begin;     ///< first element of this row
    int64_t n;         ///< elements of a row
    int64_t offset[2]; ///< of the operands, at the beginning of this row
    int64_t step[2];   ///< of the operands along a row
    int rank;
    int64_t extent[MKD_MAX_RANK], index[MKD_MAX_RANK], stride[2][MKD_MAX_RANK];
} mkd_ref_walk;

/// Over `shape`; both operands have its own strides until the functions below are called.
mkd_ref_walk mkd_ref__walk(const mkd_shape *shape);
/// Operand `i` has shape `shape`, broadcast by numpy's rules.
void mkd_ref__walk_broadcast(mkd_ref_walk *walk, int i, const mkd_shape *shape);
/// Operand `i` has shape `shape`; axis k of the walk is its axis axes[k].
void mkd_ref__walk_permute(mkd_ref_walk *walk, int i, const mkd_shape *shape, const int *axes);
void mkd_ref__walk_next(mkd_ref_walk *walk);

/// Product of the extents of axes [begin, end).
int64_t mkd_ref__extent(const mkd_shape *shape, int begin, int end);

#ifdef __cplusplus
}
#endif

#endif
