// Resampling; ref/interpolate.c has the formulas. The taps of all rows and columns are computed
// once per call. The gradient is gathered, not scattered: a row of dx collects from the rows of dy
// whose taps lie on it (they follow each other), so rows are independent and their sums ordered.
#include <math.h>

#include "base/compiler.h"
#include "tensor/cpu/cpu.h"
#include "tensor/ref/ref.h"

typedef struct tap {
    int64_t at[2];
    float weight[2];
} tap;

typedef struct resampling {
    const float *x;                           // or dy
    float *y;                                 // or dx
    int64_t small_h, small_w, h, w, channels; // x is small_h x small_w, y is h x w
    tap *rows, *columns;                      // of y
    float *sums;                              // a row of dx per thread
} resampling;

size_t mkd_cpu__interpolate2d_scratch(const mkd_call *call) {
    const mkd_shape *a = &call->in[0].shape, *b = &call->out[0].shape;
    int64_t taps = mkd_cpu__larger(a->at[1], b->at[1]) + mkd_cpu__larger(a->at[2], b->at[2]);
    return (size_t)taps * sizeof(tap);
}

static double ratio_of(const mkd_attributes *a, int axis, int64_t in, int64_t out) {
    if (a->ratio[axis] > 0) {
        return a->ratio[axis];
    }
    if (a->align_corners && a->kind == MKD_BILINEAR) {
        return out > 1 ? (double)(in - 1) / (double)(out - 1) : 0;
    }
    return (double)in / (double)out;
}

static void fill_taps(tap *out, const mkd_attributes *a, int axis, int64_t in, int64_t n) {
    double ratio = ratio_of(a, axis, in, n);
    int64_t last = in - 1;
    for (int64_t i = 0; i < n; i++) {
        if (a->kind == MKD_NEAREST) {
            int64_t at = mkd_cpu__smaller((int64_t)floorf((float)i * (float)ratio), last);
            out[i] = (tap){{at, at}, {1, 0}};
            continue;
        }
        double s = a->align_corners ? (double)i * ratio : ((double)i + 0.5) * ratio - 0.5;
        s = s > 0 ? s : 0;
        int64_t low = mkd_cpu__smaller((int64_t)s, last);
        double f = s - (double)low < 1 ? s - (double)low : 1;
        out[i] = (tap){{low, mkd_cpu__smaller(low + 1, last)}, {(float)(1 - f), (float)f}};
    }
}

static resampling describe(const mkd_call *call, const mkd_shape *from, const mkd_shape *to,
                           void *scratch) {
    resampling r = {.x = call->in[0].data,
                    .y = call->out[0].data,
                    .small_h = from->at[1],
                    .small_w = from->at[2],
                    .h = to->at[1],
                    .w = to->at[2],
                    .channels = from->at[3],
                    .rows = scratch};
    r.columns = r.rows + r.h;
    fill_taps(r.rows, call->attributes, 0, r.small_h, r.h);
    fill_taps(r.columns, call->attributes, 1, r.small_w, r.w);
    return r;
}

// one row of y from two rows of x
MKD_VECTOR_CLONES static void mix_row(float *restrict y, const float *restrict top,
                                      const float *restrict bottom, const tap *columns, float above,
                                      float below, int64_t w, int64_t channels) {
    for (int64_t q = 0; q < w; q++) {
        const tap *t = &columns[q];
        const float *a = top + t->at[0] * channels, *b = top + t->at[1] * channels;
        const float *c = bottom + t->at[0] * channels, *d = bottom + t->at[1] * channels;
        float left = t->weight[0];
        float right = t->weight[1];
#pragma omp simd
        for (int64_t k = 0; k < channels; k++) {
            float upper = left * a[k] + right * b[k];
            float lower = left * c[k] + right * d[k];
            y[q * channels + k] = above * upper + below * lower;
        }
    }
}

static void forward_rows(const void *task, int64_t begin, int64_t end, int thread) {
    const resampling *r = task;
    (void)thread;
    for (int64_t i = begin; i < end; i++) {
        const tap *t = &r->rows[i % r->h];
        const float *item = r->x + i / r->h * r->small_h * r->small_w * r->channels;
        mix_row(r->y + i * r->w * r->channels, item + t->at[0] * r->small_w * r->channels,
                item + t->at[1] * r->small_w * r->channels, r->columns, t->weight[0], t->weight[1],
                r->w, r->channels);
    }
}

static void nearest_rows(const void *task, int64_t begin, int64_t end, int thread) {
    const resampling *r = task;
    (void)thread;
    for (int64_t i = begin; i < end; i++) {
        const float *from =
            r->x + (i / r->h * r->small_h + r->rows[i % r->h].at[0]) * r->small_w * r->channels;
        float *to = r->y + i * r->w * r->channels;
        for (int64_t q = 0; q < r->w; q++) {
            for (int64_t k = 0; k < r->channels; k++) {
                to[q * r->channels + k] = from[r->columns[q].at[0] * r->channels + k];
            }
        }
    }
}

static int64_t grain_of(int64_t row) {
    return mkd_cpu__larger(1, MKD_CPU_GRAIN / mkd_cpu__larger(1, row));
}

void mkd_cpu__interpolate2d(const mkd_call *call, void *scratch) {
    resampling r = describe(call, &call->in[0].shape, &call->out[0].shape, scratch);
    mkd_cpu__parallel(call->attributes->kind == MKD_NEAREST ? nearest_rows : forward_rows, &r,
                      call->out[0].shape.at[0] * r.h, grain_of(r.w * r.channels));
}

// adds weight * (one row of dy) to a row of dx
MKD_VECTOR_CLONES static void spread_row(float *dx, const float *restrict dy, const tap *columns,
                                         float weight, int64_t w, int64_t channels) {
    for (int64_t q = 0; q < w; q++) {
        const tap *t = &columns[q];
        const float *from = dy + q * channels;
        for (int j = 0; j < 2; j++) {
            float *to = dx + t->at[j] * channels;
            float factor = weight * t->weight[j];
            if (factor > 0) {
#pragma omp simd
                for (int64_t k = 0; k < channels; k++) {
                    to[k] += factor * from[k];
                }
            }
        }
    }
}

// the first row of y whose taps reach row h of x or a later one: taps never fall
static int64_t first_reaching(const resampling *r, int64_t h) {
    int64_t low = 0;
    int64_t high = r->h;
    while (low < high) {
        int64_t middle = (low + high) / 2;
        if (r->rows[middle].at[1] < h) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void backward_rows(const void *task, int64_t begin, int64_t end, int thread) {
    const resampling *r = task;
    int64_t n = r->small_w * r->channels;
    (void)thread;
    for (int64_t i = begin; i < end; i++) {
        int64_t h = i % r->small_h;
        float *dx = r->y + i * n;
        for (int64_t k = 0; k < n; k++) {
            dx[k] = 0;
        }
        for (int64_t p = first_reaching(r, h); p < r->h && r->rows[p].at[0] <= h; p++) {
            const tap *t = &r->rows[p];
            float weight = (t->at[0] == h ? t->weight[0] : 0) + (t->at[1] == h ? t->weight[1] : 0);
            spread_row(dx, r->x + (i / r->small_h * r->h + p) * r->w * r->channels, r->columns,
                       weight, r->w, r->channels);
        }
    }
}

void mkd_cpu__interpolate2d_grad(const mkd_call *call, void *scratch) {
    resampling r = describe(call, &call->out[0].shape, &call->in[0].shape, scratch);
    mkd_cpu__parallel(backward_rows, &r, call->out[0].shape.at[0] * r.small_h,
                      grain_of(r.small_w * r.channels));
}
