/// The training loop: from a config to a trained network in a run folder, resumable at any moment.
#ifndef MKD_TRAIN_TRAINER_H
#define MKD_TRAIN_TRAINER_H

#include "base/config.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mkd_train_result {
    int64_t steps;       ///< updates done in all
    int64_t steps_now;   ///< of those, in this call
    bool was_finished;   ///< the run folder held a finished training: nothing was done
    double images_per_s; ///< of this call's steps, loading included; 0 if there were none
    double last_loss;
} mkd_train_result;

/// Trains what `config` says in the folder `run`, which is created, or continued: the same config
/// and folder go on after the last checkpoint and end with the same bits as an undisturbed training
/// (same backend and number of threads).
///
/// Errors: EINTERRUPTED after mkd_interrupt_request, with a checkpoint saved; EDIVERGED when a loss
/// or the gradient's norm is not finite (names the loss and the step; the last good checkpoint
/// stays); what reading data, the config or the disk gives.
int mkd_train(mkd_train_result *out, const mkd_config *config, const char *run) MKD_NODISCARD;

#ifdef __cplusplus
}
#endif

#endif
