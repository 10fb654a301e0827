/// Layers: functions with parameters of the current network (mkd_graph_enter).
#ifndef MKD_NN_LAYERS_H
#define MKD_NN_LAYERS_H

#include "nn/functions.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mkd_conv2d_options {
    int out;      ///< output channels
    int kernel;   ///< height and width
    int stride;   ///< 0 counts as 1
    int padding;  ///< -1: none; 0: (kernel - 1) / 2 * dilation
    int dilation; ///< 0 counts as 1
    int groups;   ///< 0 counts as 1
    bool bias;
    mkd_init weight_init; ///< zeroed struct: PyTorch's default (KAIMING_UNIFORM)
    mkd_init bias_init;   ///< zeroed struct: PyTorch's default (by the weight's fan-in)
    bool own_weight_init, own_bias_init; ///< the two above are meant
    bool exact;                          ///< stays in f32 in a bf16 plan: the last layer of a head
} mkd_conv2d_options;

/// x [N,H,W,C] -> [N,H',W',out]; parameters `name`.weight and, if asked, `name`.bias.
mkd_value mkd_conv2d(mkd_graph *g, mkd_value x, const char *name, mkd_conv2d_options options);

typedef struct mkd_conv_transpose2d_options {
    int out, kernel, stride, padding, groups;
    bool bias;
    mkd_init weight_init;
    bool own_weight_init;
} mkd_conv_transpose2d_options;

mkd_value mkd_conv_transpose2d(mkd_graph *g, mkd_value x, const char *name,
                               mkd_conv_transpose2d_options options);

typedef struct mkd_batch_norm_options {
    double epsilon;  ///< 0 counts as 1e-5
    double momentum; ///< share of the batch in the running statistics; 0 counts as 0.1
    bool relu;       ///< followed by ReLU
} mkd_batch_norm_options;

/// Over the last axis; parameters .weight, .bias, buffers .running_mean, .running_var.
mkd_value mkd_batch_norm(mkd_graph *g, mkd_value x, const char *name,
                         mkd_batch_norm_options options);

/// x [...,C] -> [...,out]; parameters .weight [out,C] and .bias.
mkd_value mkd_linear(mkd_graph *g, mkd_value x, const char *name, int out, bool bias);

mkd_value mkd_layer_norm(mkd_graph *g, mkd_value x, const char *name, double epsilon);

#ifdef __cplusplus
}
#endif

#endif
