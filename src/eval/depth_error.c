// The mean depth error of matched objects. The matching is that of nuScenes' error metrics (Caesar
// et al., "nuScenes", CVPR 2020): by ground distance, greedy in falling order of score. It needs no
// overlap of boxes, so a detection whose depth is a meter off still counts, with its error.

#include "eval/depth_error.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/status.h"
#include "eval/metric.h"

typedef struct candidate {
    double score;
    size_t index;
} candidate;

typedef struct scratch {
    candidate *candidates; ///< [max detections of a frame]
    bool *taken;           ///< [max labels of a frame]
} scratch;

static int compare_candidates(const void *left, const void *right) {
    const candidate *a = left, *b = right;
    if (a->score != b->score) {
        return a->score > b->score ? -1 : 1;
    }
    return a->index < b->index ? -1 : a->index > b->index;
}

static size_t nearest_free(const mkd_object_list *labels, const bool *taken,
                           const mkd_object *detection, int class_index, double max_distance_m) {
    size_t nearest = SIZE_MAX;
    double least_m = max_distance_m;
    for (size_t i = 0; i < labels->n; i++) {
        const mkd_object *label = &labels->at[i];
        double distance_m =
            hypot(label->box.x_m - detection->box.x_m, label->box.z_m - detection->box.z_m);
        if (!taken[i] && mkd_kitti_is_class(label, class_index) && distance_m < least_m) {
            nearest = i;
            least_m = distance_m;
        }
    }
    return nearest;
}

/// Adds one frame's sums; means are made at the end.
static void add_frame(mkd_depth_error *sum, scratch *s, const mkd_object_list *detections,
                      const mkd_object_list *labels, int class_index,
                      const mkd_depth_error_options *options) {
    size_t n = 0;
    for (size_t i = 0; i < labels->n; i++) {
        s->taken[i] = false;
        sum->n_ground_truth += mkd_kitti_is_class(&labels->at[i], class_index) &&
                               mkd_kitti_is_within(&labels->at[i], MKD_KITTI_MODERATE);
    }
    for (size_t i = 0; i < detections->n; i++) {
        const mkd_object *object = &detections->at[i];
        if (mkd_kitti_is_class(object, class_index) && object->score >= options->min_score) {
            s->candidates[n++] = (candidate){object->score, i};
        }
    }
    qsort(s->candidates, n, sizeof *s->candidates, compare_candidates);
    for (size_t i = 0; i < n; i++) {
        const mkd_object *object = &detections->at[s->candidates[i].index];
        size_t match = nearest_free(labels, s->taken, object, class_index, options->max_distance_m);
        if (match == SIZE_MAX) {
            continue;
        }
        s->taken[match] = true;
        if (mkd_kitti_is_within(&labels->at[match], MKD_KITTI_MODERATE)) {
            double error_m = object->box.z_m - labels->at[match].box.z_m;
            sum->n_matched++;
            sum->mean_abs_m += fabs(error_m);
            sum->mean_m += error_m;
        }
    }
}

int mkd_depth_error_compute(mkd_depth_error out[MKD_KITTI_CLASSES],
                            const mkd_object_list *detections, const mkd_object_list *labels,
                            size_t n_frames, mkd_depth_error_options options) {
    size_t max_detections = 0, max_labels = 0;
    for (size_t i = 0; i < n_frames; i++) {
        max_detections = detections[i].n > max_detections ? detections[i].n : max_detections;
        max_labels = labels[i].n > max_labels ? labels[i].n : max_labels;
    }
    int status = MKD_ENOMEM;
    scratch s = {
        .candidates = mkd_alloc_array(max_detections, sizeof *s.candidates),
        .taken = mkd_alloc_array(max_labels, sizeof *s.taken),
    };
    if (!s.candidates || !s.taken) {
        goto done;
    }
    for (int c = 0; c < MKD_KITTI_CLASSES; c++) {
        out[c] = (mkd_depth_error){0};
        for (size_t i = 0; i < n_frames; i++) {
            add_frame(&out[c], &s, &detections[i], &labels[i], c, &options);
        }
        if (out[c].n_matched > 0) {
            out[c].mean_abs_m /= (double)out[c].n_matched;
            out[c].mean_m /= (double)out[c].n_matched;
        }
    }
    status = 0;
done:
    mkd_free(s.candidates);
    mkd_free(s.taken);
    return status;
}

int mkd_depth_error_report(mkd_metric_report *out, const mkd_object_list *detections,
                           const mkd_object_list *labels, size_t n_frames) {
    static const char *const keys[MKD_KITTI_CLASSES] = {"car", "pedestrian", "cyclist"};
    mkd_depth_error errors[MKD_KITTI_CLASSES];
    bool first = true;
    MKD_TRY(
        mkd_depth_error_compute(errors, detections, labels, n_frames, MKD_DEPTH_ERROR_DEFAULTS));
    mkd_str_append(&out->json, "{");
    mkd_str_printf(&out->text, "depth error of matched objects (moderate, within 2 m)\n"
                               "            matched  of    mean |dz| m    mean dz m\n");
    for (int c = 0; c < MKD_KITTI_CLASSES; c++) {
        const mkd_depth_error *e = &errors[c];
        if (e->n_matched == 0) {
            mkd_str_printf(&out->text, "%-11s %7d  %-7zu %9s %12s\n", mkd_kitti_class_name(c), 0,
                           e->n_ground_truth, "-", "-");
            continue;
        }
        mkd_str_printf(&out->text, "%-11s %7zu  %-7zu %9.4f %+12.4f\n", mkd_kitti_class_name(c),
                       e->n_matched, e->n_ground_truth, e->mean_abs_m, e->mean_m);
        mkd_str_printf(&out->json,
                       "%s\"%s\": {\"matched\": %zu, \"ground_truth\": %zu, \"mean_abs_m\": %.17g, "
                       "\"mean_m\": %.17g}",
                       first ? "" : ", ", keys[c], e->n_matched, e->n_ground_truth, e->mean_abs_m,
                       e->mean_m);
        first = false;
        MKD_TRY(mkd_metric_number_add(out, e->mean_abs_m, "%s/mean_abs_m", keys[c]));
        MKD_TRY(mkd_metric_number_add(out, e->mean_m, "%s/mean_m", keys[c]));
        MKD_TRY(mkd_metric_number_add(out, (double)e->n_matched, "%s/matched", keys[c]));
    }
    mkd_str_append(&out->json, "}");
    MKD_TRY(mkd_str_status(&out->json));
    return mkd_str_status(&out->text);
}
