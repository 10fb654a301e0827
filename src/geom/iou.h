/// Overlaps of boxes: axis-aligned, bird's-eye view (rotated), and 3D. All in double.
#ifndef MKD_GEOM_IOU_H
#define MKD_GEOM_IOU_H

#include <stddef.h>

#include "geom/box3d.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Intersection over union without +1; 0 for boxes that do not overlap.
double mkd_iou_2d(const mkd_box2d *a, const mkd_box2d *b);
/// Intersection over the area of `a`.
double mkd_coverage_2d(const mkd_box2d *a, const mkd_box2d *b);
/// Area of the intersection of the two rotated rectangles in (x, z).
double mkd_intersection_bev(const mkd_box3d *a, const mkd_box3d *b);
double mkd_iou_bev(const mkd_box3d *a, const mkd_box3d *b);
double mkd_iou_3d(const mkd_box3d *a, const mkd_box3d *b);

/// Greedy NMS of axis-aligned boxes in falling order of score (equal: lower index first): drops a
/// box whose IoU with a kept one is strictly above `threshold`.
/// @param[out] keep  indices of kept boxes, capacity n
/// @return number kept, or MKD_ENOMEM
long mkd_nms_2d(size_t *keep, const mkd_box2d *boxes, const double *scores, size_t n,
                double threshold);

#ifdef __cplusplus
}
#endif

#endif
