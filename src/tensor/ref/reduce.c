// Reductions over axes: y has x's rank, reduced axes have extent 1. x is read once in C order; each
// place of y has a running sum (or maximum) in double in the scratch memory. A reduction of no
// elements gives 0.
#include "tensor/ref/ref.h"

#include <math.h>

// a walk over x whose operand 0 is y
static mkd_ref_walk walk_of(const mkd_shape *x, const mkd_shape *y) {
    mkd_ref_walk w = mkd_ref__walk(x);
    mkd_ref__walk_broadcast(&w, 0, y);
    return w;
}

#define MKD_REF_SOURCE "tensor/ref/reduce.inc"
#include "tensor/ref/both.inc"
