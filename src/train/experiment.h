/// An experiment: what a config says, resolved into detectors, method, stores and data sets.
#ifndef MKD_TRAIN_EXPERIMENT_H
#define MKD_TRAIN_EXPERIMENT_H

#include "data/dataset.h"
#include "distill/method.h"
#include "nn/plan.h"
#include "train/options.h"

#ifdef __cplusplus
extern "C" {
#endif

/// A detector with the options that it points to.
typedef struct mkd_network_setup {
    mkd_detector detector;
    void *detector_options;
    mkd_store *store;
} mkd_network_setup;

typedef struct mkd_experiment {
    const mkd_config *config; ///< of the caller
    mkd_settings settings;
    mkd_backend *backend;
    mkd_network_setup student;
    const mkd_method *method; ///< NULL: none
    void *method_options;
    bool has_teacher;
    mkd_config *teacher_config; ///< as its run folder keeps it
    mkd_network_setup teacher;
} mkd_experiment;

/// Opens backend, detectors and, if the config names a method, the teacher's run folder.
/// Errors: unknown names, a method without teacher, a teacher of another input size.
int mkd_experiment_open(mkd_experiment *out, const mkd_config *config) MKD_NODISCARD;
void mkd_experiment_close(mkd_experiment *experiment);

/// Inputs of a sample: the student's and the teacher's images, targets and the method's own.
void mkd_experiment_fields(mkd_field_list *out, const mkd_experiment *experiment,
                           bool for_training);
/// MKD_READ_* that the fields need.
unsigned mkd_experiment_reads(const mkd_experiment *experiment, bool for_training);
/// Fills a sample's slots (zeroed before) from a frame. `augmentation` as drawn, or plain.
int mkd_experiment_encode(const mkd_sample_slots *out, const mkd_experiment *experiment,
                          const mkd_frame *frame, const mkd_augmentation *augmentation,
                          bool for_training) MKD_NODISCARD;

/// A graph with its plan, its batch inputs and what is read after a run.
typedef struct mkd_step_graph {
    mkd_graph *graph;
    mkd_plan *plan;
    mkd_field_list fields; ///< inputs, in order, without the batch axis
    int64_t batch_size;
    mkd_loss_terms terms;    ///< training
    mkd_value distill_scale; ///< training with a method: f32 scalar input
    mkd_detection detection; ///< the student's
} mkd_step_graph;

/// Student in mode TRAIN, teacher, losses, backward.
int mkd_experiment_build_training(mkd_step_graph *out, mkd_experiment *experiment) MKD_NODISCARD;
/// Student in mode INFERENCE; outputs are its heads.
int mkd_experiment_build_inference(mkd_step_graph *out, mkd_experiment *experiment,
                                   int64_t batch_size) MKD_NODISCARD;
void mkd_step_graph_free(mkd_step_graph *step);

#ifdef __cplusplus
}
#endif

#endif
