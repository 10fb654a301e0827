#include "nn/functions.h"

#include "base/status.h"
#include "nn/graph_private.h"

static const char *const unary_names[MKD_N_UNARY] = {
    "relu",   "leaky_relu", "sigmoid",     "tanh",      "softplus",   "elu", "silu",
    "relu6",  "hardswish",  "log_sigmoid", "gelu",      "gelu_tanh",  "exp", "log",
    "sqrt",   "abs",        "neg",         "square",    "reciprocal", "sin", "cos",
    "linear", "power",      "clamp",       "smooth_l1", "huber",
};

static const char *const binary_names[MKD_N_BINARY] = {
    "add", "sub", "mul", "div", "max", "min", "equal", "greater",
};

mkd_value mkd_unary_of(mkd_graph *g, mkd_unary kind, mkd_value x, double alpha, double beta) {
    mkd_attributes attributes = {.kind = kind, .alpha = alpha, .beta = beta};
    return mkd_node(g, MKD_OP_unary, unary_names[kind], &attributes, &x, 1);
}

mkd_value mkd_binary_of(mkd_graph *g, mkd_binary kind, mkd_value a, mkd_value b) {
    mkd_attributes attributes = {.kind = kind};
    return mkd_node(g, MKD_OP_binary, binary_names[kind], &attributes, (mkd_value[]){a, b}, 2);
}

mkd_value mkd_add(mkd_graph *g, mkd_value a, mkd_value b) {
    return mkd_binary_of(g, MKD_BINARY_ADD, a, b);
}

mkd_value mkd_sub(mkd_graph *g, mkd_value a, mkd_value b) {
    return mkd_binary_of(g, MKD_BINARY_SUB, a, b);
}

mkd_value mkd_mul(mkd_graph *g, mkd_value a, mkd_value b) {
    return mkd_binary_of(g, MKD_BINARY_MUL, a, b);
}

mkd_value mkd_div(mkd_graph *g, mkd_value a, mkd_value b) {
    return mkd_binary_of(g, MKD_BINARY_DIV, a, b);
}

mkd_value mkd_linear_of(mkd_graph *g, mkd_value x, double alpha, double beta) {
    return mkd_unary_of(g, MKD_UNARY_LINEAR, x, alpha, beta);
}

mkd_value mkd_scale(mkd_graph *g, mkd_value x, double alpha) {
    return mkd_linear_of(g, x, alpha, 0);
}

mkd_value mkd_relu(mkd_graph *g, mkd_value x) {
    return mkd_unary_of(g, MKD_UNARY_RELU, x, 0, 0);
}

mkd_value mkd_sigmoid(mkd_graph *g, mkd_value x) {
    return mkd_unary_of(g, MKD_UNARY_SIGMOID, x, 0, 0);
}

mkd_value mkd_exp(mkd_graph *g, mkd_value x) {
    return mkd_unary_of(g, MKD_UNARY_EXP, x, 0, 0);
}

mkd_value mkd_ln(mkd_graph *g, mkd_value x) {
    return mkd_unary_of(g, MKD_UNARY_LOG, x, 0, 0);
}

mkd_value mkd_sqrt(mkd_graph *g, mkd_value x) {
    return mkd_unary_of(g, MKD_UNARY_SQRT, x, 0, 0);
}

mkd_value mkd_abs(mkd_graph *g, mkd_value x) {
    return mkd_unary_of(g, MKD_UNARY_ABS, x, 0, 0);
}

mkd_value mkd_square(mkd_graph *g, mkd_value x) {
    return mkd_unary_of(g, MKD_UNARY_SQUARE, x, 0, 0);
}

mkd_value mkd_reciprocal(mkd_graph *g, mkd_value x) {
    return mkd_unary_of(g, MKD_UNARY_RECIPROCAL, x, 0, 0);
}

mkd_value mkd_clamp(mkd_graph *g, mkd_value x, double low, double high) {
    return mkd_unary_of(g, MKD_UNARY_CLAMP, x, low, high);
}

