#include "kinds.h"

#include <string.h>

#include "base/status.h"
#include "nn/optim.h"
#include "nn/schedule.h"

// one parameter with its gradients [steps, ...] and states
typedef struct parameter {
    const char *name;
    mkd_tensor w, grads, m, v, v_max;
} parameter;

// the rate and options in force at a step, counted from 0
typedef void (*step_function)(mkd_optimizer_options *options, double *rate, const variant *v,
                              int64_t step);

static int open_parameter(parameter *p, variant *v, const char *name) {
    char key[64];
    p->name = name;
    snprintf(key, sizeof key, "grads_%s", name);
    MKD_TRY(variant_tensor(&p->w, v, name, MKD_F32));
    MKD_TRY(variant_tensor(&p->grads, v, key, MKD_F32));
    MKD_TRY(mkd_tensor_new(&p->m, MKD_F32, p->w.shape));
    MKD_TRY(mkd_tensor_new(&p->v, MKD_F32, p->w.shape));
    return mkd_tensor_new(&p->v_max, MKD_F32, p->w.shape);
}

static void put(variant *v, const parameter *p, const char *what, const mkd_tensor *tensor) {
    char key[64];
    mkd_tensor copy = {0};
    snprintf(key, sizeof key, "%s_%s", p->name, what);
    variant_fail(v, mkd_tensor_convert(&copy, tensor, tensor->dtype));
    if (v->status == 0) {
        variant_put(v, key, &copy);
    }
}

static void run_parameter(variant *v, parameter *p, mkd_optimizer_options options,
                          step_function function) {
    double decay = variant_number(v, "weight_decay", 0);
    size_t n = (size_t)mkd_tensor_count(&p->w);
    for (int64_t step = 0; v->status == 0 && step < p->grads.shape.at[0]; step++) {
        double rate = variant_number(v, "lr", 1e-3);
        if (function) {
            function(&options, &rate, v, step);
        }
        const float *dw = (const float *)p->grads.data + (size_t)step * n;
        mkd_optimizer_update(p->w.data, dw, p->m.data, p->v.data, p->v_max.data, n, &options, rate,
                             decay, 1, step + 1);
        char what[32];
        snprintf(what, sizeof what, "after%lld", (long long)step + 1);
        put(v, p, what, &p->w);
    }
    if (options.kind == MKD_OPTIMIZER_SGD) {
        put(v, p, "buf", &p->m);
        return;
    }
    put(v, p, "m", &p->m);
    put(v, p, "v", &p->v);
    put(v, p, "vmax", &p->v_max);
}

// every input that has gradients is a parameter
static void run_optimizer(variant *v, mkd_optimizer_options options, step_function function) {
    char start[64];
    snprintf(start, sizeof start, "%sgrads_", v->prefix);
    options.weight_decay = variant_number(v, "weight_decay", 0);
    for (size_t i = 0; i < mkd_npz_count(v->c->inputs) && v->status == 0; i++) {
        const char *name = mkd_npz_name(v->c->inputs, i);
        if (strncmp(name, start, strlen(start)) != 0) {
            continue;
        }
        parameter p = {0};
        variant_fail(v, open_parameter(&p, v, name + strlen(start)));
        if (v->status == 0) {
            run_parameter(v, &p, options, function);
        }
        mkd_tensor_free(&p.w);
        mkd_tensor_free(&p.grads);
        mkd_tensor_free(&p.m);
        mkd_tensor_free(&p.v);
        mkd_tensor_free(&p.v_max);
    }
}

static double list_number(const variant *v, const char *key, size_t i, double otherwise) {
    const json_t *value = json_array_get(variant_option(v, key), i);
    return json_is_number(value) ? json_number_value(value) : otherwise;
}

static mkd_optimizer_options adam_options(const variant *v, mkd_optimizer_kind kind) {
    return (mkd_optimizer_options){.kind = kind,
                                   .beta1 = list_number(v, "betas", 0, 0.9),
                                   .beta2 = list_number(v, "betas", 1, 0.999),
                                   .epsilon = variant_number(v, "eps", 1e-8),
                                   .amsgrad = variant_flag(v, "amsgrad", false)};
}

