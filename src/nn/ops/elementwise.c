// Shapes and gradients of elementwise operators.

#include "nn/functions.h"
#include "nn/graph_private.h"

// f'(x) as a function of y = f(x) spares keeping x: relu y>0, sigmoid y(1-y), tanh 1-y^2, exp y,
// sqrt 1/(2y), reciprocal -y^2, leaky relu by the sign of y (if its slope is positive).
bool mkd_unary__uses_output(mkd_unary kind, double alpha) {
    switch (kind) {
    case MKD_UNARY_RELU:
    case MKD_UNARY_SIGMOID:
    case MKD_UNARY_TANH:
    case MKD_UNARY_EXP:
    case MKD_UNARY_SQRT:
    case MKD_UNARY_RECIPROCAL:
        return true;
    case MKD_UNARY_LEAKY_RELU:
        return alpha > 0;
    default:
        return false;
    }
}

static int same(shape_call *c) {
    c->out[0] = c->in[0];
    c->out_dtype[0] = c->in_dtype[0];
    return 0;
}

int mkd_op__shape_unary(shape_call *c) {
    if (c->attributes->kind < 0 || c->attributes->kind >= MKD_N_UNARY) {
        MKD_FAIL(MKD_EINVAL, "kind %d is no unary function", c->attributes->kind);
    }
    return same(c);
}

int mkd_op__shape_unary_grad(shape_call *c) {
    c->out[0] = c->in[2];
    c->out_dtype[0] = c->in_dtype[2];
    return 0;
}

int mkd_op__shape_copy(shape_call *c) {
    return same(c);
}

int mkd_op__shape_cast(shape_call *c) {
    c->out[0] = c->in[0];
    c->out_dtype[0] = c->attributes->dtype;
    return 0;
}

int mkd_op__shape_binary(shape_call *c) {
    if (c->in_dtype[0] != c->in_dtype[1]) {
        MKD_FAIL(MKD_EINVAL, "element types %s and %s differ", mkd_dtype_name(c->in_dtype[0]),
                 mkd_dtype_name(c->in_dtype[1]));
    }
    const mkd_shape *a = &c->in[0];
    const mkd_shape *b = &c->in[1];
    mkd_shape *y = &c->out[0];
    y->rank = a->rank > b->rank ? a->rank : b->rank;
    for (int i = 0; i < y->rank; i++) {
        int ia = i - (y->rank - a->rank);
        int ib = i - (y->rank - b->rank);
        int64_t ea = ia < 0 ? 1 : a->at[ia];
        int64_t eb = ib < 0 ? 1 : b->at[ib];
        if (ea != eb && ea != 1 && eb != 1) {
            MKD_FAIL(MKD_EINVAL, "shapes do not broadcast at axis %d: %lld and %lld", i,
                     (long long)ea, (long long)eb);
        }
        y->at[i] = ea == 1 ? eb : ea;
    }
    c->out_dtype[0] = c->in_dtype[0];
    return 0;
}

int mkd_op__shape_where(shape_call *c) {
    if (!mkd_shape_equal(&c->in[0], &c->in[1]) || !mkd_shape_equal(&c->in[0], &c->in[2])) {
        MKD_FAIL(MKD_EINVAL, "condition and choices must have one shape");
    }
    c->out[0] = c->in[1];
    c->out_dtype[0] = c->in_dtype[1];
    return 0;
}

void mkd_op__gradient_unary(mkd_graph *g, gradient_call *c) {
    bool by_output = mkd_unary__uses_output((mkd_unary)c->attributes->kind, c->attributes->alpha);
    mkd_value in[3] = {by_output ? MKD_NONE : c->in[0], by_output ? c->out[0] : MKD_NONE, c->dy[0]};
    c->dx[0] = mkd_node(g, MKD_OP_unary_grad, c->name, c->attributes, in, 3);
}

void mkd_op__gradient_copy(mkd_graph *g, gradient_call *c) {
    (void)g;
    c->dx[0] = c->dy[0];
}

