// Precision of convolutions.
//
// With precision bf16 every operand of a convolution or of one of its gradients (x, w, dy) is
// rounded to bf16 by a cast node in front of its first user; the products are summed in f32, and
// the result is an f32 value. An operand with several users (x in the forward pass and in dw, dy in
// dx and dw, w in both directions) is rounded once. Weights are rounded from their f32 masters in
// every step; those of frozen networks once, in the prologue. Convolutions marked `exact` (the last
// layer of a head) are left alone.

#include <string.h>

#include "nn/lower_private.h"

static bool is_convolution(mkd_op op) {
    return op == MKD_OP_conv2d || op == MKD_OP_conv2d_grad_input || op == MKD_OP_conv2d_grad_weight;
}

typedef struct node_list {
    graph_node *at;
    int n;
} node_list;

// The bf16 twin of a value; made, with its node, if it is asked for the first time.
static int narrow(mkd_graph *g, node_list *body, node_list *prologue, int *twin_of, int value) {
    if (g->values[value].dtype != MKD_F32 || twin_of[value] >= 0) {
        return twin_of[value] >= 0 ? twin_of[value] : value;
    }
    const char *name = g->values[value].name;
    int twin = mkd_graph__add_value(g, name, SOURCE_NODE, MKD_BF16, g->values[value].shape);
    if (twin < 0) {
        return value;
    }
    node_list *to = g->values[value].frozen ? prologue : body;
    graph_node *cast = &to->at[to->n++];
    *cast = (graph_node){.op = MKD_OP_cast, .name = name, .n_in = 1, .n_out = 1};
    cast->attributes.dtype = MKD_BF16;
    cast->in[0] = value;
    cast->out[0] = twin;
    g->values[twin].frozen = g->values[value].frozen;
    twin_of[value] = twin;
    return twin;
}

void mkd_pass__precision(mkd_graph *g) {
    // a convolution has two operands, so at most two casts come with each node
    size_t capacity = 3 * (size_t)g->n_nodes + 1;
    int n_values = g->n_values;
    node_list body = {mkd_alloc_array(capacity, sizeof *body.at), 0};
    node_list prologue = {mkd_alloc_array(capacity, sizeof *prologue.at), 0};
    int *twin_of = mkd_alloc_array((size_t)n_values + 1, sizeof *twin_of);
    if (!body.at || !prologue.at || !twin_of) {
        mkd_graph_fail(g, MKD_ENOMEM);
        mkd_free(body.at);
        mkd_free(prologue.at);
        mkd_free(twin_of);
        return;
    }
    memset(twin_of, 0xff, (size_t)n_values * sizeof *twin_of);
    for (int i = 0; i < g->n_nodes; i++) {
        graph_node node = g->nodes[i];
        if (is_convolution(node.op) && !node.attributes.exact) {
            node.in[0] = narrow(g, &body, &prologue, twin_of, node.in[0]);
            node.in[1] = narrow(g, &body, &prologue, twin_of, node.in[1]);
        }
        body.at[body.n++] = node;
    }
    // frozen casts read what fusion appended: they come last
    memcpy(body.at + body.n, prologue.at, (size_t)prologue.n * sizeof *body.at);
    body.n += prologue.n;
    for (int i = 0; i < body.n; i++) {
        for (int k = 0; k < body.at[i].n_out; k++) {
            g->values[body.at[i].out[k]].node = i;
        }
    }
    mkd_free(g->nodes);
    mkd_free(prologue.at);
    mkd_free(twin_of);
    g->nodes = body.at;
    g->n_nodes = body.n;
    g->node_capacity = (int)capacity;
}
