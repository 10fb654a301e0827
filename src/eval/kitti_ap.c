// KITTI's object evaluation: Geiger, Lenz, Urtasun, "Are we ready for autonomous driving?", CVPR
// 2012; BEV and 3D since 2017; R40 since 2019 (Simonelli et al., "Disentangling monocular 3D object
// detection", ICCV 2019). Every rule below is the official kit's, its quirks included.
//
// For one class, metric and difficulty:
//   1. Each label of the class is valid or ignored (beyond the difficulty's limits, or of the
//   class's
//      neighbor: a detection on a van is not a false car). Each detection is valid, ignored (less
//      high in the image than the limit, whatever its class) or out.
//   2. First matching, without a threshold: labels in file order take the best *scored* detection
//   that
//      overlaps enough. The scores of the true positives give up to 41 thresholds, one for each
//      step of 1/40 in recall.
//   3. Second matching at every threshold: labels take the best *overlapping* detection, valid ones
//      before ignored ones. Precision and orientation similarity follow from the counts.
//   4. The precisions' envelope from the right, sampled at 11 or 40 of the 41 places.
//
// Where we differ: not in results. Overlaps are exact (the official kit rounds within 4e-7), and
// they are computed once for each pair of a class, not once for each threshold; only pairs above
// the least threshold are kept. Labels and detections of all frames lie in one array each, since
// pairs never leave a frame.
//
//   label_flag / detection_flag[difficulty]   VALID, IGNORED, OUT
//   pairs.begin[g] .. begin[g + 1]            label g's detections in file order
//   used[d]                                   detection d is taken at this threshold

#include "eval/kitti_ap.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/status.h"
#include "geom/iou.h"

enum { VALID, IGNORED, OUT };

static const char *const class_names[MKD_KITTI_CLASSES] = {"Car", "Pedestrian", "Cyclist"};
static const char *const neighbor_names[MKD_KITTI_CLASSES] = {"Van", "Person_sitting", NULL};
static const char *const difficulty_names[MKD_KITTI_DIFFICULTIES] = {"easy", "moderate", "hard"};

static const double min_height_px[MKD_KITTI_DIFFICULTIES] = {40, 25, 25};
static const int max_occlusion[MKD_KITTI_DIFFICULTIES] = {0, 1, 2};
static const double max_truncation[MKD_KITTI_DIFFICULTIES] = {0.15, 0.30, 0.50};

static const double strict_overlap[MKD_KITTI_CLASSES] = {0.7, 0.5, 0.5};
static const double loose_overlap[MKD_KITTI_CLASSES] = {0.5, 0.25, 0.25};

typedef struct label {
    const mkd_object *object;
    uint8_t flag[MKD_KITTI_DIFFICULTIES];
} label;

typedef struct detection {
    const mkd_object *object;
    double score;
    uint8_t flag[MKD_KITTI_DIFFICULTIES];
    bool forgiven; ///< lies in a DontCare region: no false positive in the image
} detection;

typedef struct pair {
    size_t detection;
    double overlap;
} pair;

/// What one class sees of all frames: labels and detections that are not OUT at every difficulty.
typedef struct class_view {
    label *labels;
    detection *detections;
    size_t *label_begin, *detection_begin; ///< [n_frames + 1]
    size_t n_labels, n_detections, n_frames;
    pair *pairs; ///< of the current metric
    size_t n_pairs, pair_capacity;
    size_t *pair_begin; ///< [n_labels + 1]
    bool *used;         ///< [n_detections]
    double *scores;     ///< [n_labels]
} class_view;

typedef struct counts {
    size_t true_positives, false_positives;
    double similarity;
} counts;

const char *mkd_kitti_class_name(int class_index) {
    return class_names[class_index];
}

const char *mkd_kitti_difficulty_name(int difficulty) {
    return difficulty_names[difficulty];
}

bool mkd_kitti_is_class(const mkd_object *object, int class_index) {
    return strcasecmp(object->type, class_names[class_index]) == 0;
}