void mkd_op__gradient_cast(mkd_graph *g, gradient_call *c) {
    c->dx[0] = mkd_cast(g, c->dy[0], mkd_value_dtype(g, c->in[0]));
}

mkd_value mkd_graph__sum_to(mkd_graph *g, mkd_value x, const mkd_shape *shape) {
    mkd_shape from = mkd_value_shape(g, x);
    int axes[MKD_MAX_RANK];
    int n = 0;
    for (int i = 0; i < from.rank; i++) {
        int at = i - (from.rank - shape->rank);
        int64_t extent = at < 0 ? 1 : shape->at[at];
        if (extent != from.at[i]) {
            axes[n++] = i;
        }
    }
    if (n > 0) {
        x = mkd_reduce_of(g, MKD_REDUCE_SUM, x, axes, n);
    }
    return mkd_reshape(g, x, *shape);
}

// dy times `factor`, summed down to the shape of input `i`
static void product_gradient(mkd_graph *g, gradient_call *c, int i, mkd_value factor) {
    if (c->wanted[i]) {
        mkd_shape shape = mkd_value_shape(g, c->in[i]);
        c->dx[i] = mkd_graph__sum_to(g, mkd_mul(g, c->dy[0], factor), &shape);
    }
}

// max, min: 1 where the operand wins, 1/2 where both are equal, 0 elsewhere
static mkd_value win_share(mkd_graph *g, mkd_value a, mkd_value b, bool largest) {
    mkd_value wins = largest ? mkd_binary_of(g, MKD_BINARY_GREATER, a, b)
                             : mkd_binary_of(g, MKD_BINARY_GREATER, b, a);
    mkd_value ties = mkd_binary_of(g, MKD_BINARY_EQUAL, a, b);
    return mkd_add(g, wins, mkd_scale(g, ties, 0.5));
}

void mkd_op__gradient_binary(mkd_graph *g, gradient_call *c) {
    mkd_value a = c->in[0];
    mkd_value b = c->in[1];
    mkd_shape shape_a = mkd_value_shape(g, a);
    mkd_shape shape_b = mkd_value_shape(g, b);
    switch ((mkd_binary)c->attributes->kind) {
    case MKD_BINARY_ADD:
    case MKD_BINARY_SUB:
        if (c->wanted[0]) {
            c->dx[0] = mkd_graph__sum_to(g, c->dy[0], &shape_a);
        }
        if (c->wanted[1]) {
            bool is_sub = c->attributes->kind == MKD_BINARY_SUB;
            mkd_value db = mkd_graph__sum_to(g, c->dy[0], &shape_b);
            c->dx[1] = is_sub ? mkd_scale(g, db, -1) : db;
        }
        break;
    case MKD_BINARY_MUL:
        product_gradient(g, c, 0, b);
        product_gradient(g, c, 1, a);
        break;
    case MKD_BINARY_DIV:
        product_gradient(g, c, 0, mkd_reciprocal(g, b));
        if (c->wanted[1]) { // d(a/b)/db = -y/b
            product_gradient(g, c, 1, mkd_scale(g, mkd_div(g, c->out[0], b), -1));
        }
        break;
    case MKD_BINARY_MAX:
    case MKD_BINARY_MIN: {
        bool largest = c->attributes->kind == MKD_BINARY_MAX;
        product_gradient(g, c, 0, win_share(g, a, b, largest));
        product_gradient(g, c, 1, win_share(g, b, a, largest));
        break;
    }
    case MKD_BINARY_EQUAL:
    case MKD_BINARY_GREATER:
    case MKD_N_BINARY:
        break;
    }
}

void mkd_op__gradient_where(mkd_graph *g, gradient_call *c) {
    mkd_value zero = mkd_scale(g, c->dy[0], 0);
    if (c->wanted[1]) {
        c->dx[1] = mkd_where(g, c->in[0], c->dy[0], zero);
    }
    if (c->wanted[2]) {
        c->dx[2] = mkd_where(g, c->in[0], zero, c->dy[0]);
    }
}
