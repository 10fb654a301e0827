// Reductions. Neighboring axes that are both kept or both reduced are merged; what remains is
//
//   x [outer, reduced, inner] -> y [outer, 1, inner]
//
// for all that training does; other patterns run in ref's loop. Sums are in double; long ones are
// sums of parts whose borders depend on the shape alone.
#include <math.h>

#include "base/compiler.h"
#include "tensor/cpu/cpu.h"
#include "tensor/ref/ref.h"

typedef struct reduction {
    int64_t outer, reduced, inner;
    bool is_regular;
    const float *x;
    float *y;
    bool is_max;
    double divisor;
    mkd_cpu_columns columns; // of one outer item: rows are the reduced axis
    double *parts;           // [outer][part][width]
} reduction;

static reduction describe(const mkd_call *call, const mkd_shape *to) {
    const mkd_shape *from = &call->in[0].shape;
    reduction r = {.outer = 1,
                   .reduced = 1,
                   .inner = 1,
                   .is_regular = true,
                   .x = call->in[0].data,
                   .y = call->out[0].data,
                   .is_max = call->attributes->kind == MKD_REDUCE_MAX};
    for (int k = 0; k < from->rank; k++) {
        if (from->at[k] == 1) {
            continue;
        }
        if (to->at[k] == from->at[k]) {
            *(r.reduced > 1 ? &r.inner : &r.outer) *= from->at[k];
        } else {
            r.is_regular = r.is_regular && r.inner == 1;
            r.reduced *= from->at[k];
        }
    }
    r.divisor = call->attributes->kind == MKD_REDUCE_MEAN ? (double)r.reduced : 1;
    r.columns = mkd_cpu__columns(r.reduced, r.inner);
    return r;
}

size_t mkd_cpu__reduce_scratch(const mkd_call *call) {
    reduction r = describe(call, &call->out[0].shape);
    if (!r.is_regular) {
        return mkd_ref__scratch_bytes(MKD_OP_reduce, call);
    }
    return (size_t)(r.outer * r.columns.n_parts * r.columns.width + r.inner) * sizeof(double);
}

MKD_VECTOR_CLONES static void add_row(double *restrict sum, const float *restrict x, int64_t n) {
#pragma omp simd
    for (int64_t k = 0; k < n; k++) {
        sum[k] += (double)x[k];
    }
}

MKD_VECTOR_CLONES static void max_row(double *restrict most, const float *restrict x, int64_t n) {
#pragma omp simd
    for (int64_t k = 0; k < n; k++) {
        double value = (double)x[k];
        most[k] = value > most[k] || isnan(value) ? value : most[k];
    }
}

static void reduce_parts(const void *task, int64_t begin, int64_t end, int thread) {
    const reduction *r = task;
    const mkd_cpu_columns *c = &r->columns;
    (void)thread;
    for (int64_t i = begin; i < end; i++) {
        const float *x = r->x + i / c->n_parts * c->n_elements;
        double *sums = r->parts + i * c->width;
        int64_t at;
        int64_t stop;
        mkd_cpu__columns_part(&at, &stop, c, i % c->n_parts);
        for (int64_t k = 0; k < c->width; k++) {
            sums[k] = r->is_max ? -INFINITY : 0;
        }
        for (; at < stop; at += c->width) {
            int64_t n = mkd_cpu__smaller(c->width, stop - at);
            if (r->is_max) {
                max_row(sums, x + at, n);
            } else {
                add_row(sums, x + at, n);
            }
        }
    }
}

static void fold_max(double *out, const mkd_cpu_columns *c, const double *parts) {
    for (int64_t k = 0; k < c->channels; k++) {
        out[k] = -INFINITY;
    }
    for (int64_t i = 0; i < c->n_parts * c->width; i += c->channels) {
        for (int64_t k = 0; k < c->channels; k++) {
            double value = parts[i + k];
            out[k] = value > out[k] || isnan(value) ? value : out[k];
        }
    }
}

void mkd_cpu__reduce(const mkd_call *call, void *scratch) {
    reduction r = describe(call, &call->out[0].shape);
    if (!r.is_regular) {
        mkd_ref__reduce_f32(call, scratch);
        return;
    }
    const mkd_cpu_columns *c = &r.columns;
    r.parts = scratch;
    double *total = r.parts + r.outer * c->n_parts * c->width;
    mkd_cpu__parallel(reduce_parts, &r, r.outer * c->n_parts,
                      mkd_cpu__larger(1, MKD_CPU_GRAIN / (c->part * c->width)));
    for (int64_t i = 0; i < r.outer; i++) {
        const double *parts = r.parts + i * c->n_parts * c->width;
        if (r.is_max) {
            fold_max(total, c, parts);
        } else {
            mkd_cpu__columns_fold(total, c, parts, c->width);
        }
        for (int64_t k = 0; k < r.inner; k++) {
            r.y[i * r.inner + k] = (float)(total[k] / r.divisor);
        }
    }
}

typedef struct max_grad {
    reduction r;
    const float *y, *dy;
    float *dx;
    float *taken; // per place of y: has a place of x got the gradient?
} max_grad;

size_t mkd_cpu__reduce_max_grad_scratch(const mkd_call *call) {
    // ref's for what is not regular; it is more than ours
    return mkd_ref__scratch_bytes(MKD_OP_reduce_max_grad, call);
}

MKD_VECTOR_CLONES static void give_row(float *dx, float *restrict taken, const float *x,
                                       const float *y, const float *dy, int64_t n) {
#pragma omp simd
    for (int64_t k = 0; k < n; k++) {
        bool first = taken[k] < 1 && x[k] >= y[k];
        float d = dy[k];
        dx[k] = first ? d : 0;
        taken[k] = first ? 1 : taken[k];
    }
}

// places [begin, end) of y, a run of inner ones at a time
static void give_places(const void *task, int64_t begin, int64_t end, int thread) {
    const max_grad *m = task;
    int64_t inner = m->r.inner;
    (void)thread;
    for (int64_t at = begin, n; at < end; at += n) {
        n = mkd_cpu__smaller(end - at, inner - at % inner);
        int64_t first = at / inner * m->r.reduced * inner + at % inner;
        for (int64_t k = at; k < at + n; k++) {
            m->taken[k] = 0;
        }
        for (int64_t i = 0; i < m->r.reduced; i++) {
            give_row(m->dx + first + i * inner, m->taken + at, m->r.x + first + i * inner,
                     m->y + at, m->dy + at, n);
        }
    }
}

void mkd_cpu__reduce_max_grad(const mkd_call *call, void *scratch) {
    max_grad m = {.r = describe(call, &call->in[1].shape),
                  .y = call->in[1].data,
                  .dy = call->in[2].data,
                  .dx = call->out[0].data,
                  .taken = scratch};
    if (!m.r.is_regular) {
        mkd_ref__reduce_max_grad_f32(call, scratch);
        return;
    }
    mkd_cpu__parallel(give_places, &m, m.r.outer * m.r.inner,
                      mkd_cpu__larger(1, MKD_CPU_GRAIN / m.r.reduced));
}
