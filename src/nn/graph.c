// Construction of graphs. Values and nodes lie in two growing tables; a node's inputs always come
// before it, so the order of creation is an order of execution.

#include "nn/graph.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "nn/graph_private.h"

int mkd_graph_new(mkd_graph **out) {
    *out = mkd_alloc(sizeof **out);
    if (!*out) {
        return MKD_ENOMEM;
    }
    int status = mkd_arena_new(&(*out)->arena);
    if (status < 0) {
        mkd_free(*out);
        *out = NULL;
    }
    return status;
}

void mkd_graph_free(mkd_graph *g) {
    if (!g) {
        return;
    }
    for (int i = 0; i < g->n_values; i++) {
        mkd_tensor_free(&g->values[i].constant);
    }
    mkd_free(g->values);
    mkd_free(g->nodes);
    mkd_arena_free(g->arena);
    mkd_free(g);
}

int mkd_graph_status(const mkd_graph *g) {
    return g->error.code < 0 ? mkd_error_restore(&g->error) : 0;
}

void mkd_graph_fail(mkd_graph *g, int code) {
    if (g->error.code == 0) {
        mkd_error_save(&g->error, code);
    }
}

void mkd_graph_enter(mkd_graph *g, const mkd_network *network) {
    if (g->n_networks == (int)MKD_COUNT(g->networks)) {
        mkd_graph_fail(g, mkd_error_set(MKD_EINVAL, "networks nest deeper than %d",
                                        (int)MKD_COUNT(g->networks)));
        return;
    }
    g->networks[g->n_networks++] = *network;
    for (int i = 0; i < g->n_stores; i++) {
        if (g->stores[i] == network->store) {
            return;
        }
    }
    if (g->n_stores == (int)MKD_COUNT(g->stores)) {
        mkd_graph_fail(g, mkd_error_set(MKD_EINVAL, "a graph uses more than %d stores",
                                        (int)MKD_COUNT(g->stores)));
        return;
    }
    g->stores[g->n_stores++] = network->store;
}

void mkd_graph_leave(mkd_graph *g) {
    if (g->n_networks > 0) {
        g->n_networks--;
    }
}

mkd_mode mkd_graph_mode(const mkd_graph *g) {
    return g->n_networks ? g->networks[g->n_networks - 1].mode : MKD_MODE_INFERENCE;
}

const char *mkd_graph_name(mkd_graph *g, const char *fmt, ...) {
    char text[256];
    va_list args;
    va_start(args, fmt);
    int length = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (length < 0 || (size_t)length >= sizeof text) {
        mkd_graph_fail(g, mkd_error_set(MKD_EINVAL, "the name %s is too long", text));
    }
    char *name = mkd_arena_printf(g->arena, "%s", text);
    if (!name) {
        mkd_graph_fail(g, MKD_ENOMEM);
        return "";
    }
    return name;
}

int mkd_graph__add_value(mkd_graph *g, const char *name, graph_source source, mkd_dtype dtype,
                         mkd_shape shape) {
    if (g->error.code < 0) {
        return -1;
    }
    if (g->n_values == g->value_capacity) {
        int capacity = g->value_capacity ? 2 * g->value_capacity : 256;
        graph_value *values = mkd_realloc_array(g->values, (size_t)capacity, sizeof *values);
        if (!values) {
            mkd_graph_fail(g, MKD_ENOMEM);
            return -1;
        }
        g->values = values;
        g->value_capacity = capacity;
    }
    g->values[g->n_values] = (graph_value){.name = name,
                                           .dtype = dtype,
                                           .shape = shape,
                                           .source = source,
                                           .node = -1,
                                           .entry = -1,
                                           .gradient_entry = -1,
                                           .gradient = -1};
    return g->n_values++;
}

mkd_value mkd_input(mkd_graph *g, const char *name, mkd_dtype dtype, mkd_shape shape) {
    if (mkd_shape_count(&shape) < 0) {
        char text[MKD_SHAPE_TEXT_BYTES];
        mkd_graph_fail(g, mkd_error_set(MKD_EINVAL, "input %s: shape %s is impossible", name,
                                        mkd_shape_text(text, &shape)));
    }
    return (mkd_value){
        mkd_graph__add_value(g, mkd_graph_name(g, "%s", name), SOURCE_INPUT, dtype, shape)};
}

