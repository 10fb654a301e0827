#include "report/bev.h"

#include <math.h>
#include <stdio.h>

#include <cairo.h>

#include "base/status.h"
#include "report/canvas.h"

static const uint32_t GROUND_RGB = 0x161b21, RING_RGB = 0x39434f, TEXT_RGB = 0x8b97a6,
                      VIEW_RGB = 0x5f7c99, POINT_RGB = 0x9fb4cc;
static const double PI = 3.14159265358979323846;

static double px_per_m(const mkd_bev_panel *panel) {
    return panel->height_px / (panel->range_m + panel->behind_m);
}

void mkd_bev_place(double out_px[2], const mkd_bev_panel *panel, double x_m, double z_m) {
    out_px[0] = 0.5 * panel->width_px + x_m * px_per_m(panel);
    out_px[1] = (panel->range_m - z_m) * px_per_m(panel);
}

static double farthest_m(double so_far_m, const mkd_object *objects, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (mkd_overlay_has_box3d(&objects[i])) {
            so_far_m = fmax(so_far_m, objects[i].box.z_m + 0.5 * objects[i].box.length_m);
        }
    }
    return so_far_m;
}

double mkd_bev_range_m(const mkd_overlay_scene *scene) {
    // by the truth where there is one, so that pictures of several models compare
    double far_m = farthest_m(0.0, scene->truth, scene->n_truth);
    far_m = far_m > 0.0 ? far_m : farthest_m(0.0, scene->predictions, scene->n_predictions);
    return fmin(100.0, fmax(40.0, 10.0 * ceil(far_m / 10.0)));
}

static double ring_step_m(const mkd_bev_panel *panel) {
    return panel->range_m > 60.0 ? 20.0 : panel->range_m > 20.0 ? 10.0 : 5.0;
}

static void draw_rings(mkd_canvas *canvas, const mkd_bev_panel *panel) {
    double eye_px[2], step_m = ring_step_m(panel);
    mkd_bev_place(eye_px, panel, 0.0, 0.0);
    cairo_set_line_width(canvas->cr, 1.0);
    mkd_canvas_rgb(canvas, RING_RGB, 1.0);
    for (double r_m = step_m; r_m < panel->range_m + 1e-9; r_m += step_m) {
        cairo_new_sub_path(canvas->cr);
        cairo_arc(canvas->cr, eye_px[0], eye_px[1], r_m * px_per_m(panel), PI, 2.0 * PI);
        cairo_stroke(canvas->cr);
    }
}

// along the left border, where few objects hide them
static void draw_distances(mkd_canvas *canvas, const mkd_bev_panel *panel) {
    double size = fmax(9.0, 0.028 * panel->height_px), step_m = ring_step_m(panel);
    mkd_canvas_font(canvas, size, false);
    for (double r_m = step_m; r_m < panel->range_m + 1e-9; r_m += step_m) {
        char text[24];
        double eye_px[2], radius_px = r_m * px_per_m(panel);
        mkd_bev_place(eye_px, panel, 0.0, 0.0);
        snprintf(text, sizeof text, "%.0f m", r_m);
        double aside_px = fmin(eye_px[0] - 0.4 * size, 0.866 * radius_px);
        double y = eye_px[1] - sqrt(radius_px * radius_px - aside_px * aside_px);
        mkd_canvas_rgb(canvas, GROUND_RGB, 0.7);
        double width = mkd_canvas_text_width(canvas, text);
        cairo_rectangle(canvas->cr, eye_px[0] - aside_px - 2.0, y - 0.5 * size - 1.0, width + 4.0,
                        size + 2.0);
        cairo_fill(canvas->cr);
        mkd_canvas_rgb(canvas, TEXT_RGB, 1.0);
        mkd_canvas_text(canvas, text, eye_px[0] - aside_px, y + 0.36 * size, MKD_ANCHOR_LEFT);
    }
}

static void draw_field_of_view(mkd_canvas *canvas, const mkd_bev_panel *panel,
                               const mkd_camera *camera) {
    double eye_px[2];
    mkd_bev_place(eye_px, panel, 0.0, 0.0);
    mkd_canvas_rgb(canvas, VIEW_RGB, 0.9);
    cairo_set_line_width(canvas->cr, 1.2);
    for (int side = 0; side < 2; side++) {
        double border_px[2] = {side ? camera->width_px : 0.0, 0.5 * camera->height_px};
        double far_m[3], far_px[2];
        mkd_camera_back_project(far_m, camera, border_px, 2.0 * panel->range_m);
        mkd_bev_place(far_px, panel, far_m[0], far_m[2]);
        mkd_canvas_line(canvas, eye_px[0], eye_px[1], far_px[0], far_px[1]);
    }
    cairo_move_to(canvas->cr, eye_px[0], eye_px[1] - 6.0);
    cairo_line_to(canvas->cr, eye_px[0] + 4.5, eye_px[1] + 4.0);
    cairo_line_to(canvas->cr, eye_px[0] - 4.5, eye_px[1] + 4.0);
    cairo_close_path(canvas->cr);
    mkd_canvas_rgb(canvas, 0xe6eaef, 1.0);
    cairo_fill(canvas->cr);
}