bool mkd_kitti_is_within(const mkd_object *object, int difficulty) {
    double height_px = object->box_px.bottom_px - object->box_px.top_px;
    return height_px > min_height_px[difficulty] &&
           object->occlusion <= max_occlusion[difficulty] &&
           object->truncation <= max_truncation[difficulty];
}

static bool is_neighbor(const mkd_object *object, int class_index) {
    const char *name = neighbor_names[class_index];
    return name && strcasecmp(object->type, name) == 0;
}

static void add_labels(class_view *view, size_t *n_ground_truth, const mkd_object_list *list,
                       int class_index) {
    for (size_t i = 0; i < list->n; i++) {
        const mkd_object *object = &list->at[i];
        bool of_class = mkd_kitti_is_class(object, class_index);
        if (!of_class && !is_neighbor(object, class_index)) {
            continue;
        }
        label *added = &view->labels[view->n_labels++];
        added->object = object;
        for (int k = 0; k < MKD_KITTI_DIFFICULTIES; k++) {
            bool valid = of_class && mkd_kitti_is_within(object, k);
            added->flag[k] = valid ? VALID : IGNORED;
            n_ground_truth[k] += valid;
        }
    }
}

static bool lies_in_dont_care(const mkd_object *object, const mkd_object_list *labels,
                              double min_coverage) {
    for (size_t i = 0; i < labels->n; i++) {
        if (strcasecmp(labels->at[i].type, "DontCare") == 0 &&
            mkd_coverage_2d(&object->box_px, &labels->at[i].box_px) > min_coverage) {
            return true;
        }
    }
    return false;
}

static void add_detections(class_view *view, const mkd_object_list *list,
                           const mkd_object_list *labels, int class_index) {
    for (size_t i = 0; i < list->n; i++) {
        const mkd_object *object = &list->at[i];
        bool of_class = mkd_kitti_is_class(object, class_index);
        double height_px = fabs(object->box_px.top_px - object->box_px.bottom_px);
        detection added = {.object = object, .score = object->score};
        bool wanted = false;
        for (int k = 0; k < MKD_KITTI_DIFFICULTIES; k++) {
            // the kit cuts the height to whole pixels, which changes nothing: limits are whole.
            // Small detections of other classes stay: they can take a label and so silence it.
            bool small = height_px < min_height_px[k];
            added.flag[k] = (uint8_t)(small ? IGNORED : of_class ? VALID : OUT);
            wanted = wanted || added.flag[k] != OUT;
        }
        if (wanted) {
            added.forgiven =
                of_class && lies_in_dont_care(object, labels, strict_overlap[class_index]);
            view->detections[view->n_detections++] = added;
        }
    }
}

static void view_free(class_view *view) {
    mkd_free(view->labels);
    mkd_free(view->detections);
    mkd_free(view->label_begin);
    mkd_free(view->detection_begin);
    mkd_free(view->pairs);
    mkd_free(view->pair_begin);
    mkd_free(view->used);
    mkd_free(view->scores);
    *view = (class_view){0};
}

static int view_new(class_view *view, const mkd_object_list *detections,
                    const mkd_object_list *labels, size_t n_frames) {
    size_t max_labels = 0, max_detections = 0;
    for (size_t i = 0; i < n_frames; i++) {
        max_labels += labels[i].n;
        max_detections += detections[i].n;
    }
    view->n_frames = n_frames;
    view->labels = mkd_alloc_array(max_labels, sizeof *view->labels);
    view->detections = mkd_alloc_array(max_detections, sizeof *view->detections);
    view->label_begin = mkd_alloc_array(n_frames + 1, sizeof *view->label_begin);
    view->detection_begin = mkd_alloc_array(n_frames + 1, sizeof *view->detection_begin);
    view->pair_begin = mkd_alloc_array(max_labels + 1, sizeof *view->pair_begin);
    view->used = mkd_alloc_array(max_detections, sizeof *view->used);
    view->scores = mkd_alloc_array(max_labels, sizeof *view->scores);
    bool whole = view->labels && view->detections && view->label_begin && view->detection_begin &&
                 view->pair_begin && view->used && view->scores;
    return whole ? 0 : MKD_ENOMEM;
}

