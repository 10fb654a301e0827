#include "nn/layers.h"

#include "nn/graph_private.h"

static mkd_value parameter(mkd_graph *g, const char *layer, const char *suffix, mkd_shape shape,
                           mkd_layout layout, mkd_init init, bool decayed) {
    mkd_entry entry = {.path = mkd_graph_name(g, "%s.%s", layer, suffix),
                       .shape = shape,
                       .layout = layout,
                       .init = init,
                       .decayed = decayed,
                       .rate_factor = 1};
    return mkd_parameter(g, &entry);
}

static mkd_value statistic(mkd_graph *g, const char *layer, const char *suffix, int64_t channels,
                           double start) {
    mkd_entry entry = {.path = mkd_graph_name(g, "%s.%s", layer, suffix),
                       .shape = MKD_SHAPE(channels),
                       .init = {.kind = MKD_INIT_CONSTANT, .a = start},
                       .is_buffer = true};
    return mkd_parameter(g, &entry);
}

static int or_one(int x) {
    return x ? x : 1;
}

mkd_value mkd_conv2d(mkd_graph *g, mkd_value x, const char *name, mkd_conv2d_options o) {
    int stride = or_one(o.stride);
    int dilation = or_one(o.dilation);
    int groups = or_one(o.groups);
    int padding = o.padding < 0 ? 0 : o.padding ? o.padding : (o.kernel - 1) / 2 * dilation;
    int64_t in = mkd_value_extent(g, x, -1) / groups;
    mkd_init usual = {.kind = MKD_INIT_KAIMING_UNIFORM, .fan_in = in * o.kernel * o.kernel};
    mkd_value inputs[3] = {x};
    inputs[1] = parameter(g, name, "weight", MKD_SHAPE(o.out, o.kernel, o.kernel, in),
                          MKD_LAYOUT_CONV, o.own_weight_init ? o.weight_init : usual, true);
    if (o.bias) {
        inputs[2] = parameter(g, name, "bias", MKD_SHAPE(o.out), MKD_LAYOUT_PLAIN,
                              o.own_bias_init ? o.bias_init : usual, false);
    }
    mkd_attributes attributes = {.window = {.kernel = {o.kernel, o.kernel},
                                            .stride = {stride, stride},
                                            .padding = {padding, padding},
                                            .dilation = {dilation, dilation},
                                            .groups = groups},
                                 .exact = o.exact};
    return mkd_node(g, MKD_OP_conv2d, name, &attributes, inputs, o.bias ? 3 : 2);
}

mkd_value mkd_conv_transpose2d(mkd_graph *g, mkd_value x, const char *name,
                               mkd_conv_transpose2d_options o) {
    int groups = or_one(o.groups);
    int64_t in = mkd_value_extent(g, x, -1);
    int64_t out = o.out / groups;
    // PyTorch takes the second axis of its weight, out / groups, for the fan-in here
    mkd_init usual = {.kind = MKD_INIT_KAIMING_UNIFORM, .fan_in = out * o.kernel * o.kernel};
    mkd_value inputs[3] = {x};
    inputs[1] =
        parameter(g, name, "weight", MKD_SHAPE(in, o.kernel, o.kernel, out),
                  MKD_LAYOUT_CONV_TRANSPOSE, o.own_weight_init ? o.weight_init : usual, true);
    if (o.bias) {
        inputs[2] = parameter(g, name, "bias", MKD_SHAPE(o.out), MKD_LAYOUT_PLAIN, usual, false);
    }
    mkd_attributes attributes = {.window = {.kernel = {o.kernel, o.kernel},
                                            .stride = {or_one(o.stride), or_one(o.stride)},
                                            .padding = {o.padding, o.padding},
                                            .dilation = {1, 1},
                                            .groups = groups}};
    return mkd_node(g, MKD_OP_conv_transpose2d, name, &attributes, inputs, o.bias ? 3 : 2);
}

