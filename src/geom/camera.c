#include "geom/camera.h"

void mkd_camera_project(double out_px[2], const mkd_camera *camera, const double point_m[3]) {
    const double *p = camera->projection;
    double x = point_m[0], y = point_m[1], z = point_m[2];
    out_px[0] = (p[0] * x + p[1] * y + p[2] * z + p[3]) / z;
    out_px[1] = (p[4] * x + p[5] * y + p[6] * z + p[7]) / z;
}

void mkd_camera_back_project(double out_m[3], const mkd_camera *camera, const double at_px[2],
                             double depth_m) {
    // at known z both rows are linear in (x, y); p[1] and p[4] are 0 in every public data set, and
    // then this is x = ((u - cu) z - P03) / fu
    const double *p = camera->projection;
    double bx = (at_px[0] - p[2]) * depth_m - p[3];
    double by = (at_px[1] - p[6]) * depth_m - p[7];
    double y = (by - p[4] / p[0] * bx) / (p[5] - p[4] / p[0] * p[1]);
    out_m[0] = (bx - p[1] * y) / p[0];
    out_m[1] = y;
    out_m[2] = depth_m;
}

mkd_camera mkd_camera_flip(const mkd_camera *camera) {
    // u' z = (W - 1) z - u z with x = -x': every term of row 0 but that of x changes its sign, and
    // (W - 1) joins the term of z; rows 1 and 2 only see x' = -x
    mkd_camera flipped = *camera;
    const double *p = camera->projection;
    double *q = flipped.projection;
    q[1] = -p[1];
    q[2] = camera->width_px - 1 - p[2];
    q[3] = -p[3];
    q[4] = -p[4];
    q[8] = -p[8];
    return flipped;
}