void kind_adam(variant *v) {
    run_optimizer(v, adam_options(v, MKD_OPTIMIZER_ADAM), NULL);
}

void kind_adamw(variant *v) {
    run_optimizer(v, adam_options(v, MKD_OPTIMIZER_ADAMW), NULL);
}

void kind_monodetr_adamw(variant *v) {
    run_optimizer(v, adam_options(v, MKD_OPTIMIZER_MONODETR_ADAMW), NULL);
}

void kind_sgd(variant *v) {
    mkd_optimizer_options options = {.kind = MKD_OPTIMIZER_SGD,
                                     .momentum = variant_number(v, "momentum", 0),
                                     .dampening = variant_number(v, "dampening", 0),
                                     .nesterov = variant_flag(v, "nesterov", false)};
    run_optimizer(v, options, NULL);
}

static void onecycle(double *rate, double *momentum, const variant *v, int64_t step) {
    double most = variant_number(v, "lr_max", 0);
    double div = variant_number(v, "div_factor", 10);
    const double momenta[2] = {list_number(v, "moms", 0, 0.95), list_number(v, "moms", 1, 0.85)};
    const char *final = variant_text(v, "final", "low/1e4");
    double last = strcmp(final, "lr_max/1e5") == 0 ? most / 1e5 : most / div / 1e4;
    mkd_onecycle_fastai(rate, momentum, most, momenta, (double)step,
                        (int64_t)variant_number(v, "total_steps", 1),
                        variant_number(v, "pct_start", 0.4), div, last);
}

static void onecycle_step(mkd_optimizer_options *options, double *rate, const variant *v,
                          int64_t step) {
    onecycle(rate, &options->beta1, v, step);
}

static bool knows_final(variant *v) {
    const char *final = variant_text(v, "final", "low/1e4");
    if (strcmp(final, "low/1e4") != 0 && strcmp(final, "lr_max/1e5") != 0) {
        variant_fail(v, mkd_error_set(MKD_EUNSUPPORTED, "final rate %s", final));
    }
    return v->status == 0;
}

void kind_adam_onecycle(variant *v) {
    mkd_optimizer_options options = {.kind = MKD_OPTIMIZER_ADAM,
                                     .beta2 = variant_number(v, "beta2", 0.99),
                                     .epsilon = variant_number(v, "eps", 1e-8),
                                     .decay_before = true};
    if (knows_final(v)) {
        run_optimizer(v, options, onecycle_step);
    }
}

void kind_ema(variant *v) {
    mkd_tensor p = {0}, ema = {0};
    variant_fail(v, variant_tensor(&p, v, "p", MKD_F32));
    if (v->status == 0) {
        variant_fail(v, mkd_tensor_new(&ema, MKD_F32, p.shape));
    }
    if (v->status == 0) {
        size_t n = (size_t)(mkd_tensor_count(&p) / p.shape.at[0]);
        float *to = ema.data;
        for (int64_t t = 0; t < p.shape.at[0]; t++, to += n) {
            if (t > 0) {
                memcpy(to, to - n, n * sizeof *to);
            }
            mkd_ema_update(to, (const float *)p.data + (size_t)t * n, n,
                           variant_number(v, "decay", 0.999), t == 0);
        }
        variant_put(v, "ema", &ema);
    }
    mkd_tensor_free(&p);
    mkd_tensor_free(&ema);
}

