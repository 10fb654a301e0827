// Shapes and gradients of pooling and resampling.

#include "nn/functions.h"
#include "nn/graph_private.h"

// With ceil_mode a last window may hang over the end, but must start inside image or front padding.
static int64_t pooled_extent(const mkd_window *w, int axis, int64_t in) {
    int64_t reach = w->dilation[axis] * (w->kernel[axis] - 1) + 1;
    int64_t span = in + 2 * w->padding[axis] - reach;
    if (!w->ceil_mode) {
        return span < 0 ? 0 : span / w->stride[axis] + 1;
    }
    int64_t out = (span + w->stride[axis] - 1) / w->stride[axis] + 1;
    return (out - 1) * w->stride[axis] >= in + w->padding[axis] ? out - 1 : out;
}

static int check_image(const shape_call *c) {
    if (c->in[0].rank != 4) {
        MKD_FAIL(MKD_EINVAL, "expected an image [N,H,W,C], found rank %d", c->in[0].rank);
    }
    return 0;
}

static int pooled(shape_call *c) {
    MKD_TRY(check_image(c));
    const mkd_window *w = &c->attributes->window;
    int64_t height = pooled_extent(w, 0, c->in[0].at[1]);
    int64_t width = pooled_extent(w, 1, c->in[0].at[2]);
    if (height < 1 || width < 1) {
        MKD_FAIL(MKD_EINVAL, "the window does not fit into the image");
    }
    c->out[0] = MKD_SHAPE(c->in[0].at[0], height, width, c->in[0].at[3]);
    c->out_dtype[0] = c->in_dtype[0];
    return 0;
}

int mkd_op__shape_max_pool2d(shape_call *c) {
    MKD_TRY(pooled(c));
    c->out[1] = c->out[0];
    c->out_dtype[1] = MKD_I32;
    return 0;
}

int mkd_op__shape_avg_pool2d(shape_call *c) {
    return pooled(c);
}

int mkd_op__shape_max_pool2d_grad(shape_call *c) {
    c->out[0] = c->attributes->shape;
    c->out_dtype[0] = c->in_dtype[1];
    return 0;
}

static int as_stated(shape_call *c) {
    MKD_TRY(check_image(c));
    const mkd_shape *to = &c->attributes->shape;
    if (to->rank != 4 || to->at[0] != c->in[0].at[0] || to->at[3] != c->in[0].at[3]) {
        char text[MKD_SHAPE_TEXT_BYTES];
        MKD_FAIL(MKD_EINVAL, "cannot become %s: batch and channels stay", mkd_shape_text(text, to));
    }
    c->out[0] = *to;
    c->out_dtype[0] = c->in_dtype[0];
    return 0;
}

int mkd_op__shape_avg_pool2d_grad(shape_call *c) {
    return as_stated(c);
}

int mkd_op__shape_adaptive_avg_pool2d(shape_call *c) {
    return as_stated(c);
}

int mkd_op__shape_adaptive_avg_pool2d_grad(shape_call *c) {
    return as_stated(c);
}

int mkd_op__shape_interpolate2d(shape_call *c) {
    return as_stated(c);
}

int mkd_op__shape_interpolate2d_grad(shape_call *c) {
    return as_stated(c);
}

static void resized_gradient(mkd_graph *g, gradient_call *c, mkd_op op) {
    mkd_attributes own = *c->attributes;
    own.shape = mkd_value_shape(g, c->in[0]);
    c->dx[0] = mkd_node(g, op, c->name, &own, c->dy, 1);
}

void mkd_op__gradient_max_pool2d(mkd_graph *g, gradient_call *c) {
    mkd_attributes own = *c->attributes;
    own.shape = mkd_value_shape(g, c->in[0]);
    mkd_value in[2] = {c->out[1], c->dy[0]};
    c->dx[0] = mkd_node(g, MKD_OP_max_pool2d_grad, c->name, &own, in, 2);
}

void mkd_op__gradient_avg_pool2d(mkd_graph *g, gradient_call *c) {
    resized_gradient(g, c, MKD_OP_avg_pool2d_grad);
}

void mkd_op__gradient_adaptive_avg_pool2d(mkd_graph *g, gradient_call *c) {
    resized_gradient(g, c, MKD_OP_adaptive_avg_pool2d_grad);
}

void mkd_op__gradient_interpolate2d(mkd_graph *g, gradient_call *c) {
    resized_gradient(g, c, MKD_OP_interpolate2d_grad);
}