mkd_value mkd_maximum(mkd_graph *g, mkd_value x, double bound) {
    // a finite upper bound: the largest float stands for "none"
    return mkd_clamp(g, x, bound, 3.4028234663852886e38);
}

mkd_value mkd_where(mkd_graph *g, mkd_value condition, mkd_value a, mkd_value b) {
    return mkd_node(g, MKD_OP_where, "where", NULL, (mkd_value[]){condition, a, b}, 3);
}

mkd_value mkd_cast(mkd_graph *g, mkd_value x, mkd_dtype dtype) {
    if (mkd_value_dtype(g, x) == dtype) {
        return x;
    }
    mkd_attributes attributes = {.dtype = dtype};
    return mkd_node(g, MKD_OP_cast, "cast", &attributes, &x, 1);
}

mkd_value mkd_reshape(mkd_graph *g, mkd_value x, mkd_shape shape) {
    mkd_shape from = mkd_value_shape(g, x);
    if (mkd_shape_equal(&from, &shape)) {
        return x;
    }
    mkd_attributes attributes = {.shape = shape};
    return mkd_node(g, MKD_OP_reshape, "reshape", &attributes, &x, 1);
}

mkd_value mkd_transpose(mkd_graph *g, mkd_value x, const int *axes) {
    mkd_attributes attributes = {.n_axes = mkd_value_shape(g, x).rank};
    for (int i = 0; i < attributes.n_axes; i++) {
        attributes.axes[i] = axes[i];
    }
    return mkd_node(g, MKD_OP_transpose, "transpose", &attributes, &x, 1);
}

static int positive_axis(const mkd_graph *g, mkd_value x, int axis) {
    return axis < 0 ? axis + mkd_value_shape(g, x).rank : axis;
}

mkd_value mkd_concat(mkd_graph *g, const mkd_value *xs, int n, int axis) {
    if (n == 1) {
        return xs[0];
    }
    mkd_attributes attributes = {.axis = positive_axis(g, xs[0], axis)};
    return mkd_node(g, MKD_OP_concat, "concat", &attributes, xs, n);
}

mkd_value mkd_slice(mkd_graph *g, mkd_value x, int axis, int64_t begin, int64_t size) {
    mkd_attributes attributes = {.axis = positive_axis(g, x, axis), .begin = begin, .size = size};
    return mkd_node(g, MKD_OP_slice, "slice", &attributes, &x, 1);
}

mkd_value mkd_broadcast(mkd_graph *g, mkd_value x, mkd_shape shape) {
    mkd_shape from = mkd_value_shape(g, x);
    if (mkd_shape_equal(&from, &shape)) {
        return x;
    }
    mkd_attributes attributes = {.shape = shape};
    return mkd_node(g, MKD_OP_broadcast, "broadcast", &attributes, &x, 1);
}

mkd_value mkd_reduce_of(mkd_graph *g, mkd_reduce kind, mkd_value x, const int *axes, int n_axes) {
    mkd_attributes attributes = {.kind = kind, .n_axes = n_axes};
    for (int i = 0; i < n_axes; i++) {
        attributes.axes[i] = positive_axis(g, x, axes[i]);
    }
    return mkd_node(g, MKD_OP_reduce, "reduce", &attributes, &x, 1);
}

static mkd_value reduce_all(mkd_graph *g, mkd_reduce kind, mkd_value x) {
    static const int all[MKD_MAX_RANK] = {0, 1, 2, 3, 4, 5};
    mkd_value y = mkd_reduce_of(g, kind, x, all, mkd_value_shape(g, x).rank);
    return mkd_reshape(g, y, (mkd_shape){.rank = 0});
}

mkd_value mkd_sum_all(mkd_graph *g, mkd_value x) {
    return reduce_all(g, MKD_REDUCE_SUM, x);
}

mkd_value mkd_mean_all(mkd_graph *g, mkd_value x) {
    return reduce_all(g, MKD_REDUCE_MEAN, x);
}

