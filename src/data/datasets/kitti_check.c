// What can be wrong in a folder of KITTI's layout. An error makes a frame unusable (or a score
// dishonest: splits that share frames); a warning is legal but worth a look.

#include "data/datasets/kitti_check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/status.h"

// Label boxes of KITTI reach up to the last pixel's outer edge, and are rounded to 0.01 px.
static const double BORDER_PX = 1.0;
// The hull of a true 3D box, cut at the image, covers its 2D box well; one in another frame, or
// with its origin at the center, does not. Far, low or truncated boxes are left out.
static const double HULL_IOU_MIN = 0.3, HULL_DEPTH_MIN_M = 2.0, HULL_NEAR_M = 0.1;
// Rotations are stored with six digits or more.
static const double ROTATION_TOLERANCE = 1e-3;

// What the checks of one label need.
typedef struct label_check {
    mkd_check_report *report;
    const char *path;
    const mkd_camera *camera; // NULL if the image or the calibration is broken
    const mkd_object *object;
    size_t line;
} label_check;

static double intersection(const mkd_box2d *a, const mkd_box2d *b) {
    double width = fmin(a->right_px, b->right_px) - fmax(a->left_px, b->left_px);
    double height = fmin(a->bottom_px, b->bottom_px) - fmax(a->top_px, b->top_px);
    return width > 0 && height > 0 ? width * height : 0;
}

static double area(const mkd_box2d *box) {
    return (box->right_px - box->left_px) * (box->bottom_px - box->top_px);
}

static void check_image_box(const label_check *c) {
    const mkd_box2d *box = &c->object->box_px;
    if (!(box->right_px > box->left_px && box->bottom_px > box->top_px)) {
        mkd_check_error(
            c->report,
            "%s:%zu: box: found left %g top %g right %g bottom %g, expected left < right "
            "and top < bottom",
            c->path, c->line, box->left_px, box->top_px, box->right_px, box->bottom_px);
        return;
    }
    if (!c->camera) {
        return;
    }
    double width = c->camera->width_px, height = c->camera->height_px;
    if (box->right_px <= 0 || box->bottom_px <= 0 || box->left_px >= width ||
        box->top_px >= height) {
        mkd_check_error(c->report,
                        "%s:%zu: box: found left %g top %g right %g bottom %g, expected a part of "
                        "the image (%d x %d)",
                        c->path, c->line, box->left_px, box->top_px, box->right_px, box->bottom_px,
                        c->camera->width_px, c->camera->height_px);
    } else if (box->left_px < -BORDER_PX || box->top_px < -BORDER_PX ||
               box->right_px > width + BORDER_PX || box->bottom_px > height + BORDER_PX) {
        mkd_check_warning(
            c->report,
            "%s:%zu: box: found left %g top %g right %g bottom %g, expected it cut at "
            "the image (%d x %d)",
            c->path, c->line, box->left_px, box->top_px, box->right_px, box->bottom_px,
            c->camera->width_px, c->camera->height_px);
    }
}

// Compares the projected 3D box with the labeled 2D box.
static void check_hull(const label_check *c) {
    const mkd_object *o = c->object;
    mkd_box2d hull;
    if (!c->camera || o->truncation > 0.5 || o->box.z_m < HULL_DEPTH_MIN_M) {
        return;
    }
    double overlap = 0;
    if (mkd_box3d_project(&hull, &o->box, c->camera, HULL_NEAR_M)) {
        mkd_box2d image = {0, 0, c->camera->width_px, c->camera->height_px};
        hull.left_px = fmax(hull.left_px, image.left_px);
        hull.top_px = fmax(hull.top_px, image.top_px);
        hull.right_px = fmin(hull.right_px, image.right_px);
        hull.bottom_px = fmin(hull.bottom_px, image.bottom_px);
        double common = intersection(&hull, &o->box_px);
        overlap = common > 0 ? common / (area(&hull) + area(&o->box_px) - common) : 0;
    }
    if (overlap < HULL_IOU_MIN) {
        mkd_check_warning(c->report,
                          "%s:%zu: location: the projected 3D box covers the 2D box with IoU %.2f, "
                          "expected above %.2f (is y the bottom, and the calibration right?)",
                          c->path, c->line, overlap, HULL_IOU_MIN);
    }
}

static void check_space_box(const label_check *c) {
    const mkd_box3d *box = &c->object->box;
    if (!(box->height_m > 0 && box->width_m > 0 && box->length_m > 0)) {
        mkd_check_error(c->report, "%s:%zu: height width length: found %g %g %g, expected above 0",
                        c->path, c->line, box->height_m, box->width_m, box->length_m);
        return;
    }
    if (box->height_m > 100 || box->width_m > 100 || box->length_m > 100) {
        mkd_check_warning(c->report, "%s:%zu: height width length: found %g %g %g, expected metres",
                          c->path, c->line, box->height_m, box->width_m, box->length_m);
    }
    if (box->z_m <= 0) {
        mkd_check_warning(c->report, "%s:%zu: z: found %g, expected an object before the camera",
                          c->path, c->line, box->z_m);
    }
    if (fabs(box->yaw_rad) > 3.15) {
        mkd_check_warning(c->report, "%s:%zu: rotation_y: found %g, expected -pi..pi", c->path,
                          c->line, box->yaw_rad);
    }
    check_hull(c);
}

