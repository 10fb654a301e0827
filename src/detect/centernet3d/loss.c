// Losses of centernet3d, as MonoDLE states them.
//
// Heat map, p = clamp(sigmoid(x), 1e-4, 1 - 1e-4), t the target, N the number of cells with t = 1:
//   L = -(1/N) [ sum_{t=1} (1-p)^2 log p + sum_{t<1} (1-t)^4 p^2 log(1-p) ]      (N = 0: no
//   division)
// Depth, z and s the head's channels: d = 1/(sigmoid(z) + 1e-6) - 1,
//   L = mean 1.4142 exp(-s/2) |d - D| + s/2           (s: log-variance; the constant is the code's)
// Size, dimension-aware: l = |x - t| / t times w = mean|x - t| / mean l without gradient through w.
// Heading: cross-entropy over the bins, and |residual at the true bin - true residual|.
// All means run over the live objects of the batch; without any the terms are 0.

#include "detect/centernet3d/centernet3d.h"
#include "nn/functions.h"

static mkd_value input(mkd_graph *g, const char *name) {
    return mkd_find_input(g, name);
}

static mkd_value scalar_like(mkd_graph *g, mkd_value x, double value) {
    return mkd_linear_of(g, x, 0, value);
}

static mkd_value heatmap_loss(mkd_graph *g, mkd_value logits) {
    mkd_value t = input(g, "target.heatmap");
    mkd_value p = mkd_clamp(g, mkd_sigmoid(g, logits), 1e-4, 1 - 1e-4);
    mkd_value q = mkd_linear_of(g, p, -1, 1);
    mkd_value positive = mkd_binary_of(g, MKD_BINARY_EQUAL, t, scalar_like(g, t, 1));
    mkd_value negative_weight = mkd_square(g, mkd_square(g, mkd_linear_of(g, t, -1, 1)));
    mkd_value pull = mkd_mul(g, positive, mkd_mul(g, mkd_square(g, q), mkd_ln(g, p)));
    mkd_value push = mkd_mul(g, negative_weight, mkd_mul(g, mkd_square(g, p), mkd_ln(g, q)));
    mkd_value total = mkd_scale(g, mkd_sum_all(g, mkd_add(g, pull, push)), -1);
    return mkd_div(g, total, mkd_maximum(g, mkd_sum_all(g, positive), 1));
}

// a head's values at the objects' cells: [N,K,C]
static mkd_value at_objects(mkd_graph *g, const mkd_detection *detection, int which) {
    return mkd_gather_cells(g, detection->heads[which].value, input(g, "target.index"));
}

static mkd_value l1(mkd_graph *g, mkd_value x, const char *target, mkd_value mask) {
    return mkd_masked_mean(g, mkd_abs(g, mkd_sub(g, x, input(g, target))), mask);
}

static mkd_value depth_loss(mkd_graph *g, mkd_value x, mkd_value mask) {
    mkd_value z = mkd_slice(g, x, -1, 0, 1);
    mkd_value s = mkd_slice(g, x, -1, 1, 1);
    mkd_value inverse = mkd_linear_of(g, mkd_sigmoid(g, z), 1, 1e-6);
    mkd_value depth = mkd_linear_of(g, mkd_reciprocal(g, inverse), 1, -1);
    mkd_value error = mkd_abs(g, mkd_sub(g, depth, input(g, "target.depth")));
    mkd_value precision = mkd_exp(g, mkd_scale(g, s, -0.5));
    mkd_value scaled = mkd_scale(g, mkd_mul(g, precision, error), 1.4142);
    return mkd_masked_mean(g, mkd_add(g, scaled, mkd_scale(g, s, 0.5)), mask);
}

static mkd_value size_loss(mkd_graph *g, mkd_value x, mkd_value mask) {
    mkd_value target = input(g, "target.size_3d");
    mkd_value size = mkd_add(g, x, input(g, "target.mean_size_3d"));
    mkd_value error = mkd_abs(g, mkd_sub(g, size, target));
    mkd_value relative = mkd_masked_mean(g, mkd_div(g, error, target), mask);
    mkd_value absolute = mkd_masked_mean(g, error, mask);
    mkd_value floor = mkd_maximum(g, relative, 1e-12); // no error at all: 0 / floor
    mkd_value weight = mkd_stop_gradient(g, mkd_div(g, absolute, floor));
    return mkd_mul(g, relative, weight);
}

static mkd_value heading_loss(mkd_graph *g, mkd_value x, mkd_value mask) {
    mkd_value bin = mkd_one_hot(g, input(g, "target.heading_bin"), MKD_HEADING_BINS);
    mkd_value logits = mkd_slice(g, x, -1, 0, MKD_HEADING_BINS);
    mkd_value residuals = mkd_slice(g, x, -1, MKD_HEADING_BINS, MKD_HEADING_BINS);
    const int last[1] = {-1};
    mkd_value log_p = mkd_mul(g, bin, mkd_log_softmax(g, logits, -1));
    mkd_value entropy = mkd_scale(g, mkd_reduce_of(g, MKD_REDUCE_SUM, log_p, last, 1), -1);
    mkd_value chosen = mkd_reduce_of(g, MKD_REDUCE_SUM, mkd_mul(g, bin, residuals), last, 1);
    mkd_value residual = l1(g, chosen, "target.heading_residual", mask);
    return mkd_add(g, mkd_masked_mean(g, entropy, mask), residual);
}

void centernet3d_loss(mkd_loss_terms *out, mkd_graph *g, const mkd_detector *d,
                      const mkd_detection *detection) {
    const centernet3d_options *o = d->options;
    mkd_value mask = input(g, "target.mask");
    mkd_value mask_3d = input(g, "target.mask_3d");
    mkd_value x[N_HEADS];
    for (int i = 1; i < N_HEADS; i++) {
        x[i] = at_objects(g, detection, i);
    }
    mkd_loss_add(out, "heatmap", heatmap_loss(g, detection->heads[HEAD_HEATMAP].value),
                 o->heatmap_weight);
    mkd_loss_add(out, "offset_2d", l1(g, x[HEAD_OFFSET_2D], "target.offset_2d", mask),
                 o->offset_2d_weight);
    mkd_loss_add(out, "size_2d", l1(g, x[HEAD_SIZE_2D], "target.size_2d", mask), o->size_2d_weight);
    mkd_loss_add(out, "depth", depth_loss(g, x[HEAD_DEPTH], mask_3d), o->depth_weight);
    mkd_loss_add(out, "offset_3d", l1(g, x[HEAD_OFFSET_3D], "target.offset_3d", mask_3d),
                 o->offset_3d_weight);
    mkd_loss_add(out, "size_3d", size_loss(g, x[HEAD_SIZE_3D], mask_3d), o->size_3d_weight);
    mkd_loss_add(out, "heading", heading_loss(g, x[HEAD_HEADING], mask), o->heading_weight);
}
