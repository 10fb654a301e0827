#include "variant.h"

#include <string.h>

#include "base/alloc.h"
#include "base/status.h"

void variant_fail(variant *v, int status) {
    if (v->status == 0 && status < 0) {
        v->status = status;
    }
}

static int full_name(mkd_str *out, const variant *v, const char *name) {
    mkd_str_printf(out, "%s%s", v->prefix, name);
    return mkd_str_status(out);
}

bool variant_has(const variant *v, const char *name) {
    mkd_str key = {0};
    bool found = full_name(&key, v, name) == 0 &&
                 (mkd_npz_find(v->c->inputs, key.text) >= 0 ||
                  json_object_get(json_object_get(v->c->options, "filled_inputs"), key.text));
    mkd_str_free(&key);
    return found;
}

int variant_raw(mkd_tensor *out, const variant *v, const char *name) {
    mkd_str key = {0};
    int status = full_name(&key, v, name);
    if (status == 0) {
        status = parity_input(out, v->c, key.text);
    }
    mkd_str_free(&key);
    return status;
}

// moves axis `from` to place `to`
static int move_axis(mkd_tensor *t, int from, int to) {
    int order[MKD_MAX_RANK];
    int n = 0;
    for (int i = 0; i < t->shape.rank; i++) {
        if (i != from) {
            order[n++] = i;
        }
    }
    memmove(order + to + 1, order + to, (size_t)(n - to) * sizeof *order);
    order[to] = from;
    mkd_tensor moved;
    MKD_TRY(mkd_tensor_transpose(&moved, t, order));
    mkd_tensor_free(t);
    *t = moved;
    return 0;
}

static int to_layout(mkd_tensor *t, parity_layout layout) {
    bool moves = layout == CHANNELS_LAST && t->shape.rank > 2;
    return moves ? move_axis(t, 1, t->shape.rank - 1) : 0;
}

static int from_layout(mkd_tensor *t, parity_layout layout) {
    bool moves = layout == CHANNELS_LAST && t->shape.rank > 2;
    return moves ? move_axis(t, t->shape.rank - 1, 1) : 0;
}

mkd_value variant_value(variant *v, const char *name, mkd_tensor *tensor) {
    if (v->status == 0 && v->n_inputs == VARIANT_VALUES) {
        variant_fail(v, mkd_error_set(MKD_EINVAL, "%s: too many inputs", name));
    }
    if (v->status < 0) {
        mkd_tensor_free(tensor);
        return MKD_NONE;
    }
    named_value *in = &v->inputs[v->n_inputs++];
    in->tensor = *tensor;
    *tensor = (mkd_tensor){0};
    in->value = mkd_input(v->g, name, in->tensor.dtype, in->tensor.shape);
    return in->value;
}

mkd_value variant_given(variant *v, const char *name, parity_layout layout) {
    mkd_tensor tensor = {0};
    if (v->status == 0) {
        variant_fail(v, variant_raw(&tensor, v, name));
    }
    if (v->status == 0) {
        variant_fail(v, to_layout(&tensor, layout));
    }
    return variant_value(v, name, &tensor);
}

mkd_value variant_input(variant *v, const char *name, parity_layout layout) {
    mkd_value x = variant_given(v, name, layout);
    mkd_require_gradient(v->g, x);
    return x;
}

int variant_tensor(mkd_tensor *out, variant *v, const char *name, mkd_dtype dtype) {
    mkd_tensor raw;
    *out = (mkd_tensor){0};
    MKD_TRY(variant_raw(&raw, v, name));
    int status = mkd_tensor_convert(out, &raw, dtype);
    mkd_tensor_free(&raw);
    return status;
}

static void add_output(variant *v, const char *name, mkd_value x, parity_layout layout,
                       bool is_gradient) {
    if (v->status < 0 || v->n_outputs == VARIANT_VALUES) {
        variant_fail(v, mkd_error_set(MKD_EINVAL, "%s: too many outputs", name));
        return;
    }
    named_value *out = &v->outputs[v->n_outputs++];
    snprintf(out->name, sizeof out->name, "%s", name);
    out->value = x;
    out->layout = layout;
    out->is_gradient = is_gradient;
}

void variant_output(variant *v, const char *name, mkd_value x, parity_layout layout) {
    mkd_output(v->g, name, x);
    // a value that had a name already got a copy under the new one
    mkd_value named = mkd_find_output(v->g, name);
    add_output(v, name, named.id >= 0 ? named : x, layout, false);
}

void variant_gradient(variant *v, const char *name, mkd_value x, parity_layout layout) {
    add_output(v, name, x, layout, true);
}

void variant_loss(variant *v, mkd_value y, const char *grad_y, parity_layout layout) {
    if (!variant_has(v, grad_y)) {
        return;
    }
    mkd_value weighted = mkd_mul(v->g, y, variant_given(v, grad_y, layout));
    mkd_value part = mkd_sum_all(v->g, weighted);
    v->loss = v->loss.id < 0 ? part : mkd_add(v->g, v->loss, part);
}

