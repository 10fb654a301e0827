// Elementwise functions of one value. Those that are short arithmetic are loops that the compiler
// vectorizes; the others (exponentials, logarithms, powers) are ref's loops, which are in double,
// on all threads. Every loop may run in place.
#include <math.h>

#include "base/compiler.h"
#include "tensor/cpu/cpu.h"
#include "tensor/ref/ref.h"

typedef struct map {
    const mkd_call *call;
    const float *x, *y, *dy, *condition, *a, *b;
    float *out;
    mkd_ref_kernel ref;
    double alpha, beta;
    mkd_unary kind;
} map;

static bool is_short(mkd_unary kind) {
    switch (kind) {
    case MKD_UNARY_RELU:
    case MKD_UNARY_LEAKY_RELU:
    case MKD_UNARY_RELU6:
    case MKD_UNARY_ABS:
    case MKD_UNARY_NEG:
    case MKD_UNARY_SQUARE:
    case MKD_UNARY_SQRT:
    case MKD_UNARY_RECIPROCAL:
    case MKD_UNARY_LINEAR:
    case MKD_UNARY_CLAMP:
    case MKD_UNARY_SMOOTH_L1:
    case MKD_UNARY_HUBER:
        return true;
    default:
        return false;
    }
}

#define LOOP(expression)                                                                           \
    do {                                                                                           \
        _Pragma("omp simd") for (int64_t i = 0; i < n; i++) {                                      \
            float v = x[i];                                                                        \
            out[i] = (float)(expression);                                                          \
        }                                                                                          \
    } while (0)

// |v| < alpha: v^2 / (2 alpha), else |v| - alpha/2
MKD_VECTOR_CLONES static void smooth_l1(float *out, const float *x, int64_t n, double alpha,
                                        double scale) {
    double curve = alpha > 0 ? 0.5 / alpha : 0;
    LOOP(scale *
         (fabsf(v) < alpha ? curve * (double)v * (double)v : (double)fabsf(v) - 0.5 * alpha));
}

MKD_VECTOR_CLONES static void short_unary(float *out, const float *x, int64_t n, mkd_unary kind,
                                          double alpha, double beta) {
    float low = (float)alpha;
    float high = (float)beta;
    switch (kind) {
    case MKD_UNARY_RELU:
        LOOP(v < 0 ? 0 : v);
        break;
    case MKD_UNARY_LEAKY_RELU:
        LOOP(v < 0 ? low * v : v);
        break;
    case MKD_UNARY_RELU6:
        LOOP(v < 0 ? 0 : v > 6 ? 6 : v);
        break;
    case MKD_UNARY_ABS:
        LOOP(fabsf(v));
        break;
    case MKD_UNARY_NEG:
        LOOP(-v);
        break;
    case MKD_UNARY_SQUARE:
        LOOP(v * v);
        break;
    case MKD_UNARY_SQRT:
        LOOP(sqrtf(v));
        break;
    case MKD_UNARY_RECIPROCAL:
        LOOP(1 / v);
        break;
    case MKD_UNARY_LINEAR:
        LOOP(alpha * (double)v + beta);
        break;
    default: // MKD_UNARY_CLAMP
        LOOP(v < low ? low : v > high ? high : v);
        break;
    }
}

#undef LOOP

static int64_t grain_of(bool is_cheap) {
    return is_cheap ? MKD_CPU_GRAIN : MKD_CPU_GRAIN / 16;
}

// a range of a tensor as a tensor of rank 1
static mkd_tensor range_of(const mkd_tensor *t, int64_t begin, int64_t end) {
    mkd_tensor part = *t;
    if (t->data) {
        part.data = (char *)t->data + (size_t)begin * mkd_dtype_bytes(t->dtype);
        part.shape = (mkd_shape){1, {end - begin}};
    }
    return part;
}

static void ref_range(const void *task, int64_t begin, int64_t end, int thread) {
    const map *m = task;
    mkd_call call = *m->call;
    (void)thread;
    for (int i = 0; i < call.n_in; i++) {
        call.in[i] = range_of(&m->call->in[i], begin, end);
    }
    call.out[0] = range_of(&m->call->out[0], begin, end);
    m->ref(&call, NULL);
}

static void unary_range(const void *task, int64_t begin, int64_t end, int thread) {
    const map *m = task;
    (void)thread;
    if (m->kind == MKD_UNARY_SMOOTH_L1 || m->kind == MKD_UNARY_HUBER) {
        smooth_l1(m->out + begin, m->x + begin, end - begin, m->alpha,
                  m->kind == MKD_UNARY_HUBER ? m->alpha : 1);
    } else {
        short_unary(m->out + begin, m->x + begin, end - begin, m->kind, m->alpha, m->beta);
    }
}

void mkd_cpu__unary(const mkd_call *call, void *scratch) {
    const mkd_attributes *a = call->attributes;
    map m = {.call = call,
             .x = call->in[0].data,
             .out = call->out[0].data,
             .ref = mkd_ref__unary_f32,
             .alpha = a->alpha,
             .beta = a->beta,
             .kind = (mkd_unary)a->kind};
    bool is_cheap = is_short(m.kind);
    (void)scratch;
    mkd_cpu__parallel(is_cheap ? unary_range : ref_range, &m, mkd_tensor_count(&call->out[0]),
                      grain_of(is_cheap));
}

