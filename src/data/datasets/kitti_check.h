/// What the KITTI driver and its check share; for these two files alone.
#ifndef MKD_DATA_DATASETS_KITTI_CHECK_H
#define MKD_DATA_DATASETS_KITTI_CHECK_H

#include "data/dataset.h"
#include "data/kitti.h"

typedef struct mkd_kitti_split {
    char *root, *list_path;
    const char *folder; ///< "training" or "testing"
    bool labeled;
    mkd_id_list ids;
} mkd_kitti_split;

/// ROOT/<folder>/<kind>/<id><suffix>; the caller frees.
int mkd_kitti_split__path(char **out, const mkd_kitti_split *split, size_t index, const char *kind,
                          const char *suffix) MKD_NODISCARD;
/// The image, .png or else .jpg or .jpeg; .png where there is none.
int mkd_kitti_split__image_path(char **out, const mkd_kitti_split *split,
                                size_t index) MKD_NODISCARD;
int mkd_kitti_split__check(mkd_check_report *out, const mkd_kitti_split *split) MKD_NODISCARD;

#endif