void variant_put(variant *v, const char *name, mkd_tensor *tensor) {
    mkd_str key = {0};
    int status = full_name(&key, v, name);
    if (status == 0) {
        status = parity_put(v->c, key.text, tensor);
    }
    mkd_tensor_free(tensor);
    mkd_str_free(&key);
    variant_fail(v, status);
}

const json_t *variant_option(const variant *v, const char *key) {
    const json_t *value = json_object_get(v->options, key);
    value = value ? value : json_object_get(v->c->options, key);
    return json_is_null(value) ? NULL : value;
}

double variant_number(const variant *v, const char *key, double otherwise) {
    const json_t *value = variant_option(v, key);
    return json_is_number(value) ? json_number_value(value) : otherwise;
}

bool variant_flag(const variant *v, const char *key, bool otherwise) {
    const json_t *value = variant_option(v, key);
    return value ? json_is_true(value) : otherwise;
}

const char *variant_text(const variant *v, const char *key, const char *otherwise) {
    const char *text = json_string_value(variant_option(v, key));
    return text ? text : otherwise;
}

void variant_extents(int64_t *out, const variant *v, const char *key, int n, int64_t otherwise) {
    const json_t *value = variant_option(v, key);
    for (int i = 0; i < n; i++) {
        const json_t *one = json_is_array(value) ? json_array_get(value, (size_t)i) : value;
        out[i] = json_is_number(one) ? (int64_t)json_number_value(one) : otherwise;
    }
}


// the gradient as an output, before the plan is made
static void resolve_gradient(variant *v, named_value *out) {
    mkd_value x = out->value;
    out->value = mkd_gradient(v->g, x);
    if (out->value.id < 0) {
        out->value = mkd_scale(v->g, x, 0);
    }
    mkd_output(v->g, out->name, out->value);
    mkd_value named = mkd_find_output(v->g, out->name);
    out->value = named.id >= 0 ? named : out->value;
}

static int read_output(variant *v, mkd_plan *plan, const named_value *out) {
    mkd_tensor tensor;
    MKD_TRY(mkd_plan_read(&tensor, plan, out->value));
    int status = from_layout(&tensor, out->layout);
    if (status < 0) {
        mkd_tensor_free(&tensor);
        return status;
    }
    variant_put(v, out->name, &tensor);
    return v->status;
}

static int execute(variant *v) {
    mkd_plan *plan = NULL;
    int status = 0;
    if (v->loss.id >= 0) {
        mkd_backward(v->g, v->loss, MKD_NONE);
    }
    for (int i = 0; i < v->n_outputs; i++) {
        if (v->outputs[i].is_gradient) {
            resolve_gradient(v, &v->outputs[i]);
        }
    }
    MKD_GOTO(mkd_plan_create(&plan, v->g, v->c->backend, NULL));
    for (int i = 0; i < v->n_inputs; i++) {
        MKD_GOTO(mkd_plan_write(plan, v->inputs[i].value, &v->inputs[i].tensor));
    }
    MKD_GOTO(mkd_plan_run(plan));
    for (int i = 0; i < v->n_outputs; i++) {
        MKD_GOTO(read_output(v, plan, &v->outputs[i]));
    }
done:
    mkd_plan_free(plan);
    return status;
}

static void run_graph(variant *v, variant_function build) {
    variant_fail(v, mkd_graph_new(&v->g));
    if (v->status == 0) {
        build(v);
    }
    if (v->status == 0 && v->n_outputs > 0) {
        variant_fail(v, execute(v));
    }
    for (int i = 0; i < v->n_inputs; i++) {
        mkd_tensor_free(&v->inputs[i].tensor);
    }
    mkd_graph_free(v->g);
}

static int run(parity_case *c, variant_function function, bool with_graph) {
    const json_t *list = json_object_get(c->options, "variants");
    size_t n = json_is_array(list) ? json_array_size(list) : 1;
    mkd_error unsupported = {0};
    for (size_t i = 0; i < n; i++) {
        variant v = {.c = c, .loss = MKD_NONE, .options = json_array_get(list, i)};
        if (json_is_array(list)) {
            snprintf(v.prefix, sizeof v.prefix, "v%zu.", i);
        }
        if (with_graph) {
            run_graph(&v, function);
        } else {
            function(&v);
        }
        if (v.status < 0) {
            mkd_error_prefix(v.status, "variant %zu", i);
        }
        if (v.status == MKD_EUNSUPPORTED) {
            mkd_error_save(&unsupported, v.status);
        } else if (v.status < 0) {
            return v.status;
        }
    }
    return unsupported.code < 0 ? mkd_error_restore(&unsupported) : 0;
}

int variant_run_graphs(parity_case *c, variant_function build) {
    return run(c, build, true);
}

int variant_run_all(parity_case *c, variant_function function) {
    return run(c, function, false);
}
