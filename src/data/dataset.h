/// A data set: an ordered list of frames of one split, read on demand.
#ifndef MKD_DATA_DATASET_H
#define MKD_DATA_DATASET_H

#include "base/str.h"
#include "data/frame.h"

#ifdef __cplusplus
extern "C" {
#endif

/// What to read of a frame; the camera is always read.
enum {
    MKD_READ_IMAGE = 1,
    MKD_READ_OBJECTS = 2,
    MKD_READ_POINTS = 4,
    MKD_READ_DEPTH = 8 ///< dense depth map, stored with the frame or completed from its points
};

typedef struct mkd_dataset mkd_dataset;

/// What a problem found by `data check` means: an error makes the frame unusable.
typedef struct mkd_check_report {
    mkd_str text; ///< one line a problem, "error: path:line: field: found, expected"; mkd_str_free
    size_t n_errors, n_warnings, n_frames;
} mkd_check_report;

/// Adds a line and counts it; for drivers.
void mkd_check_error(mkd_check_report *report, const char *fmt, ...) MKD_PRINTF(2, 3);
void mkd_check_warning(mkd_check_report *report, const char *fmt, ...) MKD_PRINTF(2, 3);

/// A kind of data set: one file in datasets/, one line in datasets.def.
typedef struct mkd_dataset_driver {
    const char *name;    ///< "kitti"
    const char *summary; ///< one line for `monokd list`
    int (*open)(void **out_state, const char *root, const char *split);
    void (*close)(void *state);
    size_t (*count)(const void *state);
    const char *(*id)(const void *state, size_t index);
    /// Thread-safe. `out` comes zeroed; `read` is a sum of MKD_READ_*.
    int (*frame)(mkd_frame *out, const void *state, size_t index, unsigned read);
    int (*check)(mkd_check_report *out, const void *state);
} mkd_dataset_driver;

/// Opens split `split` (a file ImageSets/<split>.txt or a path to such a list) of the data set of
/// kind `kind` at `root`. An unknown kind names the nearest (ENOTFOUND); an empty split is EINVAL.
int mkd_dataset_open(mkd_dataset **out, const char *kind, const char *root,
                     const char *split) MKD_NODISCARD;
void mkd_dataset_close(mkd_dataset *dataset);
size_t mkd_dataset_count(const mkd_dataset *dataset);
const char *mkd_dataset_id(const mkd_dataset *dataset, size_t index);
/// Thread-safe. The caller frees the frame, also after a failure.
int mkd_dataset_frame(mkd_frame *out, const mkd_dataset *dataset, size_t index,
                      unsigned read) MKD_NODISCARD;
/// Reads everything of every frame and reports each problem with file and line. Fails only where
/// looking is impossible (memory); problems of the data are in the report, whose text the caller
/// frees, also after a failure.
int mkd_dataset_check(mkd_check_report *out, const mkd_dataset *dataset) MKD_NODISCARD;

/// All kinds, NULL-ended.
const mkd_dataset_driver *const *mkd_dataset_drivers(void);

#ifdef __cplusplus
}
#endif

#endif
