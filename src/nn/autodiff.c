// Reverse-mode differentiation: the backward graph is made of ordinary nodes.
//
// For loss L and a node y = f(x), the gradient dx = J_f(x)^T dy is built by the operator's builder.
// Nodes are visited from the last to the first, so that when a node's turn comes all its consumers
// have added their part to dy; parts are added in that fixed order. Values from which no wanted
// gradient is reachable (differentiable == false) are skipped, so frozen networks cost nothing.

#include <string.h>

#include "nn/functions.h"
#include "nn/graph_private.h"

#define MKD_TABLE_GRADIENT_N(name)  NULL
#define MKD_TABLE_GRADIENT_G(name)  mkd_op__gradient_##name
#define MKD_TABLE_GRADIENT_GI(name) mkd_op__gradient_##name

gradient_function mkd_op__gradient(mkd_op op) {
    static const gradient_function table[MKD_N_OPS] = {
#define MKD_OP(name, min_in, max_in, n_out, flags, summary) MKD_TABLE_GRADIENT_##flags(name),
#include "tensor/ops.def"
#undef MKD_OP
    };
    return table[op];
}

shape_function mkd_op__shape(mkd_op op) {
    static const shape_function table[MKD_N_OPS] = {
#define MKD_OP(name, min_in, max_in, n_out, flags, summary) mkd_op__shape_##name,
#include "tensor/ops.def"
#undef MKD_OP
    };
    return table[op];
}

static void add_part(mkd_graph *g, int *gradients, int value, mkd_value part) {
    if (part.id < 0 || value < 0 || !g->values[value].differentiable) {
        return;
    }
    if (gradients[value] < 0) {
        gradients[value] = part.id;
    } else {
        mkd_value sum = mkd_add(g, (mkd_value){gradients[value]}, part);
        gradients[value] = sum.id;
    }
}

static void differentiate(mkd_graph *g, int index, int *gradients) {
    graph_node node = g->nodes[index];
    gradient_function builder = mkd_op__gradient(node.op);
    bool arrived = false;
    bool wanted = false;
    gradient_call call = {.op = node.op,
                          .name = node.name,
                          .attributes = &node.attributes,
                          .n_in = node.n_in,
                          .n_out = node.n_out};
    for (int i = 0; i < node.n_out; i++) {
        call.out[i] = (mkd_value){node.out[i]};
        call.dy[i] = (mkd_value){gradients[node.out[i]]};
        arrived |= gradients[node.out[i]] >= 0;
    }
    for (int i = 0; i < node.n_in; i++) {
        call.in[i] = (mkd_value){node.in[i]};
        call.wanted[i] = node.in[i] >= 0 && g->values[node.in[i]].differentiable;
        call.dx[i] = MKD_NONE;
        wanted |= call.wanted[i];
    }
    if (!builder || !arrived || !wanted || node.stops_gradient) {
        return;
    }
    builder(g, &call);
    for (int i = 0; i < node.n_in; i++) {
        if (call.wanted[i]) {
            add_part(g, gradients, node.in[i], call.dx[i]);
        }
    }
}

// A parameter's gradient is written where its store wants it. A value that already has a place of
// its own, or that is a view of another one, is copied there.
static void bind(mkd_graph *g, int parameter, int gradient) {
    graph_value *p = &g->values[parameter];
    const graph_value *v = &g->values[gradient];
    bool direct = v->source == SOURCE_NODE && v->gradient_entry < 0 && !v->is_output &&
                  g->nodes[v->node].op != MKD_OP_reshape;
    if (!direct) {
        mkd_value from = {gradient};
        gradient = mkd_node(g, MKD_OP_copy, p->name, NULL, &from, 1).id;
        if (gradient < 0) {
            return;
        }
        p = &g->values[parameter];
    }
    g->values[gradient].gradient_store = p->store;
    g->values[gradient].gradient_entry = p->entry;
    p->gradient = gradient;
}

// the gradient of a loss by itself
static mkd_value one_like(mkd_graph *g, mkd_value loss) {
    char text[MKD_SHAPE_TEXT_BYTES];
    const graph_value *v = &g->values[loss.id];
    float one = 1;
    double one_f64 = 1;
    mkd_tensor tensor = {.dtype = v->dtype,
                         .shape = v->shape,
                         .data = v->dtype == MKD_F64 ? (void *)&one_f64 : (void *)&one};
    if (mkd_shape_count(&v->shape) != 1 || (v->dtype != MKD_F32 && v->dtype != MKD_F64)) {
        mkd_graph_fail(g, mkd_error_set(MKD_EINVAL,
                                        "%s: a loss is an f32 or f64 scalar, found %s %s", v->name,
                                        mkd_dtype_name(v->dtype), mkd_shape_text(text, &v->shape)));
        return MKD_NONE;
    }
    return mkd_constant_tensor(g, "loss_gradient", &tensor);
}

void mkd_backward(mkd_graph *g, mkd_value loss, mkd_value loss_gradient) {
    if (g->error.code < 0 || loss.id < 0) {
        return;
    }
    if (g->has_backward) {
        // a parameter's gradient has one place, which two losses would both write
        mkd_graph_fail(g, mkd_error_set(MKD_EINVAL, "%s: the graph has its gradients already",
                                        g->values[loss.id].name));
        return;
    }
    g->has_backward = true;
    if (loss_gradient.id < 0) {
        loss_gradient = one_like(g, loss);
    }
    int n_values = g->n_values;
    int n_nodes = g->n_nodes;
    int *gradients = mkd_alloc_array((size_t)n_values, sizeof *gradients);
    if (!gradients) {
        mkd_graph_fail(g, MKD_ENOMEM);
        return;
    }
    memset(gradients, 0xff, (size_t)n_values * sizeof *gradients);
    if (!g->values[loss.id].differentiable) {
        mkd_graph_fail(g, mkd_error_set(MKD_EINVAL, "%s depends on nothing that is trained",
                                        g->values[loss.id].name));
    } else {
        gradients[loss.id] = loss_gradient.id;
    }
    g->in_backward = true;
    for (int i = n_nodes - 1; i >= 0 && g->error.code == 0; i--) {
        differentiate(g, i, gradients);
    }
    for (int i = 0; i < n_values && g->error.code == 0; i++) {
        if (gradients[i] < 0 || !g->values[i].differentiable) {
            continue;
        }
        if (g->values[i].source == SOURCE_PARAMETER) {
            bind(g, i, gradients[i]);
        } else if (g->values[i].source == SOURCE_INPUT) {
            g->values[i].gradient = gradients[i];
            mkd_output(g, mkd_graph_name(g, "gradient/%s", g->values[i].name),
                       (mkd_value){gradients[i]});
        }
    }
    g->in_backward = false;
    mkd_free(gradients);
}
