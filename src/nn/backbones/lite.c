// A small residual pyramid for tests, demos and machines without patience.
//
// Stride-2 stem, four stages of one basic block each at strides 4, 8, 16 and 32 with 24, 48, 96 and
// 128 channels, and a top-down path (1x1 convolution, bilinear upsampling, addition, 3x3
// convolution) back to stride 4: the plan of Lin et al., "Feature pyramid networks", CVPR 2017, at
// a size of about 3 % of DLA-34's operations.

#include "nn/backbone.h"

enum { N_STAGES = 4 };

static const int channels[N_STAGES] = {24, 48, 96, 128};
static const mkd_init he = {.kind = MKD_INIT_HE_NORMAL};

static mkd_value conv_norm(mkd_graph *g, mkd_value x, const char *path, int out, int kernel,
                           int stride, bool relu) {
    x = mkd_conv2d(g, x, mkd_graph_name(g, "%s.conv", path),
                   (mkd_conv2d_options){.out = out,
                                        .kernel = kernel,
                                        .stride = stride,
                                        .weight_init = he,
                                        .own_weight_init = true});
    return mkd_batch_norm(g, x, mkd_graph_name(g, "%s.bn", path),
                          (mkd_batch_norm_options){.relu = relu});
}

static mkd_value stage(mkd_graph *g, mkd_value x, int i) {
    const char *path = mkd_graph_name(g, "backbone.stage%d", i + 1);
    mkd_value down = conv_norm(g, x, mkd_graph_name(g, "%s.down", path), channels[i], 3, 2, true);
    mkd_value y = conv_norm(g, down, mkd_graph_name(g, "%s.conv1", path), channels[i], 3, 1, true);
    y = conv_norm(g, y, mkd_graph_name(g, "%s.conv2", path), channels[i], 3, 1, false);
    return mkd_relu(g, mkd_add(g, y, down));
}

static void build(mkd_features *out, mkd_graph *g, mkd_value image, const char *neck) {
    mkd_value maps[N_STAGES];
    mkd_value x = conv_norm(g, image, "backbone.stem", 16, 3, 2, true);
    for (int i = 0; i < N_STAGES; i++) {
        maps[i] = x = stage(g, x, i);
    }
    mkd_value top = maps[N_STAGES - 1];
    *out = (mkd_features){.stride = 4, .n_taps = N_STAGES};
    out->taps[N_STAGES - 1] = (mkd_feature_tap){"stride32", 32, top};
    static const char *const names[N_STAGES] = {"stride4", "stride8", "stride16", "stride32"};
    for (int i = N_STAGES - 2; i >= 0; i--) {
        int width = i == 0 ? 32 : channels[i];
        mkd_value lateral = conv_norm(g, maps[i], mkd_graph_name(g, "%s.lateral%d", neck, i + 1),
                                      width, 1, 1, false);
        top = conv_norm(g, top, mkd_graph_name(g, "%s.reduce%d", neck, i + 1), width, 1, 1, false);
        top = mkd_interpolate2d(g, top, MKD_BILINEAR, mkd_value_extent(g, lateral, 1),
                                mkd_value_extent(g, lateral, 2), false);
        top = mkd_relu(g, mkd_add(g, lateral, top));
        top = conv_norm(g, top, mkd_graph_name(g, "%s.smooth%d", neck, i + 1), width, 3, 1, true);
        out->taps[i] = (mkd_feature_tap){names[i], 4 << i, top};
    }
    out->map = top;
}

const mkd_backbone mkd_backbone_lite = {
    "lite", "small residual pyramid, stride 4, 32 channels: tests, demos, small machines", 32,
    build};