static void check_object(const label_check *c) {
    const mkd_object *o = c->object;
    check_image_box(c);
    if (!strcmp(o->type, "DontCare")) {
        return;
    }
    if (!((o->truncation >= 0 && o->truncation <= 1) || o->truncation == -1)) {
        mkd_check_error(c->report, "%s:%zu: truncated: found %g, expected 0..1 or -1", c->path,
                        c->line, o->truncation);
    }
    if (o->occlusion < -1 || o->occlusion > 3) {
        mkd_check_error(c->report, "%s:%zu: occluded: found %d, expected -1..3", c->path, c->line,
                        o->occlusion);
    }
    if (fabs(o->alpha_rad) > 3.15 && o->alpha_rad != -10) {
        mkd_check_warning(c->report, "%s:%zu: alpha: found %g, expected -pi..pi or -10", c->path,
                          c->line, o->alpha_rad);
    }
    check_space_box(c);
}

// Moves to the next line of `text` that is not blank and counts lines on the way.
static const char *skip_blank_lines(size_t *line, const char *text) {
    size_t blanks = strspn(text, " \t\r\n");
    for (size_t i = 0; i < blanks; i++) {
        *line += text[i] == '\n';
    }
    return text + blanks;
}

static int check_labels(mkd_check_report *report, const mkd_camera *camera, const char *path) {
    mkd_object_list objects;
    int status = mkd_kitti_read_objects(&objects, path, false);
    if (status < 0) {
        mkd_check_error(report, "%s", mkd_error_last());
        return status == MKD_ENOMEM ? status : 0;
    }
    char *text = NULL;
    size_t bytes, line = 1;
    status = mkd_fs_read(&text, &bytes, path, SIZE_MAX);
    const char *at = text;
    for (size_t i = 0; i < objects.n && status == 0; i++) {
        at = skip_blank_lines(&line, at);
        label_check check = {report, path, camera, &objects.at[i], line};
        check_object(&check);
        at += strcspn(at, "\n");
    }
    mkd_free(text);
    mkd_object_list_free(&objects);
    return status;
}

// Largest deviation of R R^T from identity, of the left 3x3 of a matrix with rows of `stride`.
static double rotation_error(const double *matrix, int stride) {
    double worst = 0;
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++) {
            double dot = i == j ? -1 : 0;
            for (int k = 0; k < 3; k++) {
                dot += matrix[stride * i + k] * matrix[stride * j + k];
            }
            worst = fmax(worst, fabs(dot));
        }
    }
    return worst;
}

// @return whether the camera can be used
static bool check_calib(mkd_check_report *report, mkd_camera *camera, const char *path) {
    mkd_kitti_calib calib;
    if (mkd_kitti_read_calib(&calib, path) < 0) {
        mkd_check_error(report, "%s", mkd_error_last());
        return false;
    }
    memcpy(camera->projection, calib.p2, sizeof calib.p2);
    if (rotation_error(calib.r0_rect, 3) > ROTATION_TOLERANCE) {
        mkd_check_warning(report, "%s: R0_rect: found a matrix that is no rotation", path);
    }
    if (rotation_error(calib.velo_to_cam, 4) > ROTATION_TOLERANCE) {
        mkd_check_warning(report, "%s: Tr_velo_to_cam: found a matrix that is no rotation", path);
    }
    if (!(calib.p2[0] > 0 && calib.p2[5] > 0)) {
        mkd_check_error(report, "%s: P2: found focal lengths %g and %g, expected > 0", path,
                        calib.p2[0], calib.p2[5]);
        return false;
    }
    if (!(calib.p2[2] > 0 && calib.p2[2] < camera->width_px && calib.p2[6] > 0 &&
          calib.p2[6] < camera->height_px) &&
        camera->width_px > 0) {
        mkd_check_warning(
            report, "%s: P2: found its center at (%g, %g), expected it in the image (%d x %d)",
            path, calib.p2[2], calib.p2[6], camera->width_px, camera->height_px);
    }
    return true;
}

static int check_points(mkd_check_report *report, const char *path) {
    mkd_points points;
    int status = mkd_kitti_read_points(&points, path);
    if (status == MKD_ENOTFOUND) {
        mkd_check_warning(report, "%s", mkd_error_last());
    } else if (status < 0) {
        mkd_check_error(report, "%s", mkd_error_last());
    } else if (points.n == 0) {
        mkd_check_warning(report, "%s: found no point", path);
    }
    mkd_points_free(&points);
    return status == MKD_ENOMEM ? status : 0;
}

