// Boxes from the heads of one sample.
//
// A peak is a cell whose clamped sigmoid equals the maximum of its 3x3 neighborhood. The best
// `max_detections` over all classes are read: score = heat * exp(-s), with s the depth's
// log-variance (MonoDLE's confidence; it can exceed 1). Positions go back from the canvas to the
// original image by the exact inverse of the affine map, where MonoDLE scales both axes linearly
// (up to 1.2 px off in y).

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/status.h"
#include "detect/centernet3d/centernet3d.h"

static const double stride = 4;

typedef struct peak {
    double heat;
    int64_t cell;
    int class_id;
} peak;

static int by_heat(const void *a, const void *b) {
    const peak *x = a;
    const peak *y = b;
    if (x->heat > y->heat || x->heat < y->heat) {
        return x->heat < y->heat ? 1 : -1;
    }
    // ties in the order of class and cell, so that results do not depend on the sort
    return x->class_id != y->class_id ? x->class_id - y->class_id
                                      : (x->cell > y->cell) - (x->cell < y->cell);
}

static bool is_peak(const float *logits, int height, int width, int channels, int y, int x, int c) {
    float center = logits[((int64_t)y * width + x) * channels + c];
    for (int dy = -1; dy <= 1; dy++) {
        for (int dx = -1; dx <= 1; dx++) {
            int ny = y + dy;
            int nx = x + dx;
            bool inside = ny >= 0 && ny < height && nx >= 0 && nx < width;
            if (inside && logits[((int64_t)ny * width + nx) * channels + c] > center) {
                return false;
            }
        }
    }
    return true;
}

static int64_t find_peaks(peak *out, int64_t capacity, const mkd_detector *d, const float *logits) {
    int width = (int)(d->model.width_px / 4);
    int height = (int)(d->model.height_px / 4);
    int64_t n = 0;
    for (int64_t cell = 0; cell < (int64_t)height * width; cell++) {
        for (int c = 0; c < d->n_classes; c++) {
            double heat = 1 / (1 + exp(-(double)logits[cell * d->n_classes + c]));
            heat = heat < 1e-4 ? 1e-4 : heat > 1 - 1e-4 ? 1 - 1e-4 : heat;
            if (heat >= d->model.score_threshold && n < capacity &&
                is_peak(logits, height, width, d->n_classes, (int)(cell / width),
                        (int)(cell % width), c)) {
                out[n++] = (peak){heat, cell, c};
            }
        }
    }
    qsort(out, (size_t)n, sizeof *out, by_heat);
    return n < d->model.max_detections ? n : d->model.max_detections;
}

static int best_bin(const float *logits) {
    int best = 0;
    for (int i = 1; i < MKD_HEADING_BINS; i++) {
        best = logits[i] > logits[best] ? i : best;
    }
    return best;
}

// a diverged network says NaN, which no overlap or sort downstream can take
static bool is_finite(const mkd_object *o) {
    const double sum = o->box.x_m + o->box.y_m + o->box.z_m + o->box.height_m + o->box.width_m +
                       o->box.length_m + o->box.yaw_rad + o->score + o->box_px.left_px +
                       o->box_px.top_px + o->box_px.right_px + o->box_px.bottom_px;
    return isfinite(sum);
}

