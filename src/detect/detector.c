#include "detect/detector.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/status.h"
#include "data/dataset.h"

#define MKD_DETECTOR(name) extern const mkd_detector_driver mkd_detector_##name;
#include "detect/detectors.def"
#undef MKD_DETECTOR

static const double depth_unit_m = 80;
static const double nearest_m = 2;

const mkd_option mkd_model_option_table[] = {
    {"detector", MKD_OPTION_STRING, offsetof(mkd_model_options, detector), "centernet3d", 0, 0,
     NULL, "", "which detector; `monokd list` names them"},
    {"backbone", MKD_OPTION_STRING, offsetof(mkd_model_options, backbone), "dla34", 0, 0, NULL, "",
     "which backbone and neck"},
    {"sees", MKD_OPTION_CHOICE, offsetof(mkd_model_options, sees), "image", 0, 0, "image|depth", "",
     "the network's input: the camera image, or the completed LiDAR depth map"},
    {"width_px", MKD_OPTION_INT, offsetof(mkd_model_options, width_px), "1280", 32, 8192, NULL,
     "px", "width of the network's input"},
    {"height_px", MKD_OPTION_INT, offsetof(mkd_model_options, height_px), "384", 32, 8192, NULL,
     "px", "height of the network's input"},
    {"classes", MKD_OPTION_STRINGS, offsetof(mkd_model_options, classes),
     "[Car, Pedestrian, Cyclist]", 0, 0, NULL, "", "what to detect"},
    {"min_box_height_px", MKD_OPTION_FLOAT, offsetof(mkd_model_options, min_box_height_px), "25", 0,
     4096, NULL, "px", "objects with a lower box are not trained on"},
    {"max_depth_m", MKD_OPTION_FLOAT, offsetof(mkd_model_options, max_depth_m), "65", 3, 1000, NULL,
     "m", "objects farther away are not trained on"},
    {"score_threshold", MKD_OPTION_FLOAT, offsetof(mkd_model_options, score_threshold), "0.2", 0, 1,
     NULL, "", "heat-map score below which a peak is no detection"},
    {"max_detections", MKD_OPTION_INT, offsetof(mkd_model_options, max_detections), "50", 1, 1000,
     NULL, "", "peaks that are looked at per frame"},
    {0}};

// KITTI's mean sizes, height, width, length: the first three as the MonoDLE family uses them, Van
// and Truck as Frustum PointNets lists them
static const struct {
    const char *name;
    double size_m[3];
} mean_sizes[] = {
    {"Car", {1.52563191, 1.62856740, 3.88311640}},
    {"Pedestrian", {1.76255119, 0.66068622, 0.84422524}},
    {"Cyclist", {1.73698127, 0.59706367, 1.76282397}},
    {"Van", {2.20532825, 1.90071580, 5.06763659}},
    {"Truck", {3.25205950, 2.58549199, 10.13586957}},
};

const mkd_detector_driver *const *mkd_detectors(void) {
    static const mkd_detector_driver *const all[] = {
#define MKD_DETECTOR(name) &mkd_detector_##name,
#include "detect/detectors.def"
#undef MKD_DETECTOR
        NULL,
    };
    return all;
}

int mkd_detector_find(const mkd_detector_driver **out, const char *name) {
    const char *names[32];
    size_t n = 0;
    for (const mkd_detector_driver *const *d = mkd_detectors(); *d; d++) {
        if (strcmp((*d)->name, name) == 0) {
            *out = *d;
            return 0;
        }
        names[n++] = (*d)->name;
    }
    return mkd_unknown_name("detector", name, names, n);
}

static int add_class(mkd_detector *d, const char *name) {
    const char *names[MKD_COUNT(mean_sizes)];
    for (size_t i = 0; i < MKD_COUNT(mean_sizes); i++) {
        names[i] = mean_sizes[i].name;
        if (strcmp(name, names[i]) == 0) {
            memcpy(d->mean_size_m[d->n_classes], mean_sizes[i].size_m, sizeof mean_sizes[i].size_m);
            d->classes[d->n_classes++] = names[i];
            return 0;
        }
    }
    const char *nearest = mkd_nearest_name(name, names, MKD_COUNT(mean_sizes));
    MKD_FAIL(MKD_EINVAL, "model.classes: there is no class '%s'%s%s", name,
             nearest ? ", the nearest is " : "", nearest ? nearest : "");
}

