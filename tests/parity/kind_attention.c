// Attention of several heads (Vaswani et al. 2017, as PyTorch lays it out):
//   P = softmax(Q K^T / sqrt d + mask),  y = (P V) Wo^T + bo, per head of d = E / heads channels,
// where the rows of in_proj_weight are those of q, k and v stacked.
#include "kinds.h"

#include <math.h>

#include "base/status.h"

// what a blocked place adds to its score: e^x is 0 in f32, and no infinity arises
#define BLOCKED (-1e30)

typedef struct attention {
    bool batch_first;
    int64_t batch, queries, keys, channels, heads;
    mkd_value weight, bias; // of the projections in, stacked
} attention;

// [L,B,E] or [B,L,E] to [B,L,E], and back
static mkd_value batch_to_front(variant *v, const attention *a, mkd_value x) {
    return a->batch_first ? x : mkd_transpose(v->g, x, (const int[]){1, 0, 2});
}

static mkd_value affine(variant *v, mkd_value x, mkd_value weight, mkd_value bias) {
    mkd_value y = mkd_matmul(v->g, x, weight, false, true, 1);
    return bias.id >= 0 ? mkd_add(v->g, y, bias) : y;
}

// projection i (q, k, v) of an input, as [B,heads,length,d]
static mkd_value project(variant *v, const attention *a, mkd_value x, int i, int64_t length) {
    mkd_graph *g = v->g;
    int64_t e = a->channels;
    mkd_value flat = mkd_reshape(g, batch_to_front(v, a, x), MKD_SHAPE(a->batch * length, e));
    mkd_value weight = mkd_slice(g, a->weight, 0, i * e, e);
    mkd_value bias = a->bias.id >= 0 ? mkd_slice(g, a->bias, 0, i * e, e) : MKD_NONE;
    mkd_value y = affine(v, flat, weight, bias);
    y = mkd_reshape(g, y, MKD_SHAPE(a->batch, length, a->heads, e / a->heads));
    return mkd_transpose(g, y, (const int[]){0, 2, 1, 3});
}

// Adds a mask, boolean (true: blocked) or additive, to `to` [B,1,L,S]. It has one row of S for each
// batch item or for each query.
static void add_mask(variant *v, mkd_tensor *to, const attention *a, const char *name,
                     bool by_item) {
    mkd_tensor raw = {0}, mask = {0};
    if (!variant_has(v, name) || v->status < 0) {
        return;
    }
    variant_fail(v, variant_raw(&raw, v, name));
    variant_fail(v, v->status < 0 ? v->status : mkd_tensor_convert(&mask, &raw, MKD_F64));
    int64_t n = v->status < 0 ? 0 : a->batch * a->queries * a->keys;
    for (int64_t i = 0; i < n; i++) {
        int64_t row = i / a->keys;
        row = by_item ? row / a->queries : row % a->queries;
        double value = ((const double *)mask.data)[row * a->keys + i % a->keys];
        value = raw.dtype == MKD_BOOL ? value * BLOCKED : value;
        ((float *)to->data)[i] += (float)value;
    }
    mkd_tensor_free(&raw);
    mkd_tensor_free(&mask);
}

static mkd_value masked(variant *v, const attention *a, mkd_value scores) {
    mkd_tensor mask = {0};
    if (!variant_has(v, "attn_mask") && !variant_has(v, "key_padding_mask")) {
        return scores;
    }
    variant_fail(v, mkd_tensor_new(&mask, MKD_F32, MKD_SHAPE(a->batch, 1, a->queries, a->keys)));
    add_mask(v, &mask, a, "attn_mask", false);
    add_mask(v, &mask, a, "key_padding_mask", true);
    return mkd_add(v->g, scores, variant_value(v, "mask", &mask));
}

static mkd_value optional_input(variant *v, const char *name) {
    return variant_has(v, name) ? variant_input(v, name, PLAIN) : MKD_NONE;
}

static mkd_value attend(variant *v, const attention *a, const mkd_value x[3]) {
    mkd_graph *g = v->g;
    mkd_value q = project(v, a, x[0], 0, a->queries);
    mkd_value k = project(v, a, x[1], 1, a->keys);
    mkd_value value = project(v, a, x[2], 2, a->keys);
    double scale = 1 / sqrt((double)(a->channels / a->heads));
    mkd_value p = mkd_softmax(g, masked(v, a, mkd_matmul(g, q, k, false, true, scale)), -1);
    mkd_value mean = mkd_reduce_of(g, MKD_REDUCE_MEAN, p, (const int[]){1}, 1);
    mean = mkd_reshape(g, mean, MKD_SHAPE(a->batch, a->queries, a->keys));
    variant_output(v, "attn_weights", mean, PLAIN);
    mkd_value y = mkd_matmul(g, p, value, false, false, 1);
    y = mkd_transpose(g, y, (const int[]){0, 2, 1, 3});
    return mkd_reshape(g, y, MKD_SHAPE(a->batch * a->queries, a->channels));
}

void kind_multihead_attention(variant *v) {
    mkd_graph *g = v->g;
    const char *const names[3] = {"query", "key", "value"};
    mkd_value x[3];
    for (int i = 0; i < 3; i++) {
        x[i] = variant_input(v, names[i], PLAIN);
    }
    attention a = {.batch_first = variant_flag(v, "batch_first", false),
                   .channels = mkd_value_extent(g, x[0], 2),
                   .heads = (int64_t)variant_number(v, "heads", 1),
                   .weight = variant_input(v, "in_proj_weight", PLAIN),
                   .bias = optional_input(v, "in_proj_bias")};
    a.batch = mkd_value_extent(g, x[0], a.batch_first ? 0 : 1);
    a.queries = mkd_value_extent(g, x[0], a.batch_first ? 1 : 0);
    a.keys = mkd_value_extent(g, x[1], a.batch_first ? 1 : 0);
    mkd_value weight = variant_input(v, "out_proj_weight", PLAIN);
    mkd_value bias = optional_input(v, "out_proj_bias");
    mkd_value y = affine(v, attend(v, &a, x), weight, bias);
    y = batch_to_front(v, &a, mkd_reshape(g, y, MKD_SHAPE(a.batch, a.queries, a.channels)));
    variant_output(v, "y", y, PLAIN);
    variant_loss(v, y, "grad_y", PLAIN);
    for (int i = 0; i < 3; i++) {
        char name[32];
        snprintf(name, sizeof name, "grad_%s", names[i]);
        variant_gradient(v, name, x[i], PLAIN);
    }
    variant_gradient(v, "grad_in_proj_weight", a.weight, PLAIN);
    variant_gradient(v, "grad_out_proj_weight", weight, PLAIN);
    if (a.bias.id >= 0) {
        variant_gradient(v, "grad_in_proj_bias", a.bias, PLAIN);
    }
    if (bias.id >= 0) {
        variant_gradient(v, "grad_out_proj_bias", bias, PLAIN);
    }
}
