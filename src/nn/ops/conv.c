// Shapes and gradients of convolutions.
//
// y[n,p,q,o] = b[o] + sum_{i,r,s} x[n, p*stride - pad + r*dil, q*stride - pad + s*dil, i]
// w[o,r,s,i]. With A_w the linear map x -> y: dx = A_w^T dy (conv2d_grad_input), and dw correlates
// x with dy (conv2d_grad_weight). A transposed convolution is A_w^T itself, so its input gradient
// is A_w dy.

#include "nn/functions.h"
#include "nn/graph_private.h"

int64_t mkd_window__extent(const mkd_window *w, int axis, int64_t in) {
    int64_t reach = w->dilation[axis] * (w->kernel[axis] - 1) + 1;
    return (in + 2 * w->padding[axis] - reach) / w->stride[axis] + 1;
}

static int64_t transposed_extent(const mkd_window *w, int axis, int64_t in) {
    return (in - 1) * w->stride[axis] - 2 * w->padding[axis] +
           w->dilation[axis] * (w->kernel[axis] - 1) + w->output_padding[axis] + 1;
}

static int check_window(const mkd_window *w) {
    for (int i = 0; i < 2; i++) {
        if (w->kernel[i] < 1 || w->stride[i] < 1 || w->dilation[i] < 1 || w->padding[i] < 0 ||
            w->groups < 1) {
            MKD_FAIL(MKD_EINVAL,
                     "kernel %lld, stride %lld, dilation %lld, padding %lld, groups %lld found; "
                     "all but padding must be at least 1",
                     (long long)w->kernel[i], (long long)w->stride[i], (long long)w->dilation[i],
                     (long long)w->padding[i], (long long)w->groups);
        }
    }
    return 0;
}

static int check_vector(const shape_call *c, int input, const char *what, int64_t extent) {
    if (input < c->n_in && c->in[input].rank >= 0 &&
        (c->in[input].rank != 1 || c->in[input].at[0] != extent)) {
        char text[MKD_SHAPE_TEXT_BYTES];
        MKD_FAIL(MKD_EINVAL, "%s has shape %s, expected [%lld]", what,
                 mkd_shape_text(text, &c->in[input]), (long long)extent);
    }
    return 0;
}

// Checks x [N,H,W,C] and a rank-4 weight whose last axis times `groups` (times 1 if transposed)
// meets the channels.
static int check_operands(const shape_call *c, int64_t channels_of_weight) {
    MKD_TRY(check_window(&c->attributes->window));
    if (c->in[0].rank != 4 || c->in[1].rank != 4) {
        MKD_FAIL(MKD_EINVAL, "expected x [N,H,W,C] and a weight of rank 4");
    }
    const mkd_window *w = &c->attributes->window;
    if (c->in[1].at[1] != w->kernel[0] || c->in[1].at[2] != w->kernel[1]) {
        MKD_FAIL(MKD_EINVAL, "weight is %lld x %lld, the window %lld x %lld",
                 (long long)c->in[1].at[1], (long long)c->in[1].at[2], (long long)w->kernel[0],
                 (long long)w->kernel[1]);
    }
    if (c->in[0].at[3] != channels_of_weight || c->in[1].at[0] % w->groups) {
        MKD_FAIL(MKD_EINVAL, "x has %lld channels, the weight is for %lld in %lld groups",
                 (long long)c->in[0].at[3], (long long)channels_of_weight, (long long)w->groups);
    }
    return 0;
}

int mkd_op__shape_conv2d(shape_call *c) {
    const mkd_window *w = &c->attributes->window;
    MKD_TRY(check_operands(c, c->in[1].rank == 4 ? c->in[1].at[3] * w->groups : -1));
    int64_t height = mkd_window__extent(w, 0, c->in[0].at[1]);
    int64_t width = mkd_window__extent(w, 1, c->in[0].at[2]);
    if (height < 1 || width < 1) {
        MKD_FAIL(MKD_EINVAL, "the window does not fit into the image");
    }
    MKD_TRY(check_vector(c, 2, "bias", c->in[1].at[0]));
    c->out[0] = MKD_SHAPE(c->in[0].at[0], height, width, c->in[1].at[0]);
    // bf16 operands may give an f32 result: precision is a property of values
    bool is_mixed = c->in_dtype[0] == MKD_BF16 && c->attributes->dtype == MKD_F32;
    c->out_dtype[0] = is_mixed ? MKD_F32 : c->in_dtype[0];
    if (c->n_in > 3 && c->in[3].rank >= 0 && !mkd_shape_equal(&c->in[3], &c->out[0])) {
        MKD_FAIL(MKD_EINVAL, "the residual's shape differs from the output's");
    }
    return 0;
}

