// Targets of centernet3d. Everything is in units of the feature map (canvas / 4) except metres and
// radians; ci = (int)c3 truncates toward zero as the published code does, so a center just left of
// the canvas still counts for its first column.

#include <math.h>

#include "base/alloc.h"
#include "base/status.h"
#include "detect/centernet3d/centernet3d.h"
#include "detect/gaussian.h"

static const double stride = 4;
static const double gaussian_overlap = 0.7;

typedef struct target_slots {
    float *heatmap, *mask, *mask_3d, *offset_2d, *size_2d, *depth, *offset_3d, *size_3d,
        *mean_size_3d, *heading_residual;
    int32_t *index, *heading_bin;
} target_slots;

static target_slots find_slots(const mkd_sample_slots *s) {
    return (target_slots){.heatmap = mkd_sample_slot(s, "target.heatmap"),
                          .mask = mkd_sample_slot(s, "target.mask"),
                          .mask_3d = mkd_sample_slot(s, "target.mask_3d"),
                          .offset_2d = mkd_sample_slot(s, "target.offset_2d"),
                          .size_2d = mkd_sample_slot(s, "target.size_2d"),
                          .depth = mkd_sample_slot(s, "target.depth"),
                          .offset_3d = mkd_sample_slot(s, "target.offset_3d"),
                          .size_3d = mkd_sample_slot(s, "target.size_3d"),
                          .mean_size_3d = mkd_sample_slot(s, "target.mean_size_3d"),
                          .heading_residual = mkd_sample_slot(s, "target.heading_residual"),
                          .index = mkd_sample_slot(s, "target.index"),
                          .heading_bin = mkd_sample_slot(s, "target.heading_bin")};
}

// writes object k; false if its center lies outside the map
static bool encode_object(target_slots *t, int k, const mkd_detector *d, const mkd_scene *scene,
                          const mkd_object *object, int class_id) {
    const centernet3d_options *o = d->options;
    int width = (int)(d->model.width_px / 4);
    int height = (int)(d->model.height_px / 4);
    double center_m[3];
    double c3_px[2];
    mkd_box3d_center(center_m, &object->box);
    mkd_camera_project(c3_px, &scene->camera, center_m);
    double c3[2] = {c3_px[0] / stride, c3_px[1] / stride};
    if (!(c3[0] > -1) || !(c3[1] > -1) || !(c3[0] < width) || !(c3[1] < height)) {
        return false;
    }
    int ci[2] = {(int)c3[0], (int)c3[1]};
    const mkd_box2d *b = &object->box_px;
    double box_width = (b->right_px - b->left_px) / stride;
    double box_height = (b->bottom_px - b->top_px) / stride;
    double c2[2] = {(b->left_px + b->right_px) / 2 / stride,
                    (b->top_px + b->bottom_px) / 2 / stride};
    int radius = mkd_gaussian_radius(box_height, box_width, gaussian_overlap);
    mkd_gaussian_draw(t->heatmap, height, width, d->n_classes, class_id, ci[0], ci[1], radius);

    bool is_crop = fabs(scene->augmentation.crop_scale - 1) > 1e-9;
    t->index[k] = ci[1] * width + ci[0];
    t->mask[k] = 1;
    t->mask_3d[k] = is_crop && !o->train_3d_on_crops ? 0 : 1;
    t->size_2d[2 * k] = (float)box_width;
    t->size_2d[2 * k + 1] = (float)box_height;
    t->depth[k] = (float)(object->box.z_m * scene->augmentation.crop_scale);
    for (int i = 0; i < 2; i++) {
        t->offset_2d[2 * k + i] = (float)(c2[i] - ci[i]);
        t->offset_3d[2 * k + i] = (float)(c3[i] - ci[i]);
    }
    const double size_m[3] = {object->box.height_m, object->box.width_m, object->box.length_m};
    for (int i = 0; i < 3; i++) {
        t->size_3d[3 * k + i] = (float)size_m[i];
        t->mean_size_3d[3 * k + i] = (float)d->mean_size_m[class_id][i];
    }
    int bin;
    double residual;
    mkd_heading_encode(&bin, &residual,
                       mkd_alpha_from_yaw(object->box.yaw_rad, object->box.x_m, object->box.z_m));
    t->heading_bin[k] = bin;
    t->heading_residual[k] = (float)residual;
    return true;
}

int centernet3d_encode(const mkd_sample_slots *out, const mkd_detector *d, const mkd_scene *scene) {
    target_slots t = find_slots(out);
    for (int i = 0; i < CENTERNET3D_MAX_OBJECTS * 3; i++) {
        t.size_3d[i] = 1; // dead rows are divided by too
    }
    int k = 0;
    for (size_t i = 0; i < scene->objects.n && k < CENTERNET3D_MAX_OBJECTS; i++) {
        int class_id = mkd_detector_class_of(d, &scene->frame->objects.at[i]);
        if (class_id >= 0) {
            k += encode_object(&t, k, d, scene, &scene->objects.at[i], class_id);
        }
    }
    return 0;
}
