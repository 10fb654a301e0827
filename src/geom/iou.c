// Overlap of two rotated rectangles.
//
// Sutherland-Hodgman clipping of rectangle b by rectangle a, in the frame of a: origin at its
// center, u along its length, v along its width, so a is |u| <= length / 2, |v| <= width / 2 and
// clipping needs no cross products. Only differences of positions and angles enter, so far
// coordinates lose nothing, and identical boxes or boxes turned by pi meet without special cases.
//
// With c = cos yaw, s = sin yaw a point (u, v) of a box lies at x + c u + s v, z - s u + c v.
//
// A clip by one half plane keeps n_in corners and adds one per change of side, of which there are
// at most 2 min(n_in, n_out): two for a convex polygon, more only if rounding bends it. So 4
// corners become at most 6, 9, 13, 19.

#include "geom/iou.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/status.h"

enum { MAX_CORNERS = 20 };

typedef struct polygon {
    int n;
    double at[MAX_CORNERS][2];
} polygon;

/// Keeps the part of `p` with sign * (axis coordinate) <= limit.
static void clip(polygon *p, int axis, double sign, double limit) {
    polygon kept = {0};
    for (int i = 0; i < p->n; i++) {
        const double *from = p->at[i == 0 ? p->n - 1 : i - 1], *to = p->at[i];
        double from_room = limit - sign * from[axis], to_room = limit - sign * to[axis];
        if ((from_room >= 0) != (to_room >= 0)) {
            double t = from_room / (from_room - to_room);
            double *cut = kept.at[kept.n++];
            cut[axis] = sign * limit;
            cut[1 - axis] = from[1 - axis] + t * (to[1 - axis] - from[1 - axis]);
        }
        if (to_room >= 0) {
            memcpy(kept.at[kept.n++], to, sizeof kept.at[0]);
        }
    }
    *p = kept;
}

/// Area by triangles that share corner 0, which keeps the terms small.
static double area(const polygon *p) {
    double twice = 0;
    for (int i = 2; i < p->n; i++) {
        double ax = p->at[i - 1][0] - p->at[0][0], ay = p->at[i - 1][1] - p->at[0][1];
        double bx = p->at[i][0] - p->at[0][0], by = p->at[i][1] - p->at[0][1];
        twice += ax * by - ay * bx;
    }
    return fabs(twice) / 2;
}

static bool has_ground_area(const mkd_box3d *box) {
    return box->length_m > 0 && box->width_m > 0;
}

double mkd_intersection_bev(const mkd_box3d *a, const mkd_box3d *b) {
    if (!has_ground_area(a) || !has_ground_area(b)) {
        return 0;
    }
    double dx = b->x_m - a->x_m, dz = b->z_m - a->z_m;
    double reach = (hypot(a->length_m, a->width_m) + hypot(b->length_m, b->width_m)) / 2;
    if (!(dx * dx + dz * dz <= reach * reach)) {
        return 0;
    }
    double c = cos(a->yaw_rad), s = sin(a->yaw_rad);
    double u = c * dx - s * dz, v = s * dx + c * dz;
    double turn_c = cos(b->yaw_rad - a->yaw_rad), turn_s = sin(b->yaw_rad - a->yaw_rad);
    polygon p = {.n = 4};
    for (int i = 0; i < 4; i++) {
        double along = (i < 2 ? 0.5 : -0.5) * b->length_m;
        double across = (i == 0 || i == 3 ? 0.5 : -0.5) * b->width_m;
        p.at[i][0] = u + turn_c * along + turn_s * across;
        p.at[i][1] = v - turn_s * along + turn_c * across;
    }
    clip(&p, 0, 1, a->length_m / 2);
    clip(&p, 0, -1, a->length_m / 2);
    clip(&p, 1, 1, a->width_m / 2);
    clip(&p, 1, -1, a->width_m / 2);
    return fmin(area(&p), fmin(a->length_m * a->width_m, b->length_m * b->width_m));
}

double mkd_iou_bev(const mkd_box3d *a, const mkd_box3d *b) {
    double shared = mkd_intersection_bev(a, b);
    return shared > 0 ? shared / (a->length_m * a->width_m + b->length_m * b->width_m - shared) : 0;
}

double mkd_iou_3d(const mkd_box3d *a, const mkd_box3d *b) {
    // y points down: a box reaches from y - height (top) to y (bottom)
    double bottom = fmin(a->y_m, b->y_m);
    double top = fmax(a->y_m - a->height_m, b->y_m - b->height_m);
    if (!(bottom > top) || !(a->height_m > 0) || !(b->height_m > 0)) {
        return 0;
    }
    double shared = mkd_intersection_bev(a, b) * (bottom - top);
    if (!(shared > 0)) {
        return 0;
    }
    double volume_a = a->height_m * a->width_m * a->length_m;
    double volume_b = b->height_m * b->width_m * b->length_m;
    shared = fmin(shared, fmin(volume_a, volume_b));
    return shared / (volume_a + volume_b - shared);
}

static double area_2d(const mkd_box2d *box) {
    return (box->right_px - box->left_px) * (box->bottom_px - box->top_px);
}

static double intersection_2d(const mkd_box2d *a, const mkd_box2d *b) {
    double width = fmin(a->right_px, b->right_px) - fmax(a->left_px, b->left_px);
    double height = fmin(a->bottom_px, b->bottom_px) - fmax(a->top_px, b->top_px);
    return width > 0 && height > 0 ? width * height : 0;
}

double mkd_iou_2d(const mkd_box2d *a, const mkd_box2d *b) {
    double shared = intersection_2d(a, b);
    return shared > 0 ? shared / (area_2d(a) + area_2d(b) - shared) : 0;
}

double mkd_coverage_2d(const mkd_box2d *a, const mkd_box2d *b) {
    double shared = intersection_2d(a, b);
    return shared > 0 ? shared / area_2d(a) : 0;
}

typedef struct ranked {
    double score;
    size_t index;
} ranked;

static int compare_ranked(const void *left, const void *right) {
    const ranked *a = left, *b = right;
    if (a->score != b->score) {
        return a->score > b->score ? -1 : 1;
    }
    return a->index < b->index ? -1 : a->index > b->index;
}

long mkd_nms_2d(size_t *keep, const mkd_box2d *boxes, const double *scores, size_t n,
                double threshold) {
    ranked *order = mkd_alloc_array(n, sizeof *order);
    if (!order) {
        return MKD_ENOMEM;
    }
    for (size_t i = 0; i < n; i++) {
        // NaN has no place in an order: last
        order[i] = (ranked){isnan(scores[i]) ? -INFINITY : scores[i], i};
    }
    qsort(order, n, sizeof *order, compare_ranked);
    size_t n_kept = 0;
    for (size_t i = 0; i < n; i++) {
        bool covered = false;
        for (size_t k = 0; k < n_kept && !covered; k++) {
            covered = mkd_iou_2d(&boxes[order[i].index], &boxes[keep[k]]) > threshold;
        }
        if (!covered) {
            keep[n_kept++] = order[i].index;
        }
    }
    mkd_free(order);
    return (long)n_kept;
}