mkd_value mkd_constant_tensor(mkd_graph *g, const char *name, const mkd_tensor *tensor) {
    mkd_value v = {mkd_graph__add_value(g, mkd_graph_name(g, "%s", name), SOURCE_CONSTANT,
                                        tensor->dtype, tensor->shape)};
    if (v.id >= 0) {
        graph_value *value = &g->values[v.id];
        value->frozen = true;
        int status = mkd_tensor_new(&value->constant, tensor->dtype, tensor->shape);
        if (status < 0) {
            mkd_graph_fail(g, status);
            return MKD_NONE;
        }
        memcpy(value->constant.data, tensor->data, mkd_tensor_bytes(tensor));
    }
    return v;
}

mkd_value mkd_constant(mkd_graph *g, double value) {
    float number = (float)value;
    mkd_tensor tensor = {.dtype = MKD_F32, .shape = {.rank = 0}, .data = &number};
    return mkd_constant_tensor(g, "constant", &tensor);
}

mkd_value mkd_parameter(mkd_graph *g, const mkd_entry *entry) {
    if (g->n_networks == 0) {
        mkd_graph_fail(
            g, mkd_error_set(MKD_EINVAL, "parameter %s: no network is entered", entry->path));
        return MKD_NONE;
    }
    const mkd_network *network = &g->networks[g->n_networks - 1];
    mkd_entry full = *entry;
    full.path = mkd_graph_name(g, "%s%s", network->prefix ? network->prefix : "", entry->path);
    int index = -1;
    if (g->error.code == 0) {
        int status = mkd_store_declare(&index, network->store, &full);
        if (status < 0) {
            mkd_graph_fail(g, status);
        }
    }
    bool trained = network->mode == MKD_MODE_TRAIN && !full.is_buffer;
    for (int i = 0; i < g->n_values && index >= 0; i++) {
        const graph_value *v = &g->values[i];
        bool is_entry = v->source == SOURCE_PARAMETER || v->source == SOURCE_BUFFER;
        if (is_entry && v->store == network->store && v->entry == index &&
            v->frozen == (network->mode == MKD_MODE_INFERENCE) && v->differentiable == trained) {
            return (mkd_value){i};
        }
    }
    mkd_value v = {mkd_graph__add_value(
        g, full.path, full.is_buffer ? SOURCE_BUFFER : SOURCE_PARAMETER, MKD_F32, full.shape)};
    if (v.id >= 0) {
        graph_value *value = &g->values[v.id];
        value->store = network->store;
        value->entry = index;
        value->frozen = network->mode == MKD_MODE_INFERENCE;
        value->differentiable = trained;
    }
    return v;
}

// the message of a shape function gets the node's path and input shapes in front
static void fail_shape(mkd_graph *g, mkd_op op, const char *name, const shape_call *call,
                       int status) {
    char inputs[MKD_MAX_INPUTS * (MKD_SHAPE_TEXT_BYTES + 2)] = "";
    size_t used = 0;
    for (int i = 0; i < call->n_in; i++) {
        char text[MKD_SHAPE_TEXT_BYTES] = "none";
        if (call->in[i].rank >= 0) {
            mkd_shape_text(text, &call->in[i]);
        }
        used += (size_t)snprintf(inputs + used, sizeof inputs - used, "%s%s", i ? ", " : "", text);
    }
    mkd_graph_fail(
        g, mkd_error_prefix(status, "%s (%s of %s)", name, mkd_op_get_info(op)->name, inputs));
}

static bool infer(mkd_graph *g, mkd_op op, const char *name, shape_call *call,
                  const mkd_value *inputs, int n_inputs) {
    const mkd_op_info *info = mkd_op_get_info(op);
    if (n_inputs < info->min_inputs || n_inputs > info->max_inputs) {
        mkd_graph_fail(g, mkd_error_set(MKD_EINVAL, "%s: %s takes %d to %d inputs, found %d", name,
                                        info->name, info->min_inputs, info->max_inputs, n_inputs));
        return false;
    }
    call->n_in = n_inputs;
    int missing = -1;
    for (int i = 0; i < n_inputs; i++) {
        call->in[i].rank = -1;
        if (inputs[i].id >= 0) {
            call->in[i] = g->values[inputs[i].id].shape;
            call->in_dtype[i] = g->values[inputs[i].id].dtype;
        } else if (i < info->min_inputs && missing < 0 && op != MKD_OP_unary_grad) {
            missing = i; // a unary gradient reads x or y
        }
    }
    int status = missing < 0 ? mkd_op__shape(op)(call)
                             : mkd_error_set(MKD_EINVAL, "input %d is missing", missing);
    if (status < 0) {
        fail_shape(g, op, name, call, status);
    }
    return status >= 0;
}

