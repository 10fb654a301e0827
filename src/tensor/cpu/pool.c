// Maximum over windows, all channels of a place side by side. The gradient of an item is scattered
// by one thread, so its order is fixed.
#include <math.h>

#include "base/compiler.h"
#include "tensor/cpu/cpu.h"
#include "tensor/ref/ref.h"

typedef struct pool {
    mkd_window window;
    mkd_shape image, map;
    const float *x;
    float *y;
    int32_t *index;
    const int32_t *from;
    const float *dy;
    float *dx;
} pool;

// most = max(most, x); the first place wins, NaN passes
MKD_VECTOR_CLONES static void take_larger(float *restrict most, int32_t *restrict place,
                                          const float *restrict x, int32_t at, int64_t n) {
#pragma omp simd
    for (int64_t k = 0; k < n; k++) {
        bool wins = x[k] > most[k] || place[k] < 0 || isnan(x[k]);
        most[k] = wins ? x[k] : most[k];
        place[k] = wins ? at : place[k];
    }
}

enum { BLOCK = 64 };

// channels [begin, begin + n) of one place of the map
static void max_block(const pool *p, const float *item, int64_t row, int64_t column, int64_t begin,
                      int64_t n, int64_t out) {
    const mkd_window *w = &p->window;
    float most[BLOCK];
    int32_t place[BLOCK];
    for (int64_t k = 0; k < n; k++) {
        most[k] = -INFINITY;
        place[k] = -1;
    }
    for (int64_t i = 0; i < w->kernel[0]; i++) {
        int64_t h = row * w->stride[0] - w->padding[0] + i * w->dilation[0];
        for (int64_t j = 0; j < w->kernel[1]; j++) {
            int64_t v = column * w->stride[1] - w->padding[1] + j * w->dilation[1];
            if (h >= 0 && h < p->image.at[1] && v >= 0 && v < p->image.at[2]) {
                int64_t at = h * p->image.at[2] + v;
                take_larger(most, place, item + at * p->image.at[3] + begin, (int32_t)at, n);
            }
        }
    }
    for (int64_t k = 0; k < n; k++) {
        if (p->y) {
            p->y[out + k] = most[k];
        }
        if (p->index) {
            p->index[out + k] = place[k];
        }
    }
}

static void max_rows(const void *task, int64_t begin, int64_t end, int thread) {
    const pool *p = task;
    int64_t width = p->map.at[2];
    int64_t channels = p->map.at[3];
    (void)thread;
    for (int64_t i = begin; i < end; i++) {
        const float *item = p->x + i / p->map.at[1] * mkd_ref__extent(&p->image, 1, 4);
        for (int64_t q = 0; q < width; q++) {
            for (int64_t c = 0; c < channels; c += BLOCK) {
                max_block(p, item, i % p->map.at[1], q, c, mkd_cpu__smaller(BLOCK, channels - c),
                          (i * width + q) * channels + c);
            }
        }
    }
}

void mkd_cpu__max_pool2d(const mkd_call *call, void *scratch) {
    pool p = {.window = mkd_ref__window(&call->attributes->window),
              .image = call->in[0].shape,
              .map = call->out[0].shape,
              .x = call->in[0].data,
              .y = call->out[0].data,
              .index = call->out[1].data};
    (void)scratch;
    int64_t row = mkd_ref__extent(&p.map, 2, 4);
    mkd_cpu__parallel(max_rows, &p, p.map.at[0] * p.map.at[1],
                      mkd_cpu__larger(1, MKD_CPU_GRAIN / mkd_cpu__larger(1, row) / 4));
}

static void max_grad_items(const void *task, int64_t begin, int64_t end, int thread) {
    const pool *p = task;
    int64_t n_in = mkd_ref__extent(&p->map, 1, 4);
    int64_t n_out = mkd_ref__extent(&p->image, 1, 4);
    int64_t channels = p->map.at[3];
    (void)thread;
    for (int64_t item = begin; item < end; item++) {
        float *dx = p->dx + item * n_out;
        for (int64_t i = 0; i < n_out; i++) {
            dx[i] = 0;
        }
        for (int64_t i = item * n_in; i < (item + 1) * n_in; i += channels) {
            for (int64_t k = 0; k < channels; k++) {
                if (p->from[i + k] >= 0) {
                    dx[p->from[i + k] * channels + k] += p->dy[i + k];
                }
            }
        }
    }
}

void mkd_cpu__max_pool2d_grad(const mkd_call *call, void *scratch) {
    pool p = {.image = call->out[0].shape,
              .map = call->in[1].shape,
              .from = call->in[0].data,
              .dy = call->in[1].data,
              .dx = call->out[0].data};
    (void)scratch;
    mkd_cpu__parallel(max_grad_items, &p, p.image.at[0], 1);
}
