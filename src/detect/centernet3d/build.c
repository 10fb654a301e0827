// Detector `centernet3d`: objects as the projected centers of their 3D boxes.
//
// The dense, single-stage form of the field: Zhou et al., "Objects as points" (2019), with the
// heads and conventions of MonoDLE (Ma et al., "Delving into localization errors for monocular 3D
// object detection", CVPR 2021). On a feature map of stride 4, seven heads of conv 3x3, ReLU, conv
// 1x1 tell at every cell: is a class's projected 3D center here (heat map), where the 2D box lies
// relative to the cell (offset_2d, size_2d), and depth with its uncertainty, offset of the 3D
// center within the cell, size relative to the class mean, and heading in 12 bins.
//
// Differences from the published code, each an option or named here:
// * sizes are residuals to the class mean (MonoDLE's file has the means but switches them off);
// * crops are trained on in 3D too (option train_3d_on_crops; MonoDLE masks them): a crop of scale
// s
//   shows things as a camera of s times shorter focal length would at depth s Z, and that is the
//   target;
// * the depth head may start at a prior (option depth_prior_m) instead of at 1 m;
// * all heads start from PyTorch's default weights and a last bias of 0 (the published code draws
// all
//   weights of the regression heads from N(0, 0.001): their first gradients are tiny, Adam scales
//   them to full steps, and in small networks all ReLUs of the size head died).

#include "detect/centernet3d/centernet3d.h"

#include <math.h>

#include "nn/layers.h"

const struct centernet3d_head_row centernet3d_heads[N_HEADS] = {
    {"heatmap", 0},
    {"offset_2d", 2},
    {"size_2d", 2},
    {"depth", 2},
    {"offset_3d", 2},
    {"size_3d", 3},
    {"heading", 2 * MKD_HEADING_BINS},
};

static const mkd_option options[] = {
    {"head_channels", MKD_OPTION_INT, offsetof(centernet3d_options, head_channels), "256", 8, 1024,
     NULL, "", "channels between a head's two convolutions"},
    {"depth_prior_m", MKD_OPTION_FLOAT, offsetof(centernet3d_options, depth_prior_m), "0", 0, 200,
     NULL, "m", "depth that the untrained network tells; 0 leaves the bias as published"},
    {"train_3d_on_crops", MKD_OPTION_BOOL, offsetof(centernet3d_options, train_3d_on_crops), "true",
     0, 0, NULL, "", "scale-cropped frames train the 3D heads too (MonoDLE: no)"},
    {"heatmap_weight", MKD_OPTION_FLOAT, offsetof(centernet3d_options, heatmap_weight), "1", 0, 1e6,
     NULL, "", "weight of the heat map's focal loss"},
    {"offset_2d_weight", MKD_OPTION_FLOAT, offsetof(centernet3d_options, offset_2d_weight), "1", 0,
     1e6, NULL, "", "weight of the 2D center's L1"},
    {"size_2d_weight", MKD_OPTION_FLOAT, offsetof(centernet3d_options, size_2d_weight), "1", 0, 1e6,
     NULL, "", "weight of the 2D size's L1"},
    {"depth_weight", MKD_OPTION_FLOAT, offsetof(centernet3d_options, depth_weight), "1", 0, 1e6,
     NULL, "", "weight of the depth's Laplacian likelihood"},
    {"offset_3d_weight", MKD_OPTION_FLOAT, offsetof(centernet3d_options, offset_3d_weight), "1", 0,
     1e6, NULL, "", "weight of the 3D center's L1"},
    {"size_3d_weight", MKD_OPTION_FLOAT, offsetof(centernet3d_options, size_3d_weight), "1", 0, 1e6,
     NULL, "", "weight of the dimension-aware size L1"},
    {"heading_weight", MKD_OPTION_FLOAT, offsetof(centernet3d_options, heading_weight), "1", 0, 1e6,
     NULL, "", "weight of heading: cross-entropy of the bin, L1 of the residual"},
    {0}};

static mkd_value head(mkd_graph *g, const mkd_detector *d, mkd_value map, int which) {
    const centernet3d_options *o = d->options;
    const char *name = centernet3d_heads[which].name;
    int channels = which == HEAD_HEATMAP ? d->n_classes : centernet3d_heads[which].channels;
    mkd_conv2d_options first = {.out = (int)o->head_channels, .kernel = 3, .bias = true};
    mkd_conv2d_options last = {
        .out = channels, .kernel = 1, .bias = true, .own_bias_init = true, .exact = true};
    last.bias_init.kind = MKD_INIT_CONSTANT;
    if (which == HEAD_HEATMAP) {
        last.bias_init.a = -2.19; // a prior of one positive in ten cells
    } else if (which == HEAD_DEPTH && o->depth_prior_m > 0) {
        // 1/(sigmoid(z) + 1e-6) - 1 = exp(-z), nearly
        last.bias_init = (mkd_init){.kind = MKD_INIT_FIRST, .a = -log(o->depth_prior_m)};
    }
    mkd_value x = mkd_relu(g, mkd_conv2d(g, map, mkd_graph_name(g, "%s.0", name), first));
    return mkd_conv2d(g, x, mkd_graph_name(g, "%s.2", name), last);
}

void centernet3d_fields(mkd_field_list *out, const mkd_detector *d) {
    int64_t h = d->model.height_px / 4;
    int64_t w = d->model.width_px / 4;
    int64_t k = CENTERNET3D_MAX_OBJECTS;
    mkd_field_add(out, "target.heatmap", MKD_F32, MKD_SHAPE(h, w, d->n_classes));
    mkd_field_add(out, "target.index", MKD_I32, MKD_SHAPE(k));
    mkd_field_add(out, "target.mask", MKD_F32, MKD_SHAPE(k, 1));
    mkd_field_add(out, "target.mask_3d", MKD_F32, MKD_SHAPE(k, 1));
    mkd_field_add(out, "target.offset_2d", MKD_F32, MKD_SHAPE(k, 2));
    mkd_field_add(out, "target.size_2d", MKD_F32, MKD_SHAPE(k, 2));
    mkd_field_add(out, "target.depth", MKD_F32, MKD_SHAPE(k, 1));
    mkd_field_add(out, "target.offset_3d", MKD_F32, MKD_SHAPE(k, 2));
    mkd_field_add(out, "target.size_3d", MKD_F32, MKD_SHAPE(k, 3));
    mkd_field_add(out, "target.mean_size_3d", MKD_F32, MKD_SHAPE(k, 3));
    mkd_field_add(out, "target.heading_bin", MKD_I32, MKD_SHAPE(k));
    mkd_field_add(out, "target.heading_residual", MKD_F32, MKD_SHAPE(k, 1));
}

void centernet3d_build(mkd_detection *out, mkd_graph *g, const mkd_detector *d, mkd_value input) {
    *out = (mkd_detection){0};
    d->backbone->build(&out->features, g, input, "neck");
    for (int i = 0; i < N_HEADS; i++) {
        out->heads[out->n_heads++] =
            (mkd_named_value){centernet3d_heads[i].name, head(g, d, out->features.map, i)};
    }
}

const mkd_detector_driver mkd_detector_centernet3d = {
    .name = "centernet3d",
    .summary = "dense heads at the projected 3D center (MonoDLE's form)",
    .citation = "Ma et al., Delving into localization errors for monocular 3D object detection, "
                "CVPR 2021",
    .options = options,
    .options_bytes = sizeof(centernet3d_options),
    .fields = centernet3d_fields,
    .build = centernet3d_build,
    .encode = centernet3d_encode,
    .loss = centernet3d_loss,
    .decode = centernet3d_decode,
};
