/// KITTI's average precision, exact to the official evaluation (docs/evaluation.md).
#ifndef MKD_EVAL_KITTI_AP_H
#define MKD_EVAL_KITTI_AP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "base/str.h"
#include "data/frame.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { MKD_KITTI_CAR, MKD_KITTI_PEDESTRIAN, MKD_KITTI_CYCLIST, MKD_KITTI_CLASSES };
enum { MKD_KITTI_EASY, MKD_KITTI_MODERATE, MKD_KITTI_HARD, MKD_KITTI_DIFFICULTIES };
/// AOS, the orientation similarity, is measured on the pairs of BBOX.
enum { MKD_KITTI_BBOX, MKD_KITTI_AOS, MKD_KITTI_BEV, MKD_KITTI_3D, MKD_KITTI_METRICS };
/// Car, pedestrian, cyclist: STRICT asks for IoU above 0.7, 0.5, 0.5; LOOSE for the same in the
/// image and 0.5, 0.25, 0.25 in BEV and 3D.
enum { MKD_KITTI_STRICT, MKD_KITTI_LOOSE, MKD_KITTI_OVERLAPS };
enum { MKD_KITTI_SAMPLES = 41 };

typedef struct mkd_kitti_score {
    bool present; ///< false: no number, not 0 (nothing of the class was detected; see the docs)
    double r40[MKD_KITTI_DIFFICULTIES], r11[MKD_KITTI_DIFFICULTIES]; ///< percent
    /// Precision (AOS: similarity), 0..1, after the envelope, at each sample of recall.
    double curve[MKD_KITTI_DIFFICULTIES][MKD_KITTI_SAMPLES];
} mkd_kitti_score;

typedef struct mkd_kitti_ap {
    size_t n_frames;
    /// Objects that count; the others of their class are ignored at that difficulty.
    size_t n_ground_truth[MKD_KITTI_CLASSES][MKD_KITTI_DIFFICULTIES];
    mkd_kitti_score scores[MKD_KITTI_OVERLAPS][MKD_KITTI_CLASSES][MKD_KITTI_METRICS];
} mkd_kitti_ap;

/// Scores `detections[i]` against `labels[i]`, i in 0..n_frames. Order within a frame matters as in
/// the official kit: of equal candidates the first one is taken. Values must be finite.
/// Errors: ENOMEM.
int mkd_kitti_ap_compute(mkd_kitti_ap *out, const mkd_object_list *detections,
                         const mkd_object_list *labels, size_t n_frames) MKD_NODISCARD;

/// Appends {"frames": N, "results": {"strict"|"loose": {class: {"bbox"|"aos"|"bev"|"3d":
/// {"R11"|"R40": [easy, moderate, hard]}}}}}; what has no number is left out.
int mkd_kitti_ap_json(mkd_str *out, const mkd_kitti_ap *ap) MKD_NODISCARD;
/// Appends an aligned table of R40 (or, with `r11`, of R11) in percent.
int mkd_kitti_ap_table(mkd_str *out, const mkd_kitti_ap *ap, bool r11) MKD_NODISCARD;

/// "Car", "Pedestrian", "Cyclist".
const char *mkd_kitti_class_name(int class_index);
/// "easy", "moderate", "hard".
const char *mkd_kitti_difficulty_name(int difficulty);
/// True if `label` is of the class (names compare without case).
bool mkd_kitti_is_class(const mkd_object *object, int class_index);
/// True if the label is within a difficulty's limits of height, occlusion and truncation.
bool mkd_kitti_is_within(const mkd_object *label, int difficulty);

#ifdef __cplusplus
}
#endif

#endif
