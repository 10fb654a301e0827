#include "kinds.h"

#include <string.h>

#include "base/alloc.h"
#include "base/status.h"

// the pixel that padding shows: -1 for zeros
static int64_t padded_source(const char *mode, int64_t at, int64_t n) {
    if (at >= 0 && at < n) {
        return at;
    }
    if (strcmp(mode, "replicate") == 0) {
        return at < 0 ? 0 : n - 1;
    }
    if (strcmp(mode, "circular") == 0) {
        return (at % n + n) % n;
    }
    if (strcmp(mode, "reflect") == 0) {
        return at < 0 ? -at : 2 * (n - 1) - at;
    }
    return -1;
}

// x [N,H,W,C] with `before` and `after` pixels more on an axis (1 or 2), picked by index
static mkd_value pad_axis(variant *v, mkd_value x, int axis, int64_t before, int64_t after,
                          const char *mode) {
    mkd_shape shape = mkd_value_shape(v->g, x);
    int64_t outer = axis == 1 ? shape.at[0] : shape.at[0] * shape.at[1];
    int64_t inner = axis == 1 ? shape.at[2] * shape.at[3] : shape.at[3];
    int64_t n = shape.at[axis];
    int64_t padded = n + before + after;
    mkd_tensor index;
    int status = mkd_tensor_new(&index, MKD_I32, MKD_SHAPE(outer, padded));
    if (status < 0) {
        variant_fail(v, status);
        return MKD_NONE;
    }
    for (int64_t i = 0; i < outer * padded; i++) {
        ((int32_t *)index.data)[i] = (int32_t)padded_source(mode, i % padded - before, n);
    }
    mkd_value rows = mkd_reshape(v->g, x, MKD_SHAPE(outer, n, inner));
    const char *name = axis == 1 ? "padded_rows" : "padded_columns";
    rows = mkd_gather_rows(v->g, rows, variant_value(v, name, &index));
    shape.at[axis] = padded;
    return mkd_reshape(v->g, rows, shape);
}

static mkd_value pad(variant *v, mkd_value x, mkd_window *w) {
    const char *mode = variant_text(v, "padding_mode", "zeros");
    const char *named = variant_text(v, "padding", NULL);
    bool is_same = named && strcmp(named, "same") == 0;
    for (int i = 0; i < 2 && (is_same || strcmp(mode, "zeros") != 0); i++) {
        int64_t total = is_same ? w->dilation[i] * (w->kernel[i] - 1) : 2 * w->padding[i];
        x = pad_axis(v, x, i + 1, total / 2, total - total / 2, mode);
        w->padding[i] = 0;
    }
    return x;
}

static mkd_window window_of(const variant *v, mkd_value weight) {
    mkd_window w = {.groups = (int64_t)variant_number(v, "groups", 1)};
    w.kernel[0] = mkd_value_extent(v->g, weight, 1);
    w.kernel[1] = mkd_value_extent(v->g, weight, 2);
    variant_extents(w.stride, v, "stride", 2, 1);
    variant_extents(w.padding, v, "padding", 2, 0);
    variant_extents(w.dilation, v, "dilation", 2, 1);
    variant_extents(w.output_padding, v, "output_padding", 2, 0);
    return w;
}

static void convolution(variant *v, mkd_op op) {
    bool has_bias = variant_has(v, "bias");
    mkd_value x = variant_input(v, "x", CHANNELS_LAST);
    mkd_value weight = variant_input(v, "weight", CHANNELS_LAST);
    mkd_value bias = has_bias ? variant_input(v, "bias", PLAIN) : MKD_NONE;
    mkd_attributes a = {.window = window_of(v, weight)};
    mkd_value padded = op == MKD_OP_conv2d ? pad(v, x, &a.window) : x;
    mkd_value in[3] = {padded, weight, bias};
    mkd_value y = mkd_node(v->g, op, "conv", &a, in, has_bias ? 3 : 2);
    variant_output(v, "y", y, CHANNELS_LAST);
    variant_loss(v, y, "grad_y", CHANNELS_LAST);
    variant_gradient(v, "grad_x", x, CHANNELS_LAST);
    variant_gradient(v, "grad_weight", weight, CHANNELS_LAST);
    if (has_bias) {
        variant_gradient(v, "grad_bias", bias, PLAIN);
    }
}

void kind_conv2d(variant *v) {
    convolution(v, MKD_OP_conv2d);
}

void kind_conv_transpose2d(variant *v) {
    convolution(v, MKD_OP_conv_transpose2d);
}

void kind_linear(variant *v) {
    bool has_bias = variant_has(v, "bias");
    mkd_value x = variant_input(v, "x", PLAIN);
    mkd_value weight = variant_input(v, "weight", PLAIN);
    mkd_value bias = has_bias ? variant_input(v, "bias", PLAIN) : MKD_NONE;
    mkd_shape shape = mkd_value_shape(v->g, x);
    int64_t in = mkd_value_extent(v->g, x, -1);
    int64_t rows = in > 0 ? mkd_shape_count(&shape) / in : 0;
    mkd_value flat = mkd_reshape(v->g, x, MKD_SHAPE(rows, in));
    mkd_value y = mkd_matmul(v->g, flat, weight, false, true, 1);
    y = has_bias ? mkd_add(v->g, y, bias) : y;
    shape.at[shape.rank - 1] = mkd_value_extent(v->g, weight, 0);
    y = mkd_reshape(v->g, y, shape);
    variant_output(v, "y", y, PLAIN);
    variant_loss(v, y, "grad_y", PLAIN);
    variant_gradient(v, "grad_x", x, PLAIN);
    variant_gradient(v, "grad_weight", weight, PLAIN);
    if (has_bias) {
        variant_gradient(v, "grad_bias", bias, PLAIN);
    }
}
