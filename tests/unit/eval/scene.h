/// Small scenes for the metrics' tests: frames with a few objects that are written down in place.
#ifndef MKD_TESTS_EVAL_SCENE_H
#define MKD_TESTS_EVAL_SCENE_H

#include <stdio.h>
#include <string.h>

#include "data/frame.h"

enum { SCENE_FRAMES = 128, SCENE_OBJECTS = 4 };

typedef struct scene {
    mkd_object label_store[SCENE_FRAMES][SCENE_OBJECTS];
    mkd_object detection_store[SCENE_FRAMES][SCENE_OBJECTS];
    mkd_object_list labels[SCENE_FRAMES], detections[SCENE_FRAMES];
    size_t n_frames;
} scene;

/// A visible car 60 px high, 20 m ahead; `x_m` moves it on the ground and 10 px a meter in the
/// image.
static inline mkd_object car_at(double x_m) {
    return (mkd_object){
        .type = "Car",
        .alpha_rad = -1.5,
        .box_px = {100 + 10 * x_m, 150, 200 + 10 * x_m, 210},
        .box = {x_m, 1.6, 20, 1.5, 1.6, 4, 0},
    };
}

static inline mkd_object typed(const char *type, mkd_object object) {
    snprintf(object.type, sizeof object.type, "%s", type);
    return object;
}

static inline mkd_object scored(double score, mkd_object object) {
    object.score = score;
    return object;
}

static inline mkd_object turned(double alpha_rad, mkd_object object) {
    object.alpha_rad = alpha_rad;
    return object;
}

/// Image box of the given height, its top where it was.
static inline mkd_object high(double height_px, mkd_object object) {
    object.box_px.bottom_px = object.box_px.top_px + height_px;
    return object;
}

static inline mkd_object dont_care(double left_px, double top_px, double right_px,
                                   double bottom_px) {
    return (mkd_object){
        .type = "DontCare",
        .truncation = -1,
        .occlusion = -1,
        .alpha_rad = -10,
        .box_px = {left_px, top_px, right_px, bottom_px},
        .box = {-1000, -1000, -1000, -1, -1, -1, -10},
    };
}

static inline void add_label(scene *s, size_t frame, mkd_object object) {
    mkd_object_list *list = &s->labels[frame];
    list->at = s->label_store[frame];
    list->at[list->n++] = object;
    s->n_frames = frame + 1 > s->n_frames ? frame + 1 : s->n_frames;
}

static inline void add_detection(scene *s, size_t frame, double score, mkd_object object) {
    mkd_object_list *list = &s->detections[frame];
    list->at = s->detection_store[frame];
    list->at[list->n++] = scored(score, object);
    s->n_frames = frame + 1 > s->n_frames ? frame + 1 : s->n_frames;
}

#endif