// one dot a point, with a little of it covered, so that walls come out brighter than ground
static void draw_points(mkd_canvas *canvas, const mkd_bev_panel *panel, const mkd_points *points,
                        const double camera_from_lidar[12]) {
    const double *t = camera_from_lidar;
    mkd_canvas_rgb(canvas, POINT_RGB, 0.2);
    for (size_t i = 0; i < points->n; i++) {
        const float *p = points->at + 4 * i;
        double x_m = t[0] * (double)p[0] + t[1] * (double)p[1] + t[2] * (double)p[2] + t[3];
        double z_m = t[8] * (double)p[0] + t[9] * (double)p[1] + t[10] * (double)p[2] + t[11];
        double at_px[2];
        mkd_bev_place(at_px, panel, x_m, z_m);
        if (at_px[0] >= 0.0 && at_px[0] < panel->width_px && at_px[1] >= 0.0 &&
            at_px[1] < panel->height_px) {
            cairo_rectangle(canvas->cr, floor(at_px[0]), floor(at_px[1]), 1.0, 1.0);
            cairo_fill(canvas->cr);
        }
    }
}

static void draw_box(mkd_canvas *canvas, const mkd_bev_panel *panel, const mkd_box3d *box,
                     uint32_t rgb, double line) {
    double corners_m[8][3], corner_px[4][2], middle_px[2], tip_px[2];
    mkd_box3d_corners(corners_m, box);
    mkd_bev_place(middle_px, panel, box->x_m, box->z_m);
    // what lies far outside is not worth a path, and cairo's coordinates end at 2^23
    if (fabs(middle_px[0]) > 1e5 || fabs(middle_px[1]) > 1e5) {
        return;
    }
    for (int i = 0; i < 4; i++) {
        mkd_bev_place(corner_px[i], panel, corners_m[i][0], corners_m[i][2]);
        cairo_line_to(canvas->cr, corner_px[i][0], corner_px[i][1]);
    }
    cairo_close_path(canvas->cr);
    mkd_canvas_rgb(canvas, rgb, 0.18);
    cairo_fill_preserve(canvas->cr);
    mkd_canvas_rgb(canvas, rgb, 1.0);
    cairo_set_line_width(canvas->cr, line);
    cairo_stroke(canvas->cr);
    // corners 0 and 1 are the front; the tick reaches half a length beyond it
    for (int k = 0; k < 2; k++) {
        double front_px = 0.5 * (corner_px[0][k] + corner_px[1][k]);
        tip_px[k] = middle_px[k] + 1.5 * (front_px - middle_px[k]);
    }
    mkd_canvas_line(canvas, middle_px[0], middle_px[1], tip_px[0], tip_px[1]);
}

static void draw_objects(mkd_canvas *canvas, const mkd_bev_panel *panel, const mkd_object *objects,
                         size_t n, mkd_overlay_role role, double min_score) {
    double line = fmax(1.2, 0.0036 * panel->height_px);
    for (size_t i = 0; i < n; i++) {
        bool weak = role == MKD_OVERLAY_PREDICTION && objects[i].score < min_score;
        if (!weak && mkd_overlay_has_box3d(&objects[i])) {
            draw_box(canvas, panel, &objects[i].box, mkd_overlay_rgb(role, objects[i].type), line);
        }
    }
}

int mkd_bev_draw(mkd_image *out, const mkd_bev_panel *panel, const mkd_overlay_scene *scene,
                 const mkd_overlay_options *options) {
    *out = (mkd_image){0};
    if (!(panel->range_m > 0.0 && panel->range_m <= 1000.0 && panel->behind_m >= 0.0 &&
          panel->behind_m <= 1000.0)) {
        MKD_FAIL(MKD_EINVAL,
                 "view from above: found %g m ahead and %g m behind, expected 0 to 1000",
                 panel->range_m, panel->behind_m);
    }
    mkd_canvas canvas;
    MKD_TRY(mkd_canvas_raster(&canvas, panel->width_px, panel->height_px, 1.0, true));
    mkd_canvas_rgb(&canvas, GROUND_RGB, 1.0);
    cairo_paint(canvas.cr);
    draw_rings(&canvas, panel);
    if (scene->points && scene->points->n > 0 && scene->camera_from_lidar) {
        draw_points(&canvas, panel, scene->points, scene->camera_from_lidar);
    }
    if (scene->camera) {
        draw_field_of_view(&canvas, panel, scene->camera);
    }
    draw_distances(&canvas, panel);
    double min_score = options ? options->min_score : 0.0;
    draw_objects(&canvas, panel, scene->truth, scene->n_truth, MKD_OVERLAY_TRUTH, min_score);
    draw_objects(&canvas, panel, scene->predictions, scene->n_predictions, MKD_OVERLAY_PREDICTION,
                 min_score);
    int status = mkd_canvas_to_image(out, &canvas);
    mkd_canvas_free(&canvas);
    return status;
}
