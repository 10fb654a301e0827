/// Mathematics of graphs: one function per operation, no parameters of their own.
#ifndef MKD_NN_FUNCTIONS_H
#define MKD_NN_FUNCTIONS_H

#include "nn/graph.h"

#ifdef __cplusplus
extern "C" {
#endif

mkd_value mkd_unary_of(mkd_graph *g, mkd_unary kind, mkd_value x, double alpha, double beta);
mkd_value mkd_binary_of(mkd_graph *g, mkd_binary kind, mkd_value a, mkd_value b);

mkd_value mkd_add(mkd_graph *g, mkd_value a, mkd_value b);
mkd_value mkd_sub(mkd_graph *g, mkd_value a, mkd_value b);
mkd_value mkd_mul(mkd_graph *g, mkd_value a, mkd_value b);
mkd_value mkd_div(mkd_graph *g, mkd_value a, mkd_value b);
/// alpha x + beta
mkd_value mkd_linear_of(mkd_graph *g, mkd_value x, double alpha, double beta);
mkd_value mkd_scale(mkd_graph *g, mkd_value x, double alpha);
mkd_value mkd_relu(mkd_graph *g, mkd_value x);
mkd_value mkd_sigmoid(mkd_graph *g, mkd_value x);
mkd_value mkd_exp(mkd_graph *g, mkd_value x);
mkd_value mkd_ln(mkd_graph *g, mkd_value x);
mkd_value mkd_sqrt(mkd_graph *g, mkd_value x);
mkd_value mkd_abs(mkd_graph *g, mkd_value x);
mkd_value mkd_square(mkd_graph *g, mkd_value x);
mkd_value mkd_reciprocal(mkd_graph *g, mkd_value x);
mkd_value mkd_clamp(mkd_graph *g, mkd_value x, double low, double high);
mkd_value mkd_maximum(mkd_graph *g, mkd_value x, double bound); ///< max(x, bound)
mkd_value mkd_where(mkd_graph *g, mkd_value condition, mkd_value a, mkd_value b);
mkd_value mkd_cast(mkd_graph *g, mkd_value x, mkd_dtype dtype);

mkd_value mkd_reshape(mkd_graph *g, mkd_value x, mkd_shape shape);
mkd_value mkd_transpose(mkd_graph *g, mkd_value x, const int *axes);
mkd_value mkd_concat(mkd_graph *g, const mkd_value *xs, int n,
                     int axis); ///< axis < 0: from the end
mkd_value mkd_slice(mkd_graph *g, mkd_value x, int axis, int64_t begin, int64_t size);
mkd_value mkd_broadcast(mkd_graph *g, mkd_value x, mkd_shape shape);

/// Over all axes, to rank 0.
mkd_value mkd_sum_all(mkd_graph *g, mkd_value x);
mkd_value mkd_mean_all(mkd_graph *g, mkd_value x);
/// Over the listed axes (negative: from the end), which stay with extent 1.
mkd_value mkd_reduce_of(mkd_graph *g, mkd_reduce kind, mkd_value x, const int *axes, int n_axes);

/// alpha * op(a) op(b), batched over leading axes.
mkd_value mkd_matmul(mkd_graph *g, mkd_value a, mkd_value b, bool transpose_a, bool transpose_b,
                     double alpha);
mkd_value mkd_softmax(mkd_graph *g, mkd_value x, int axis);
mkd_value mkd_log_softmax(mkd_graph *g, mkd_value x, int axis);

mkd_value mkd_max_pool2d(mkd_graph *g, mkd_value x, int kernel, int stride, int padding);
mkd_value mkd_avg_pool2d(mkd_graph *g, mkd_value x, int kernel, int stride);
mkd_value mkd_interpolate2d(mkd_graph *g, mkd_value x, mkd_interpolation kind, int64_t height,
                            int64_t width, bool align_corners);
/// Rows of x [N,R,C] at index [N,K].
mkd_value mkd_gather_rows(mkd_graph *g, mkd_value x, mkd_value index);
/// Cells of a map [N,H,W,C] at index [N,K] (y W + x): [N,K,C].
mkd_value mkd_gather_cells(mkd_graph *g, mkd_value map, mkd_value index);
mkd_value mkd_one_hot(mkd_graph *g, mkd_value index, int64_t depth);
/// Ranks along the last axis, smallest 1, ties averaged; no gradient.
mkd_value mkd_rank(mkd_graph *g, mkd_value x);

/// sum(weight * x) / max(sum(weight), floor): the mean of live elements, 0 if there are none.
/// `weight` broadcasts against x; sum(weight) is taken after broadcasting.
mkd_value mkd_masked_mean(mkd_graph *g, mkd_value x, mkd_value weight);

#ifdef __cplusplus
}
#endif

#endif
