/// Pinhole camera in KITTI's convention: x right, y down, z forward, metres and pixels.
#ifndef MKD_GEOM_CAMERA_H
#define MKD_GEOM_CAMERA_H

#ifdef __cplusplus
extern "C" {
#endif

/// A 3x4 projection of the rectified camera frame in which labels live.
///
/// Monocular code's convention (see mkd_camera_project): the divisor is the point's z, not the
/// third row, so projection and back-projection are exact inverses at a given z.
typedef struct mkd_camera {
    double projection[12]; ///< row-major 3x4, pixels
    int width_px, height_px;
} mkd_camera;

/// u = (P row 0 . [x y z 1]) / z, v likewise with row 1. z must not be 0.
void mkd_camera_project(double out_px[2], const mkd_camera *camera, const double point_m[3]);
/// Inverse of mkd_camera_project at depth `depth_m`: x = (u - cu) z / fu - P03 / fu.
void mkd_camera_back_project(double out_m[3], const mkd_camera *camera, const double at_px[2],
                             double depth_m);
/// The camera of the image mirrored in x: u' = width - 1 - u for points with x' = -x, exact with
/// the divisor z: cu' = width - 1 - cu, P03' = -P03.
mkd_camera mkd_camera_flip(const mkd_camera *camera);

#ifdef __cplusplus
}
#endif

#endif