static void view_fill(class_view *view, size_t *n_ground_truth, const mkd_object_list *detections,
                      const mkd_object_list *labels, int class_index) {
    view->n_labels = view->n_detections = 0;
    for (size_t i = 0; i < view->n_frames; i++) {
        view->label_begin[i] = view->n_labels;
        view->detection_begin[i] = view->n_detections;
        add_labels(view, n_ground_truth, &labels[i], class_index);
        add_detections(view, &detections[i], &labels[i], class_index);
    }
    view->label_begin[view->n_frames] = view->n_labels;
    view->detection_begin[view->n_frames] = view->n_detections;
}

static double overlap_of(const mkd_object *a, const mkd_object *b, int metric) {
    switch (metric) {
    case MKD_KITTI_BEV:
        return mkd_iou_bev(&a->box, &b->box);
    case MKD_KITTI_3D:
        return mkd_iou_3d(&a->box, &b->box);
    default:
        return mkd_iou_2d(&a->box_px, &b->box_px);
    }
}

static int add_pair(class_view *view, size_t d, double overlap) {
    if (view->n_pairs == view->pair_capacity) {
        size_t capacity = view->pair_capacity ? 2 * view->pair_capacity : 1024;
        pair *grown = mkd_realloc_array(view->pairs, capacity, sizeof *grown);
        if (!grown) {
            return MKD_ENOMEM;
        }
        view->pairs = grown;
        view->pair_capacity = capacity;
    }
    view->pairs[view->n_pairs++] = (pair){d, overlap};
    return 0;
}

/// Keeps every pair of a label and a detection of one frame that overlaps more than `least`.
static int find_pairs(class_view *view, int metric, double least) {
    view->n_pairs = 0;
    for (size_t frame = 0; frame < view->n_frames; frame++) {
        for (size_t g = view->label_begin[frame]; g < view->label_begin[frame + 1]; g++) {
            view->pair_begin[g] = view->n_pairs;
            for (size_t d = view->detection_begin[frame]; d < view->detection_begin[frame + 1];
                 d++) {
                double overlap =
                    overlap_of(view->detections[d].object, view->labels[g].object, metric);
                if (overlap > least) {
                    MKD_TRY(add_pair(view, d, overlap));
                }
            }
        }
    }
    view->pair_begin[view->n_labels] = view->n_pairs;
    return 0;
}

/// First matching: fills view->scores with the true positives' scores and returns their number.
static size_t match_by_score(class_view *view, double min_overlap, int difficulty) {
    size_t n_scores = 0;
    memset(view->used, 0, view->n_detections * sizeof *view->used);
    for (size_t g = 0; g < view->n_labels; g++) {
        size_t best = SIZE_MAX;
        double best_score = -1e7; // the kit's "no detection": nothing below it is seen
        for (size_t i = view->pair_begin[g]; i < view->pair_begin[g + 1]; i++) {
            size_t d = view->pairs[i].detection;
            const detection *found = &view->detections[d];
            if (found->flag[difficulty] != OUT && !view->used[d] &&
                view->pairs[i].overlap > min_overlap && found->score > best_score) {
                best = d;
                best_score = found->score;
            }
        }
        if (best == SIZE_MAX) {
            continue;
        }
        view->used[best] = true;
        if (view->labels[g].flag[difficulty] == VALID &&
            view->detections[best].flag[difficulty] == VALID) {
            view->scores[n_scores++] = best_score;
        }
    }
    return n_scores;
}

static int compare_falling(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return a > b ? -1 : a < b;
}

