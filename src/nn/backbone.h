/// Backbones with their necks: image to one feature map, with taps on the way.
#ifndef MKD_NN_BACKBONE_H
#define MKD_NN_BACKBONE_H

#include "nn/layers.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { MKD_MAX_TAPS = 8 };

/// A feature map that a distillation method may look at.
typedef struct mkd_feature_tap {
    const char *name; ///< "stride4", "stride8", ...
    int stride;
    mkd_value value; ///< [N, H/stride, W/stride, C]
} mkd_feature_tap;

typedef struct mkd_features {
    mkd_value map; ///< what heads see: [N, H/stride, W/stride, C]
    int stride;
    mkd_feature_tap taps[MKD_MAX_TAPS]; ///< rising stride
    int n_taps;
} mkd_features;

/// One line of backbones.def, one file in backbones/.
typedef struct mkd_backbone {
    const char *name;
    const char *summary;
    int divisor; ///< height and width of the image must be multiples of this
    /// image [N,H,W,3]; parameters below "backbone." and below `neck` ("neck", "feat_up")
    void (*build)(mkd_features *out, mkd_graph *g, mkd_value image, const char *neck);
} mkd_backbone;

/// By name; an unknown one names the nearest.
int mkd_backbone_find(const mkd_backbone **out, const char *name) MKD_NODISCARD;
/// All, NULL-ended.
const mkd_backbone *const *mkd_backbones(void);

#ifdef __cplusplus
}
#endif

#endif
