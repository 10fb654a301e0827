// Optimizers as single passes over flat arrays.
//
// With g the (scaled) gradient, t the step, r the rate, d the decay:
//   SGD    g += d w;  m = mu m + (1 - dampening) g (m = g at t = 1);  w -= r (nesterov ? g + mu m :
//   m) Adam   m = b1 m + (1-b1) g, v = b2 v + (1-b2) g^2 (Kingma and Ba 2015),
//          w -= r/(1-b1^t) m / (sqrt(v)/sqrt(1-b2^t) + eps);  L2: g += d w before
//   AdamW  w *= 1 - r d before Adam without L2 (Loshchilov and Hutter 2019)
//   MonoDETR's AdamW (its published optimizer, not PyTorch's):
//          w -= r sqrt(1-b2^t)/(1-b1^t) (d w + m / (sqrt(v) + eps))
// The scalar factors are computed in double and rounded once.

#include "nn/optim.h"

#include <math.h>

#include "base/alloc.h"
#include "base/status.h"

enum { CHUNK = 32768 }; // sums are formed per chunk, then over the chunks in order

typedef struct factors {
    float b1, b2, one_minus_b1, one_minus_b2;
    float step_size, root_correction, epsilon;
    float decay, shrink, scale;
    bool amsgrad;
} factors;

static void adam_range(float *w, const float *dw, float *m, float *v, float *v_max, size_t begin,
                       size_t end, const factors *f) {
    for (size_t i = begin; i < end; i++) {
        float x = w[i] * f->shrink;
        float g = dw[i] * f->scale + f->decay * x;
        m[i] = f->b1 * m[i] + f->one_minus_b1 * g;
        v[i] = f->b2 * v[i] + f->one_minus_b2 * g * g;
        float second = v[i];
        if (f->amsgrad) {
            v_max[i] = v_max[i] > second ? v_max[i] : second;
            second = v_max[i];
        }
        w[i] = x - f->step_size * (m[i] / (sqrtf(second) / f->root_correction + f->epsilon));
    }
}

static void monodetr_range(float *w, const float *dw, float *m, float *v, size_t begin, size_t end,
                           const factors *f) {
    for (size_t i = begin; i < end; i++) {
        float g = dw[i] * f->scale;
        m[i] = f->b1 * m[i] + f->one_minus_b1 * g;
        v[i] = f->b2 * v[i] + f->one_minus_b2 * g * g;
        w[i] -= f->step_size * (f->decay * w[i] + m[i] / (sqrtf(v[i]) + f->epsilon));
    }
}

static void sgd_range(float *w, const float *dw, float *m, size_t begin, size_t end,
                      const mkd_optimizer_options *o, float rate, const factors *f, bool is_first) {
    float mu = (float)o->momentum;
    float keep = (float)(1 - o->dampening);
    for (size_t i = begin; i < end; i++) {
        float g = dw[i] * f->scale + f->decay * w[i];
        if (mu != 0.0f) {
            m[i] = is_first ? g : mu * m[i] + keep * g;
            g = o->nesterov ? g + mu * m[i] : m[i];
        }
        w[i] -= rate * g;
    }
}

static factors make_factors(const mkd_optimizer_options *o, double rate, double decay, double scale,
                            int64_t step) {
    double b1 = o->beta1 > 0 ? o->beta1 : 0.9;
    double b2 = o->beta2 > 0 ? o->beta2 : 0.999;
    double correction1 = 1 - pow(b1, (double)step);
    double correction2 = sqrt(1 - pow(b2, (double)step));
    bool decoupled = o->kind == MKD_OPTIMIZER_ADAMW || o->decay_before;
    bool is_monodetr = o->kind == MKD_OPTIMIZER_MONODETR_ADAMW;
    return (factors){
        .b1 = (float)b1,
        .b2 = (float)b2,
        .one_minus_b1 = (float)(1 - b1),
        .one_minus_b2 = (float)(1 - b2),
        .step_size = (float)(is_monodetr ? rate * correction2 / correction1 : rate / correction1),
        .root_correction = (float)correction2,
        .epsilon = (float)(o->epsilon > 0 ? o->epsilon : 1e-8),
        .decay = decoupled ? 0.0f : (float)decay,
        .shrink = decoupled ? (float)(1 - rate * decay) : 1.0f,
        .scale = (float)scale,
        .amsgrad = o->amsgrad};
}

