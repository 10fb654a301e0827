// KITTI's object layout, also that of `monokd data synth` and of anybody's own frames:
//
//     ROOT/ImageSets/<split>.txt                         ids, one a line
//     ROOT/training/{image_2,calib,label_2,velodyne}/<id>.{png,txt,txt,bin}
//     ROOT/testing/...                                   the same without label_2
//     ROOT/{training,testing}/depth_2/<id>.png           optional: completed depth maps
//
// Splits whose name starts with "test" lie under testing/ and are unlabeled. Image sizes differ
// from frame to frame (KITTI has five), so the camera's size is taken from each image.

#include "data/dataset.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/status.h"
#include "data/datasets/kitti_check.h"
#include "data/depthmap.h"
#include "data/kitti.h"

static int join_path(char **out, const char *root, const char *folder, const char *kind,
                     const char *id, const char *suffix) {
    mkd_str path = {0};
    mkd_str_printf(&path, "%s/%s/%s/%s%s", root, folder, kind, id, suffix);
    int status = mkd_str_status(&path);
    if (status < 0) {
        mkd_str_free(&path);
    }
    *out = path.text;
    return status;
}

int mkd_kitti_split__path(char **out, const mkd_kitti_split *split, size_t index, const char *kind,
                          const char *suffix) {
    return join_path(out, split->root, split->folder, kind, split->ids.at[index], suffix);
}

int mkd_kitti_split__image_path(char **out, const mkd_kitti_split *split, size_t index) {
    static const char *const suffixes[] = {".jpg", ".jpeg"};
    MKD_TRY(mkd_kitti_split__path(out, split, index, "image_2", ".png"));
    for (size_t i = 0; i < MKD_COUNT(suffixes) && !mkd_fs_exists(*out); i++) {
        char *other;
        int status = mkd_kitti_split__path(&other, split, index, "image_2", suffixes[i]);
        if (status < 0) {
            mkd_free(*out);
            *out = NULL;
            return status;
        }
        if (mkd_fs_exists(other)) {
            mkd_free(*out);
            *out = other;
            return 0;
        }
        mkd_free(other);
    }
    return 0;
}

static void close_split(void *state) {
    mkd_kitti_split *split = state;
    if (split) {
        mkd_free(split->root);
        mkd_free(split->list_path);
        mkd_id_list_free(&split->ids);
        mkd_free(split);
    }
}

// "train" is ROOT/ImageSets/train.txt; what has a slash or ends in .txt is a path.
static int find_list(char **out, const char *root, const char *split) {
    size_t length = strlen(split);
    bool is_path = strchr(split, '/') || (length > 4 && !strcmp(split + length - 4, ".txt"));
    mkd_str path = {0};
    if (is_path) {
        mkd_str_append(&path, split);
    } else {
        mkd_str_printf(&path, "%s/ImageSets/%s.txt", root, split);
    }
    *out = path.text;
    int status = mkd_str_status(&path);
    if (status < 0) {
        mkd_str_free(&path);
        *out = NULL;
    }
    return status;
}

static int open_split(void **out, const char *root, const char *name) {
    int status = 0;
    *out = NULL;
    if (!mkd_fs_is_dir(root)) {
        MKD_FAIL(MKD_ENOTFOUND, "%s: found no such folder, expected a data set in KITTI's layout",
                 root);
    }
    mkd_kitti_split *split = mkd_alloc(sizeof *split);
    if (!split) {
        return MKD_ENOMEM;
    }
    split->root = mkd_strdup(root);
    if (!split->root) {
        MKD_GOTO(MKD_ENOMEM);
    }
    MKD_GOTO(find_list(&split->list_path, root, name));
    const char *slash = strrchr(split->list_path, '/');
    const char *base = slash ? slash + 1 : split->list_path;
    split->labeled = strncmp(base, "test", 4) != 0;
    split->folder = split->labeled ? "training" : "testing";
    MKD_GOTO(mkd_kitti_read_ids(&split->ids, split->list_path));
    *out = split;
done:
    if (status < 0) {
        close_split(split);
    }
    return status;
}

static size_t count_frames(const void *state) {
    return ((const mkd_kitti_split *)state)->ids.n;
}

static const char *frame_id(const void *state, size_t index) {
    return ((const mkd_kitti_split *)state)->ids.at[index];
}

