// Shapes and gradients of normalizations.
//
// y = scale (x - mean) / sqrt(variance + epsilon) + shift, per channel (batch norm; statistics over
// all other axes) or per row (layer norm; statistics over the last axis).

#include "nn/functions.h"
#include "nn/graph_private.h"

static int check_channels(const shape_call *c, int from) {
    int64_t channels = c->in[0].rank > 0 ? c->in[0].at[c->in[0].rank - 1] : -1;
    for (int i = from; i < c->n_in; i++) {
        if (c->in[i].rank != 1 || c->in[i].at[0] != channels) {
            char text[MKD_SHAPE_TEXT_BYTES];
            MKD_FAIL(MKD_EINVAL, "input %d has shape %s, expected [%lld]", i,
                     mkd_shape_text(text, &c->in[i]), (long long)channels);
        }
    }
    return 0;
}

static void same_as_first(shape_call *c) {
    for (int i = 0; i < c->n_out; i++) {
        c->out_dtype[i] = c->in_dtype[0];
    }
}

int mkd_op__shape_batch_norm(shape_call *c) {
    MKD_TRY(check_channels(c, 1));
    same_as_first(c);
    c->out[0] = c->in[0];
    c->out[1] = c->in[1];
    c->out[2] = c->in[1];
    return 0;
}

int mkd_op__shape_batch_norm_grad(shape_call *c) {
    same_as_first(c);
    c->out[0] = c->in[0];
    c->out[1] = c->in[2];
    c->out[2] = c->in[2];
    return 0;
}

int mkd_op__shape_batch_norm_update(shape_call *c) {
    for (int i = 1; i < 4; i++) {
        if (!mkd_shape_equal(&c->in[0], &c->in[i])) {
            MKD_FAIL(MKD_EINVAL, "statistics of different shapes");
        }
    }
    return 0;
}

int mkd_op__shape_batch_norm_inference(shape_call *c) {
    MKD_TRY(check_channels(c, 1));
    same_as_first(c);
    c->out[0] = c->in[0];
    return 0;
}

int mkd_op__shape_batch_norm_inference_grad(shape_call *c) {
    return mkd_op__shape_batch_norm_grad(c);
}

int mkd_op__shape_layer_norm(shape_call *c) {
    MKD_TRY(check_channels(c, 1));
    same_as_first(c);
    c->out[0] = c->in[0];
    c->out[1] = c->in[0];
    c->out[1].at[c->in[0].rank - 1] = 1;
    c->out[2] = c->out[1];
    return 0;
}

int mkd_op__shape_layer_norm_grad(shape_call *c) {
    return mkd_op__shape_batch_norm_grad(c);
}

static mkd_value through_relu(mkd_graph *g, const gradient_call *c) {
    if (!c->attributes->relu) {
        return c->dy[0];
    }
    mkd_attributes relu = {.kind = MKD_UNARY_RELU};
    mkd_value in[3] = {MKD_NONE, c->out[0], c->dy[0]};
    return mkd_node(g, MKD_OP_unary_grad, c->name, &relu, in, 3);
}

// dx, dscale, dshift come from one node with inputs x, dy, scale and two statistics
static void three_gradients(mkd_graph *g, gradient_call *c, mkd_op op, mkd_value dy, mkd_value mean,
                            mkd_value variance) {
    mkd_attributes own = {.epsilon = c->attributes->epsilon};
    mkd_value in[5] = {c->in[0], dy, c->in[1], mean, variance};
    c->dx[0] = mkd_node(g, op, c->name, &own, in, 5);
    c->dx[1] = mkd_node_output(g, c->dx[0], 1);
    c->dx[2] = mkd_node_output(g, c->dx[0], 2);
}

// the gradients of the statistics themselves are not followed: nothing differentiable uses them
void mkd_op__gradient_batch_norm(mkd_graph *g, gradient_call *c) {
    if (c->dy[0].id >= 0) {
        three_gradients(g, c, MKD_OP_batch_norm_grad, through_relu(g, c), c->out[1], c->out[2]);
    }
}

void mkd_op__gradient_batch_norm_inference(mkd_graph *g, gradient_call *c) {
    three_gradients(g, c, MKD_OP_batch_norm_inference_grad, through_relu(g, c), c->in[3], c->in[4]);
}

void mkd_op__gradient_layer_norm(mkd_graph *g, gradient_call *c) {
    if (c->dy[0].id >= 0) {
        three_gradients(g, c, MKD_OP_layer_norm_grad, c->dy[0], c->out[1], c->out[2]);
    }
}
