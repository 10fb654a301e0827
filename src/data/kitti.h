/// KITTI's text and binary files, readable and writable alone.
#ifndef MKD_DATA_KITTI_H
#define MKD_DATA_KITTI_H

#include "base/str.h"
#include "data/frame.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Reads label (15 fields) or result (16 fields) lines; blank lines are skipped. Which of the two
/// is asked for by `with_score`. NaN, infinity, a wrong number of fields or an unparsable number is
/// EFORMAT with "path:line: field: found, expected". DontCare rows get sizes -1 and position -1000,
/// whatever they carry. `out` is empty after a failure. `text` is overwritten by the parser.
int mkd_kitti_read_objects(mkd_object_list *out, const char *path, bool with_score) MKD_NODISCARD;
int mkd_kitti_parse_objects(mkd_object_list *out, char *text, const char *path,
                            bool with_score) MKD_NODISCARD;
/// Appends lines; `decimals` 2 as in KITTI's files, up to 17 for full precision. A value that is
/// not finite or a type that is not one word is EINVAL.
int mkd_kitti_format_objects(mkd_str *out, const mkd_object_list *objects, bool with_score,
                             int decimals) MKD_NODISCARD;

typedef struct mkd_kitti_calib {
    double p2[12];          ///< row-major 3x4
    double r0_rect[9];      ///< row-major 3x3
    double velo_to_cam[12]; ///< Tr_velo_to_cam, row-major 3x4
} mkd_kitti_calib;
/// Reads keys P2, R0_rect (or R_rect), Tr_velo_to_cam (or Tr_velo_cam), with or without a colon.
int mkd_kitti_read_calib(mkd_kitti_calib *out, const char *path) MKD_NODISCARD;
int mkd_kitti_parse_calib(mkd_kitti_calib *out, char *text, const char *path) MKD_NODISCARD;
/// camera_from_lidar = R0_rect * Tr_velo_to_cam, row-major 3x4.
void mkd_kitti_camera_from_lidar(double out[12], const mkd_kitti_calib *calib);

/// Reads x, y, z, reflectance as little-endian f32. A size that is no multiple of 16 bytes, or a
/// value that is not finite, is EFORMAT.
int mkd_kitti_read_points(mkd_points *out, const char *path) MKD_NODISCARD;

/// One id a line; blank lines and CR are ignored; a duplicate or a path-like id is EFORMAT.
typedef struct mkd_id_list {
    char (*at)[MKD_FRAME_ID_MAX];
    size_t n;
} mkd_id_list;
int mkd_kitti_read_ids(mkd_id_list *out, const char *path) MKD_NODISCARD;
int mkd_kitti_parse_ids(mkd_id_list *out, char *text, const char *path) MKD_NODISCARD;
void mkd_id_list_free(mkd_id_list *list);

#ifdef __cplusplus
}
#endif

#endif
