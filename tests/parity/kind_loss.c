#include "kinds.h"

#include <string.h>

#include "base/status.h"

// none, sum, mean, or batchmean (sum divided by the first extent)
static mkd_value reduced(variant *v, mkd_value x) {
    const char *reduction = variant_text(v, "reduction", "mean");
    if (strcmp(reduction, "sum") == 0) {
        return mkd_sum_all(v->g, x);
    }
    if (strcmp(reduction, "mean") == 0) {
        return mkd_mean_all(v->g, x);
    }
    if (strcmp(reduction, "batchmean") == 0) {
        return mkd_scale(v->g, mkd_sum_all(v->g, x), 1 / (double)mkd_value_extent(v->g, x, 0));
    }
    if (strcmp(reduction, "none") != 0) {
        variant_fail(v, mkd_error_set(MKD_EUNSUPPORTED, "unknown reduction %s", reduction));
    }
    return x;
}

static void finish(variant *v, mkd_value y) {
    variant_output(v, "y", y, PLAIN);
    variant_loss(v, y, "grad_y", PLAIN);
}

// log(1 + e^x)
static mkd_value softplus(variant *v, mkd_value x) {
    return mkd_unary_of(v->g, MKD_UNARY_SOFTPLUS, x, 0, 0);
}

// (1 - t) x + (1 + (w - 1) t) log(1 + e^-x), w the weight of positives
static mkd_value bce(variant *v, mkd_value x, mkd_value target, mkd_value pos_weight) {
    mkd_graph *g = v->g;
    mkd_value loss = softplus(v, mkd_scale(g, x, -1));
    if (pos_weight.id >= 0) {
        mkd_value extra = mkd_mul(g, target, mkd_linear_of(g, pos_weight, 1, -1));
        loss = mkd_mul(g, loss, mkd_linear_of(g, extra, 1, 1));
    }
    return mkd_add(g, mkd_mul(g, mkd_linear_of(g, target, -1, 1), x), loss);
}

// class indices as i32, with the ignored one at -1
static mkd_value class_target(variant *v) {
    mkd_tensor target = {0};
    variant_fail(v, variant_tensor(&target, v, "target", MKD_I32));
    int32_t ignored = (int32_t)variant_number(v, "ignore_index", -100);
    for (int64_t i = 0; v->status == 0 && i < mkd_tensor_count(&target); i++) {
        int32_t *at = (int32_t *)target.data + i;
        *at = *at == ignored ? -1 : *at;
    }
    return variant_value(v, "target", &target);
}

// -sum over classes of weight * onehot * log softmax; the mean divides by the weights used
static void class_cross_entropy(variant *v) {
    mkd_graph *g = v->g;
    if (variant_number(v, "label_smoothing", 0) > 0) {
        variant_fail(v, mkd_error_set(MKD_EUNSUPPORTED, "label smoothing"));
        return;
    }
    mkd_value x = variant_input(v, "x", CHANNELS_LAST);
    mkd_value target = class_target(v);
    mkd_value weight = mkd_one_hot(g, target, mkd_value_extent(g, x, -1));
    if (variant_has(v, "class_weight")) {
        weight = mkd_mul(g, weight, variant_given(v, "class_weight", PLAIN));
    }
    mkd_value terms = mkd_mul(g, weight, mkd_log_softmax(g, x, -1));
    int last = -1;
    mkd_value y;
    if (strcmp(variant_text(v, "reduction", "mean"), "mean") == 0) {
        y = mkd_div(g, mkd_sum_all(g, terms), mkd_sum_all(g, weight));
    } else {
        y = mkd_reduce_of(g, MKD_REDUCE_SUM, terms, &last, 1);
        y = reduced(v, mkd_reshape(g, y, mkd_value_shape(g, target)));
    }
    finish(v, mkd_scale(g, y, -1));
    variant_gradient(v, "grad_x", x, CHANNELS_LAST);
}

// p_t (log p_t - log p_s), softmax over axis 1 at temperature T, times T^2
static mkd_value kl(variant *v, mkd_value x, mkd_value target) {
    mkd_graph *g = v->g;
    double temperature = variant_number(v, "T", 1);
    int axis = (int)variant_number(v, "dim", 1);
    mkd_value log_s = mkd_log_softmax(g, mkd_scale(g, x, 1 / temperature), axis);
    mkd_value log_t = mkd_log_softmax(g, mkd_scale(g, target, 1 / temperature), axis);
    mkd_value terms = mkd_mul(g, mkd_exp(g, log_t), mkd_sub(g, log_t, log_s));
    return mkd_scale(g, reduced(v, terms), temperature * temperature);
}

