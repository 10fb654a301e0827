/// The trained network of a run folder, ready to look at data sets or single images.
#ifndef MKD_TRAIN_RUN_MODEL_H
#define MKD_TRAIN_RUN_MODEL_H

#include "train/experiment.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mkd_run_model {
    mkd_config *config;        ///< the run's, under the overrides
    mkd_experiment experiment; ///< the student alone, with its weights
    mkd_step_graph step;       ///< inference on one image
    mkd_batch batch;           ///< its inputs
} mkd_run_model;

/// Opens the network of run folder `run` and loads its weights. A distilled one needs neither its
/// teacher nor its method. Errors: ENOTFOUND for a folder that does not exist or holds no weights;
/// what the config and the weights give.
int mkd_run_model_open(mkd_run_model *out, const char *run, const char *const *overrides,
                       size_t n_overrides) MKD_NODISCARD;
void mkd_run_model_close(mkd_run_model *model);

/// The objects that an image network sees in an RGB image, in the camera's frame; falling score.
/// Errors: EUNSUPPORTED for a network that sees depth.
int mkd_run_model_detect(mkd_object_list *out, mkd_run_model *model, const mkd_image *image,
                         const mkd_camera *camera) MKD_NODISCARD;

#ifdef __cplusplus
}
#endif

#endif
