// Sorting along the last axis by heapsort over indices. Index breaks every tie, so the order is
// total and the result is that of a stable sort. NaN counts as larger than any number (PyTorch).
#include "tensor/ref/ref.h"

#include <math.h>

#define MKD_REF_SOURCE "tensor/ref/sort.inc"
#include "tensor/ref/both.inc"
