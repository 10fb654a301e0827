/// LiDAR points to depth maps of a view, sparse and completed.
#ifndef MKD_DATA_DEPTHMAP_H
#define MKD_DATA_DEPTHMAP_H

#include "data/frame.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Sparse depth map of `camera`'s image: each point in front of it is written to the pixel whose
/// center is nearest to its projection; where several meet, the nearest stays. Metres of the camera
/// frame's z, 0 where no point fell.
/// @param camera_from_points row-major 3x4, from the points' frame to the camera's
int mkd_depth_map_from_points(mkd_depth_map *out, const mkd_points *points,
                              const double camera_from_points[12],
                              const mkd_camera *camera) MKD_NODISCARD;

/// Fills a sparse map (0 = unknown) in place by classic morphology (depthmap.c has the algorithm).
/// Depths below 0.1 m count as unknown, those beyond 255 m as 255 m. A map without any known depth
/// stays empty; from any other one every pixel comes out known. Known pixels are smoothed too, and
/// far ones beside near ones may take the near depth. Deterministic.
int mkd_depth_map_complete(mkd_depth_map *map) MKD_NODISCARD;

/// Reads a depth map as KITTI stores it, a 16-bit PNG with metres * 256 and 0 for unknown. A map
/// that is smaller than the image, as those of KITTI's depth benchmark are, is put at the bottom
/// and the middle of it; what it lacks repeats its border.
int mkd_depth_map_read(mkd_depth_map *out, const char *path, int width_px,
                       int height_px) MKD_NODISCARD;

#ifdef __cplusplus
}
#endif

#endif
