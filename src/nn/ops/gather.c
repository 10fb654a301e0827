// Shapes and gradients of operators that pick and order values.

#include "nn/functions.h"
#include "nn/graph_private.h"

int mkd_op__shape_gather_rows(shape_call *c) {
    if (c->in[0].rank != 3 || c->in[1].rank != 2 || c->in[0].at[0] != c->in[1].at[0] ||
        c->in_dtype[1] != MKD_I32) {
        MKD_FAIL(MKD_EINVAL, "expected x [N,R,C] and an i32 index [N,K]");
    }
    c->out[0] = MKD_SHAPE(c->in[0].at[0], c->in[1].at[1], c->in[0].at[2]);
    c->out_dtype[0] = c->in_dtype[0];
    return 0;
}

int mkd_op__shape_gather_rows_grad(shape_call *c) {
    c->out[0] = c->attributes->shape;
    c->out_dtype[0] = c->in_dtype[1];
    return 0;
}

int mkd_op__shape_one_hot(shape_call *c) {
    if (c->in_dtype[0] != MKD_I32 || c->in[0].rank == MKD_MAX_RANK || c->attributes->size < 1) {
        MKD_FAIL(MKD_EINVAL, "expected an i32 index and a depth of at least 1");
    }
    c->out[0] = c->in[0];
    c->out[0].at[c->out[0].rank++] = c->attributes->size;
    c->out_dtype[0] = MKD_F32;
    return 0;
}

int mkd_op__shape_sort(shape_call *c) {
    if (c->in[0].rank < 1) {
        MKD_FAIL(MKD_EINVAL, "expected rank 1 or more");
    }
    c->out[0] = c->in[0];
    c->out[1] = c->in[0];
    c->out_dtype[0] = c->in_dtype[0];
    c->out_dtype[1] = MKD_I64;
    return 0;
}

int mkd_op__shape_topk(shape_call *c) {
    MKD_TRY(mkd_op__shape_sort(c));
    int last = c->in[0].rank - 1;
    if (c->attributes->size < 1 || c->attributes->size > c->in[0].at[last]) {
        MKD_FAIL(MKD_EINVAL, "k = %lld of %lld values", (long long)c->attributes->size,
                 (long long)c->in[0].at[last]);
    }
    c->out[0].at[last] = c->attributes->size;
    c->out[1].at[last] = c->attributes->size;
    return 0;
}

int mkd_op__shape_rank(shape_call *c) {
    if (c->in[0].rank < 1) {
        MKD_FAIL(MKD_EINVAL, "expected rank 1 or more");
    }
    c->out[0] = c->in[0];
    c->out_dtype[0] = c->in_dtype[0];
    return 0;
}

// host nodes are made by mkd_host alone, which states the shapes
int mkd_op__shape_host(shape_call *c) {
    (void)c;
    MKD_FAIL(MKD_EINVAL, "a host operator needs stated shapes");
}

void mkd_op__gradient_gather_rows(mkd_graph *g, gradient_call *c) {
    mkd_attributes own = {.shape = mkd_value_shape(g, c->in[0])};
    mkd_value in[2] = {c->in[1], c->dy[0]};
    c->dx[0] = mkd_node(g, MKD_OP_gather_rows_grad, c->name, &own, in, 2);
}
