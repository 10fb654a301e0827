#include "table.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/rng.h"
#include "base/status.h"

int for_each_row(const char *pattern, row_visitor visit, void *payload) {
    const row_list lists[] = {rows_conv(), rows_elementwise(), rows_layout(), rows_reduce(),
                              rows_norm(), rows_pool(),        rows_index()};
    int status = 0;
    for (size_t k = 0; k < MKD_COUNT(lists); k++) {
        for (int i = 0; i < lists[k].n && status == 0; i++) {
            const row *r = &lists[k].rows[i];
            char title[128];
            snprintf(title, sizeof title, "%s (%s)", mkd_op_get_info(r->op)->name, r->name);
            if (!pattern || mkd_glob_match(pattern, title)) {
                status = visit(payload, r, title);
            }
        }
    }
    return status;
}

int row_n_inputs(const row *r) {
    int n = 0;
    for (int i = 0; i < MKD_MAX_INPUTS; i++) {
        n = r->in[i].content != NONE ? i + 1 : n;
    }
    return n;
}

bool input_is_trained(const input *in) {
    return in->content != NONE && in->content != INDEX && (in->traits & FIXED) != FIXED;
}

bool row_has_gradient(const row *r) {
    return (mkd_op_get_info(r->op)->flags & MKD_OP_FLAG_G) && !(r->flags & NO_GRADIENT);
}


static mkd_dtype dtype_of(const input *in, mkd_dtype dtype) {
    bool is_wide = dtype == MKD_BF16 && (in->traits & WIDE);
    return in->content == INDEX ? MKD_I32 : is_wide ? MKD_F32 : dtype;
}

static void add_result(built *b, mkd_value x, const char *what, int i) {
    char *name = b->names[b->n_results];
    snprintf(name, sizeof b->names[0], "%s%d", what, i);
    mkd_output(b->g, name, x);
    mkd_value named = mkd_find_output(b->g, name);
    b->results[b->n_results++] = named.id >= 0 ? named : x;
}

static mkd_value make_node(built *b, const row *r) {
    if (r->op == MKD_OP_host) {
        mkd_dtype dtype = mkd_value_dtype(b->g, b->in[0]);
        return mkd_host(b->g, "node", r->attributes.host, NULL, b->in, b->n_in, &dtype,
                        &r->attributes.shape, 1);
    }
    return mkd_node(b->g, r->op, "node", &r->attributes, b->in, b->n_in);
}

// losses are f32 (or f64) also where activations are bf16
static void make_loss(built *b, mkd_value y) {
    if (mkd_value_dtype(b->g, y) == MKD_BF16) {
        y = mkd_cast(b->g, y, MKD_F32);
    }
    b->weight = mkd_input(b->g, "weight", mkd_value_dtype(b->g, y), mkd_value_shape(b->g, y));
    b->loss = mkd_sum_all(b->g, mkd_mul(b->g, y, b->weight));
    mkd_output(b->g, "loss", b->loss);
    mkd_backward(b->g, b->loss, MKD_NONE);
}

int build(built *out, const row *r, mkd_dtype dtype, bool with_gradient) {
    *out = (built){.n_in = row_n_inputs(r), .weight = MKD_NONE, .loss = MKD_NONE};
    MKD_TRY(mkd_graph_new(&out->g));
    for (int i = 0; i < out->n_in; i++) {
        const input *in = &r->in[i];
        out->in[i] = MKD_NONE;
        if (in->content != NONE) {
            const char *name = mkd_graph_name(out->g, "in%d", i);
            out->in[i] = mkd_input(out->g, name, dtype_of(in, dtype), in->shape);
            if (with_gradient && input_is_trained(in)) {
                mkd_require_gradient(out->g, out->in[i]);
            }
        }
    }
    mkd_value y = make_node(out, r);
    for (int i = 0; i < mkd_op_get_info(r->op)->n_outputs; i++) {
        if (r->op != MKD_OP_host || i == 0) {
            add_result(out, mkd_node_output(out->g, y, i), "out", i);
        }
    }
    if (r->op == MKD_OP_batch_norm_update) { // what it changes are its inputs
        add_result(out, out->in[2], "running", 0);
        add_result(out, out->in[3], "running", 1);
    }
    if (with_gradient) {
        make_loss(out, y);
        for (int i = 0; i < out->n_in; i++) {
            mkd_value d = mkd_gradient(out->g, out->in[i]);
            if (d.id >= 0) {
                add_result(out, d, "d_in", i);
            }
        }
    }
    return mkd_graph_status(out->g);
}

static double value_of(content c, mkd_rng *rng, int64_t rank, int64_t n, int64_t limit) {
    switch (c) {
    case POSITIVE:
        return mkd_rng_range(rng, 0.5, 2);
    case SPREAD:
        return -3 + 6 * ((double)rank + 0.37) / (double)n;
    case TIES:
        return (double)mkd_rng_below(rng, 4) - 1;
    case MASK:
        return (double)mkd_rng_below(rng, 2);
    case INDEX:
        return (double)mkd_rng_below(rng, (uint32_t)limit + 2) - 1;
    default:
        return mkd_rng_range(rng, -1, 1);
    }
}

int fill(mkd_tensor *out, const built *b, const row *r, int i) {
    const char *name = r->name;
    input in = i < b->n_in ? r->in[i] : (input){UNIFORM, mkd_value_shape(b->g, b->weight), 0, 0};
    MKD_TRY(mkd_tensor_new(out, MKD_F64, in.shape));
    int64_t n = mkd_tensor_count(out);
    int64_t *ranks = mkd_alloc_array((size_t)n, sizeof *ranks);
    if (!ranks) {
        mkd_tensor_free(out);
        return MKD_ENOMEM;
    }
    uint64_t key = mkd_hash64(name, strlen(name)) + (uint64_t)i;
    mkd_rng rng = mkd_rng_at(1, 0, key, MKD_RNG_TEST);
    for (int64_t k = 0; k < n; k++) {
        ranks[k] = k;
    }
    if (in.content == SPREAD) {
        mkd_rng_shuffle(&rng, ranks, (size_t)n);
    }
    for (int64_t k = 0; k < n; k++) {
        ((double *)out->data)[k] = value_of(in.content, &rng, ranks[k], n, in.limit);
    }
    mkd_free(ranks);
    return 0;
}
