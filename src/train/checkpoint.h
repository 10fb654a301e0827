/// Checkpoints: everything that the rest of a training depends on, in one file.
#ifndef MKD_TRAIN_CHECKPOINT_H
#define MKD_TRAIN_CHECKPOINT_H

#include "nn/store.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Where a training stands: `step` updates are done; the next batch is `batch` of epoch `epoch`.
typedef struct mkd_progress_mark {
    int64_t step;
    uint32_t epoch;
    uint64_t batch;
} mkd_progress_mark;

/// Parameters, buffers and optimizer states of `store`, atomically.
int mkd_checkpoint_save(mkd_store *store, const char *path,
                        const mkd_progress_mark *mark) MKD_NODISCARD;
/// The optimizer's states must have been made (mkd_optimizer_prepare). Everything must be there.
/// Errors: EFORMAT for a file that is not whole or not a checkpoint.
int mkd_checkpoint_load(mkd_progress_mark *out, mkd_store *store, const char *path) MKD_NODISCARD;

/// The network alone, without adapters and optimizer states.
int mkd_model_save(mkd_store *store, const char *path) MKD_NODISCARD;
/// Parameters and buffers that `store` has; all must be in the file (`strict`), or those that are
/// missing keep their values.
int mkd_model_load(mkd_load_report *report, mkd_store *store, const char *path,
                   bool strict) MKD_NODISCARD;

/// The weights of a run folder: model.safetensors, or the checkpoint of an unfinished training.
int mkd_run_load_weights(mkd_store *store, const char *run) MKD_NODISCARD;

#ifdef __cplusplus
}
#endif

#endif
