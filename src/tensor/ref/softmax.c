// With m = max x and s = sum e^(x - m) along the axis:
//   softmax = e^(x - m) / s           dx = y (dy - sum y dy)
//   log_softmax = x - m - log s       dx = dy - e^y sum dy
#include "tensor/ref/ref.h"

#include <math.h>

// an axis of n elements, `inner` apart, for each of `outer` times `inner` places
typedef struct lines {
    int64_t outer, n, inner;
} lines;

static lines lines_of(const mkd_call *call) {
    const mkd_shape *shape = &call->out[0].shape;
    int axis = call->attributes->axis;
    return (lines){
        .outer = mkd_ref__extent(shape, 0, axis),
        .n = shape->at[axis],
        .inner = mkd_ref__extent(shape, axis + 1, shape->rank),
    };
}

#define MKD_REF_SOURCE "tensor/ref/softmax.inc"
#include "tensor/ref/both.inc"
