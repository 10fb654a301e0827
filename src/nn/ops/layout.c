// Shapes and gradients of operators that move values: reshape, transpose, concat, slice, broadcast.

#include "nn/functions.h"
#include "nn/graph_private.h"

int mkd_op__shape_reshape(shape_call *c) {
    if (mkd_shape_count(&c->attributes->shape) != mkd_shape_count(&c->in[0])) {
        char text[MKD_SHAPE_TEXT_BYTES];
        MKD_FAIL(MKD_EINVAL, "cannot become %s: another number of elements",
                 mkd_shape_text(text, &c->attributes->shape));
    }
    c->out[0] = c->attributes->shape;
    c->out_dtype[0] = c->in_dtype[0];
    return 0;
}

int mkd_op__shape_transpose(shape_call *c) {
    const mkd_attributes *a = c->attributes;
    bool seen[MKD_MAX_RANK] = {false};
    if (a->n_axes != c->in[0].rank) {
        MKD_FAIL(MKD_EINVAL, "%d axes given for rank %d", a->n_axes, c->in[0].rank);
    }
    c->out[0].rank = a->n_axes;
    for (int i = 0; i < a->n_axes; i++) {
        if (a->axes[i] < 0 || a->axes[i] >= a->n_axes || seen[a->axes[i]]) {
            MKD_FAIL(MKD_EINVAL, "axis %d is out of range or given twice", a->axes[i]);
        }
        seen[a->axes[i]] = true;
        c->out[0].at[i] = c->in[0].at[a->axes[i]];
    }
    c->out_dtype[0] = c->in_dtype[0];
    return 0;
}

static int check_axis(const shape_call *c, int axis) {
    if (axis < 0 || axis >= c->in[0].rank) {
        MKD_FAIL(MKD_EINVAL, "axis %d of rank %d", axis, c->in[0].rank);
    }
    return 0;
}

int mkd_op__shape_concat(shape_call *c) {
    int axis = c->attributes->axis;
    MKD_TRY(check_axis(c, axis));
    c->out[0] = c->in[0];
    for (int i = 1; i < c->n_in; i++) {
        mkd_shape rest = c->in[i];
        if (rest.rank != c->in[0].rank || c->in_dtype[i] != c->in_dtype[0]) {
            MKD_FAIL(MKD_EINVAL, "parts of different rank or element type");
        }
        c->out[0].at[axis] += rest.at[axis];
        rest.at[axis] = c->in[0].at[axis];
        if (!mkd_shape_equal(&rest, &c->in[0])) {
            MKD_FAIL(MKD_EINVAL, "parts differ beside axis %d", axis);
        }
    }
    c->out_dtype[0] = c->in_dtype[0];
    return 0;
}

int mkd_op__shape_slice(shape_call *c) {
    const mkd_attributes *a = c->attributes;
    MKD_TRY(check_axis(c, a->axis));
    int64_t extent = c->in[0].at[a->axis];
    if (a->begin < 0 || a->size < 0 || a->begin + a->size > extent) {
        MKD_FAIL(MKD_EINVAL, "range %lld..%lld of an axis of %lld", (long long)a->begin,
                 (long long)(a->begin + a->size), (long long)extent);
    }
    c->out[0] = c->in[0];
    c->out[0].at[a->axis] = a->size;
    c->out_dtype[0] = c->in_dtype[0];
    return 0;
}

int mkd_op__shape_slice_grad(shape_call *c) {
    c->out[0] = c->attributes->shape;
    c->out_dtype[0] = c->in_dtype[0];
    return 0;
}

int mkd_op__shape_broadcast(shape_call *c) {
    const mkd_shape *to = &c->attributes->shape;
    for (int i = 0; i < to->rank; i++) {
        int at = i - (to->rank - c->in[0].rank);
        if (to->rank < c->in[0].rank ||
            (at >= 0 && c->in[0].at[at] != 1 && c->in[0].at[at] != to->at[i])) {
            char text[MKD_SHAPE_TEXT_BYTES];
            MKD_FAIL(MKD_EINVAL, "does not broadcast to %s", mkd_shape_text(text, to));
        }
    }
    c->out[0] = *to;
    c->out_dtype[0] = c->in_dtype[0];
    return 0;
}

void mkd_op__gradient_reshape(mkd_graph *g, gradient_call *c) {
    c->dx[0] = mkd_reshape(g, c->dy[0], mkd_value_shape(g, c->in[0]));
}

void mkd_op__gradient_transpose(mkd_graph *g, gradient_call *c) {
    int inverse[MKD_MAX_RANK];
    for (int i = 0; i < c->attributes->n_axes; i++) {
        inverse[c->attributes->axes[i]] = i;
    }
    c->dx[0] = mkd_transpose(g, c->dy[0], inverse);
}

void mkd_op__gradient_concat(mkd_graph *g, gradient_call *c) {
    int64_t begin = 0;
    for (int i = 0; i < c->n_in; i++) {
        int64_t size = mkd_value_extent(g, c->in[i], c->attributes->axis);
        if (c->wanted[i]) {
            c->dx[i] = mkd_slice(g, c->dy[0], c->attributes->axis, begin, size);
        }
        begin += size;
    }
}

void mkd_op__gradient_slice(mkd_graph *g, gradient_call *c) {
    mkd_attributes own = {.axis = c->attributes->axis,
                          .begin = c->attributes->begin,
                          .size = c->attributes->size,
                          .shape = mkd_value_shape(g, c->in[0])};
    c->dx[0] = mkd_node(g, MKD_OP_slice_grad, c->name, &own, c->dy, 1);
}

void mkd_op__gradient_broadcast(mkd_graph *g, gradient_call *c) {
    mkd_shape shape = mkd_value_shape(g, c->in[0]);
    c->dx[0] = mkd_graph__sum_to(g, c->dy[0], &shape);
}
