/// One sample: image, camera, objects, and on demand LiDAR points and a depth map.
#ifndef MKD_DATA_FRAME_H
#define MKD_DATA_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "geom/box3d.h"
#include "geom/camera.h"
#include "io/image.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MKD_MAX_VIEWS     8
#define MKD_FRAME_ID_MAX  64
#define MKD_TYPE_NAME_MAX 24

/// A labeled or detected object, KITTI's 15 or 16 fields.
typedef struct mkd_object {
    char type[MKD_TYPE_NAME_MAX]; ///< "Car", "Pedestrian", "Cyclist", "Van", ..., "DontCare"
    double truncation;            ///< 0..1, -1 unknown
    int occlusion;                ///< 0 visible, 1 partly, 2 largely, 3 unknown, -1 DontCare
    double alpha_rad;             ///< observation angle; -10 unknown
    mkd_box2d box_px;
    mkd_box3d box; ///< all sizes -1 and position -1000 where there is none
    double score;  ///< detections; 0 in labels
} mkd_object;

typedef struct mkd_object_list {
    mkd_object *at; ///< owned, mkd_object_list_free
    size_t n;
} mkd_object_list;

void mkd_object_list_free(mkd_object_list *list);

/// Points with reflectance: x, y, z in metres of a named frame, r in 0..1.
typedef struct mkd_points {
    float *at; ///< [n, 4]; owned
    size_t n;
} mkd_points;

void mkd_points_free(mkd_points *points);

/// A depth map of a view, metres, 0 where unknown.
typedef struct mkd_depth_map {
    float *depth_m; ///< [height, width]; owned
    int width_px, height_px;
} mkd_depth_map;

void mkd_depth_map_free(mkd_depth_map *map);

typedef struct mkd_view {
    mkd_image image; ///< empty (pixels NULL) unless asked for
    mkd_camera camera;
    double camera_from_reference[12]; ///< row-major 3x4; identity for KITTI's view 0
    mkd_depth_map depth;              ///< empty unless asked for
} mkd_view;

typedef struct mkd_frame {
    char id[MKD_FRAME_ID_MAX];
    int n_views;
    mkd_view views[MKD_MAX_VIEWS];
    mkd_object_list objects;      ///< in the frame of view 0's camera
    bool labeled;                 ///< false: `objects` is empty because nobody labeled the frame
    mkd_points points;            ///< LiDAR frame; empty unless asked for
    double camera_from_lidar[12]; ///< row-major 3x4, into the rectified frame of view 0
} mkd_frame;

/// Frees what the frame owns and zeroes it.
void mkd_frame_free(mkd_frame *frame);

#ifdef __cplusplus
}
#endif

#endif
