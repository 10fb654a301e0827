// DLA-34 with DLA-up, the backbone and neck of the MonoDLE family.
//
// Yu et al., "Deep layer aggregation", CVPR 2018; the neck as in Zhou et al., "Objects as points",
// 2019, without deformable convolutions (as MonoDLE, GUPNet and DID-M3D use it). Parameter paths
// are those of their checkpoints.
//
// A tree of depth 1 aggregates two basic blocks by a root (concat, 1x1 convolution, batch norm,
// ReLU); a tree of depth 2 consists of two trees of depth 1, and its inner root also sees the
// pooled input (level root) and the first tree's result. Concat order: x2, x1, then the extra
// children. The outer tree of depth 2 owns a projection whose result the published code computes
// and throws away; its parameters are not declared here, since nothing depends on them.
//
// The neck: one IDA step i takes maps of falling resolution and merges each into the finer one:
// proj (3x3 conv, BN, ReLU) to the target's channels, up (depthwise transposed convolution that
// starts as bilinear), node (3x3 conv on the concat, BN, ReLU).

#include "nn/backbone.h"

static const mkd_init he = {.kind = MKD_INIT_HE_NORMAL};

static mkd_value conv(mkd_graph *g, mkd_value x, const char *name, int out, int kernel,
                      int stride) {
    return mkd_conv2d(g, x, name,
                      (mkd_conv2d_options){.out = out,
                                           .kernel = kernel,
                                           .stride = stride,
                                           .weight_init = he,
                                           .own_weight_init = true});
}

static mkd_value norm(mkd_graph *g, mkd_value x, const char *name, bool relu) {
    return mkd_batch_norm(g, x, name, (mkd_batch_norm_options){.relu = relu});
}

// conv.<at>, BN at the following index, ReLU
static mkd_value conv_level(mkd_graph *g, mkd_value x, const char *path, int out, int kernel,
                            int stride) {
    x = conv(g, x, mkd_graph_name(g, "%s.0", path), out, kernel, stride);
    return norm(g, x, mkd_graph_name(g, "%s.1", path), true);
}

static mkd_value basic_block(mkd_graph *g, mkd_value x, mkd_value residual, const char *path,
                             int out, int stride) {
    x = conv(g, x, mkd_graph_name(g, "%s.conv1", path), out, 3, stride);
    x = norm(g, x, mkd_graph_name(g, "%s.bn1", path), true);
    x = conv(g, x, mkd_graph_name(g, "%s.conv2", path), out, 3, 1);
    x = norm(g, x, mkd_graph_name(g, "%s.bn2", path), false);
    return mkd_relu(g, mkd_add(g, x, residual));
}

static mkd_value tree1(mkd_graph *g, mkd_value x, const char *path, int out, int stride,
                       const mkd_value *children, int n_children) {
    mkd_value bottom = stride > 1 ? mkd_max_pool2d(g, x, stride, stride, 0) : x;
    mkd_value residual = bottom;
    if (mkd_value_extent(g, x, -1) != out) {
        residual = conv(g, bottom, mkd_graph_name(g, "%s.project.0", path), out, 1, 1);
        residual = norm(g, residual, mkd_graph_name(g, "%s.project.1", path), false);
    }
    mkd_value x1 = basic_block(g, x, residual, mkd_graph_name(g, "%s.tree1", path), out, stride);
    mkd_value x2 = basic_block(g, x1, x1, mkd_graph_name(g, "%s.tree2", path), out, 1);
    mkd_value parts[4] = {x2, x1};
    for (int i = 0; i < n_children; i++) {
        parts[2 + i] = children[i];
    }
    mkd_value root = mkd_concat(g, parts, 2 + n_children, -1);
    root = conv(g, root, mkd_graph_name(g, "%s.root.conv", path), out, 1, 1);
    return norm(g, root, mkd_graph_name(g, "%s.root.bn", path), true);
}

static mkd_value tree2(mkd_graph *g, mkd_value x, const char *path, int out) {
    mkd_value bottom = mkd_max_pool2d(g, x, 2, 2, 0);
    mkd_value t1 = tree1(g, x, mkd_graph_name(g, "%s.tree1", path), out, 2, NULL, 0);
    mkd_value children[2] = {bottom, t1};
    return tree1(g, t1, mkd_graph_name(g, "%s.tree2", path), out, 1, children, 2);
}

static mkd_value ida_step(mkd_graph *g, mkd_value fine, mkd_value coarse, const char *path, int i,
                          int out) {
    mkd_value x = conv(g, coarse, mkd_graph_name(g, "%s.proj_%d.conv", path, i), out, 3, 1);
    x = norm(g, x, mkd_graph_name(g, "%s.proj_%d.bn", path, i), true);
    x = mkd_conv_transpose2d(
        g, x, mkd_graph_name(g, "%s.up_%d", path, i),
        (mkd_conv_transpose2d_options){.out = out,
                                       .kernel = 4,
                                       .stride = 2,
                                       .padding = 1,
                                       .groups = out,
                                       .weight_init = {.kind = MKD_INIT_BILINEAR},
                                       .own_weight_init = true});
    x = mkd_concat(g, (mkd_value[]){fine, x}, 2, -1);
    x = conv(g, x, mkd_graph_name(g, "%s.node_%d.conv", path, i), out, 3, 1);
    return norm(g, x, mkd_graph_name(g, "%s.node_%d.bn", path, i), true);
}

static void build(mkd_features *out, mkd_graph *g, mkd_value image, const char *neck) {
    mkd_value x = conv_level(g, image, "backbone.base_layer", 16, 7, 1);
    x = conv_level(g, x, "backbone.level0", 16, 3, 1);
    x = conv_level(g, x, "backbone.level1", 32, 3, 2);
    mkd_value l2 = tree1(g, x, "backbone.level2", 64, 2, NULL, 0);
    mkd_value l3 = tree2(g, l2, "backbone.level3", 128);
    mkd_value l4 = tree2(g, l3, "backbone.level4", 256);
    mkd_value l4_pooled = mkd_max_pool2d(g, l4, 2, 2, 0);
    mkd_value l5 = tree1(g, l4, "backbone.level5", 512, 2, &l4_pooled, 1);

    const char *ida0 = mkd_graph_name(g, "%s.ida_0", neck);
    const char *ida1 = mkd_graph_name(g, "%s.ida_1", neck);
    const char *ida2 = mkd_graph_name(g, "%s.ida_2", neck);
    mkd_value m16 = ida_step(g, l4, l5, ida0, 1, 256);
    mkd_value a8 = ida_step(g, l3, l4, ida1, 1, 128);
    mkd_value m8 = ida_step(g, a8, m16, ida1, 2, 128);
    mkd_value m4 = ida_step(g, l2, l3, ida2, 1, 64);
    m4 = ida_step(g, m4, a8, ida2, 2, 64);
    m4 = ida_step(g, m4, m8, ida2, 3, 64);

    *out = (mkd_features){.map = m4,
                          .stride = 4,
                          .taps = {{"stride4", 4, m4},
                                   {"stride8", 8, m8},
                                   {"stride16", 16, m16},
                                   {"stride32", 32, l5}},
                          .n_taps = 4};
}

const mkd_backbone mkd_backbone_dla34 = {
    "dla34", "DLA-34 with DLA-up, stride 4, 64 channels: the MonoDLE family", 32, build};
