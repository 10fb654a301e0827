/// Operators of a program: their identifiers, attributes, and exact meaning.
///
/// Layouts: images [N,H,W,C]; convolution weights [O,kh,kw,I/groups]; transposed convolution
/// weights [I,kh,kw,O/groups]. In a window, arrays are in the order height, width.
///
/// | operator | inputs -> outputs | attributes |
/// |---|---|---|
/// | conv2d | x [N,H,W,I], weight, bias [O]?, residual [N,H',W',O]? -> y | window, activation |
/// | conv2d_grad_input | dy, weight -> dx | window, shape = x's |
/// | conv2d_grad_weight | x, dy -> dweight | window, shape = weight's |
/// | conv_transpose2d | x [N,H,W,I], weight, bias [O]? -> y | window (output_padding too) |
/// | conv_transpose2d_grad_input | dy, weight -> dx | window, shape = x's |
/// | conv_transpose2d_grad_weight | x, dy -> dweight | window, shape = weight's |
/// | batch_norm | x [...,C], scale [C], shift [C] -> y, mean [C], variance [C] (biased) | epsilon,
/// activation | | batch_norm_grad | x (or y, see below), dy, scale, mean, variance -> dx, dscale,
/// dshift | epsilon | | batch_norm_update | mean, variance, running_mean, running_variance -> (the
/// last two change) | momentum, count | | batch_norm_inference | x, scale, shift, running_mean,
/// running_variance -> y | epsilon | | batch_norm_inference_grad | x, dy, scale, running_mean,
/// running_variance -> dx, dscale, dshift | epsilon | | unary | x -> y | kind = mkd_unary, alpha,
/// beta | | unary_grad | x, y, dy -> dx | as unary | | binary | a, b -> y, numpy's broadcasting |
/// kind = mkd_binary | | where | condition (non-zero: a), a, b -> y, all of one shape | - | | cast,
/// copy | x -> y | cast: dtype | | reshape | x -> y (the same memory) | shape | | transpose | x ->
/// y, axis i of y is axis axes[i] of x | axes, n_axes | | concat | x0.. -> y | axis | | slice | x
/// -> y = x[begin .. begin + size) on the axis | axis, begin, size | | slice_grad | dy -> dx | as
/// slice, shape = x's | | broadcast | x -> y; axes of extent 1 (or missing in front) are repeated |
/// shape | | reduce | x -> y; reduced axes stay with extent 1 | kind = mkd_reduce, axes, n_axes |
/// | reduce_max_grad | x, y, dy -> dx | as reduce |
/// | matmul | a [...,M,K], b [...,K,N] -> [...,M,N]; leading extents equal | transpose_a,
/// transpose_b, alpha (factor; 0 counts as 1) | | softmax, log_softmax | x -> y | axis | |
/// softmax_grad, log_softmax_grad | y, dy -> dx | axis | | layer_norm | x [...,C], scale, shift ->
/// y, mean [...,1], variance [...,1] | epsilon | | layer_norm_grad | x, dy, scale, mean, variance
/// -> dx, dscale, dshift | epsilon | | max_pool2d | x -> y, index i32 (h*W + w in the unpadded
/// plane; first maximum wins) | window | | max_pool2d_grad | index, dy -> dx | window, shape = x's
/// | | avg_pool2d | x -> y | window (ceil_mode, count_include_pad) | | avg_pool2d_grad | dy -> dx |
/// window, shape = x's | | adaptive_avg_pool2d | x -> y; cell i covers floor(i H/out) .. ceil((i+1)
/// H/out)-1 | shape = y's | | adaptive_avg_pool2d_grad | dy -> dx | shape = x's | | interpolate2d |
/// x -> y | kind = mkd_interpolation, align_corners, shape = y's, ratio (source step per output
/// pixel; 0: in/out or, aligned, (in-1)/(out-1)) | | interpolate2d_grad | dy -> dx | as
/// interpolate2d, shape = x's | | gather_rows | x [N,R,C], index i32 [N,K] -> y [N,K,C]; an index
/// outside gives zeros | - | | gather_rows_grad | index, dy -> dx [N,R,C] | shape = x's | | one_hot
/// | index i32 [...] -> y f32 [...,depth]; an index outside gives zeros | size = depth | | sort | x
/// -> values, indices i64; equal values keep their order | descending | | topk | x -> values,
/// indices i64; equal values: lower index first | size = k | | rank | x [...,n] -> y [...,n],
/// smallest = 1, equal values share the mean of their ranks | - | | host | any -> any | host |
///
/// Where an element type is not stated all values of a node share it (f32, f64; conv2d, its
/// gradients, matmul, unary, binary, cast and copy also bf16, where x and weight may be bf16 and y
/// f32). Sums run in a fixed order for a given number of threads.
#ifndef MKD_TENSOR_OPS_H
#define MKD_TENSOR_OPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tensor/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum mkd_op {
#define MKD_OP(name, min_in, max_in, n_out, flags, summary) MKD_OP_##name,
#include "tensor/ops.def"
#undef MKD_OP
    MKD_N_OPS
} mkd_op;

