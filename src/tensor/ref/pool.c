// Pools over windows, and means over the cells of a grid (adaptive). Padding is minus infinity for
// the maximum; for the mean it is 0 and counts if count_include_pad, except where ceil_mode lets a
// window reach beyond the padding (PyTorch's rules). Gradients scatter into a plane of doubles.
#include "tensor/ref/ref.h"

#include <math.h>

typedef struct range {
    int64_t begin, end;
    int64_t padded; // length with the padding that counts
} range;

// what window `at` of an axis covers of the unpadded extent (dilation 1)
static range window_range(const mkd_window *w, int axis, int64_t at, int64_t extent) {
    int64_t begin = at * w->stride[axis] - w->padding[axis];
    int64_t end = begin + w->kernel[axis];
    int64_t padded_end = extent + w->padding[axis];
    range r = {begin, end < padded_end ? end : padded_end, 0};
    r.padded = r.end - r.begin;
    r.begin = r.begin > 0 ? r.begin : 0;
    r.end = r.end < extent ? r.end : extent;
    return r;
}

// cell `at` of n over an extent: floor(at extent / n) .. ceil((at + 1) extent / n)
static range cell_range(int64_t at, int64_t n, int64_t extent) {
    return (range){at * extent / n, ((at + 1) * extent + n - 1) / n, 0};
}

// the part of the plane that output (p, q) is the mean of, and the divisor
typedef struct area {
    range rows, columns;
    double divisor;
} area;

static area mean_area(const mkd_attributes *a, bool adaptive, const mkd_shape *image,
                      const mkd_shape *map, int64_t p, int64_t q) {
    area r;
    mkd_window w = mkd_ref__window(&a->window);
    if (adaptive) {
        r.rows = cell_range(p, map->at[1], image->at[1]);
        r.columns = cell_range(q, map->at[2], image->at[2]);
    } else {
        r.rows = window_range(&w, 0, p, image->at[1]);
        r.columns = window_range(&w, 1, q, image->at[2]);
    }
    bool padded = !adaptive && w.count_include_pad;
    int64_t height = padded ? r.rows.padded : r.rows.end - r.rows.begin;
    int64_t width = padded ? r.columns.padded : r.columns.end - r.columns.begin;
    r.divisor = height > 0 && width > 0 ? (double)(height * width) : 1;
    return r;
}

#define MKD_REF_SOURCE "tensor/ref/pool.inc"
#include "tensor/ref/both.inc"
