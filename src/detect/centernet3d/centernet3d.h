// What the parts of detector `centernet3d` share.
#ifndef MKD_DETECT_CENTERNET3D_H
#define MKD_DETECT_CENTERNET3D_H

#include "detect/detector.h"
#include "detect/heading.h"

enum { CENTERNET3D_MAX_OBJECTS = 50 };

typedef struct centernet3d_options {
    int64_t head_channels;
    double depth_prior_m; // 0: none
    bool train_3d_on_crops;
    double heatmap_weight, offset_2d_weight, size_2d_weight, depth_weight, offset_3d_weight,
        size_3d_weight, heading_weight;
} centernet3d_options;

// Heads in the order of mkd_detection, with their channels; the heat map has one per class.
enum centernet3d_head {
    HEAD_HEATMAP,
    HEAD_OFFSET_2D,
    HEAD_SIZE_2D,
    HEAD_DEPTH,
    HEAD_OFFSET_3D,
    HEAD_SIZE_3D,
    HEAD_HEADING,
    N_HEADS
};

extern const struct centernet3d_head_row {
    const char *name;
    int channels;
} centernet3d_heads[N_HEADS];

void centernet3d_fields(mkd_field_list *out, const mkd_detector *d);
void centernet3d_build(mkd_detection *out, mkd_graph *g, const mkd_detector *d, mkd_value input);
int centernet3d_encode(const mkd_sample_slots *out, const mkd_detector *d, const mkd_scene *scene);
void centernet3d_loss(mkd_loss_terms *out, mkd_graph *g, const mkd_detector *d,
                      const mkd_detection *detection);
int centernet3d_decode(mkd_object_list *out, const mkd_detector *d, const float *const *heads,
                       const mkd_augmentation *plain, const mkd_camera *camera);

#endif
