/// How far off detections are in depth, over the objects that were found at all.
#ifndef MKD_EVAL_DEPTH_ERROR_H
#define MKD_EVAL_DEPTH_ERROR_H

#include <stddef.h>

#include "base/compiler.h"
#include "data/frame.h"
#include "eval/kitti_ap.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mkd_depth_error_options {
    double max_distance_m; ///< a detection this far (or farther) from a label on the ground is no
                           ///< match
    double min_score;      ///< detections below are not looked at
} mkd_depth_error_options;

/// 2 m, as nuScenes matches for its errors; every detection that was written.
#define MKD_DEPTH_ERROR_DEFAULTS                                                                   \
    (mkd_depth_error_options) {                                                                    \
        .max_distance_m = 2, .min_score = 0                                                        \
    }

typedef struct mkd_depth_error {
    size_t n_ground_truth; ///< labels of moderate difficulty
    size_t n_matched;      ///< of those, the ones with a detection
    double mean_abs_m; ///< mean of |z detected - z labeled| over the matched; 0 if there are none
    double mean_m;     ///< mean of z detected - z labeled; 0 if there are none
} mkd_depth_error;

/// Fills one entry for each of KITTI's classes.
///
/// In every frame detections choose in falling order of score (first in file of equals); each takes
/// the nearest label of its class by distance of the box positions in (x, z) that is still free and
/// nearer than the limit. All labels of the class take part, so that none steals its neighbor's
/// detection; only those within the limits of moderate difficulty are counted.
/// Errors: ENOMEM.
int mkd_depth_error_compute(mkd_depth_error out[MKD_KITTI_CLASSES],
                            const mkd_object_list *detections, const mkd_object_list *labels,
                            size_t n_frames, mkd_depth_error_options options) MKD_NODISCARD;

#ifdef __cplusplus
}
#endif

#endif