static int read_image(mkd_frame *out, const mkd_kitti_split *split, size_t index, bool pixels) {
    char *path;
    MKD_TRY(mkd_kitti_split__image_path(&path, split, index));
    mkd_view *view = &out->views[0];
    int status;
    if (pixels) {
        status = mkd_image_read(&view->image, path);
        view->camera.width_px = view->image.width_px;
        view->camera.height_px = view->image.height_px;
    } else {
        status = mkd_image_probe(&view->camera.width_px, &view->camera.height_px, path);
    }
    mkd_free(path);
    return status;
}

static int read_calib(mkd_frame *out, const mkd_kitti_split *split, size_t index) {
    char *path;
    mkd_kitti_calib calib;
    MKD_TRY(mkd_kitti_split__path(&path, split, index, "calib", ".txt"));
    int status = mkd_kitti_read_calib(&calib, path);
    if (status == 0 && !(calib.p2[0] > 0 && calib.p2[5] > 0)) {
        status = mkd_error_set(MKD_EFORMAT, "%s: P2: found focal lengths %g and %g, expected > 0",
                               path, calib.p2[0], calib.p2[5]);
    }
    mkd_free(path);
    if (status == 0) {
        memcpy(out->views[0].camera.projection, calib.p2, sizeof calib.p2);
        mkd_kitti_camera_from_lidar(out->camera_from_lidar, &calib);
    }
    return status;
}

static int read_objects(mkd_frame *out, const mkd_kitti_split *split, size_t index) {
    char *path;
    MKD_TRY(mkd_kitti_split__path(&path, split, index, "label_2", ".txt"));
    int status = mkd_kitti_read_objects(&out->objects, path, false);
    mkd_free(path);
    return status;
}

static int read_points(mkd_frame *out, const mkd_kitti_split *split, size_t index) {
    char *path;
    MKD_TRY(mkd_kitti_split__path(&path, split, index, "velodyne", ".bin"));
    int status = mkd_kitti_read_points(&out->points, path);
    mkd_free(path);
    return status;
}

// A stored map goes first (one that somebody completed with a better method); else the points.
static int read_depth(mkd_frame *out, const mkd_kitti_split *split, size_t index) {
    char *path;
    mkd_view *view = &out->views[0];
    MKD_TRY(mkd_kitti_split__path(&path, split, index, "depth_2", ".png"));
    bool stored = mkd_fs_exists(path);
    int status = 0;
    if (stored) {
        status =
            mkd_depth_map_read(&view->depth, path, view->camera.width_px, view->camera.height_px);
    }
    mkd_free(path);
    if (stored || status < 0) {
        return status;
    }
    bool borrowed = out->points.at != NULL;
    if (!borrowed) {
        MKD_TRY(read_points(out, split, index));
    }
    status = mkd_depth_map_from_points(&view->depth, &out->points, out->camera_from_lidar,
                                       &view->camera);
    if (status == 0) {
        status = mkd_depth_map_complete(&view->depth);
    }
    if (!borrowed) {
        mkd_points_free(&out->points);
    }
    return status;
}

static int read_frame(mkd_frame *out, const void *state, size_t index, unsigned read) {
    const mkd_kitti_split *split = state;
    memcpy(out->id, split->ids.at[index], sizeof out->id);
    out->n_views = 1;
    out->labeled = split->labeled;
    double *pose = out->views[0].camera_from_reference;
    pose[0] = pose[5] = pose[10] = 1;
    MKD_TRY(read_image(out, split, index, (read & MKD_READ_IMAGE) != 0));
    MKD_TRY(read_calib(out, split, index));
    if ((read & MKD_READ_OBJECTS) && split->labeled) {
        MKD_TRY(read_objects(out, split, index));
    }
    if (read & MKD_READ_POINTS) {
        MKD_TRY(read_points(out, split, index));
    }
    if (read & MKD_READ_DEPTH) {
        MKD_TRY(read_depth(out, split, index));
    }
    return 0;
}

static int check_split(mkd_check_report *out, const void *state) {
    return mkd_kitti_split__check(out, state);
}

const mkd_dataset_driver mkd_dataset_kitti = {
    .name = "kitti",
    .summary = "KITTI object detection, and any folder in its layout",
    .open = open_split,
    .close = close_split,
    .count = count_frames,
    .id = frame_id,
    .frame = read_frame,
    .check = check_split,
};
