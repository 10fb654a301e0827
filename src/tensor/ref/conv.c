// Convolutions. All six operators are one correlation seen from three sides:
//
//   map[n,p,q,o] = sum_{i,j,c} image[n, p s - a + i d, q s - a + j d, c] weight[o,i,j,c]   (per
//   group)
//
// with stride s, padding a, dilation d. conv2d computes `map`; its gradients by `image` and by
// `weight` are the two others. A transposed convolution is the gradient by `image` (x is the map, y
// the image, and the weight's layout [I,kh,kw,O/groups] is the same as the correlation's), its
// gradient by x is the correlation, and its gradient by the weight swaps the two arrays.
#include "tensor/ref/ref.h"

// channels that are accumulated side by side
#define BLOCK 32

typedef struct correlation {
    mkd_window window;
    int64_t n, image_h, image_w, image_c, map_h, map_w, map_c;
    int64_t image_group, map_group; // channels per group
} correlation;

static correlation correlation_of(const mkd_shape *image, const mkd_shape *map,
                                  const mkd_window *window) {
    correlation c = {
        .window = mkd_ref__window(window),
        .n = image->at[0],
        .image_h = image->at[1],
        .image_w = image->at[2],
        .image_c = image->at[3],
        .map_h = map->at[1],
        .map_w = map->at[2],
        .map_c = map->at[3],
    };
    c.image_group = c.image_c / c.window.groups;
    c.map_group = c.map_c / c.window.groups;
    return c;
}

// the image's row (axis 0) or column (axis 1) under tap `tap` of the map's `at`
static int64_t source(const correlation *c, int axis, int64_t at, int64_t tap) {
    const mkd_window *w = &c->window;
    return at * w->stride[axis] - w->padding[axis] + tap * w->dilation[axis];
}

// the map's row or column whose tap `tap` lies on the image's `at`, or -1
static int64_t target(const correlation *c, int axis, int64_t at, int64_t tap) {
    const mkd_window *w = &c->window;
    int64_t shifted = at + w->padding[axis] - tap * w->dilation[axis];
    int64_t extent = axis == 0 ? c->map_h : c->map_w;
    if (shifted < 0 || shifted % w->stride[axis] != 0 || shifted / w->stride[axis] >= extent) {
        return -1;
    }
    return shifted / w->stride[axis];
}

static int64_t smaller(int64_t a, int64_t b) {
    return a < b ? a : b;
}

#define MKD_REF_SOURCE "tensor/ref/conv.inc"
#include "tensor/ref/both.inc"
