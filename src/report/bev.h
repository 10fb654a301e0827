/// The view from above: boxes on the ground, the camera's field of view, LiDAR points.
#ifndef MKD_REPORT_BEV_H
#define MKD_REPORT_BEV_H

#include <stddef.h>

#include "base/compiler.h"
#include "io/image.h"
#include "report/overlay.h"

#ifdef __cplusplus
extern "C" {
#endif

/// A panel with the camera at the middle of its lower edge, z upwards and x to the right.
typedef struct mkd_bev_panel {
    int width_px, height_px;
    double range_m;  ///< z at the upper edge
    double behind_m; ///< -z at the lower edge
} mkd_bev_panel;

/// Where a point of the ground lies in the panel; the upper left corner is (0, 0).
void mkd_bev_place(double out_px[2], const mkd_bev_panel *panel, double x_m, double z_m);

/// Depth that shows all objects of the truth, or without one all predictions: the farthest one's
/// rounded up to 10 m, 40 to 100.
double mkd_bev_range_m(const mkd_overlay_scene *scene);

/// Draws range rings, field of view, points, ground truth and predictions (a tick from the middle
/// over the front edge shows where a box faces). `options` Nullable: min_score is used.
/// Errors: EINVAL for a panel without area or range.
int mkd_bev_draw(mkd_image *out, const mkd_bev_panel *panel, const mkd_overlay_scene *scene,
                 const mkd_overlay_options *options) MKD_NODISCARD;

#ifdef __cplusplus
}
#endif

#endif