// false if the box has a side that is not positive, or anything is not finite
static bool decode_peak(mkd_object *out, const mkd_detector *d, const float *const *heads,
                        const peak *p, const mkd_affine *image_from_canvas,
                        const mkd_camera *camera) {
    int width = (int)(d->model.width_px / 4);
    double x = (double)(p->cell % width);
    double y = (double)(p->cell / width);
    const float *offset_2d = heads[HEAD_OFFSET_2D] + 2 * p->cell;
    const float *size_2d = heads[HEAD_SIZE_2D] + 2 * p->cell;
    const float *depth = heads[HEAD_DEPTH] + 2 * p->cell;
    const float *offset_3d = heads[HEAD_OFFSET_3D] + 2 * p->cell;
    const float *residual = heads[HEAD_SIZE_3D] + 3 * p->cell;
    const float *heading = heads[HEAD_HEADING] + 2 * MKD_HEADING_BINS * p->cell;

    double depth_m = 1 / (1 / (1 + exp(-(double)depth[0])) + 1e-6) - 1;
    double center_canvas[2] = {(x + (double)offset_3d[0]) * stride,
                               (y + (double)offset_3d[1]) * stride};
    double center_px[2];
    double center_m[3];
    mkd_affine_apply(center_px, image_from_canvas, center_canvas);
    mkd_camera_back_project(center_m, camera, center_px, depth_m);

    double size_m[3];
    for (int i = 0; i < 3; i++) {
        size_m[i] = d->mean_size_m[p->class_id][i] + (double)residual[i];
        if (!(size_m[i] > 0)) {
            return false;
        }
    }
    int bin = best_bin(heading);
    *out = (mkd_object){.truncation = 0, .occlusion = 0};
    out->alpha_rad = mkd_heading_decode(bin, (double)heading[MKD_HEADING_BINS + bin]);
    out->box = (mkd_box3d){.x_m = center_m[0],
                           .y_m = center_m[1] + size_m[0] / 2,
                           .z_m = center_m[2],
                           .height_m = size_m[0],
                           .width_m = size_m[1],
                           .length_m = size_m[2]};
    out->box.yaw_rad = mkd_yaw_from_alpha(out->alpha_rad, center_m[0], center_m[2]);

    double corners[2][2];
    for (int i = 0; i < 2; i++) {
        double sign = i ? 0.5 : -0.5;
        double at[2] = {(x + (double)offset_2d[0] + sign * (double)size_2d[0]) * stride,
                        (y + (double)offset_2d[1] + sign * (double)size_2d[1]) * stride};
        mkd_affine_apply(corners[i], image_from_canvas, at);
    }
    out->box_px = (mkd_box2d){corners[0][0], corners[0][1], corners[1][0], corners[1][1]};
    out->score = p->heat * exp(-(double)depth[1]);
    strncpy(out->type, d->classes[p->class_id], sizeof out->type - 1);
    return is_finite(out);
}

static int by_score(const void *a, const void *b) {
    const mkd_object *x = a;
    const mkd_object *y = b;
    return (x->score < y->score) - (x->score > y->score);
}

// the box as KITTI's labels have it: cut at the image's border
static void clip_to_image(mkd_box2d *box, const mkd_camera *camera) {
    double right = camera->width_px - 1;
    double bottom = camera->height_px - 1;
    box->left_px = fmin(fmax(box->left_px, 0), right);
    box->right_px = fmin(fmax(box->right_px, 0), right);
    box->top_px = fmin(fmax(box->top_px, 0), bottom);
    box->bottom_px = fmin(fmax(box->bottom_px, 0), bottom);
}

int centernet3d_decode(mkd_object_list *out, const mkd_detector *d, const float *const *heads,
                       const mkd_augmentation *plain, const mkd_camera *camera) {
    *out = (mkd_object_list){0};
    mkd_affine image_from_canvas;
    MKD_TRY(mkd_affine_invert(&image_from_canvas, &plain->canvas_from_image));
    int64_t capacity = d->model.width_px / 4 * (d->model.height_px / 4) * d->n_classes;
    peak *peaks = mkd_alloc_array((size_t)capacity, sizeof *peaks);
    int status = peaks ? 0 : MKD_ENOMEM;
    MKD_GOTO(status);
    int64_t n = find_peaks(peaks, capacity, d, heads[HEAD_HEATMAP]);
    out->at = mkd_alloc_array((size_t)n, sizeof *out->at);
    if (!out->at) {
        status = MKD_ENOMEM;
        goto done;
    }
    for (int64_t i = 0; i < n; i++) {
        mkd_object *object = &out->at[out->n];
        if (decode_peak(object, d, heads, &peaks[i], &image_from_canvas, camera)) {
            clip_to_image(&object->box_px, camera);
            out->n++;
        }
    }
    qsort(out->at, out->n, sizeof *out->at, by_score);
done:
    mkd_free(peaks);
    return status;
}