// the root that keeps running statistics alive, whether or not anyone uses the layer's output
static void move_statistics(mkd_graph *g, const char *name, mkd_value x, mkd_value y,
                            mkd_value running_mean, mkd_value running_var, double momentum) {
    mkd_shape shape = mkd_value_shape(g, x);
    int64_t channels = mkd_value_extent(g, x, -1);
    mkd_attributes update = {.momentum = momentum,
                             .count = channels ? mkd_shape_count(&shape) / channels : 0};
    mkd_value in[4] = {mkd_node_output(g, y, 1), mkd_node_output(g, y, 2), running_mean,
                       running_var};
    mkd_node(g, MKD_OP_batch_norm_update, name, &update, in, 4);
}

mkd_value mkd_batch_norm(mkd_graph *g, mkd_value x, const char *name, mkd_batch_norm_options o) {
    int64_t channels = mkd_value_extent(g, x, -1);
    mkd_init one = {.kind = MKD_INIT_CONSTANT, .a = 1};
    mkd_init zero = {.kind = MKD_INIT_CONSTANT, .a = 0};
    mkd_value scale =
        parameter(g, name, "weight", MKD_SHAPE(channels), MKD_LAYOUT_PLAIN, one, true);
    mkd_value shift =
        parameter(g, name, "bias", MKD_SHAPE(channels), MKD_LAYOUT_PLAIN, zero, false);
    mkd_value running_mean = statistic(g, name, "running_mean", channels, 0);
    mkd_value running_var = statistic(g, name, "running_var", channels, 1);
    mkd_attributes attributes = {.epsilon = o.epsilon > 0 ? o.epsilon : 1e-5, .relu = o.relu};
    if (mkd_graph_mode(g) == MKD_MODE_INFERENCE) {
        mkd_value in[5] = {x, scale, shift, running_mean, running_var};
        attributes.relu = false;
        mkd_value y = mkd_node(g, MKD_OP_batch_norm_inference, name, &attributes, in, 5);
        return o.relu ? mkd_relu(g, y) : y;
    }
    mkd_value in[3] = {x, scale, shift};
    mkd_value y = mkd_node(g, MKD_OP_batch_norm, name, &attributes, in, 3);
    move_statistics(g, name, x, y, running_mean, running_var, o.momentum > 0 ? o.momentum : 0.1);
    return y;
}

mkd_value mkd_linear(mkd_graph *g, mkd_value x, const char *name, int out, bool bias) {
    int64_t in = mkd_value_extent(g, x, -1);
    mkd_shape shape = mkd_value_shape(g, x);
    mkd_init usual = {.kind = MKD_INIT_KAIMING_UNIFORM, .fan_in = in};
    mkd_value weight =
        parameter(g, name, "weight", MKD_SHAPE(out, in), MKD_LAYOUT_PLAIN, usual, true);
    int64_t rows = in ? mkd_shape_count(&shape) / in : 0;
    mkd_value y = mkd_matmul(g, mkd_reshape(g, x, MKD_SHAPE(rows, in)), weight, false, true, 1);
    if (bias) {
        y = mkd_add(g, y,
                    parameter(g, name, "bias", MKD_SHAPE(out), MKD_LAYOUT_PLAIN, usual, false));
    }
    if (shape.rank > 0) {
        shape.at[shape.rank - 1] = out;
    }
    return mkd_reshape(g, y, shape);
}

mkd_value mkd_layer_norm(mkd_graph *g, mkd_value x, const char *name, double epsilon) {
    int64_t channels = mkd_value_extent(g, x, -1);
    mkd_init one = {.kind = MKD_INIT_CONSTANT, .a = 1};
    mkd_init zero = {.kind = MKD_INIT_CONSTANT, .a = 0};
    mkd_value in[3] = {
        x, parameter(g, name, "weight", MKD_SHAPE(channels), MKD_LAYOUT_PLAIN, one, true),
        parameter(g, name, "bias", MKD_SHAPE(channels), MKD_LAYOUT_PLAIN, zero, false)};
    mkd_attributes attributes = {.epsilon = epsilon > 0 ? epsilon : 1e-5};
    return mkd_node(g, MKD_OP_layer_norm, name, &attributes, in, 3);
}