#define MKD_MAX_INPUTS  8
#define MKD_MAX_OUTPUTS 8

typedef enum mkd_op_flag {
    MKD_OP_FLAG_N = 0,
    MKD_OP_FLAG_G = 1, ///< has a gradient
    MKD_OP_FLAG_I = 2, ///< may write output 0 over input 0
    MKD_OP_FLAG_GI = 3
} mkd_op_flag;

typedef struct mkd_op_info {
    const char *name;
    int min_inputs, max_inputs, n_outputs;
    int flags; ///< sum of mkd_op_flag
    const char *summary;
} mkd_op_info;

/// The row of ops.def; NULL for anything else.
const mkd_op_info *mkd_op_get_info(mkd_op op);

typedef enum mkd_unary {
    MKD_UNARY_RELU,
    MKD_UNARY_LEAKY_RELU, ///< alpha: slope below 0
    MKD_UNARY_SIGMOID,
    MKD_UNARY_TANH,
    MKD_UNARY_SOFTPLUS,
    MKD_UNARY_ELU, ///< alpha (e^x - 1) below 0
    MKD_UNARY_SILU,
    MKD_UNARY_RELU6,
    MKD_UNARY_HARDSWISH,
    MKD_UNARY_LOG_SIGMOID,
    MKD_UNARY_GELU, ///< 0.5 x (1 + erf(x / sqrt 2))
    MKD_UNARY_GELU_TANH,
    MKD_UNARY_EXP,
    MKD_UNARY_LOG,
    MKD_UNARY_SQRT,
    MKD_UNARY_ABS, ///< gradient 0 at 0
    MKD_UNARY_NEG,
    MKD_UNARY_SQUARE,
    MKD_UNARY_RECIPROCAL,
    MKD_UNARY_SIN,
    MKD_UNARY_COS,
    MKD_UNARY_LINEAR,    ///< alpha x + beta
    MKD_UNARY_POWER,     ///< x^alpha, x >= 0
    MKD_UNARY_CLAMP,     ///< to [alpha, beta]; gradient 1 inside and on the bounds, 0 outside
    MKD_UNARY_SMOOTH_L1, ///< |x| < alpha: x^2 / (2 alpha), else |x| - alpha/2; alpha 0: |x|
    MKD_UNARY_HUBER,     ///< alpha * smooth_l1
    MKD_N_UNARY
} mkd_unary;

typedef enum mkd_binary {
    MKD_BINARY_ADD,
    MKD_BINARY_SUB,
    MKD_BINARY_MUL,
    MKD_BINARY_DIV,
    MKD_BINARY_MAX, ///< ties: the gradient is halved, as in PyTorch
    MKD_BINARY_MIN,
    MKD_BINARY_EQUAL,   ///< 1 or 0, no gradient
    MKD_BINARY_GREATER, ///< 1 or 0, no gradient
    MKD_N_BINARY
} mkd_binary;

typedef enum mkd_reduce { MKD_REDUCE_SUM, MKD_REDUCE_MEAN, MKD_REDUCE_MAX } mkd_reduce;

typedef enum mkd_interpolation { MKD_NEAREST, MKD_BILINEAR } mkd_interpolation;

/// Sliding window of convolutions and pools; height, width.
typedef struct mkd_window {
    int64_t kernel[2], stride[2], padding[2], dilation[2], output_padding[2];
    int64_t groups;
    bool ceil_mode, count_include_pad;
} mkd_window;

/// Arguments of one node, resolved to memory. Missing optional inputs have data NULL.
typedef struct mkd_attributes mkd_attributes;
typedef struct mkd_call {
    const mkd_attributes *attributes;
    int n_in, n_out;
    mkd_tensor in[MKD_MAX_INPUTS];
    mkd_tensor out[MKD_MAX_OUTPUTS];
} mkd_call;

/// A host operator: reads call->in, writes call->out; 0 or a negative status.
typedef int (*mkd_host_function)(void *payload, const mkd_call *call);

struct mkd_attributes {
    mkd_window window;
    int kind; ///< mkd_unary, mkd_binary, mkd_reduce or mkd_interpolation
    double alpha, beta;
    double epsilon, momentum;
    double ratio[2]; ///< interpolate2d
    int64_t count;   ///< batch_norm_update: elements per channel (for the unbiased variance)
    int axis;        ///< never negative here
    int n_axes;
    int axes[MKD_MAX_RANK];
    int64_t begin, size;
    mkd_shape shape;
    mkd_dtype dtype;
    bool relu;  ///< conv2d, batch_norm: y = max(0, .) at the end
    bool exact; ///< convolutions: operands keep f32 whatever the precision of the plan
    bool transpose_a, transpose_b;
    bool descending, align_corners;
    mkd_host_function host;
    void *payload;
};

#ifdef __cplusplus
}
#endif

#endif