mkd_value mkd_matmul(mkd_graph *g, mkd_value a, mkd_value b, bool transpose_a, bool transpose_b,
                     double alpha) {
    mkd_attributes attributes = {
        .transpose_a = transpose_a, .transpose_b = transpose_b, .alpha = alpha == 0 ? 1 : alpha};
    return mkd_node(g, MKD_OP_matmul, "matmul", &attributes, (mkd_value[]){a, b}, 2);
}

mkd_value mkd_softmax(mkd_graph *g, mkd_value x, int axis) {
    mkd_attributes attributes = {.axis = positive_axis(g, x, axis)};
    return mkd_node(g, MKD_OP_softmax, "softmax", &attributes, &x, 1);
}

mkd_value mkd_log_softmax(mkd_graph *g, mkd_value x, int axis) {
    mkd_attributes attributes = {.axis = positive_axis(g, x, axis)};
    return mkd_node(g, MKD_OP_log_softmax, "log_softmax", &attributes, &x, 1);
}

static mkd_window square_window(int kernel, int stride, int padding) {
    return (mkd_window){.kernel = {kernel, kernel},
                        .stride = {stride, stride},
                        .padding = {padding, padding},
                        .dilation = {1, 1},
                        .groups = 1,
                        .count_include_pad = true};
}

mkd_value mkd_max_pool2d(mkd_graph *g, mkd_value x, int kernel, int stride, int padding) {
    mkd_attributes attributes = {.window = square_window(kernel, stride, padding)};
    return mkd_node(g, MKD_OP_max_pool2d, "max_pool2d", &attributes, &x, 1);
}

mkd_value mkd_avg_pool2d(mkd_graph *g, mkd_value x, int kernel, int stride) {
    mkd_attributes attributes = {.window = square_window(kernel, stride, 0)};
    return mkd_node(g, MKD_OP_avg_pool2d, "avg_pool2d", &attributes, &x, 1);
}

mkd_value mkd_interpolate2d(mkd_graph *g, mkd_value x, mkd_interpolation kind, int64_t height,
                            int64_t width, bool align_corners) {
    mkd_attributes attributes = {
        .kind = kind,
        .align_corners = align_corners,
        .shape = MKD_SHAPE(mkd_value_extent(g, x, 0), height, width, mkd_value_extent(g, x, 3))};
    return mkd_node(g, MKD_OP_interpolate2d, "interpolate2d", &attributes, &x, 1);
}

mkd_value mkd_gather_rows(mkd_graph *g, mkd_value x, mkd_value index) {
    return mkd_node(g, MKD_OP_gather_rows, "gather_rows", NULL, (mkd_value[]){x, index}, 2);
}

mkd_value mkd_gather_cells(mkd_graph *g, mkd_value map, mkd_value index) {
    int64_t n = mkd_value_extent(g, map, 0);
    int64_t cells = mkd_value_extent(g, map, 1) * mkd_value_extent(g, map, 2);
    mkd_value rows = mkd_reshape(g, map, MKD_SHAPE(n, cells, mkd_value_extent(g, map, 3)));
    return mkd_gather_rows(g, rows, index);
}

mkd_value mkd_one_hot(mkd_graph *g, mkd_value index, int64_t depth) {
    mkd_attributes attributes = {.size = depth};
    return mkd_node(g, MKD_OP_one_hot, "one_hot", &attributes, &index, 1);
}

mkd_value mkd_rank(mkd_graph *g, mkd_value x) {
    return mkd_node(g, MKD_OP_rank, "rank", NULL, &x, 1);
}

mkd_value mkd_masked_mean(mkd_graph *g, mkd_value x, mkd_value weight) {
    weight = mkd_broadcast(g, weight, mkd_value_shape(g, x));
    mkd_value total = mkd_sum_all(g, mkd_mul(g, x, weight));
    // weights are 0 or 1: below one half there is no live element, and 0 / 1 is the defined zero
    mkd_value live = mkd_maximum(g, mkd_sum_all(g, weight), 1);
    return mkd_div(g, total, live);
}
