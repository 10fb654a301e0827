/// The sections of a training's config, and the schema of all that a config may say.
#ifndef MKD_TRAIN_OPTIONS_H
#define MKD_TRAIN_OPTIONS_H

#include "base/config.h"
#include "data/augment.h"
#include "detect/detector.h"
#include "nn/optim.h"
#include "nn/schedule.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Section `data`.
typedef struct mkd_data_options {
    const char *kind;
    const char *root;
    const char *train_split, *val_split;
    int64_t workers;
    int64_t cache_mb;
} mkd_data_options;

/// Section `teacher`.
typedef struct mkd_teacher_options {
    const char *run; ///< run folder of the teacher; "": none
    int mode;        ///< 0 inference, 1 batch_stats
} mkd_teacher_options;

/// Section `distill`.
typedef struct mkd_distill_options {
    const char *method; ///< "": none
    double weight;      ///< on all of the method's losses
    double warmup_epochs;
} mkd_distill_options;

/// Section `optim`.
typedef struct mkd_optim_options {
    int kind;
    double learning_rate, weight_decay;
    double beta1, beta2, epsilon, momentum;
    bool nesterov;
    double clip_norm;
} mkd_optim_options;

/// Section `schedule`.
typedef struct mkd_schedule_options {
    int kind;
    double warmup_epochs, warmup_factor, minimum_factor, gamma;
    mkd_int_list milestones;
} mkd_schedule_options;

/// Section `train`.
typedef struct mkd_train_options {
    const char *run; ///< the run folder; "": runs/<name of the config file>
    int64_t seed, epochs, batch_size;
    int64_t eval_every; ///< epochs between evaluations; the last epoch is always evaluated
    double checkpoint_every_s;
    int64_t log_every; ///< steps
    int64_t threads;
    const char *backend;
    int precision;    ///< mkd_precision
    const char *init; ///< safetensors file to start from
} mkd_train_options;

/// Section `eval`.
typedef struct mkd_eval_options {
    const char *split; ///< "": data.val_split
    int64_t batch_size;
    int64_t max_pictures;
} mkd_eval_options;

/// Everything of a config in plain structs. Strings live as long as the config.
typedef struct mkd_settings {
    mkd_data_options data;
    mkd_augment_options augment;
    mkd_model_options model;
    mkd_teacher_options teacher;
    mkd_distill_options distill;
    mkd_optim_options optim;
    mkd_schedule_options schedule;
    mkd_train_options train;
    mkd_eval_options eval;
} mkd_settings;

/// All sections, those of every registered detector and method among them.
const mkd_section *mkd_settings_schema(void);
int mkd_settings_get(mkd_settings *out, const mkd_config *config) MKD_NODISCARD;

/// The parts of the settings as nn wants them.
mkd_optimizer_options mkd_settings_optimizer(const mkd_settings *settings);
mkd_schedule mkd_settings_schedule(const mkd_settings *settings);

#ifdef __cplusplus
}
#endif

#endif