void kind_clip_grad_norm(variant *v) {
    enum { MOST = 16 };
    mkd_tensor gradients[MOST] = {0}, total = {0};
    float *data[MOST];
    size_t counts[MOST];
    char name[32];
    int n = 0;
    const char *type = variant_text(v, "norm_type", "2");
    mkd_clip_kind kind = strcmp(type, "value") == 0 ? MKD_CLIP_VALUE
                         : strcmp(type, "inf") == 0 ? MKD_CLIP_NORM_MAX
                                                    : MKD_CLIP_NORM;
    double power = variant_number(v, "norm_type", 2);
    if (power < 2 || power > 2) {
        variant_fail(v, mkd_error_set(MKD_EUNSUPPORTED, "norm of order %g", power));
    }
    for (; v->status == 0 && n < MOST; n++) {
        snprintf(name, sizeof name, "g%d", n);
        if (!variant_has(v, name)) {
            break;
        }
        variant_fail(v, variant_tensor(&gradients[n], v, name, MKD_F32));
        data[n] = gradients[n].data;
        counts[n] = (size_t)mkd_tensor_count(&gradients[n]);
    }
    if (v->status == 0) {
        variant_fail(v, mkd_tensor_new(&total, MKD_F32, MKD_SHAPE(1)));
    }
    if (v->status == 0) {
        double limit = variant_number(v, "max_norm", 1);
        *(float *)total.data = (float)mkd_clip_gradients(data, counts, n, kind, limit);
        variant_put(v, "total_norm", &total);
    }
    for (int i = 0; i < n; i++) {
        snprintf(name, sizeof name, "g%d_after", i);
        if (v->status == 0) {
            variant_put(v, name, &gradients[i]);
        }
        mkd_tensor_free(&gradients[i]);
    }
}

static double rate_at(variant *v, const char *function, double i) {
    double rate = variant_number(v, "lr", 0);
    double init = variant_number(v, "init_lr", 0);
    double epochs = variant_number(v, "num_epoch", 1);
    if (strcmp(function, "cosine") == 0) {
        return mkd_rate_cosine(rate, variant_number(v, "eta_min", 0), i,
                               variant_number(v, "T_max", 1));
    }
    if (strcmp(function, "linear_warmup_torch") == 0) {
        return mkd_rate_linear_warmup(rate, rate * variant_number(v, "start_factor", 1), i,
                                      variant_number(v, "total_iters", 1));
    }
    if (strcmp(function, "linear_warmup") == 0) {
        return mkd_rate_linear_warmup(rate, init, i, epochs);
    }
    if (strcmp(function, "cosine_warmup") == 0) {
        return mkd_rate_cosine_warmup(rate, init, i, epochs);
    }
    if (strcmp(function, "multistep") == 0) {
        int64_t milestones[32];
        size_t n = json_array_size(variant_option(v, "milestones"));
        n = n < MKD_COUNT(milestones) ? n : MKD_COUNT(milestones);
        for (size_t k = 0; k < n; k++) {
            milestones[k] = (int64_t)list_number(v, "milestones", k, 0);
        }
        return mkd_rate_multistep(rate, variant_number(v, "gamma", 0.1), milestones, n, i);
    }
    if (strcmp(function, "onecycle_torch") == 0) {
        return mkd_rate_onecycle(
            rate, i, variant_number(v, "total_steps", 1), variant_number(v, "pct_start", 0.3),
            variant_number(v, "div_factor", 25), variant_number(v, "final_div_factor", 1e4));
    }
    variant_fail(v, mkd_error_set(MKD_EUNSUPPORTED, "unknown schedule %s", function));
    return 0;
}

void kind_lr_schedules(variant *v) {
    mkd_tensor rates = {0};
    int64_t steps = (int64_t)variant_number(v, "steps", 0);
    variant_fail(v, mkd_tensor_new(&rates, MKD_F64, MKD_SHAPE(steps)));
    for (int64_t i = 0; v->status == 0 && i < steps; i++) {
        ((double *)rates.data)[i] = rate_at(v, variant_text(v, "function", ""), (double)i);
    }
    if (v->status == 0) {
        variant_put(v, "lr", &rates);
    }
    mkd_tensor_free(&rates);
}

void kind_lr_onecycle(variant *v) {
    mkd_tensor rates = {0}, momenta = {0};
    int64_t steps = (int64_t)variant_number(v, "total_steps", 0);
    if (!knows_final(v)) {
        return;
    }
    variant_fail(v, mkd_tensor_new(&rates, MKD_F64, MKD_SHAPE(steps)));
    variant_fail(v, mkd_tensor_new(&momenta, MKD_F64, MKD_SHAPE(steps)));
    for (int64_t i = 0; v->status == 0 && i < steps; i++) {
        onecycle((double *)rates.data + i, (double *)momenta.data + i, v, i);
    }
    if (v->status == 0) {
        variant_put(v, "lr", &rates);
        variant_put(v, "mom", &momenta);
    }
    mkd_tensor_free(&rates);
    mkd_tensor_free(&momenta);
}
