/// Boxes drawn on images, and pictures of a frame: the image beside a view from above.
#ifndef MKD_REPORT_OVERLAY_H
#define MKD_REPORT_OVERLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "data/frame.h"
#include "geom/camera.h"
#include "io/image.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum mkd_overlay_role {
    MKD_OVERLAY_TRUTH,     ///< greens
    MKD_OVERLAY_PREDICTION ///< oranges
} mkd_overlay_role;

/// 0xRRGGBB of a class in a role.
uint32_t mkd_overlay_rgb(mkd_overlay_role role, const char *type);
/// True if an object has a box that can be drawn: finite, with positive sizes, not "DontCare".
bool mkd_overlay_has_box3d(const mkd_object *object);

typedef struct mkd_overlay_options {
    double line_px;    ///< width of lines; 0: 1.7 for an image of 375 rows, in proportion
    double min_score;  ///< predictions below it are left out
    bool no_labels;    ///< leaves scores out
    double near_m;     ///< what is nearer is cut off; 0: 0.1
    int min_height_px; ///< pictures: smaller images are enlarged to it; 0: 320
    bool no_legend;    ///< pictures: leaves the line below out
    double range_m;    ///< pictures: depth of the view from above; 0: from the objects
} mkd_overlay_options;

/// Draws 3D boxes into an RGB image: twelve edges (hidden ones fainter), the front face filled,
/// each edge cut at the near plane and at the image; predictions with their score. Objects without
/// a box are skipped. Objects lie in the frame of `camera`. `options` Nullable.
int mkd_overlay_boxes_3d(mkd_image *image, const mkd_camera *camera, const mkd_object *objects,
                         size_t n_objects, mkd_overlay_role role,
                         const mkd_overlay_options *options) MKD_NODISCARD;

/// Draws the image boxes; "DontCare" regions are dashed and gray.
int mkd_overlay_boxes_2d(mkd_image *image, const mkd_object *objects, size_t n_objects,
                         mkd_overlay_role role, const mkd_overlay_options *options) MKD_NODISCARD;

/// What a picture shows. Nothing is owned.
typedef struct mkd_overlay_scene {
    const mkd_image *image;
    const mkd_camera *camera;
    const mkd_object *truth; ///< Nullable if n_truth is 0
    size_t n_truth;
    const mkd_object *predictions; ///< Nullable if n_predictions is 0
    size_t n_predictions;
    const mkd_points *points;        ///< Nullable: LiDAR points for the view from above
    const double *camera_from_lidar; ///< [12] row-major 3x4; needed with points
} mkd_overlay_scene;

/// Image with 3D boxes and the view from above (bev.h) side by side, and a legend below.
int mkd_overlay_picture(mkd_image *out, const mkd_overlay_scene *scene,
                        const mkd_overlay_options *options) MKD_NODISCARD;

/// `left` and `right` (RGB, equal heights) with a gap of `gap_px` in `gap_rgb` between them.
int mkd_overlay_beside(mkd_image *out, const mkd_image *left, const mkd_image *right, int gap_px,
                       uint32_t gap_rgb) MKD_NODISCARD;
/// `top` above `bottom` (RGB, equal widths).
int mkd_overlay_above(mkd_image *out, const mkd_image *top, const mkd_image *bottom) MKD_NODISCARD;

#ifdef __cplusplus
}
#endif

#endif