/// The scores at which recall comes nearest to 0, 1/40, 2/40, ...; sorts `scores`.
static size_t choose_thresholds(double thresholds[MKD_KITTI_SAMPLES], double *scores, size_t n,
                                size_t n_ground_truth) {
    size_t n_thresholds = 0;
    double wanted = 0, whole = (double)n_ground_truth;
    qsort(scores, n, sizeof *scores, compare_falling);
    for (size_t i = 0; i < n && n_thresholds < MKD_KITTI_SAMPLES; i++) {
        bool last = i + 1 == n;
        double here = (double)(i + 1) / whole, next = last ? here : (double)(i + 2) / whole;
        if (!last && next - wanted < wanted - here) {
            continue;
        }
        thresholds[n_thresholds++] = scores[i];
        wanted += 1.0 / (MKD_KITTI_SAMPLES - 1);
    }
    return n_thresholds;
}

/// The detection that label g takes at a threshold, SIZE_MAX for none: of valid ones the one that
/// overlaps most (first of equals), else the first ignored one.
static size_t take_by_overlap(const class_view *view, size_t g, double min_overlap,
                              double threshold, int difficulty) {
    size_t best = SIZE_MAX;
    double best_overlap = 0; // stays 0 while the best one is ignored, so any valid one replaces it
    for (size_t i = view->pair_begin[g]; i < view->pair_begin[g + 1]; i++) {
        size_t d = view->pairs[i].detection;
        double overlap = view->pairs[i].overlap;
        const detection *found = &view->detections[d];
        if (view->used[d] || found->score < threshold || !(overlap > min_overlap)) {
            continue;
        }
        if (found->flag[difficulty] == VALID && overlap > best_overlap) {
            best = d;
            best_overlap = overlap;
        } else if (found->flag[difficulty] == IGNORED && best == SIZE_MAX) {
            best = d;
        }
    }
    return best;
}

/// Second matching, of the detections scored `threshold` or more.
static counts match_at(class_view *view, double min_overlap, double threshold, int difficulty,
                       bool in_image) {
    counts sum = {0};
    memset(view->used, 0, view->n_detections * sizeof *view->used);
    for (size_t g = 0; g < view->n_labels; g++) {
        size_t best = take_by_overlap(view, g, min_overlap, threshold, difficulty);
        if (best == SIZE_MAX) {
            continue;
        }
        view->used[best] = true;
        if (view->labels[g].flag[difficulty] == VALID &&
            view->detections[best].flag[difficulty] == VALID) {
            double turn =
                view->labels[g].object->alpha_rad - view->detections[best].object->alpha_rad;
            sum.true_positives++;
            sum.similarity += (1 + cos(turn)) / 2;
        }
    }
    // DontCare regions have no place on the ground, so they forgive in the image only
    for (size_t d = 0; d < view->n_detections; d++) {
        const detection *found = &view->detections[d];
        if (!view->used[d] && found->flag[difficulty] == VALID && !(found->score < threshold) &&
            !(in_image && found->forgiven)) {
            sum.false_positives++;
        }
    }
    return sum;
}

static void finish_curve(mkd_kitti_score *out, int difficulty) {
    double *curve = out->curve[difficulty], sum_11 = 0, sum_40 = 0;
    for (int i = MKD_KITTI_SAMPLES - 2; i >= 0; i--) {
        curve[i] = fmax(curve[i], curve[i + 1]);
    }
    for (int i = 0; i < MKD_KITTI_SAMPLES; i++) {
        sum_11 += i % 4 == 0 ? curve[i] : 0;
        sum_40 += i > 0 ? curve[i] : 0;
    }
    out->r11[difficulty] = 100 * sum_11 / 11;
    out->r40[difficulty] = 100 * sum_40 / 40;
    out->present = true;
}