void mkd_optimizer_update(float *w, const float *dw, float *m, float *v, float *v_max, size_t n,
                          const mkd_optimizer_options *options, double rate, double decay,
                          double scale, int64_t step) {
    factors f = make_factors(options, rate, decay, scale, step);
    int64_t n_chunks = (int64_t)((n + CHUNK - 1) / CHUNK);
#pragma omp parallel for schedule(static) if (n_chunks > 1)
    for (int64_t c = 0; c < n_chunks; c++) {
        size_t begin = (size_t)c * CHUNK;
        size_t end = begin + CHUNK < n ? begin + CHUNK : n;
        switch (options->kind) {
        case MKD_OPTIMIZER_SGD:
            sgd_range(w, dw, m, begin, end, options, (float)rate, &f, step == 1);
            break;
        case MKD_OPTIMIZER_MONODETR_ADAMW:
            monodetr_range(w, dw, m, v, begin, end, &f);
            break;
        case MKD_OPTIMIZER_ADAM:
        case MKD_OPTIMIZER_ADAMW:
            adam_range(w, dw, m, v, v_max, begin, end, &f);
            break;
        }
    }
}

typedef struct states {
    mkd_buffer *m, *v, *v_max;
} states;

static int get_states(states *out, mkd_store *store, const mkd_optimizer_options *options) {
    *out = (states){0};
    MKD_TRY(mkd_store_state(&out->m, store, "m"));
    if (options->kind != MKD_OPTIMIZER_SGD) {
        MKD_TRY(mkd_store_state(&out->v, store, "v"));
        if (options->amsgrad) {
            MKD_TRY(mkd_store_state(&out->v_max, store, "v_max"));
        }
    }
    return 0;
}

int mkd_optimizer_prepare(mkd_store *store, const mkd_optimizer_options *options) {
    states s;
    return get_states(&s, store, options);
}

static float *at(const mkd_buffer *buffer, size_t offset) {
    return buffer ? (float *)buffer->host + offset : NULL;
}

int mkd_optimizer_step(mkd_store *store, const mkd_optimizer_options *options, double rate,
                       double scale, int64_t step) {
    states s;
    MKD_TRY(get_states(&s, store, options));
    mkd_buffer *values = mkd_store_values(store);
    mkd_buffer *gradients = mkd_store_gradients(store);
    if (!values->host || !gradients->host) {
        MKD_FAIL(MKD_EUNSUPPORTED, "the optimizer runs on host memory, this backend has none");
    }
    for (int i = 0; i < mkd_store_count(store); i++) {
        const mkd_entry *e = mkd_store_entry(store, i);
        if (e->is_buffer || e->rate_factor <= 0) {
            continue;
        }
        mkd_optimizer_update(at(values, e->offset), at(gradients, e->offset), at(s.m, e->offset),
                             at(s.v, e->offset), at(s.v_max, e->offset), e->count, options,
                             rate * (double)e->rate_factor, e->decayed ? options->weight_decay : 0,
                             scale, step);
    }
    return 0;
}

// NaN if one of them is: fmax would drop it
static double largest_of(double a, double b) {
    return isnan(a) || a > b ? a : b;
}

static double chunk_norm(const float *x, size_t n, mkd_clip_kind kind) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        double value = (double)x[i];
        sum = kind == MKD_CLIP_NORM ? sum + value * value : largest_of(sum, fabs(value));
    }
    return sum;
}

double mkd_gradient_norm(const float *const *gradients, const size_t *counts, int n,
                         mkd_clip_kind kind) {
    double total = 0;
    for (int k = 0; k < n; k++) {
        for (size_t begin = 0; begin < counts[k]; begin += CHUNK) {
            size_t left = counts[k] - begin;
            double part = chunk_norm(gradients[k] + begin, left < CHUNK ? left : CHUNK, kind);
            total = kind == MKD_CLIP_NORM ? total + part : largest_of(total, part);
        }
    }
    return kind == MKD_CLIP_NORM ? sqrt(total) : total;
}

double mkd_clip_factor(double norm, double limit) {
    double factor = limit / (norm + 1e-6);
    return factor < 1 ? factor : 1;
}

double mkd_clip_gradients(float *const *gradients, const size_t *counts, int n, mkd_clip_kind kind,
                          double limit) {
    double norm = mkd_gradient_norm((const float *const *)gradients, counts, n,
                                    kind == MKD_CLIP_VALUE ? MKD_CLIP_NORM_MAX : kind);
    float factor = (float)mkd_clip_factor(norm, limit);
    for (int k = 0; k < n; k++) {
        for (size_t i = 0; i < counts[k]; i++) {
            float x = gradients[k][i];
            float bound = (float)limit;
            gradients[k][i] = kind != MKD_CLIP_VALUE ? x * factor
                              : x > bound            ? bound
                              : x < -bound           ? -bound
                                                     : x;
        }
    }
    return norm;
}

void mkd_ema_update(float *ema, const float *w, size_t n, double decay, bool is_first) {
    float keep = (float)decay;
    float take = (float)(1 - decay);
    for (size_t i = 0; i < n; i++) {
        ema[i] = is_first ? w[i] : keep * ema[i] + take * w[i];
    }
}
