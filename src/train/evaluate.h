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

/// Runs the student of `experiment` (its store as it is) over `dataset`. `cache_bytes` 0 reads
/// every frame from disk.
int mkd_evaluate(mkd_evaluation *out, mkd_experiment *experiment, const mkd_dataset *dataset,
                 const char *title) MKD_NODISCARD;
void mkd_evaluation_free(mkd_evaluation *evaluation);

/// Writes one KITTI-format file per frame below `folder`, full precision.
int mkd_evaluation_write(const mkd_evaluation *evaluation, const char *folder) MKD_NODISCARD;

/// Appends `"name": value, ...` of every figure of every metric.
int mkd_evaluation_json(mkd_str *out, const mkd_evaluation *evaluation) MKD_NODISCARD;
/// A figure by name ("car/3d/loose/R40/moderate", "depth_error/car/mean_abs_m").
bool mkd_evaluation_number(double *out, const mkd_evaluation *evaluation, const char *name);

#ifdef __cplusplus
}
#endif

#endif
