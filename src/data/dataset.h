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
    MKD_READ_DEPTH = 8 ///< completed depth map of the LiDAR points (see depthmap.h)
};

typedef struct mkd_dataset mkd_dataset;

/// What a problem found by `data check` means: an error makes the frame unusable.
typedef struct mkd_check_report {
    mkd_str text; ///< one line a problem, "path:line: found, expected"
    size_t n_errors, n_warnings, n_frames;
} mkd_check_report;

/// A kind of data set: one file in datasets/, one line in datasets.def.
typedef struct mkd_dataset_driver {
    const char *name;    ///< "kitti"
    const char *summary; ///< one line for `monokd list`
    int (*open)(void **out_state, const char *root, const char *split);
    void (*close)(void *state);
    size_t (*count)(const void *state);
    const char *(*id)(const void *state, size_t index);
    /// Thread-safe. `read` is a sum of MKD_READ_*.
    int (*frame)(mkd_frame *out, const void *state, size_t index, unsigned read);
    int (*check)(mkd_check_report *out, const void *state);
} mkd_dataset_driver;

/// Opens split `split` (a file ImageSets/<split>.txt or a path to such a list) of the data set of
/// kind `kind` at `root`. An unknown kind names the nearest; an empty split is an error.
int mkd_dataset_open(mkd_dataset **out, const char *kind, const char *root,
                     const char *split) MKD_NODISCARD;
void mkd_dataset_close(mkd_dataset *dataset);
size_t mkd_dataset_count(const mkd_dataset *dataset);
const char *mkd_dataset_id(const mkd_dataset *dataset, size_t index);
/// Thread-safe. The caller frees the frame, also after a failure.
int mkd_dataset_frame(mkd_frame *out, const mkd_dataset *dataset, size_t index,
                      unsigned read) MKD_NODISCARD;
/// Reads everything of every frame and reports each problem with file and line.
int mkd_dataset_check(mkd_check_report *out, const mkd_dataset *dataset) MKD_NODISCARD;

/// All kinds, NULL-ended.
const mkd_dataset_driver *const *mkd_dataset_drivers(void);

#ifdef __cplusplus
}
#endif

#endif