int mkd_op__shape_conv2d_grad_input(shape_call *c) {
    c->out[0] = c->attributes->shape;
    c->out_dtype[0] = c->in_dtype[0];
    return 0;
}

int mkd_op__shape_conv2d_grad_weight(shape_call *c) {
    return mkd_op__shape_conv2d_grad_input(c);
}

int mkd_op__shape_conv_transpose2d(shape_call *c) {
    const mkd_window *w = &c->attributes->window;
    MKD_TRY(check_operands(c, c->in[1].rank == 4 ? c->in[1].at[0] : -1));
    int64_t height = transposed_extent(w, 0, c->in[0].at[1]);
    int64_t width = transposed_extent(w, 1, c->in[0].at[2]);
    if (height < 1 || width < 1) {
        MKD_FAIL(MKD_EINVAL, "the padding leaves nothing of the output");
    }
    int64_t out = c->in[1].at[3] * w->groups;
    MKD_TRY(check_vector(c, 2, "bias", out));
    c->out[0] = MKD_SHAPE(c->in[0].at[0], height, width, out);
    c->out_dtype[0] = c->in_dtype[0];
    return 0;
}

int mkd_op__shape_conv_transpose2d_grad_input(shape_call *c) {
    return mkd_op__shape_conv2d_grad_input(c);
}

int mkd_op__shape_conv_transpose2d_grad_weight(shape_call *c) {
    return mkd_op__shape_conv2d_grad_input(c);
}

static mkd_value bias_gradient(mkd_graph *g, mkd_value dy) {
    int64_t channels = mkd_value_extent(g, dy, -1);
    mkd_value sum = mkd_reduce_of(g, MKD_REDUCE_SUM, dy, (const int[]){0, 1, 2}, 3);
    return mkd_reshape(g, sum, MKD_SHAPE(channels));
}

static void convolution_gradient(mkd_graph *g, gradient_call *c, mkd_op by_input,
                                 mkd_op by_weight) {
    mkd_value dy = c->dy[0];
    if (c->attributes->relu) {
        mkd_attributes relu = {.kind = MKD_UNARY_RELU};
        mkd_value in[3] = {MKD_NONE, c->out[0], dy};
        dy = mkd_node(g, MKD_OP_unary_grad, c->name, &relu, in, 3);
    }
    mkd_attributes own = {.window = c->attributes->window, .exact = c->attributes->exact};
    if (c->wanted[0]) {
        own.shape = mkd_value_shape(g, c->in[0]);
        mkd_value in[2] = {dy, c->in[1]};
        c->dx[0] = mkd_node(g, by_input, c->name, &own, in, 2);
    }
    if (c->wanted[1]) {
        own.shape = mkd_value_shape(g, c->in[1]);
        mkd_value in[2] = {c->in[0], dy};
        c->dx[1] = mkd_node(g, by_weight, c->name, &own, in, 2);
    }
    if (c->n_in > 2 && c->wanted[2]) {
        c->dx[2] = bias_gradient(g, dy);
    }
    if (c->n_in > 3 && c->wanted[3]) {
        c->dx[3] = dy;
    }
}

void mkd_op__gradient_conv2d(mkd_graph *g, gradient_call *c) {
    convolution_gradient(g, c, MKD_OP_conv2d_grad_input, MKD_OP_conv2d_grad_weight);
}

void mkd_op__gradient_conv_transpose2d(mkd_graph *g, gradient_call *c) {
    convolution_gradient(g, c, MKD_OP_conv_transpose2d_grad_input,
                         MKD_OP_conv_transpose2d_grad_weight);
}
