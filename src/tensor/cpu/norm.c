// Batch normalization; ref/norm.c has the formulas. Two passes over x: statistics, result.
//
// Statistics are sums of d = x - x0 and d^2, in double, where x0 is the channel's first value: with
// M rows, mean = x0 + S/M and variance = Q/M - (S/M)^2. The shift keeps the difference from
// cancelling: Q cannot be larger than M^2 variances of the batch, as x0 belongs to it.
#include <math.h>
#include <string.h>

#include "base/compiler.h"
#include "tensor/cpu/cpu.h"
#include "tensor/ref/ref.h"

// per channel, repeated to the width of a wide row
typedef struct norm {
    mkd_cpu_columns columns;
    const float *x, *dy;
    float *y;               // or dx
    float *center;          // x0, then the mean
    float *factor, *offset; // y = (x - center) factor + offset; dx = dy factor - offset - z slope
    float *slope;
    float *shift;  // gradient with ReLU: it was (x - center) factor + shift > 0; else NULL
    double *sums;  // [part][2][width]
    double *total; // [2][channels]
    bool relu;
} norm;

enum { WIDE_ARRAYS = 5 };

size_t mkd_cpu__batch_norm_scratch(const mkd_call *call) {
    const mkd_shape *shape = &call->in[0].shape;
    int64_t channels = shape->at[shape->rank - 1];
    mkd_cpu_columns c = mkd_cpu__columns(mkd_ref__extent(shape, 0, shape->rank - 1), channels);
    return (size_t)(c.n_parts * 2 * c.width + 2 * channels) * sizeof(double) +
           (size_t)(WIDE_ARRAYS * c.width) * sizeof(float);
}

static float factor_of(float scale, float variance, double epsilon) {
    return (float)((double)scale / sqrt((double)variance + epsilon));
}

static norm norm_of(const mkd_call *call, void *scratch) {
    const mkd_shape *shape = &call->in[0].shape;
    int64_t channels = shape->at[shape->rank - 1];
    norm n = {.columns = mkd_cpu__columns(mkd_ref__extent(shape, 0, shape->rank - 1), channels),
              .x = call->in[0].data,
              .y = call->out[0].data,
              .relu = call->attributes->relu};
    int64_t width = n.columns.width;
    n.sums = scratch;
    n.total = n.sums + n.columns.n_parts * 2 * width;
    n.center = (float *)(void *)(n.total + 2 * channels);
    n.factor = n.center + width;
    n.offset = n.factor + width;
    n.slope = n.offset + width;
    return n;
}

// Adds `rows` wide rows, 1 or 4: four are added in float first, which spares conversions and costs
// less than the rounding of x itself.
//   sum += d, square += d^2
MKD_VECTOR_CLONES static void add_rows(double *restrict sum, double *restrict square,
                                       const float *restrict x, const float *restrict center,
                                       int64_t n, int64_t rows) {
    if (rows == 4) {
#pragma omp simd
        for (int64_t k = 0; k < n; k++) {
            float c = center[k];
            float d0 = x[k] - c, d1 = x[n + k] - c, d2 = x[2 * n + k] - c, d3 = x[3 * n + k] - c;
            sum[k] += (double)((d0 + d1) + (d2 + d3));
            square[k] += (double)((d0 * d0 + d1 * d1) + (d2 * d2 + d3 * d3));
        }
        return;
    }
#pragma omp simd
    for (int64_t k = 0; k < n; k++) {
        double d = (double)(x[k] - center[k]);
        sum[k] += d;
        square[k] += d * d;
    }
}

//   sum += dy, product += dy (x - mean)
MKD_VECTOR_CLONES static void add_grad_rows(double *restrict sum, double *restrict product,
                                            const float *restrict x, const float *restrict dy,
                                            const float *restrict center, int64_t n, int64_t rows) {
    if (rows == 4) {
#pragma omp simd
        for (int64_t k = 0; k < n; k++) {
            float c = center[k];
            float g0 = dy[k], g1 = dy[n + k], g2 = dy[2 * n + k], g3 = dy[3 * n + k];
            float p0 = g0 * (x[k] - c) + g1 * (x[n + k] - c);
            float p1 = g2 * (x[2 * n + k] - c) + g3 * (x[3 * n + k] - c);
            sum[k] += (double)((g0 + g1) + (g2 + g3));
            product[k] += (double)(p0 + p1);
        }
        return;
    }
#pragma omp simd
    for (int64_t k = 0; k < n; k++) {
        double d = (double)dy[k];
        sum[k] += d;
        product[k] += d * (double)(x[k] - center[k]);
    }
}