int mkd_detector_init(mkd_detector *out, const mkd_model_options *model,
                      const void *driver_options) {
    *out = (mkd_detector){.model = *model, .options = driver_options};
    MKD_TRY(mkd_detector_find(&out->driver, model->detector));
    MKD_TRY(mkd_backbone_find(&out->backbone, model->backbone));
    int divisor = out->backbone->divisor;
    if (model->width_px % divisor || model->height_px % divisor) {
        MKD_FAIL(MKD_EINVAL, "model size is %lld x %lld px, backbone %s needs multiples of %d",
                 (long long)model->width_px, (long long)model->height_px, out->backbone->name,
                 divisor);
    }
    if (model->classes.n < 1 || model->classes.n > MKD_MAX_CLASSES) {
        MKD_FAIL(MKD_EINVAL, "model.classes names %zu classes, expected 1 to %d", model->classes.n,
                 MKD_MAX_CLASSES);
    }
    for (size_t i = 0; i < model->classes.n; i++) {
        MKD_TRY(add_class(out, model->classes.at[i]));
    }
    return 0;
}

void mkd_field_add(mkd_field_list *list, const char *name, mkd_dtype dtype, mkd_shape shape) {
    for (int i = 0; i < list->n; i++) {
        if (strcmp(list->at[i].name, name) == 0) {
            return; // two parts may ask for the same field
        }
    }
    if (list->n < MKD_MAX_FIELDS) {
        list->at[list->n++] = (mkd_batch_field){name, dtype, shape};
    }
}

void *mkd_sample_slot(const mkd_sample_slots *slots, const char *name) {
    for (int i = 0; i < slots->fields->n; i++) {
        if (strcmp(slots->fields->at[i].name, name) == 0) {
            return slots->data[i];
        }
    }
    return NULL;
}

mkd_value mkd_detection_head(const mkd_detection *detection, const char *name) {
    for (int i = 0; i < detection->n_heads; i++) {
        if (strcmp(detection->heads[i].name, name) == 0) {
            return detection->heads[i].value;
        }
    }
    return MKD_NONE;
}

void mkd_loss_add(mkd_loss_terms *terms, const char *name, mkd_value value, double weight) {
    if (terms->n < MKD_MAX_TERMS) {
        terms->at[terms->n].name = name;
        terms->at[terms->n].value = value;
        terms->at[terms->n++].weight = weight;
    }
}

mkd_value mkd_loss_total(mkd_graph *g, const mkd_loss_terms *terms) {
    mkd_value total = MKD_NONE;
    for (int i = 0; i < terms->n; i++) {
        mkd_value part = mkd_scale(g, terms->at[i].value, terms->at[i].weight);
        total = total.id < 0 ? part : mkd_add(g, total, part);
    }
    return total;
}

const char *mkd_detector_input_name(const mkd_detector *d) {
    return d->model.sees == MKD_SEES_DEPTH ? "depth" : "image";
}

unsigned mkd_detector_reads(const mkd_detector *d) {
    return d->model.sees == MKD_SEES_DEPTH ? MKD_READ_DEPTH : MKD_READ_IMAGE;
}

void mkd_detector_fields(mkd_field_list *out, const mkd_detector *d, bool with_targets) {
    mkd_field_add(out, mkd_detector_input_name(d), MKD_F32,
                  MKD_SHAPE(d->model.height_px, d->model.width_px, 3));
    if (with_targets) {
        d->driver->fields(out, d);
    }
}

static int encode_depth(float *out, const mkd_detector *d, const mkd_scene *scene) {
    size_t n = (size_t)(d->model.width_px * d->model.height_px);
    float *depth_m = mkd_alloc_array(n, sizeof *depth_m);
    if (!depth_m) {
        return MKD_ENOMEM;
    }
    int status = mkd_augment_depth(depth_m, &scene->frame->views[0].depth, &scene->augmentation);
    // a crop of scale s shows things s times nearer than they are: their depths go with it
    float scale = (float)(scene->augmentation.crop_scale / depth_unit_m);
    for (size_t i = 0; i < n; i++) {
        out[3 * i] = out[3 * i + 1] = out[3 * i + 2] = depth_m[i] * scale;
    }
    mkd_free(depth_m);
    return status;
}

int mkd_detector_encode_input(const mkd_sample_slots *slots, const mkd_detector *d,
                              const mkd_scene *scene) {
    float *out = mkd_sample_slot(slots, mkd_detector_input_name(d));
    if (!out) {
        return 0;
    }
    return d->model.sees == MKD_SEES_DEPTH
               ? encode_depth(out, d, scene)
               : mkd_augment_image(out, &scene->frame->views[0].image, &scene->augmentation,
                                   &mkd_color_norm_imagenet);
}

int mkd_detector_class_of(const mkd_detector *d, const mkd_object *original) {
    const mkd_object *o = original;
    double height_px = o->box_px.bottom_px - o->box_px.top_px;
    if (o->occlusion > 2 || o->truncation > 0.5 || height_px < d->model.min_box_height_px ||
        o->box.z_m < nearest_m || o->box.z_m > d->model.max_depth_m) {
        return -1;
    }
    for (int i = 0; i < d->n_classes; i++) {
        if (strcmp(o->type, d->classes[i]) == 0) {
            return i;
        }
    }
    return -1;
}
