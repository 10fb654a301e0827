/// A run folder: all that a training leaves behind, and that it needs to go on.
///
///   config.yaml             the resolved config, with the origin of each value
///   checkpoint.safetensors  parameters, buffers, optimizer states, place in the epoch
///   model.safetensors       the trained network alone, written at the end
///   log.jsonl               one line per logged step: losses by name, rate, speed
///   eval.jsonl              one line per evaluation: every figure by name
///   events.out.tfevents.*   the same figures for TensorBoard
///   detections/<split>/     KITTI-format results of the trained network
///   metrics_<split>.json    every figure of `monokd eval`
///   lock                    held while a training runs
/// Every file but the logs is replaced atomically; a log loses at most the lines after the last
/// checkpoint, which the resumed training writes again.
#ifndef MKD_TRAIN_RUN_FOLDER_H
#define MKD_TRAIN_RUN_FOLDER_H

#include "base/config.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MKD_RUN_CONFIG     "config.yaml"
#define MKD_RUN_CHECKPOINT "checkpoint.safetensors"
#define MKD_RUN_MODEL      "model.safetensors"
#define MKD_RUN_LOG        "log.jsonl"
#define MKD_RUN_EVAL       "eval.jsonl"
#define MKD_RUN_DETECTIONS "detections"
#define MKD_RUN_LOCK       "lock"

typedef struct mkd_run_folder {
    char *path;
    int lock;
    bool is_locked;
} mkd_run_folder;

/// Creates the folder if needed, locks it, and compares its config with `config`: values that
/// change what is learned must be the same (others, such as threads or intervals, may differ);
/// a folder without weights takes any config. Then
/// writes the config, and removes what a killed training left half-written. Errors: EINVAL if
/// another training holds the lock or the configs differ (names the first key and both values).
int mkd_run_folder_open(mkd_run_folder *out, const char *path,
                        const mkd_config *config) MKD_NODISCARD;
void mkd_run_folder_close(mkd_run_folder *run);

/// Path of a file in a run folder. Caller frees; NULL if memory is out.
char *mkd_run_file(const char *run, const char *name) MKD_NODISCARD;

/// Folder of a split's detections below a run folder: detections/<split>, for a split that is a
/// path to a list the list's name alone. Caller frees; NULL if memory is out.
char *mkd_run_detections(const char *run, const char *split) MKD_NODISCARD;
/// The name of a split: itself, or of a path the last part without its ending.
int mkd_run_split_name(mkd_str *out, const char *split) MKD_NODISCARD;

/// Config of a run folder, under the schema of all settings.
int mkd_run_config(mkd_config **out, const char *run, const char *const *overrides,
                   size_t n_overrides) MKD_NODISCARD;

/// The step that a line of a log begins with ({"step": N); false if it begins otherwise.
bool mkd_run_line_step(int64_t *out, const char *line);

/// Drops the lines of a log that come after step `last_step` (lines begin with {"step": N), and a
/// last line that is not whole. A missing file is fine.
int mkd_run_trim_log(const char *path, int64_t last_step) MKD_NODISCARD;

#ifdef __cplusplus
}
#endif

#endif
