// Resampling of a plane. Along each axis, with r the source step per output pixel
// (in / out, or (in - 1) / (out - 1) if corners are aligned, or what the attributes say):
//
//   nearest    source = min(floor(at r), in - 1), in single precision as PyTorch computes it
//   bilinear   s = at r (aligned) or max(0, (at + 0.5) r - 0.5); weights 1 - f and f of floor(s)
//   and
//              the next pixel, f = s - floor(s); beyond the last pixel it is repeated
#include "tensor/ref/ref.h"

#include <math.h>

typedef struct tap {
    int64_t at[2];
    double weight[2];
} tap;

static double ratio_of(const mkd_attributes *a, int axis, int64_t in, int64_t out) {
    if (a->ratio[axis] > 0) {
        return a->ratio[axis];
    }
    if (a->align_corners && a->kind == MKD_BILINEAR) {
        return out > 1 ? (double)(in - 1) / (double)(out - 1) : 0;
    }
    return (double)in / (double)out;
}

static tap tap_of(const mkd_attributes *a, int axis, int64_t at, int64_t in, int64_t out) {
    double ratio = ratio_of(a, axis, in, out);
    int64_t last = in - 1;
    if (a->kind == MKD_NEAREST) {
        int64_t nearest = (int64_t)floorf((float)at * (float)ratio);
        nearest = nearest < last ? nearest : last;
        return (tap){{nearest, nearest}, {1, 0}};
    }
    double s = a->align_corners ? (double)at * ratio : ((double)at + 0.5) * ratio - 0.5;
    s = s > 0 ? s : 0;
    int64_t low = (int64_t)s < last ? (int64_t)s : last;
    double f = s - (double)low < 1 ? s - (double)low : 1;
    return (tap){{low, low < last ? low + 1 : low}, {1 - f, f}};
}

#define MKD_REF_SOURCE "tensor/ref/interpolate.inc"
#include "tensor/ref/both.inc"