//   the same where the ReLU let x through
MKD_VECTOR_CLONES static void add_masked_rows(double *restrict sum, double *restrict product,
                                              const float *restrict x, const float *restrict dy,
                                              const float *restrict center,
                                              const float *restrict factor,
                                              const float *restrict shift, int64_t n,
                                              int64_t rows) {
    if (rows == 4) {
#pragma omp simd
        for (int64_t k = 0; k < n; k++) {
            float c = center[k], f = factor[k], s = shift[k];
            float g0 = dy[k], g1 = dy[n + k], g2 = dy[2 * n + k], g3 = dy[3 * n + k];
            float d0 = x[k] - c, d1 = x[n + k] - c, d2 = x[2 * n + k] - c, d3 = x[3 * n + k] - c;
            g0 = d0 * f + s > 0 ? g0 : 0;
            g1 = d1 * f + s > 0 ? g1 : 0;
            g2 = d2 * f + s > 0 ? g2 : 0;
            g3 = d3 * f + s > 0 ? g3 : 0;
            sum[k] += (double)((g0 + g1) + (g2 + g3));
            product[k] += (double)((g0 * d0 + g1 * d1) + (g2 * d2 + g3 * d3));
        }
        return;
    }
#pragma omp simd
    for (int64_t k = 0; k < n; k++) {
        float d = x[k] - center[k];
        float g = dy[k];
        g = d * factor[k] + shift[k] > 0 ? g : 0;
        sum[k] += (double)g;
        product[k] += (double)g * (double)d;
    }
}

static void sum_parts(const void *task, int64_t begin, int64_t end, int thread) {
    const norm *n = task;
    int64_t width = n->columns.width;
    (void)thread;
    for (int64_t part = begin; part < end; part++) {
        double *sums = n->sums + part * 2 * width;
        int64_t at;
        int64_t stop;
        mkd_cpu__columns_part(&at, &stop, &n->columns, part);
        memset(sums, 0, (size_t)(2 * width) * sizeof *sums);
        while (at < stop) {
            int64_t rows = stop - at >= 4 * width ? 4 : 1;
            int64_t count = mkd_cpu__smaller(width, stop - at);
            if (n->shift) {
                add_masked_rows(sums, sums + width, n->x + at, n->dy + at, n->center, n->factor,
                                n->shift, count, rows);
            } else if (n->dy) {
                add_grad_rows(sums, sums + width, n->x + at, n->dy + at, n->center, count, rows);
            } else {
                add_rows(sums, sums + width, n->x + at, n->center, count, rows);
            }
            at += rows * width;
        }
    }
}

MKD_VECTOR_CLONES static void apply_row(float *y, const float *x, const float *center,
                                        const float *factor, const float *offset, bool relu,
                                        int64_t n) {
    if (relu) {
#pragma omp simd
        for (int64_t k = 0; k < n; k++) {
            float value = (x[k] - center[k]) * factor[k] + offset[k];
            y[k] = value < 0 ? 0 : value;
        }
        return;
    }
#pragma omp simd
    for (int64_t k = 0; k < n; k++) {
        y[k] = (x[k] - center[k]) * factor[k] + offset[k];
    }
}

// backwards, as in all second passes: what the first one read last is still in the cache
static void apply_rows(const void *task, int64_t begin, int64_t end, int thread) {
    const norm *n = task;
    int64_t width = n->columns.width;
    (void)thread;
    for (int64_t at = (end - 1) * width; at >= begin * width; at -= width) {
        apply_row(n->y + at, n->x + at, n->center, n->factor, n->offset, n->relu,
                  mkd_cpu__smaller(width, n->columns.n_elements - at));
    }
}

// dx = factor dy - offset - slope (x - mean), dy masked if there is a shift
MKD_VECTOR_CLONES static void apply_grad_row(float *dx, const float *x, const float *dy,
                                             const norm *restrict m, int64_t n) {
    const float *center = m->center, *factor = m->factor, *offset = m->offset, *slope = m->slope;
    const float *shift = m->shift;
    if (shift) {
#pragma omp simd
        for (int64_t k = 0; k < n; k++) {
            float d = x[k] - center[k];
            float g = dy[k];
            g = d * factor[k] + shift[k] > 0 ? g : 0;
            dx[k] = factor[k] * g - offset[k] - slope[k] * d;
        }
        return;
    }
#pragma omp simd
    for (int64_t k = 0; k < n; k++) {
        dx[k] = factor[k] * dy[k] - offset[k] - slope[k] * (x[k] - center[k]);
    }
}

static void apply_grad_rows(const void *task, int64_t begin, int64_t end, int thread) {
    const norm *n = task;
    int64_t width = n->columns.width;
    (void)thread;
    for (int64_t at = (end - 1) * width; at >= begin * width; at -= width) {
        apply_grad_row(n->y + at, n->x + at, n->dy + at, n,
                       mkd_cpu__smaller(width, n->columns.n_elements - at));
    }
}

static int64_t grain_of(const norm *n) {
    return mkd_cpu__larger(1, MKD_CPU_GRAIN / mkd_cpu__larger(1, n->columns.width));
}

// repeats the first `channels` elements up to the width
static void widen(float *wide, const mkd_cpu_columns *c) {
    for (int64_t k = c->channels; k < c->width; k++) {
        wide[k] = wide[k - c->channels];
    }
}

static void fold_sums(const norm *n) {
    int64_t width = n->columns.width;
    mkd_cpu__columns_fold(n->total, &n->columns, n->sums, 2 * width);
    mkd_cpu__columns_fold(n->total + n->columns.channels, &n->columns, n->sums + width, 2 * width);
}