// dx = dy f'(x), where y = f(x) may stand for x
#define LOOP(expression)                                                                           \
    do {                                                                                           \
        _Pragma("omp simd") for (int64_t i = 0; i < n; i++) {                                      \
            float v = x[i];                                                                        \
            (void)v;                                                                               \
            float d = dy[i];                                                                       \
            dx[i] = (float)(expression);                                                           \
        }                                                                                          \
    } while (0)

// |v| < alpha: v / alpha, else its sign
MKD_VECTOR_CLONES static void smooth_l1_grad(float *dx, const float *x, const float *dy, int64_t n,
                                             double alpha, double scale) {
    double curve = alpha > 0 ? 1 / alpha : 0;
    LOOP((double)d * scale *
         (fabsf(v) < alpha ? curve * (double)v
                           : (v > 0   ? 1.0
                              : v < 0 ? -1.0
                                      : 0.0)));
}

MKD_VECTOR_CLONES static void short_unary_grad(float *dx, const float *x, const float *dy,
                                               int64_t n, mkd_unary kind, double alpha,
                                               double beta) {
    float slope = (float)alpha;
    switch (kind) {
    case MKD_UNARY_RELU:
        LOOP(v > 0 ? d : 0);
        break;
    case MKD_UNARY_LEAKY_RELU:
        LOOP(v > 0 ? d : d * slope);
        break;
    case MKD_UNARY_RELU6:
        LOOP(v > 0 && v < 6 ? d : 0);
        break;
    case MKD_UNARY_ABS:
        LOOP(v > 0 ? d : v < 0 ? -d : 0);
        break;
    case MKD_UNARY_NEG:
        LOOP(-d);
        break;
    case MKD_UNARY_SQUARE:
        LOOP(d * 2 * v);
        break;
    case MKD_UNARY_SQRT:
        LOOP((double)d * (0.5 / (double)v));
        break;
    case MKD_UNARY_RECIPROCAL:
        LOOP((double)d * (-(double)v * (double)v));
        break;
    case MKD_UNARY_LINEAR:
        LOOP((double)d * alpha);
        break;
    default: // MKD_UNARY_CLAMP
        LOOP((double)v >= alpha && (double)v <= beta ? d : 0);
        break;
    }
}

#undef LOOP

static void unary_grad_range(const void *task, int64_t begin, int64_t end, int thread) {
    const map *m = task;
    (void)thread;
    if (m->kind == MKD_UNARY_SMOOTH_L1 || m->kind == MKD_UNARY_HUBER) {
        smooth_l1_grad(m->out + begin, m->x + begin, m->dy + begin, end - begin, m->alpha,
                       m->kind == MKD_UNARY_HUBER ? m->alpha : 1);
    } else {
        short_unary_grad(m->out + begin, m->x + begin, m->dy + begin, end - begin, m->kind,
                         m->alpha, m->beta);
    }
}

void mkd_cpu__unary_grad(const mkd_call *call, void *scratch) {
    const mkd_attributes *a = call->attributes;
    // functions whose slope is short in y get y; one of x and y may be absent
    bool by_output =
        a->kind == MKD_UNARY_RELU || a->kind == MKD_UNARY_SQRT || a->kind == MKD_UNARY_RECIPROCAL;
    int first = by_output ? 1 : 0;
    int used = call->in[first].data ? first : 1 - first;
    map m = {.call = call,
             .x = call->in[used].data,
             .dy = call->in[2].data,
             .out = call->out[0].data,
             .ref = mkd_ref__unary_grad_f32,
             .alpha = a->alpha,
             .beta = a->beta,
             .kind = (mkd_unary)a->kind};
    bool is_cheap = is_short(m.kind);
    (void)scratch;
    mkd_cpu__parallel(is_cheap ? unary_grad_range : ref_range, &m, mkd_tensor_count(&call->out[0]),
                      grain_of(is_cheap));
}

MKD_VECTOR_CLONES static void choose(float *out, const float *condition, const float *a,
                                     const float *b, int64_t n) {
#pragma omp simd
    for (int64_t i = 0; i < n; i++) {
        out[i] = fabsf(condition[i]) > 0 ? a[i] : b[i];
    }
}

static void where_range(const void *task, int64_t begin, int64_t end, int thread) {
    const map *m = task;
    (void)thread;
    choose(m->out + begin, m->condition + begin, m->a + begin, m->b + begin, end - begin);
}

void mkd_cpu__where(const mkd_call *call, void *scratch) {
    map m = {.condition = call->in[0].data,
             .a = call->in[1].data,
             .b = call->in[2].data,
             .out = call->out[0].data};
    (void)scratch;
    mkd_cpu__parallel(where_range, &m, mkd_tensor_count(&call->out[0]), MKD_CPU_GRAIN);
}
