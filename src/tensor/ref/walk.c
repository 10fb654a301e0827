#include "tensor/ref/ref.h"

static int64_t at_least_one(int64_t n) {
    return n > 0 ? n : 1;
}

mkd_window mkd_ref__window(const mkd_window *window) {
    mkd_window w = *window;
    for (int i = 0; i < 2; i++) {
        w.stride[i] = at_least_one(w.stride[i]);
        w.dilation[i] = at_least_one(w.dilation[i]);
    }
    w.groups = at_least_one(w.groups);
    return w;
}

int64_t mkd_ref__extent(const mkd_shape *shape, int begin, int end) {
    int64_t n = 1;
    for (int i = begin; i < end; i++) {
        n *= shape->at[i];
    }
    return n;
}

static void set_strides(mkd_ref_walk *walk, int i, const int64_t *strides) {
    for (int k = 0; k < walk->rank; k++) {
        walk->stride[i][k] = strides[k];
    }
    walk->step[i] = strides[walk->rank - 1];
}

mkd_ref_walk mkd_ref__walk(const mkd_shape *shape) {
    mkd_ref_walk walk = {.more = true, .rank = shape->rank > 0 ? shape->rank : 1};
    walk.extent[0] = 1; // a scalar is one row of one element
    int64_t strides[MKD_MAX_RANK] = {0};
    int64_t stride = 1;
    for (int k = walk.rank - 1; k >= 0; k--) {
        walk.extent[k] = shape->rank > 0 ? shape->at[k] : 1;
        strides[k] = stride;
        stride *= walk.extent[k];
        walk.more = walk.more && walk.extent[k] > 0;
    }
    walk.n = walk.extent[walk.rank - 1];
    set_strides(&walk, 0, strides);
    set_strides(&walk, 1, strides);
    return walk;
}

void mkd_ref__walk_broadcast(mkd_ref_walk *walk, int i, const mkd_shape *shape) {
    int64_t strides[MKD_MAX_RANK] = {0};
    int64_t stride = 1;
    for (int k = shape->rank - 1; k >= 0; k--) {
        strides[walk->rank - shape->rank + k] = shape->at[k] == 1 ? 0 : stride;
        stride *= shape->at[k];
    }
    set_strides(walk, i, strides);
}

void mkd_ref__walk_permute(mkd_ref_walk *walk, int i, const mkd_shape *shape, const int *axes) {
    int64_t own[MKD_MAX_RANK] = {0};
    int64_t strides[MKD_MAX_RANK] = {0};
    int64_t stride = 1;
    for (int k = shape->rank - 1; k >= 0; k--) {
        own[k] = stride;
        stride *= shape->at[k];
    }
    for (int k = 0; k < shape->rank; k++) {
        strides[k] = own[axes[k]];
    }
    set_strides(walk, i, strides);
}

void mkd_ref__walk_next(mkd_ref_walk *walk) {
    walk->begin += walk->n;
    for (int k = walk->rank - 2; k >= 0; k--) {
        walk->index[k]++;
        walk->offset[0] += walk->stride[0][k];
        walk->offset[1] += walk->stride[1][k];
        if (walk->index[k] < walk->extent[k]) {
            return;
        }
        walk->offset[0] -= walk->extent[k] * walk->stride[0][k];
        walk->offset[1] -= walk->extent[k] * walk->stride[1][k];
        walk->index[k] = 0;
    }
    walk->more = false;
}
