#include "kinds.h"

#include "base/status.h"

// an input, or `fill` everywhere if the case has none (affine false)
static mkd_value input_or(variant *v, const char *name, mkd_shape shape, float fill) {
    if (variant_has(v, name)) {
        return variant_input(v, name, PLAIN);
    }
    mkd_tensor t;
    int status = mkd_tensor_new(&t, MKD_F32, shape);
    if (status < 0) {
        variant_fail(v, status);
        return MKD_NONE;
    }
    for (int64_t i = 0; i < mkd_tensor_count(&t); i++) {
        ((float *)t.data)[i] = fill;
    }
    return variant_value(v, name, &t);
}

static void outputs(variant *v, mkd_value x, mkd_value y, mkd_value weight, mkd_value bias,
                    parity_layout layout) {
    variant_output(v, "y", y, layout);
    variant_loss(v, y, "grad_y", layout);
    variant_gradient(v, "grad_x", x, layout);
    if (variant_has(v, "weight")) {
        variant_gradient(v, "grad_weight", weight, PLAIN);
    }
    if (variant_has(v, "bias")) {
        variant_gradient(v, "grad_bias", bias, PLAIN);
    }
}

void kind_batch_norm(variant *v) {
    mkd_value x = variant_input(v, "x", CHANNELS_LAST);
    mkd_shape shape = mkd_value_shape(v->g, x);
    int64_t channels = mkd_value_extent(v->g, x, -1);
    mkd_value weight = input_or(v, "weight", MKD_SHAPE(channels), 1);
    mkd_value bias = input_or(v, "bias", MKD_SHAPE(channels), 0);
    mkd_value mean = variant_given(v, "running_mean", PLAIN);
    mkd_value variance = variant_given(v, "running_var", PLAIN);
    mkd_attributes a = {.epsilon = variant_number(v, "eps", 1e-5),
                        .momentum = variant_number(v, "momentum", 0.1),
                        .count = channels > 0 ? mkd_shape_count(&shape) / channels : 0};
    mkd_value in[5] = {x, weight, bias, mean, variance};
    mkd_value y;
    if (variant_flag(v, "training", true)) {
        y = mkd_node(v->g, MKD_OP_batch_norm, "bn", &a, in, 3);
        mkd_value update[4] = {mkd_node_output(v->g, y, 1), mkd_node_output(v->g, y, 2), mean,
                               variance};
        mkd_node(v->g, MKD_OP_batch_norm_update, "update", &a, update, 4);
    } else {
        y = mkd_node(v->g, MKD_OP_batch_norm_inference, "bn", &a, in, 5);
    }
    outputs(v, x, y, weight, bias, CHANNELS_LAST);
    // the running statistics are inputs that the update changes in place
    variant_output(v, "running_mean_after", mean, PLAIN);
    variant_output(v, "running_var_after", variance, PLAIN);
}

void kind_frozen_batch_norm(variant *v) {
    mkd_value x = variant_input(v, "x", CHANNELS_LAST);
    mkd_value in[5] = {x, variant_given(v, "weight", PLAIN), variant_given(v, "bias", PLAIN),
                       variant_given(v, "running_mean", PLAIN),
                       variant_given(v, "running_var", PLAIN)};
    mkd_attributes a = {.epsilon = variant_number(v, "eps", 1e-5)};
    mkd_value y = mkd_node(v->g, MKD_OP_batch_norm_inference, "bn", &a, in, 5);
    variant_output(v, "y", y, CHANNELS_LAST);
    variant_loss(v, y, "grad_y", CHANNELS_LAST);
    variant_gradient(v, "grad_x", x, CHANNELS_LAST);
}

void kind_layer_norm(variant *v) {
    mkd_value x = variant_input(v, "x", PLAIN);
    mkd_shape shape = mkd_value_shape(v->g, x);
    mkd_value weight = input_or(v, "weight", MKD_SHAPE(mkd_value_extent(v->g, x, -1)), 1);
    mkd_shape scale_shape = mkd_value_shape(v->g, weight);
    mkd_value bias = input_or(v, "bias", scale_shape, 0);
    // normalized over as many last axes as the weight has
    int64_t n = mkd_shape_count(&scale_shape);
    int64_t rows = n > 0 ? mkd_shape_count(&shape) / n : 0;
    mkd_value in[3] = {mkd_reshape(v->g, x, MKD_SHAPE(rows, n)),
                       mkd_reshape(v->g, weight, MKD_SHAPE(n)),
                       mkd_reshape(v->g, bias, MKD_SHAPE(n))};
    mkd_attributes a = {.epsilon = variant_number(v, "eps", 1e-5)};
    mkd_value y = mkd_node(v->g, MKD_OP_layer_norm, "ln", &a, in, 3);
    outputs(v, x, mkd_reshape(v->g, y, shape), weight, bias, PLAIN);
}

// Channels of a group and all places are one row: normalized as a layer, then scaled per channel.
void kind_group_norm(variant *v) {
    mkd_value x = variant_input(v, "x", PLAIN); // [N,C,...]: a group is contiguous
    mkd_shape shape = mkd_value_shape(v->g, x);
    int64_t channels = mkd_value_extent(v->g, x, 1);
    int64_t groups = (int64_t)variant_number(v, "groups", 1);
    int64_t rows = shape.at[0] * groups;
    int64_t n = rows > 0 ? mkd_shape_count(&shape) / rows : 0;
    mkd_value weight = input_or(v, "weight", MKD_SHAPE(channels), 1);
    mkd_value bias = input_or(v, "bias", MKD_SHAPE(channels), 0);
    mkd_tensor plain = {0};
    variant_fail(v, mkd_tensor_new(&plain, MKD_F32, MKD_SHAPE(n)));
    mkd_value zeros = variant_value(v, "zeros", &plain);
    mkd_value in[3] = {mkd_reshape(v->g, x, MKD_SHAPE(rows, n)), mkd_linear_of(v->g, zeros, 1, 1),
                       zeros};
    mkd_attributes a = {.epsilon = variant_number(v, "eps", 1e-5)};
    mkd_value y = mkd_node(v->g, MKD_OP_layer_norm, "gn", &a, in, 3);
    int64_t places = n * groups / (channels > 0 ? channels : 1);
    y = mkd_reshape(v->g, y, MKD_SHAPE(shape.at[0], channels, places));
    y = mkd_mul(v->g, y, mkd_reshape(v->g, weight, MKD_SHAPE(channels, 1)));
    y = mkd_add(v->g, y, mkd_reshape(v->g, bias, MKD_SHAPE(channels, 1)));
    outputs(v, x, mkd_reshape(v->g, y, shape), weight, bias, PLAIN);
}