/// Fills `out` (and, if asked for, the orientation similarity `aos`) of one class and metric.
static void score_pairs(mkd_kitti_score *out, mkd_kitti_score *aos, class_view *view,
                        const size_t *n_ground_truth, double min_overlap, bool in_image) {
    for (int k = 0; k < MKD_KITTI_DIFFICULTIES; k++) {
        double thresholds[MKD_KITTI_SAMPLES];
        size_t n_scores = match_by_score(view, min_overlap, k);
        size_t n = choose_thresholds(thresholds, view->scores, n_scores, n_ground_truth[k]);
        for (size_t i = 0; i < n; i++) {
            counts sum = match_at(view, min_overlap, thresholds[i], k, in_image);
            double all = (double)(sum.true_positives + sum.false_positives);
            // the second matching may find less than the first: even nothing
            out->curve[k][i] = all > 0 ? (double)sum.true_positives / all : 0;
            if (aos) {
                aos->curve[k][i] = all > 0 ? sum.similarity / all : 0;
            }
        }
        finish_curve(out, k);
        if (aos) {
            finish_curve(aos, k);
        }
    }
}

/// True if one detection of the class has the fields that the metric needs.
static bool is_evaluated(const class_view *view, int class_index, int metric) {
    for (size_t d = 0; d < view->n_detections; d++) {
        const mkd_object *object = view->detections[d].object;
        const mkd_box3d *box = &object->box;
        if (!mkd_kitti_is_class(object, class_index)) {
            continue;
        }
        bool on_ground =
            box->x_m != -1000 && box->z_m != -1000 && box->width_m > 0 && box->length_m > 0;
        if ((metric == MKD_KITTI_BBOX && object->box_px.left_px >= 0) ||
            (metric == MKD_KITTI_BEV && on_ground) ||
            (metric == MKD_KITTI_3D && on_ground && box->y_m != -1000 && box->height_m > 0)) {
            return true;
        }
    }
    return false;
}

static int score_class(mkd_kitti_ap *out, class_view *view, int class_index, bool with_aos) {
    const size_t *n_ground_truth = out->n_ground_truth[class_index];
    mkd_kitti_score *strict = out->scores[MKD_KITTI_STRICT][class_index];
    mkd_kitti_score *loose = out->scores[MKD_KITTI_LOOSE][class_index];
    if (is_evaluated(view, class_index, MKD_KITTI_BBOX)) {
        MKD_TRY(find_pairs(view, MKD_KITTI_BBOX, strict_overlap[class_index]));
        score_pairs(&strict[MKD_KITTI_BBOX], with_aos ? &strict[MKD_KITTI_AOS] : NULL, view,
                    n_ground_truth, strict_overlap[class_index], true);
        loose[MKD_KITTI_BBOX] = strict[MKD_KITTI_BBOX];
        loose[MKD_KITTI_AOS] = strict[MKD_KITTI_AOS];
    }
    for (int metric = MKD_KITTI_BEV; metric <= MKD_KITTI_3D; metric++) {
        if (is_evaluated(view, class_index, metric)) {
            MKD_TRY(find_pairs(view, metric, loose_overlap[class_index]));
            score_pairs(&strict[metric], NULL, view, n_ground_truth, strict_overlap[class_index],
                        false);
            score_pairs(&loose[metric], NULL, view, n_ground_truth, loose_overlap[class_index],
                        false);
        }
    }
    return 0;
}

int mkd_kitti_ap_compute(mkd_kitti_ap *out, const mkd_object_list *detections,
                         const mkd_object_list *labels, size_t n_frames) {
    *out = (mkd_kitti_ap){.n_frames = n_frames};
    // one detection without an angle, of whatever class, switches orientation off for all
    bool with_aos = true;
    for (size_t i = 0; i < n_frames; i++) {
        for (size_t k = 0; k < detections[i].n; k++) {
            with_aos = with_aos && detections[i].at[k].alpha_rad != -10;
        }
    }
    class_view view = {0};
    int status = 0;
    MKD_GOTO(view_new(&view, detections, labels, n_frames));
    for (int c = 0; c < MKD_KITTI_CLASSES; c++) {
        view_fill(&view, out->n_ground_truth[c], detections, labels, c);
        MKD_GOTO(score_class(out, &view, c, with_aos));
    }
done:
    view_free(&view);
    return status;
}
