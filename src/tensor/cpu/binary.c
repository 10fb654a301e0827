// Elementwise functions of two values with numpy's broadcasting. Axes that lie one behind the other
// in both operands are merged, so that most calls are one row; rows run along both operands, or
// along one of them with the other constant.
#include <math.h>

#include "base/compiler.h"
#include "tensor/cpu/cpu.h"
#include "tensor/ref/ref.h"

typedef struct rows {
    const float *a, *b;
    float *y;
    mkd_binary kind;
    int n_axes; // outer ones; innermost last
    int64_t extent[MKD_MAX_RANK], stride_a[MKD_MAX_RANK], stride_b[MKD_MAX_RANK];
    int64_t n, step_a, step_b; // of a row
} rows;

#define LOOP(expression)                                                                           \
    do {                                                                                           \
        if (step_a && step_b) {                                                                    \
            _Pragma("omp simd") for (int64_t i = 0; i < n; i++) {                                  \
                float l = a[i];                                                                    \
                float r = b[i];                                                                    \
                y[i] = (expression);                                                               \
            }                                                                                      \
        } else if (step_a) {                                                                       \
            float r = *b;                                                                          \
            _Pragma("omp simd") for (int64_t i = 0; i < n; i++) {                                  \
                float l = a[i];                                                                    \
                y[i] = (expression);                                                               \
            }                                                                                      \
        } else {                                                                                   \
            float l = *a;                                                                          \
            _Pragma("omp simd") for (int64_t i = 0; i < n; i++) {                                  \
                float r = b[i * step_b];                                                           \
                y[i] = (expression);                                                               \
            }                                                                                      \
        }                                                                                          \
    } while (0)

MKD_VECTOR_CLONES static void row(float *y, const float *a, const float *b, int64_t n,
                                  int64_t step_a, int64_t step_b, mkd_binary kind) {
    switch (kind) {
    case MKD_BINARY_ADD:
        LOOP(l + r);
        break;
    case MKD_BINARY_SUB:
        LOOP(l - r);
        break;
    case MKD_BINARY_MUL:
        LOOP(l * r);
        break;
    case MKD_BINARY_DIV:
        LOOP(l / r);
        break;
    case MKD_BINARY_MAX: // NaN passes
        LOOP(l > r || isnan(l) ? l : r);
        break;
    case MKD_BINARY_MIN:
        LOOP(l < r || isnan(l) ? l : r);
        break;
    case MKD_BINARY_EQUAL:
        LOOP(l >= r && l <= r ? 1 : 0);
        break;
    default: // MKD_BINARY_GREATER
        LOOP(l > r ? 1 : 0);
        break;
    }
}

#undef LOOP

static void strides_of(int64_t *stride, const mkd_shape *shape, const mkd_shape *out) {
    int64_t step = 1;
    for (int k = out->rank - 1; k >= 0; k--) {
        int own = k - (out->rank - shape->rank);
        int64_t extent = own < 0 ? 1 : shape->at[own];
        stride[k] = extent == 1 ? 0 : step;
        step *= extent;
    }
}

static rows rows_of(const mkd_call *call) {
    rows r = {.a = call->in[0].data,
              .b = call->in[1].data,
              .y = call->out[0].data,
              .kind = (mkd_binary)call->attributes->kind};
    const mkd_shape *out = &call->out[0].shape;
    int64_t a[MKD_MAX_RANK];
    int64_t b[MKD_MAX_RANK];
    strides_of(a, &call->in[0].shape, out);
    strides_of(b, &call->in[1].shape, out);
    for (int k = 0; k < out->rank; k++) {
        if (out->at[k] == 1) {
            continue;
        }
        int last = r.n_axes - 1;
        bool merges = last >= 0 && r.stride_a[last] == a[k] * out->at[k] &&
                      r.stride_b[last] == b[k] * out->at[k];
        last = merges ? last : r.n_axes++;
        r.extent[last] = merges ? r.extent[last] * out->at[k] : out->at[k];
        r.stride_a[last] = a[k];
        r.stride_b[last] = b[k];
    }
    r.n = 1;
    if (r.n_axes > 0) {
        r.n_axes--;
        r.n = r.extent[r.n_axes];
        r.step_a = r.stride_a[r.n_axes];
        r.step_b = r.stride_b[r.n_axes];
    }
    return r;
}

static void run_rows(const void *task, int64_t begin, int64_t end, int thread) {
    const rows *r = task;
    int64_t index[MKD_MAX_RANK] = {0};
    int64_t at_a = 0;
    int64_t at_b = 0;
    int64_t rest = begin;
    (void)thread;
    for (int k = r->n_axes - 1; k >= 0; k--) {
        index[k] = rest % r->extent[k];
        rest /= r->extent[k];
        at_a += index[k] * r->stride_a[k];
        at_b += index[k] * r->stride_b[k];
    }
    for (int64_t i = begin; i < end; i++) {
        row(r->y + i * r->n, r->a + at_a, r->b + at_b, r->n, r->step_a, r->step_b, r->kind);
        for (int k = r->n_axes - 1; k >= 0; k--) {
            at_a += r->stride_a[k];
            at_b += r->stride_b[k];
            if (++index[k] < r->extent[k]) {
                break;
            }
            at_a -= index[k] * r->stride_a[k];
            at_b -= index[k] * r->stride_b[k];
            index[k] = 0;
        }
    }
}

static void run_range(const void *task, int64_t begin, int64_t end, int thread) {
    const rows *r = task;
    (void)thread;
    row(r->y + begin, r->a + begin * r->step_a, r->b + begin * r->step_b, end - begin, r->step_a,
        r->step_b, r->kind);
}

void mkd_cpu__binary(const mkd_call *call, void *scratch) {
    rows r = rows_of(call);
    int64_t count = mkd_tensor_count(&call->out[0]);
    (void)scratch;
    if (r.n == count) {
        mkd_cpu__parallel(run_range, &r, count, MKD_CPU_GRAIN);
    } else {
        mkd_cpu__parallel(run_rows, &r, count / r.n, mkd_cpu__larger(1, MKD_CPU_GRAIN / r.n));
    }
}