static int check_frame(mkd_check_report *report, const mkd_kitti_split *split, size_t index,
                       bool has_points) {
    int status = 0;
    char *image_path = NULL, *calib_path = NULL, *label_path = NULL, *points_path = NULL;
    mkd_image image = {0};
    mkd_camera camera = {0};
    MKD_GOTO(mkd_kitti_split__image_path(&image_path, split, index));
    MKD_GOTO(mkd_kitti_split__path(&calib_path, split, index, "calib", ".txt"));
    MKD_GOTO(mkd_kitti_split__path(&label_path, split, index, "label_2", ".txt"));
    MKD_GOTO(mkd_kitti_split__path(&points_path, split, index, "velodyne", ".bin"));
    bool usable = mkd_image_read(&image, image_path) == 0;
    if (!usable) {
        mkd_check_error(report, "%s", mkd_error_last());
    }
    camera.width_px = image.width_px;
    camera.height_px = image.height_px;
    usable = check_calib(report, &camera, calib_path) && usable;
    if (split->labeled) {
        MKD_GOTO(check_labels(report, usable ? &camera : NULL, label_path));
    }
    if (has_points) {
        MKD_GOTO(check_points(report, points_path));
    }
done:
    mkd_image_free(&image);
    mkd_free(image_path);
    mkd_free(calib_path);
    mkd_free(label_path);
    mkd_free(points_path);
    return status;
}

static int compare_ids(const void *a, const void *b) {
    return strcmp(a, b);
}

// Number of ids of `b` in `a`; the first of them (in the order of b) goes to `*first`.
static int count_shared(size_t *out, const char **first, const mkd_id_list *a,
                        const mkd_id_list *b) {
    *out = 0;
    char(*sorted)[MKD_FRAME_ID_MAX] = mkd_alloc_array(a->n, sizeof *sorted);
    if (!sorted) {
        return MKD_ENOMEM;
    }
    if (a->n > 0) {
        memcpy(sorted, a->at, a->n * sizeof *sorted);
        qsort(sorted, a->n, sizeof *sorted, compare_ids);
    }
    for (size_t i = 0; i < b->n; i++) {
        if (bsearch(b->at[i], sorted, a->n, sizeof *sorted, compare_ids)) {
            *first = *out ? *first : b->at[i];
            ++*out;
        }
    }
    mkd_free(sorted);
    return 0;
}

static bool is_training_list(const char *name) {
    return !strncmp(name, "train", 5) && strncmp(name, "trainval", 8) != 0;
}

// Lists named train* (but trainval*) and val* must share no frame.
static int check_overlap(mkd_check_report *report, const mkd_kitti_split *split, const char *folder,
                         const char *other_name) {
    const char *slash = strrchr(split->list_path, '/');
    const char *name = slash ? slash + 1 : split->list_path;
    bool apart = (is_training_list(name) && !strncmp(other_name, "val", 3)) ||
                 (!strncmp(name, "val", 3) && is_training_list(other_name));
    char *other_path = apart ? mkd_fs_join(folder, other_name) : NULL;
    if (!other_path) {
        return apart ? MKD_ENOMEM : 0;
    }
    mkd_id_list other;
    int status = mkd_kitti_read_ids(&other, other_path);
    if (status < 0) {
        mkd_check_error(report, "%s", mkd_error_last());
        status = status == MKD_ENOMEM ? status : 0;
    } else {
        size_t n_shared;
        const char *first = NULL;
        status = count_shared(&n_shared, &first, &split->ids, &other);
        if (n_shared > 0) {
            mkd_check_error(report,
                            "%s: found %zu frames that are in %s too (first %s), expected 0",
                            other_path, n_shared, split->list_path, first);
        }
    }
    mkd_id_list_free(&other);
    mkd_free(other_path);
    return status;
}

static int check_overlaps(mkd_check_report *report, const mkd_kitti_split *split) {
    char *folder = mkd_fs_join(split->root, "ImageSets");
    if (!folder) {
        return MKD_ENOMEM;
    }
    mkd_fs_list names = {0};
    int status = 0;
    if (mkd_fs_is_dir(folder)) {
        status = mkd_fs_list_dir(&names, folder, ".txt");
    }
    for (size_t i = 0; i < names.n && status == 0; i++) {
        status = check_overlap(report, split, folder, names.names[i]);
    }
    mkd_fs_list_free(&names);
    mkd_free(folder);
    return status;
}

int mkd_kitti_split__check(mkd_check_report *out, const mkd_kitti_split *split) {
    // without a velodyne folder nobody means to use points; a hole in one is worth a warning
    mkd_str folder = {0};
    mkd_str_printf(&folder, "%s/%s/velodyne", split->root, split->folder);
    int status = mkd_str_status(&folder);
    bool has_points = status == 0 && mkd_fs_is_dir(folder.text);
    mkd_str_free(&folder);
    MKD_TRY(status);
    MKD_TRY(check_overlaps(out, split));
    for (size_t i = 0; i < split->ids.n; i++) {
        MKD_TRY(check_frame(out, split, i, has_points));
        out->n_frames++;
    }
    return 0;
}
