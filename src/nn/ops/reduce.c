// Shapes and gradients of reductions, matrix products and softmax.

#include "nn/functions.h"
#include "nn/graph_private.h"

int mkd_op__shape_reduce(shape_call *c) {
    const mkd_attributes *a = c->attributes;
    c->out[0] = c->in[0];
    for (int i = 0; i < a->n_axes; i++) {
        if (a->axes[i] < 0 || a->axes[i] >= c->in[0].rank) {
            MKD_FAIL(MKD_EINVAL, "axis %d of rank %d", a->axes[i], c->in[0].rank);
        }
        c->out[0].at[a->axes[i]] = 1;
    }
    c->out_dtype[0] = c->in_dtype[0];
    return 0;
}

int mkd_op__shape_reduce_max_grad(shape_call *c) {
    c->out[0] = c->in[0];
    c->out_dtype[0] = c->in_dtype[0];
    return 0;
}

int mkd_op__shape_matmul(shape_call *c) {
    const mkd_shape *a = &c->in[0];
    const mkd_shape *b = &c->in[1];
    if (a->rank < 2 || a->rank != b->rank || c->in_dtype[0] != c->in_dtype[1]) {
        MKD_FAIL(MKD_EINVAL, "expected two values of one rank of at least 2 and one element type");
    }
    int r = a->rank;
    for (int i = 0; i < r - 2; i++) {
        if (a->at[i] != b->at[i]) {
            MKD_FAIL(MKD_EINVAL, "leading axis %d: %lld and %lld", i, (long long)a->at[i],
                     (long long)b->at[i]);
        }
    }
    bool ta = c->attributes->transpose_a;
    bool tb = c->attributes->transpose_b;
    if (a->at[r - (ta ? 2 : 1)] != b->at[r - (tb ? 1 : 2)]) {
        MKD_FAIL(MKD_EINVAL, "inner extents %lld and %lld differ",
                 (long long)a->at[r - (ta ? 2 : 1)], (long long)b->at[r - (tb ? 1 : 2)]);
    }
    c->out[0] = *a;
    c->out[0].at[r - 2] = a->at[r - (ta ? 1 : 2)];
    c->out[0].at[r - 1] = b->at[r - (tb ? 2 : 1)];
    c->out_dtype[0] = c->in_dtype[0];
    return 0;
}

int mkd_op__shape_softmax(shape_call *c) {
    if (c->attributes->axis < 0 || c->attributes->axis >= c->in[0].rank) {
        MKD_FAIL(MKD_EINVAL, "axis %d of rank %d", c->attributes->axis, c->in[0].rank);
    }
    c->out[0] = c->in[0];
    c->out_dtype[0] = c->in_dtype[0];
    return 0;
}

int mkd_op__shape_softmax_grad(shape_call *c) {
    return mkd_op__shape_softmax(c);
}

int mkd_op__shape_log_softmax(shape_call *c) {
    return mkd_op__shape_softmax(c);
}

int mkd_op__shape_log_softmax_grad(shape_call *c) {
    return mkd_op__shape_softmax(c);
}

void mkd_op__gradient_reduce(mkd_graph *g, gradient_call *c) {
    mkd_shape shape = mkd_value_shape(g, c->in[0]);
    if (c->attributes->kind == MKD_REDUCE_MAX) {
        mkd_value in[3] = {c->in[0], c->out[0], c->dy[0]};
        c->dx[0] = mkd_node(g, MKD_OP_reduce_max_grad, c->name, c->attributes, in, 3);
        return;
    }
    mkd_value dy = c->dy[0];
    if (c->attributes->kind == MKD_REDUCE_MEAN) {
        mkd_shape reduced = mkd_value_shape(g, c->out[0]);
        double n_out = (double)mkd_shape_count(&reduced);
        double n_in = (double)mkd_shape_count(&shape);
        dy = mkd_scale(g, dy, n_in > 0 ? n_out / n_in : 0);
    }
    c->dx[0] = mkd_broadcast(g, dy, shape);
}

// Y = f A' B' with A' = A or A^T: dA' = f dY B'^T, dB' = f A'^T dY, transposed back where needed.
void mkd_op__gradient_matmul(mkd_graph *g, gradient_call *c) {
    bool ta = c->attributes->transpose_a;
    bool tb = c->attributes->transpose_b;
    double f = c->attributes->alpha;
    mkd_value a = c->in[0];
    mkd_value b = c->in[1];
    mkd_value dy = c->dy[0];
    if (c->wanted[0]) {
        c->dx[0] = ta ? mkd_matmul(g, b, dy, tb, true, f) : mkd_matmul(g, dy, b, false, !tb, f);
    }
    if (c->wanted[1]) {
        c->dx[1] = tb ? mkd_matmul(g, dy, a, true, ta, f) : mkd_matmul(g, a, dy, !ta, false, f);
    }
}

void mkd_op__gradient_softmax(mkd_graph *g, gradient_call *c) {
    mkd_value in[2] = {c->out[0], c->dy[0]};
    c->dx[0] = mkd_node(g, MKD_OP_softmax_grad, c->name, c->attributes, in, 2);
}

void mkd_op__gradient_log_softmax(mkd_graph *g, gradient_call *c) {
    mkd_value in[2] = {c->out[0], c->dy[0]};
    c->dx[0] = mkd_node(g, MKD_OP_log_softmax_grad, c->name, c->attributes, in, 2);
}
