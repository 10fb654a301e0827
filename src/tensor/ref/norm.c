// Normalizations. With rows m = 1..M of C channels (batch norm) or rows of C values (layer norm):
//
//   mean = sum x / M,  variance = sum (x - mean)^2 / M  (biased),  z = (x - mean) / sqrt(variance +
//   epsilon) y = scale z + shift dshift = sum dy,  dscale = sum dy z dx = scale / sqrt(variance +
//   epsilon) (dy - dshift / M - z dscale / M)          batch norm dx = (g - mean(g) - z mean(g z))
//   / sqrt(variance + epsilon),  g = scale dy      layer norm
//
// Running averages (Ioffe and Szegedy 2015, as PyTorch does it) take the unbiased variance:
//   running = (1 - momentum) running + momentum * {mean, variance n / (n - 1)}.
#include "tensor/ref/ref.h"

#include <math.h>

// channels that are summed side by side
#define BLOCK 16

static int64_t channels_of(const mkd_shape *shape) {
    return shape->at[shape->rank - 1];
}

static int64_t rows_of(const mkd_shape *shape) {
    return mkd_ref__extent(shape, 0, shape->rank - 1);
}

static int64_t smaller(int64_t a, int64_t b) {
    return a < b ? a : b;
}

// no rows: statistics are 0, not NaN
static double mean_of(double sum, int64_t rows) {
    return rows > 0 ? sum / (double)rows : 0;
}

#define MKD_REF_SOURCE "tensor/ref/norm.inc"
#include "tensor/ref/both.inc"