static graph_node *add_node(mkd_graph *g) {
    if (g->n_nodes == g->node_capacity) {
        int capacity = g->node_capacity ? 2 * g->node_capacity : 256;
        graph_node *nodes = mkd_realloc_array(g->nodes, (size_t)capacity, sizeof *nodes);
        if (!nodes) {
            mkd_graph_fail(g, MKD_ENOMEM);
            return NULL;
        }
        g->nodes = nodes;
        g->node_capacity = capacity;
    }
    return &g->nodes[g->n_nodes++];
}

static mkd_value finish_node(mkd_graph *g, mkd_op op, const char *name, const shape_call *call,
                             const mkd_value *inputs, int n_inputs) {
    int index = g->n_nodes;
    graph_node *node = add_node(g);
    if (!node) {
        return MKD_NONE;
    }
    *node = (graph_node){.op = op,
                         .name = mkd_graph_name(g, "%s", name),
                         .attributes = *call->attributes,
                         .n_in = n_inputs,
                         .n_out = call->n_out,
                         .backward = g->in_backward};
    bool differentiable = false;
    bool frozen = true;
    for (int i = 0; i < n_inputs; i++) {
        node->in[i] = inputs[i].id;
        if (inputs[i].id >= 0) {
            differentiable |= g->values[inputs[i].id].differentiable;
            frozen &= g->values[inputs[i].id].frozen;
        }
    }
    for (int i = 0; i < call->n_out; i++) {
        int id = mkd_graph__add_value(g, node->name, SOURCE_NODE, call->out_dtype[i], call->out[i]);
        if (id < 0) {
            return MKD_NONE;
        }
        node->out[i] = id;
        g->values[id].node = index;
        g->values[id].output = i;
        g->values[id].differentiable = differentiable;
        g->values[id].frozen = frozen && op != MKD_OP_host;
    }
    return call->n_out ? (mkd_value){node->out[0]} : MKD_NONE;
}

mkd_value mkd_node(mkd_graph *g, mkd_op op, const char *name, const mkd_attributes *attributes,
                   const mkd_value *inputs, int n_inputs) {
    if (g->error.code < 0) {
        return MKD_NONE;
    }
    mkd_attributes own = attributes ? *attributes : (mkd_attributes){0};
    shape_call call = {.attributes = &own, .n_out = mkd_op_get_info(op)->n_outputs};
    if (!infer(g, op, name, &call, inputs, n_inputs)) {
        return MKD_NONE;
    }
    return finish_node(g, op, name, &call, inputs, n_inputs);
}

mkd_value mkd_node_output(const mkd_graph *g, mkd_value first, int i) {
    if (first.id < 0 || g->error.code < 0) {
        return MKD_NONE;
    }
    return (mkd_value){g->nodes[g->values[first.id].node].out[i]};
}

mkd_value mkd_host(mkd_graph *g, const char *name, mkd_host_function function, void *payload,
                   const mkd_value *inputs, int n_inputs, const mkd_dtype *dtypes,
                   const mkd_shape *shapes, int n_outputs) {
    if (g->error.code < 0) {
        return MKD_NONE;
    }
    if (n_inputs > MKD_MAX_INPUTS || n_outputs > MKD_MAX_OUTPUTS) {
        mkd_graph_fail(
            g, mkd_error_set(
                   MKD_EINVAL,
                   "%s: a host operator takes up to %d inputs and %d outputs, found %d and %d",
                   name, MKD_MAX_INPUTS, MKD_MAX_OUTPUTS, n_inputs, n_outputs));
        return MKD_NONE;
    }
    mkd_attributes attributes = {.host = function, .payload = payload};
    shape_call call = {.attributes = &attributes, .n_out = n_outputs};
    for (int i = 0; i < n_outputs; i++) {
        call.out[i] = shapes[i];
        call.out_dtype[i] = dtypes[i];
    }
    return finish_node(g, MKD_OP_host, name, &call, inputs, n_inputs);
}