void mkd_cpu__batch_norm(const mkd_call *call, void *scratch) {
    norm n = norm_of(call, scratch);
    const mkd_cpu_columns *c = &n.columns;
    const float *scale = call->in[1].data, *shift = call->in[2].data;
    float *out_mean = call->out[1].data, *out_variance = call->out[2].data;
    for (int64_t k = 0; k < c->channels; k++) {
        n.center[k] = n.x[k];
    }
    widen(n.center, c);
    mkd_cpu__parallel(sum_parts, &n, c->n_parts, 1);
    fold_sums(&n);
    double rows = (double)c->rows;
    for (int64_t k = 0; k < c->channels; k++) {
        double mean = n.total[k] / rows;
        double variance = n.total[c->channels + k] / rows - mean * mean;
        variance = variance > 0 || isnan(variance) ? variance : 0;
        double inverse = 1 / sqrt(variance + call->attributes->epsilon);
        double center = (double)n.center[k] + mean;
        n.center[k] = (float)center;
        n.factor[k] = (float)((double)scale[k] * inverse);
        // what rounding the mean to float has moved
        n.offset[k] =
            (float)((double)shift[k] + ((double)n.center[k] - center) * (double)scale[k] * inverse);
        if (out_mean) {
            out_mean[k] = n.center[k];
        }
        if (out_variance) {
            out_variance[k] = (float)variance;
        }
    }
    if (n.y) {
        widen(n.center, c);
        widen(n.factor, c);
        widen(n.offset, c);
        mkd_cpu__parallel(apply_rows, &n, c->n_wide, grain_of(&n));
    }
}

// the sums of dy and of dy z, per channel, in n->total; fills center, factor, shift
static void sum_gradients(norm *n, const mkd_call *call) {
    const mkd_cpu_columns *c = &n->columns;
    const float *scale = call->in[2].data;
    const float *mean = call->in[3].data, *variance = call->in[4].data;
    float *dscale = call->out[1].data, *dshift = call->out[2].data;
    n->dy = call->in[1].data;
    for (int64_t k = 0; k < c->channels; k++) {
        n->center[k] = mean[k];
        n->factor[k] = factor_of(scale[k], variance[k], call->attributes->epsilon);
    }
    widen(n->center, c);
    widen(n->factor, c);
    if (call->n_in > 5) {
        n->shift = n->slope + c->width;
        memcpy(n->shift, call->in[5].data, (size_t)c->channels * sizeof *n->shift);
        widen(n->shift, c);
    }
    mkd_cpu__parallel(sum_parts, n, c->n_parts, 1);
    fold_sums(n);
    for (int64_t k = 0; k < c->channels; k++) {
        n->total[c->channels + k] /= sqrt((double)variance[k] + call->attributes->epsilon);
        if (dscale) {
            dscale[k] = (float)n->total[c->channels + k];
        }
        if (dshift) {
            dshift[k] = (float)n->total[k];
        }
    }
}

// dx = scale / s (dy - mean(dy) - z mean(dy z)), z = (x - mean) / s
static void batch_norm_grad(const mkd_call *call, void *scratch, bool moving_statistics) {
    norm n = norm_of(call, scratch);
    const mkd_cpu_columns *c = &n.columns;
    const float *scale = call->in[2].data, *variance = call->in[4].data;
    sum_gradients(&n, call);
    double rows = (double)c->rows;
    for (int64_t k = 0; k < c->channels; k++) {
        double inverse = 1 / sqrt((double)variance[k] + call->attributes->epsilon);
        double factor = (double)scale[k] * inverse;
        double follows = moving_statistics ? 1 : 0;
        n.offset[k] = (float)(follows * factor * n.total[k] / rows);
        n.slope[k] = (float)(follows * factor * inverse * n.total[c->channels + k] / rows);
    }
    if (n.y) {
        widen(n.offset, c);
        widen(n.slope, c);
        mkd_cpu__parallel(apply_grad_rows, &n, c->n_wide, grain_of(&n));
    }
}

void mkd_cpu__batch_norm_grad(const mkd_call *call, void *scratch) {
    batch_norm_grad(call, scratch, true);
}

void mkd_cpu__batch_norm_inference_grad(const mkd_call *call, void *scratch) {
    batch_norm_grad(call, scratch, false);
}

void mkd_cpu__batch_norm_inference(const mkd_call *call, void *scratch) {
    norm n = norm_of(call, scratch);
    const mkd_cpu_columns *c = &n.columns;
    const float *scale = call->in[1].data, *shift = call->in[2].data;
    const float *mean = call->in[3].data, *variance = call->in[4].data;
    for (int64_t k = 0; k < c->channels; k++) {
        n.center[k] = mean[k];
        n.factor[k] =
            (float)((double)scale[k] / sqrt((double)variance[k] + call->attributes->epsilon));
        n.offset[k] = shift[k];
    }
    widen(n.center, c);
    widen(n.factor, c);
    widen(n.offset, c);
    mkd_cpu__parallel(apply_rows, &n, c->n_wide, grain_of(&n));
}
