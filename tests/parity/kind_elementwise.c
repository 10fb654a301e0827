#include "kinds.h"

#include <stdlib.h>
#include <string.h>

#include "base/status.h"

// alpha_key: the option that gives alpha, else what follows the name ("leaky_relu_0.01")
static const struct activation {
    const char *name;
    mkd_unary kind;
    const char *alpha_key;
    double alpha;
} activations[] = {
    {"relu", MKD_UNARY_RELU, NULL, 0},
    {"leaky_relu", MKD_UNARY_LEAKY_RELU, "negative_slope", 0.01},
    {"sigmoid", MKD_UNARY_SIGMOID, NULL, 0},
    {"tanh", MKD_UNARY_TANH, NULL, 0},
    {"softplus", MKD_UNARY_SOFTPLUS, NULL, 0},
    {"elu", MKD_UNARY_ELU, "alpha", 1},
    {"silu", MKD_UNARY_SILU, NULL, 0},
    {"relu6", MKD_UNARY_RELU6, NULL, 0},
    {"hardswish", MKD_UNARY_HARDSWISH, NULL, 0},
    {"logsigmoid", MKD_UNARY_LOG_SIGMOID, NULL, 0},
    {"gelu", MKD_UNARY_GELU, NULL, 0},
    {"gelu_tanh", MKD_UNARY_GELU_TANH, NULL, 0},
};

static const struct activation *find(const char *name, double *alpha) {
    for (size_t i = 0; i < MKD_COUNT(activations); i++) {
        const struct activation *a = &activations[i];
        size_t n = strlen(a->name);
        bool is_exact = strcmp(name, a->name) == 0;
        bool has_suffix = a->alpha_key && strncmp(name, a->name, n) == 0 && name[n] == '_';
        if (is_exact || (has_suffix && mkd_parse_f64(alpha, name + n + 1))) {
            *alpha = is_exact ? a->alpha : *alpha;
            return a;
        }
    }
    return NULL;
}

void kind_activation(variant *v) {
    const char *name = variant_text(v, "function", "");
    double alpha = 0;
    const struct activation *a = find(name, &alpha);
    if (!a) {
        variant_fail(v, mkd_error_set(MKD_EUNSUPPORTED, "unknown activation %s", name));
        return;
    }
    alpha = a->alpha_key ? variant_number(v, a->alpha_key, alpha) : 0;
    mkd_value x = variant_input(v, "x", PLAIN);
    mkd_value y = mkd_unary_of(v->g, a->kind, x, alpha, 0);
    variant_output(v, "y", y, PLAIN);
    variant_loss(v, y, "grad_y", PLAIN);
    variant_gradient(v, "grad_x", x, PLAIN);
}

void kind_softmax(variant *v) {
    mkd_value x = variant_input(v, "x", PLAIN);
    int axis = (int)variant_number(v, "dim", -1);
    mkd_value y = mkd_softmax(v->g, x, axis);
    mkd_value y2 = mkd_log_softmax(v->g, x, axis);
    variant_output(v, "y", y, PLAIN);
    variant_output(v, "y2", y2, PLAIN);
    variant_loss(v, y, "grad_y", PLAIN);
    variant_loss(v, y2, "grad_y2", PLAIN);
    variant_gradient(v, "grad_x", x, PLAIN);
}
