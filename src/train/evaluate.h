/// Evaluation: a trained network over a split, its detections and their figures.
#ifndef MKD_TRAIN_EVALUATE_H
#define MKD_TRAIN_EVALUATE_H

#include "eval/metric.h"
#include "train/experiment.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mkd_evaluation {
    size_t n_frames;
    char (*ids)[MKD_FRAME_ID_MAX];
    mkd_object_list *detections, *labels; ///< [n_frames]
    bool labeled;                         ///< false: no frame has labels, and there are no figures
    mkd_metric_report *reports;           ///< one per metric of metrics.def, in its order
    size_t n_reports;
    double images_per_s;
} mkd_evaluation;

/// How a frame was brought onto the network's canvas, and its camera: what decoding needs.
typedef struct mkd_frame_view {
    mkd_camera camera;
    mkd_augmentation plain;
} mkd_frame_view;

/// Runs an inference graph on a filled batch and decodes its live samples. `out` and `views` are
/// indexed by the batch's `indices`.
int mkd_detect_batch(mkd_object_list *out, const mkd_experiment *experiment,
                     const mkd_step_graph *step, const mkd_batch *batch,
                     const mkd_frame_view *views) MKD_NODISCARD;

/// Runs the student of `experiment` (its store as it is) over `dataset`; `title` names the
/// work in mkd_progress. Errors: EINTERRUPTED after mkd_interrupt_request; what reading frames
/// gives.
int mkd_evaluate(mkd_evaluation *out, mkd_experiment *experiment, const mkd_dataset *dataset,
                 const char *title) MKD_NODISCARD;
void mkd_evaluation_free(mkd_evaluation *evaluation);

/// Writes one KITTI-format file per frame below `folder`, 17 decimals: they score as the numbers
/// in memory do.
int mkd_evaluation_write(const mkd_evaluation *evaluation, const char *folder) MKD_NODISCARD;

/// Appends `"name": value, ...` of every figure of every metric.
int mkd_evaluation_json(mkd_str *out, const mkd_evaluation *evaluation) MKD_NODISCARD;
/// A figure by name ("car/3d/loose/R40/moderate", "depth_error/car/mean_abs_m").
bool mkd_evaluation_number(double *out, const mkd_evaluation *evaluation, const char *name);

#ifdef __cplusplus
}
#endif

#endif
