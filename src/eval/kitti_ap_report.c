// KITTI's average precision as JSON, as a table and as named numbers.

#include <stddef.h>
#include <string.h>

#include "base/status.h"
#include "eval/kitti_ap.h"
#include "eval/metric.h"

static const char *const class_keys[MKD_KITTI_CLASSES] = {"car", "pedestrian", "cyclist"};
static const char *const metric_keys[MKD_KITTI_METRICS] = {"bbox", "aos", "bev", "3d"};
static const char *const overlap_keys[MKD_KITTI_OVERLAPS] = {"strict", "loose"};

static void write_values(mkd_str *out, const char *key,
                         const double values[MKD_KITTI_DIFFICULTIES]) {
    mkd_str_printf(out, "\"%s\": [%.17g, %.17g, %.17g]", key, values[0], values[1], values[2]);
}

/// Opens {"key": on first use and continues with a comma after that.
static void write_key(mkd_str *out, bool *first, const char *key) {
    mkd_str_printf(out, "%s\"%s\": ", *first ? "{" : ", ", key);
    *first = false;
}

static void write_class(mkd_str *out, bool *first_class, const char *key,
                        const mkd_kitti_score scores[MKD_KITTI_METRICS]) {
    bool first = true;
    for (int m = 0; m < MKD_KITTI_METRICS; m++) {
        if (!scores[m].present) {
            continue;
        }
        if (first) {
            write_key(out, first_class, key);
        }
        write_key(out, &first, metric_keys[m]);
        mkd_str_append(out, "{");
        write_values(out, "R11", scores[m].r11);
        mkd_str_append(out, ", ");
        write_values(out, "R40", scores[m].r40);
        mkd_str_append(out, "}");
    }
    if (!first) {
        mkd_str_append(out, "}");
    }
}

int mkd_kitti_ap_json(mkd_str *out, const mkd_kitti_ap *ap) {
    bool first_overlap = true;
    mkd_str_printf(out, "{\"frames\": %zu, \"results\": ", ap->n_frames);
    for (int o = 0; o < MKD_KITTI_OVERLAPS; o++) {
        bool first = true;
        write_key(out, &first_overlap, overlap_keys[o]);
        for (int c = 0; c < MKD_KITTI_CLASSES; c++) {
            write_class(out, &first, class_keys[c], ap->scores[o][c]);
        }
        mkd_str_append(out, first ? "{}" : "}");
    }
    mkd_str_append(out, "}}");
    return mkd_str_status(out);
}

static void write_row(mkd_str *out, const mkd_kitti_score *score, const char *metric,
                      double overlap, bool r11) {
    const double *ap = r11 ? score->r11 : score->r40;
    mkd_str_printf(out, "            %-5s IoU > %.2f %11.4f %11.4f %11.4f\n", metric, overlap,
                   ap[0], ap[1], ap[2]);
}

static bool write_class_rows(mkd_str *out, const mkd_kitti_ap *ap, int c, bool r11) {
    static const double overlaps[MKD_KITTI_OVERLAPS][MKD_KITTI_CLASSES] = {{0.7, 0.5, 0.5},
                                                                           {0.5, 0.25, 0.25}};
    const size_t *n = ap->n_ground_truth[c];
    bool few = false, any = false;
    mkd_str_printf(out, "%-11s ground truth     %11zu %11zu %11zu\n", mkd_kitti_class_name(c), n[0],
                   n[1], n[2]);
    for (int o = 0; o < MKD_KITTI_OVERLAPS; o++) {
        for (int m = 0; m < MKD_KITTI_METRICS; m++) {
            const mkd_kitti_score *score = &ap->scores[o][c][m];
            // the image metrics are the same in both sets
            if (score->present && (o == MKD_KITTI_STRICT || m >= MKD_KITTI_BEV)) {
                bool in_image = m == MKD_KITTI_BBOX || m == MKD_KITTI_AOS;
                write_row(out, score, metric_keys[m], overlaps[in_image ? 0 : o][c], r11);
                any = true;
            }
        }
    }
    if (!any) {
        mkd_str_append(out, "            no detection, no number\n");
    }
    for (int k = 0; k < MKD_KITTI_DIFFICULTIES; k++) {
        few = few || (any && n[k] < MKD_KITTI_SAMPLES);
    }
    return few;
}

int mkd_kitti_ap_table(mkd_str *out, const mkd_kitti_ap *ap, bool r11) {
    bool few = false;
    mkd_str_printf(out, "AP %s, percent, %6zu frame%s   %11s %11s %11s\n", r11 ? "R11" : "R40",
                   ap->n_frames, ap->n_frames == 1 ? " " : "s", "easy", "moderate", "hard");
    for (int c = 0; c < MKD_KITTI_CLASSES; c++) {
        few = write_class_rows(out, ap, c, r11) || few;
    }
    if (few) {
        mkd_str_append(out,
                       "A class with n < 41 objects of ground truth cannot reach 100: its curve "
                       "has at most n of 41 samples.\n");
    }
    return mkd_str_status(out);
}

static int add_numbers(mkd_metric_report *out, const mkd_kitti_ap *ap) {
    for (int o = 0; o < MKD_KITTI_OVERLAPS; o++) {
        for (int c = 0; c < MKD_KITTI_CLASSES; c++) {
            for (int m = 0; m < MKD_KITTI_METRICS; m++) {
                const mkd_kitti_score *score = &ap->scores[o][c][m];
                for (int k = 0; score->present && k < MKD_KITTI_DIFFICULTIES; k++) {
                    const char *level = mkd_kitti_difficulty_name(k);
                    MKD_TRY(mkd_metric_number_add(out, score->r40[k], "%s/%s/%s/R40/%s",
                                                  class_keys[c], metric_keys[m], overlap_keys[o],
                                                  level));
                    MKD_TRY(mkd_metric_number_add(out, score->r11[k], "%s/%s/%s/R11/%s",
                                                  class_keys[c], metric_keys[m], overlap_keys[o],
                                                  level));
                }
            }
        }
    }
    return 0;
}

int mkd_kitti_ap_report(mkd_metric_report *out, const mkd_object_list *detections,
                        const mkd_object_list *labels, size_t n_frames) {
    mkd_kitti_ap ap;
    MKD_TRY(mkd_kitti_ap_compute(&ap, detections, labels, n_frames));
    MKD_TRY(mkd_kitti_ap_json(&out->json, &ap));
    MKD_TRY(mkd_kitti_ap_table(&out->text, &ap, false));
    return add_numbers(out, &ap);
}