mkd_value mkd_stop_gradient(mkd_graph *g, mkd_value x) {
    if (x.id < 0 || g->error.code < 0) {
        return MKD_NONE;
    }
    mkd_attributes attributes = {.shape = g->values[x.id].shape};
    mkd_value y = mkd_node(g, MKD_OP_reshape, "stop_gradient", &attributes, &x, 1);
    if (y.id >= 0) {
        g->nodes[g->values[y.id].node].stops_gradient = true;
        g->values[y.id].differentiable = false;
    }
    return y;
}

void mkd_output(mkd_graph *g, const char *name, mkd_value x) {
    if (x.id < 0 || g->error.code < 0) {
        return;
    }
    // a value can carry one name: a second one gets a copy
    if (g->values[x.id].is_output && g->values[x.id].output_name &&
        strcmp(g->values[x.id].output_name, name) != 0) {
        x = mkd_node(g, MKD_OP_copy, name, NULL, &x, 1);
        if (x.id < 0) {
            return;
        }
    }
    const char *own_name = mkd_graph_name(g, "%s", name);
    g->values[x.id].is_output = true;
    g->values[x.id].output_name = own_name;
}

mkd_value mkd_find_output(const mkd_graph *g, const char *name) {
    for (int i = 0; i < g->n_values; i++) {
        if (g->values[i].is_output && strcmp(g->values[i].output_name, name) == 0) {
            return (mkd_value){i};
        }
    }
    return MKD_NONE;
}

mkd_value mkd_find_input(const mkd_graph *g, const char *name) {
    for (int i = 0; i < g->n_values; i++) {
        if (g->values[i].source == SOURCE_INPUT && strcmp(g->values[i].name, name) == 0) {
            return (mkd_value){i};
        }
    }
    return MKD_NONE;
}

void mkd_require_gradient(mkd_graph *g, mkd_value input) {
    if (input.id >= 0) {
        g->values[input.id].differentiable = true;
    }
}

mkd_shape mkd_value_shape(const mkd_graph *g, mkd_value x) {
    return x.id >= 0 ? g->values[x.id].shape : (mkd_shape){.rank = 0};
}

mkd_dtype mkd_value_dtype(const mkd_graph *g, mkd_value x) {
    return x.id >= 0 ? g->values[x.id].dtype : MKD_F32;
}

const char *mkd_value_name(const mkd_graph *g, mkd_value x) {
    return x.id >= 0 ? g->values[x.id].name : "none";
}

int64_t mkd_value_extent(const mkd_graph *g, mkd_value x, int axis) {
    mkd_shape shape = mkd_value_shape(g, x);
    int at = axis < 0 ? axis + shape.rank : axis;
    return at >= 0 && at < shape.rank ? shape.at[at] : 1;
}

int mkd_graph_node_count(const mkd_graph *g) {
    return g->n_nodes;
}

mkd_value mkd_gradient(const mkd_graph *g, mkd_value x) {
    return x.id >= 0 && g->values[x.id].gradient >= 0 ? (mkd_value){g->values[x.id].gradient}
                                                      : MKD_NONE;
}

double mkd_graph_flops(const mkd_graph *g) {
    double flops = 0;
    for (int i = 0; i < g->n_nodes; i++) {
        const graph_node *node = &g->nodes[i];
        if (node->backward) {
            continue;
        }
        bool is_conv = node->op == MKD_OP_conv2d;
        if (is_conv || node->op == MKD_OP_conv_transpose2d) {
            // every weight is used once per place of the output (of the input if transposed)
            const mkd_shape *w = &g->values[node->in[1]].shape;
            const mkd_shape *places = &g->values[is_conv ? node->out[0] : node->in[0]].shape;
            flops += 2.0 * (double)mkd_shape_count(w) * (double)(places->at[0] * places->at[1]) *
                     (double)places->at[2];
        } else if (node->op == MKD_OP_matmul) {
            const mkd_shape *a = &g->values[node->in[0]].shape;
            int64_t depth = a->at[a->rank - (node->attributes.transpose_a ? 2 : 1)];
            flops += 2.0 * (double)depth * (double)mkd_shape_count(&g->values[node->out[0]].shape);
        }
    }
    return flops;
}