void kind_cross_entropy(variant *v) {
    const char *function = variant_text(v, "function", "cross_entropy");
    if (strcmp(function, "cross_entropy") == 0) {
        class_cross_entropy(v);
        return;
    }
    mkd_value x = variant_input(v, "x", PLAIN);
    mkd_value target = variant_given(v, "target", PLAIN);
    if (strcmp(function, "bce_with_logits") == 0) {
        bool weighted = variant_has(v, "pos_weight");
        mkd_value weight = weighted ? variant_given(v, "pos_weight", PLAIN) : MKD_NONE;
        finish(v, reduced(v, bce(v, x, target, weight)));
    } else if (strcmp(function, "kl") == 0) {
        finish(v, kl(v, x, target));
    } else {
        variant_fail(v, mkd_error_set(MKD_EUNSUPPORTED, "unknown loss %s", function));
    }
    variant_gradient(v, "grad_x", x, PLAIN);
}

// alpha_t (1 - p_t)^gamma bce, p_t the probability of the truth
void kind_sigmoid_focal_loss(variant *v) {
    mkd_graph *g = v->g;
    double alpha = variant_number(v, "alpha", 0.25);
    double gamma = variant_number(v, "gamma", 2);
    mkd_value x = variant_input(v, "x", PLAIN);
    mkd_value target = variant_given(v, "target", PLAIN);
    mkd_value p = mkd_sigmoid(g, x);
    // 1 - p_t = p (1 - t) + (1 - p) t
    mkd_value miss = mkd_add(g, mkd_mul(g, p, mkd_linear_of(g, target, -1, 1)),
                             mkd_mul(g, mkd_linear_of(g, p, -1, 1), target));
    mkd_value y =
        mkd_mul(g, bce(v, x, target, MKD_NONE), mkd_unary_of(g, MKD_UNARY_POWER, miss, gamma, 0));
    if (alpha >= 0) {
        y = mkd_mul(g, y, mkd_linear_of(g, target, 2 * alpha - 1, 1 - alpha));
    }
    finish(v, reduced(v, y));
    variant_gradient(v, "grad_x", x, PLAIN);
}

void kind_smooth_l1(variant *v) {
    mkd_graph *g = v->g;
    const char *function = variant_text(v, "function", "smooth_l1");
    double beta = variant_number(v, "beta", 1);
    mkd_value x = variant_input(v, "x", PLAIN);
    mkd_value d = mkd_sub(g, x, variant_given(v, "target", PLAIN));
    mkd_value y = MKD_NONE;
    if (strcmp(function, "smooth_l1") == 0) {
        y = mkd_unary_of(g, MKD_UNARY_SMOOTH_L1, d, beta, 0);
    } else if (strcmp(function, "huber") == 0) {
        y = mkd_unary_of(g, MKD_UNARY_HUBER, d, variant_number(v, "delta", beta), 0);
    } else if (strcmp(function, "l1") == 0) {
        y = mkd_abs(g, d);
    } else if (strcmp(function, "mse") == 0) {
        y = mkd_square(g, d);
    } else {
        variant_fail(v, mkd_error_set(MKD_EUNSUPPORTED, "unknown loss %s", function));
        return;
    }
    finish(v, reduced(v, y));
    variant_gradient(v, "grad_x", x, PLAIN);
}

// 1.4142 e^(-s) |z - t| + s, or with s/2 for s where s is the logarithm of the variance
void kind_laplace_depth_loss(variant *v) {
    mkd_graph *g = v->g;
    const char *form = variant_text(v, "form", "log_scale");
    double share = strcmp(form, "log_variance") == 0 ? 0.5 : 1;
    mkd_value x = variant_input(v, "x", PLAIN);
    mkd_value s = variant_input(v, "s", PLAIN);
    mkd_value scale = mkd_scale(g, s, share);
    mkd_value error = mkd_abs(g, mkd_sub(g, x, variant_given(v, "target", PLAIN)));
    mkd_value y = mkd_mul(g, mkd_scale(g, mkd_exp(g, mkd_scale(g, scale, -1)), 1.4142), error);
    finish(v, reduced(v, mkd_add(g, y, scale)));
    variant_gradient(v, "grad_x", x, PLAIN);
    variant_gradient(v, "grad_s", s, PLAIN);
}
