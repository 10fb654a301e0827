#include "geom/box3d.h"

#include <math.h>
#include <stdbool.h>

#define PI 3.14159265358979323846

void mkd_box3d_corners(double out_m[8][3], const mkd_box3d *box) {
    static const double along[4] = {0.5, 0.5, -0.5, -0.5}, across[4] = {0.5, -0.5, -0.5, 0.5};
    double c = cos(box->yaw_rad), s = sin(box->yaw_rad);
    for (int i = 0; i < 8; i++) {
        double a = along[i % 4] * box->length_m, b = across[i % 4] * box->width_m;
        out_m[i][0] = box->x_m + c * a + s * b;
        out_m[i][1] = i < 4 ? box->y_m : box->y_m - box->height_m;
        out_m[i][2] = box->z_m - s * a + c * b;
    }
}

void mkd_box3d_center(double out_m[3], const mkd_box3d *box) {
    out_m[0] = box->x_m;
    out_m[1] = box->y_m - box->height_m / 2;
    out_m[2] = box->z_m;
}

static void hull_add(mkd_box2d *hull, bool *empty, const mkd_camera *camera,
                     const double point_m[3]) {
    double at_px[2];
    mkd_camera_project(at_px, camera, point_m);
    if (*empty) {
        *hull = (mkd_box2d){at_px[0], at_px[1], at_px[0], at_px[1]};
        *empty = false;
        return;
    }
    hull->left_px = fmin(hull->left_px, at_px[0]);
    hull->top_px = fmin(hull->top_px, at_px[1]);
    hull->right_px = fmax(hull->right_px, at_px[0]);
    hull->bottom_px = fmax(hull->bottom_px, at_px[1]);
}

int mkd_box3d_project(mkd_box2d *out, const mkd_box3d *box, const mkd_camera *camera,
                      double near_m) {
    static const int edges[12][2] = {{0, 1}, {1, 2}, {2, 3}, {3, 0}, {4, 5}, {5, 6},
                                     {6, 7}, {7, 4}, {0, 4}, {1, 5}, {2, 6}, {3, 7}};
    double corners[8][3];
    bool empty = true;
    mkd_box3d_corners(corners, box);
    for (int i = 0; i < 8; i++) {
        if (corners[i][2] >= near_m) {
            hull_add(out, &empty, camera, corners[i]);
        }
    }
    // where an edge passes the near plane the visible part gets a corner of its own
    for (int e = 0; e < 12 && !empty; e++) {
        const double *a = corners[edges[e][0]], *b = corners[edges[e][1]];
        if ((a[2] >= near_m) != (b[2] >= near_m)) {
            double t = (near_m - a[2]) / (b[2] - a[2]);
            double cut[3] = {a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1]), near_m};
            hull_add(out, &empty, camera, cut);
        }
    }
    return !empty;
}

double mkd_wrap_angle(double rad) {
    if (rad >= -PI && rad < PI) {
        return rad;
    }
    double wrapped = rad - 2 * PI * floor((rad + PI) / (2 * PI));
    // rounding may leave it one step outside
    return wrapped >= PI ? wrapped - 2 * PI : wrapped < -PI ? -PI : wrapped;
}

double mkd_alpha_from_yaw(double yaw_rad, double x_m, double z_m) {
    return mkd_wrap_angle(yaw_rad - atan2(x_m, z_m));
}

double mkd_yaw_from_alpha(double alpha_rad, double x_m, double z_m) {
    return mkd_wrap_angle(alpha_rad + atan2(x_m, z_m));
}
