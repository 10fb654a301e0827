/// 3D boxes in KITTI's camera frame (x right, y down, z forward).
#ifndef MKD_GEOM_BOX3D_H
#define MKD_GEOM_BOX3D_H

#include "geom/camera.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mkd_box3d {
    double x_m, y_m, z_m; ///< centre of the bottom face
    double height_m, width_m, length_m;
    double yaw_rad; ///< rotation_y: 0 faces +x, positive turns +x towards -z
} mkd_box3d;

/// Axis-aligned image box; pixels, right - left is the width (no +1).
typedef struct mkd_box2d {
    double left_px, top_px, right_px, bottom_px;
} mkd_box2d;

/// Corners 0..3 bottom, 4..7 top above them, with x = (l,l,-l,-l)/2, z = (w,-w,-w,w)/2 before the
/// turn x' = c x + s z, z' = -s x + c z.
void mkd_box3d_corners(double out_m[8][3], const mkd_box3d *box);
/// The volume's centre.
void mkd_box3d_center(double out_m[3], const mkd_box3d *box);
/// Hull of the projected box, clipped at z >= `near_m` first (so boxes that reach behind the camera
/// have a finite one); not clipped to the image. @return 0 if no part lies in front.
int mkd_box3d_project(mkd_box2d *out, const mkd_box3d *box, const mkd_camera *camera,
                      double near_m);

/// Angle wrapped to [-pi, pi).
double mkd_wrap_angle(double rad);
/// Observation angle alpha = yaw - atan2(x, z), wrapped.
double mkd_alpha_from_yaw(double yaw_rad, double x_m, double z_m);
double mkd_yaw_from_alpha(double alpha_rad, double x_m, double z_m);

#ifdef __cplusplus
}
#endif

#endif
