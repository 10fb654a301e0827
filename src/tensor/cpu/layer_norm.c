// Gradients of layer normalization; ref/norm.c has the formulas. Rows are independent but for
// dscale and dshift, which are sums over rows: parts of fixed size have sums of their own, added in
// order.
#include <math.h>
#include <string.h>

#include "base/compiler.h"
#include "tensor/cpu/cpu.h"
#include "tensor/ref/ref.h"

enum { PART_ELEMENTS = 16384, MAX_PARTS = 64 };

typedef struct layer {
    const float *x, *dy, *scale, *mean, *variance;
    float *dx;
    double epsilon;
    int64_t rows, n, part, n_parts;
    double *sums; // [part][2][n]: dshift, dscale
} layer;

static layer layer_of(const mkd_call *call, void *scratch) {
    const mkd_shape *shape = &call->in[0].shape;
    layer l = {.x = call->in[0].data,
               .dy = call->in[1].data,
               .scale = call->in[2].data,
               .mean = call->in[3].data,
               .variance = call->in[4].data,
               .dx = call->out[0].data,
               .epsilon = call->attributes->epsilon,
               .rows = mkd_ref__extent(shape, 0, shape->rank - 1),
               .n = shape->at[shape->rank - 1],
               .sums = scratch};
    int64_t parts = mkd_cpu__divide_up(l.rows * l.n, PART_ELEMENTS);
    l.part = mkd_cpu__divide_up(l.rows, mkd_cpu__smaller(parts, MAX_PARTS));
    l.n_parts = mkd_cpu__divide_up(l.rows, l.part);
    return l;
}

size_t mkd_cpu__layer_norm_grad_scratch(const mkd_call *call) {
    layer l = layer_of(call, NULL);
    return (size_t)(l.n_parts * 2 * l.n) * sizeof(double);
}

// one row: dx = (g - mean(g) - z mean(g z)) / s with g = scale dy; adds dy and dy z to the sums
MKD_VECTOR_CLONES static void grad_row(float *dx, double *restrict dshift, double *restrict dscale,
                                       const float *x, const float *dy, const float *scale,
                                       double mean, double inverse, int64_t n) {
    double sum = 0;
    double sum_z = 0;
#pragma omp simd reduction(+ : sum, sum_z)
    for (int64_t k = 0; k < n; k++) {
        double d = (double)dy[k];
        double z = ((double)x[k] - mean) * inverse;
        sum += d * (double)scale[k];
        sum_z += d * (double)scale[k] * z;
        dshift[k] += d;
        dscale[k] += d * z;
    }
    if (dx) {
        sum /= (double)n;
        sum_z /= (double)n;
#pragma omp simd
        for (int64_t k = 0; k < n; k++) {
            double z = ((double)x[k] - mean) * inverse;
            dx[k] = (float)(inverse * ((double)dy[k] * (double)scale[k] - sum - z * sum_z));
        }
    }
}

static void run_parts(const void *task, int64_t begin, int64_t end, int thread) {
    const layer *l = task;
    (void)thread;
    for (int64_t part = begin; part < end; part++) {
        double *sums = l->sums + part * 2 * l->n;
        memset(sums, 0, (size_t)(2 * l->n) * sizeof *sums);
        for (int64_t m = part * l->part; m < mkd_cpu__smaller((part + 1) * l->part, l->rows); m++) {
            grad_row(l->dx ? l->dx + m * l->n : NULL, sums, sums + l->n, l->x + m * l->n,
                     l->dy + m * l->n, l->scale, (double)l->mean[m],
                     1 / sqrt((double)l->variance[m] + l->epsilon), l->n);
        }
    }
}

void mkd_cpu__layer_norm_grad(const mkd_call *call, void *scratch) {
    layer l = layer_of(call, scratch);
    float *dscale = call->out[1].data, *dshift = call->out[2].data;
    mkd_cpu__parallel(run_parts, &l, l.n_parts, 1);
    for (int64_t k = 0; k < l.n; k++) {
        double shift = 0;
        double scale = 0;
        for (int64_t part = 0; part < l.n_parts; part++) {
            shift += l.sums[part * 2 * l.n + k];
            scale += l.sums[(part * 2 + 1) * l.n + k];
        }
        if (dshift) {
            dshift[k] = (float)shift;
        }
        if (dscale) {
            dscale[k] = (float)scale;
        }
    }
}
