// Fusion into convolutions.
//
// Inference batch norm behind a convolution is folded into its weight and bias:
//   s = scale / sqrt(running_variance + epsilon),  w'[o,...] = w[o,...] s[o],
//   b' = shift + (b - running_mean) s.
// s, w' and b' depend on frozen parameters alone, so they land in the prologue and cost nothing per
// run. A ReLU or an addition whose operand nobody else uses moves into the convolution; the
// gradient of a fused ReLU needs only its output, so this is also right in training.

#include "nn/functions.h"
#include "nn/lower_private.h"


static void count_consumers(const mkd_graph *g, int *consumers) {
    for (int i = 0; i < g->n_nodes; i++) {
        for (int k = 0; k < g->nodes[i].n_in; k++) {
            if (g->nodes[i].in[k] >= 0) {
                consumers[g->nodes[i].in[k]]++;
            }
        }
    }
    for (int i = 0; i < g->n_values; i++) {
        consumers[i] += g->values[i].is_output;
    }
}

// the convolution that makes `value` for one reader alone, or NULL
static graph_node *private_conv(mkd_graph *g, const int *consumers, int value) {
    const graph_value *v = &g->values[value];
    if (v->source != SOURCE_NODE || consumers[value] != 1 || v->gradient_entry >= 0) {
        return NULL;
    }
    graph_node *node = &g->nodes[v->node];
    return node->op == MKD_OP_conv2d && !node->attributes.relu ? node : NULL;
}

// `conv` takes over the output of `node`, which stays without one
static void take_over(mkd_graph *g, int conv, int node) {
    int old = g->nodes[conv].out[0];
    int output = g->nodes[node].out[0];
    g->nodes[conv].out[0] = output;
    g->nodes[node].out[0] = old;
    g->values[output].node = conv;
    g->values[old].node = node;
}

static void fold_batch_norm(mkd_graph *g, int index, const int *consumers) {
    graph_node norm = g->nodes[index];
    const graph_node *conv = private_conv(g, consumers, norm.in[0]);
    if (!conv || conv->n_in > 3 || !g->values[conv->in[1]].frozen ||
        (conv->n_in > 2 && !g->values[conv->in[2]].frozen)) {
        return;
    }
    for (int i = 1; i < 5; i++) {
        if (!g->values[norm.in[i]].frozen) {
            return;
        }
    }
    int at = g->values[norm.in[0]].node;
    mkd_value weight = {conv->in[1]};
    mkd_value bias = {conv->n_in > 2 ? conv->in[2] : -1};
    mkd_value scale = {norm.in[1]};
    mkd_value shift = {norm.in[2]};
    mkd_value mean = {norm.in[3]};
    mkd_value variance = {norm.in[4]};
    int64_t channels = mkd_value_extent(g, scale, 0);

    mkd_value deviation = mkd_sqrt(g, mkd_linear_of(g, variance, 1, norm.attributes.epsilon));
    mkd_value s = mkd_div(g, scale, deviation);
    mkd_value folded = mkd_mul(g, weight, mkd_reshape(g, s, MKD_SHAPE(channels, 1, 1, 1)));
    mkd_value center = bias.id >= 0 ? mkd_sub(g, bias, mean) : mkd_scale(g, mean, -1);
    mkd_value folded_bias = mkd_add(g, shift, mkd_mul(g, center, s));
    if (g->error.code < 0) {
        return;
    }
    g->nodes[at].in[1] = folded.id;
    g->nodes[at].in[2] = folded_bias.id;
    g->nodes[at].n_in = 3;
    take_over(g, at, index);
}

static bool is_plain_sum(const mkd_graph *g, const graph_node *node) {
    return node->op == MKD_OP_binary && node->attributes.kind == MKD_BINARY_ADD &&
           mkd_shape_equal(&g->values[node->in[0]].shape, &g->values[node->in[1]].shape);
}

// the sum's other operand must be there before the convolution runs
static bool is_ready(const mkd_graph *g, int value, int conv) {
    return g->values[value].source != SOURCE_NODE || g->values[value].node < conv;
}

static void fuse_sum(mkd_graph *g, int index, const int *consumers) {
    for (int i = 0; i < 2; i++) {
        const graph_node *sum = &g->nodes[index];
        graph_node *conv = private_conv(g, consumers, sum->in[i]);
        int at = conv ? g->values[sum->in[i]].node : -1;
        int other = sum->in[1 - i];
        if (!conv || conv->n_in > 3 || !is_ready(g, other, at)) {
            continue;
        }
        if (conv->n_in == 2) {
            conv->in[2] = -1;
        }
        conv->in[3] = other;
        conv->n_in = 4;
        take_over(g, at, index);
        return;
    }
}

static void fuse_relu(mkd_graph *g, int index, const int *consumers) {
    graph_node *conv = private_conv(g, consumers, g->nodes[index].in[0]);
    if (conv) {
        conv->attributes.relu = true;
        take_over(g, g->values[g->nodes[index].in[0]].node, index);
    }
}

void mkd_pass__fuse(mkd_graph *g) {
    int n_nodes = g->n_nodes;
    int *consumers = mkd_alloc_array((size_t)g->n_values, sizeof *consumers);
    if (!consumers) {
        mkd_graph_fail(g, MKD_ENOMEM);
        return;
    }
    count_consumers(g, consumers);
    for (int i = 0; i < n_nodes && g->error.code == 0; i++) {
        const graph_node *node = &g->nodes[i];
        if (node->op == MKD_OP_batch_norm_inference) {
            fold_batch_norm(g, i, consumers);
        } else if (is_plain_sum(g, node) && !node->backward) {
            fuse_sum(g, i, consumers);
        } else if (node->op == MKD_OP_unary && node->attributes.kind == MKD_UNARY_RELU) {
            fuse_relu(g, i, consumers);
        }
    }
    mkd_free(consumers);
}
