// A box has eight corners (geom/box3d.h: 0..3 bottom, 4..7 above them) and six faces: side i holds
// the corners i and i + 1 of bottom and top, so that side 0 is the front. A face is seen if its
// outward normal points to the camera; an edge is hidden if neither of its two faces is seen.
// Lines are cut at z = near before the projection, since points behind the camera would appear
// mirrored, and at the image's border after it, since cairo's coordinates end at 2^23.

#include "report/overlay.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <cairo.h>

#include "base/status.h"
#include "report/bev.h"
#include "report/canvas.h"

enum { SIDES = 4, BOTTOM = 4, TOP = 5, FACES = 6 };

static const double NEAR_M = 0.1, LINE_PX = 1.7, FULL_HEIGHT_PX = 375.0;
static const uint32_t HALO_RGB = 0x0b0f14, PANEL_RGB = 0x11161c;

typedef struct class_colors {
    const char *type;
    uint32_t truth, prediction;
} class_colors;

// light enough for photographs; the two roles differ in blue too, for color-blind readers
static const class_colors palette[] = {
    {"Car", 0x22e0a0, 0xff8a1f},
    {"Pedestrian", 0x35c8f0, 0xff4d6a},
    {"Cyclist", 0xa5ec3c, 0xffd23a},
    {NULL, 0x8fd6b5, 0xe0a878},
};

static const class_colors *colors_of(const char *type) {
    size_t i = 0;
    while (palette[i].type && strcmp(palette[i].type, type)) {
        i++;
    }
    return &palette[i];
}

uint32_t mkd_overlay_rgb(mkd_overlay_role role, const char *type) {
    const class_colors *colors = colors_of(type);
    return role == MKD_OVERLAY_TRUTH ? colors->truth : colors->prediction;
}

bool mkd_overlay_has_box3d(const mkd_object *object) {
    const mkd_box3d *b = &object->box;
    return strcmp(object->type, "DontCare") && isfinite(b->x_m) && isfinite(b->y_m) &&
           isfinite(b->z_m) && isfinite(b->yaw_rad) && isfinite(b->height_m) &&
           isfinite(b->width_m) && isfinite(b->length_m) && b->height_m > 0.0 && b->width_m > 0.0 &&
           b->length_m > 0.0 && b->z_m > -999.0;
}

typedef struct pen {
    mkd_canvas *canvas;
    const mkd_camera *camera;
    double near_m;
    double line;   // width in units of the canvas
    double text;   // height of the labels' font
    double margin; // how far beyond the border lines are kept
} pen;

// Liang-Barsky: the part of a segment inside the rectangle; false if there is none
static bool clip_segment(double a[2], double b[2], const double low[2], const double high[2]) {
    double t0 = 0.0, t1 = 1.0, step[2] = {b[0] - a[0], b[1] - a[1]};
    for (int k = 0; k < 2; k++) {
        if (step[k] == 0.0) {
            if (a[k] < low[k] || a[k] > high[k]) {
                return false;
            }
            continue;
        }
        double enter = ((step[k] > 0.0 ? low[k] : high[k]) - a[k]) / step[k];
        double leave = ((step[k] > 0.0 ? high[k] : low[k]) - a[k]) / step[k];
        t0 = fmax(t0, enter);
        t1 = fmin(t1, leave);
    }
    if (t0 > t1) {
        return false;
    }
    for (int k = 0; k < 2; k++) {
        double start = a[k];
        a[k] = start + t0 * step[k];
        b[k] = start + t1 * step[k];
    }
    return true;
}

// the point between a (in front of the near plane) and b (behind it) where the plane is met
static void meet_near(double out_m[3], const double a_m[3], const double b_m[3], double near_m) {
    double t = (near_m - a_m[2]) / (b_m[2] - a_m[2]);
    for (int k = 0; k < 3; k++) {
        out_m[k] = a_m[k] + t * (b_m[k] - a_m[k]);
    }
    out_m[2] = near_m;
}

// adds an edge to the path
static void trace_edge(const pen *p, const double a_m[3], const double b_m[3]) {
    double ends_m[2][3], a_px[2], b_px[2];
    memcpy(ends_m[0], a_m, sizeof ends_m[0]);
    memcpy(ends_m[1], b_m, sizeof ends_m[1]);
    if (a_m[2] < p->near_m && b_m[2] < p->near_m) {
        return;
    }
    if (a_m[2] < p->near_m) {
        meet_near(ends_m[0], b_m, a_m, p->near_m);
    } else if (b_m[2] < p->near_m) {
        meet_near(ends_m[1], a_m, b_m, p->near_m);
    }
    mkd_camera_project(a_px, p->camera, ends_m[0]);
    mkd_camera_project(b_px, p->camera, ends_m[1]);
    double low[2] = {-p->margin, -p->margin};
    double high[2] = {p->canvas->width + p->margin, p->canvas->height + p->margin};
    if (clip_segment(a_px, b_px, low, high)) {
        cairo_move_to(p->canvas->cr, a_px[0], a_px[1]);
        cairo_line_to(p->canvas->cr, b_px[0], b_px[1]);
    }
}

static void stroke(const pen *p, uint32_t rgb, double alpha) {
    cairo_t *cr = p->canvas->cr;
    mkd_canvas_rgb(p->canvas, HALO_RGB, 0.45 * alpha);
    cairo_set_line_width(cr, 2.1 * p->line);
    cairo_stroke_preserve(cr);
    mkd_canvas_rgb(p->canvas, rgb, alpha);
    cairo_set_line_width(cr, p->line);
    cairo_stroke(cr);
}

// the four corners of a face, in turn
static void face_corners(int out[4], int face) {
    if (face < SIDES) {
        int next = (face + 1) % SIDES;
        const int side[4] = {face, next, next + 4, face + 4};
        memcpy(out, side, sizeof side);
        return;
    }
    for (int i = 0; i < 4; i++) {
        out[i] = face == TOP ? i + 4 : i;
    }
}

static void find_seen_faces(bool seen[FACES], const double corners_m[8][3]) {
    double box_m[3] = {0};
    for (int i = 0; i < 8; i++) {
        for (int k = 0; k < 3; k++) {
            box_m[k] += corners_m[i][k] / 8.0;
        }
    }
    for (int face = 0; face < FACES; face++) {
        int of_face[4];
        face_corners(of_face, face);
        double dot = 0.0;
        for (int k = 0; k < 3; k++) {
            double center_m = 0.25 * (corners_m[of_face[0]][k] + corners_m[of_face[1]][k] +
                                      corners_m[of_face[2]][k] + corners_m[of_face[3]][k]);
            dot += (center_m - box_m[k]) * center_m;
        }
        seen[face] = dot < 0.0;
    }
}

// fills the front face, cut at the near plane (Sutherland-Hodgman with one plane)
static void fill_front(const pen *p, const double corners_m[8][3], uint32_t rgb, double alpha) {
    int of_face[4];
    face_corners(of_face, 0);
    cairo_new_path(p->canvas->cr);
    for (int i = 0; i < 4; i++) {
        const double *a_m = corners_m[of_face[i]], *b_m = corners_m[of_face[(i + 1) % 4]];
        double kept_m[2][3];
        int n = 0;
        if (a_m[2] >= p->near_m) {
            memcpy(kept_m[n++], a_m, sizeof kept_m[0]);
        }
        if ((a_m[2] >= p->near_m) != (b_m[2] >= p->near_m)) {
            bool a_in_front = a_m[2] >= p->near_m;
            meet_near(kept_m[n++], a_in_front ? a_m : b_m, a_in_front ? b_m : a_m, p->near_m);
        }
        for (int k = 0; k < n; k++) {
            double at_px[2];
            mkd_camera_project(at_px, p->camera, kept_m[k]);
            cairo_line_to(p->canvas->cr, fmax(-1e6, fmin(1e6, at_px[0])),
                          fmax(-1e6, fmin(1e6, at_px[1])));
        }
    }
    cairo_close_path(p->canvas->cr);
    mkd_canvas_rgb(p->canvas, rgb, alpha);
    cairo_fill(p->canvas->cr);
}

static void draw_box_3d(const pen *p, const double corners_m[8][3], uint32_t rgb) {
    bool seen[FACES];
    find_seen_faces(seen, corners_m);
    fill_front(p, corners_m, rgb, seen[0] ? 0.18 : 0.08);
    for (int visible = 0; visible < 2; visible++) {
        cairo_new_path(p->canvas->cr);
        for (int i = 0; i < SIDES; i++) {
            int next = (i + 1) % SIDES, before = (i + SIDES - 1) % SIDES;
            if ((seen[i] || seen[BOTTOM]) == visible) {
                trace_edge(p, corners_m[i], corners_m[next]);
            }
            if ((seen[i] || seen[TOP]) == visible) {
                trace_edge(p, corners_m[i + 4], corners_m[next + 4]);
            }
            if ((seen[i] || seen[before]) == visible) {
                trace_edge(p, corners_m[i], corners_m[i + 4]);
            }
        }
        stroke(p, rgb, visible ? 1.0 : 0.4);
    }
}

// a small plate with text, its lower left corner at the given place or as near as the image allows
static void draw_label(const pen *p, const char *text, double left, double bottom, uint32_t rgb) {
    mkd_canvas *canvas = p->canvas;
    mkd_canvas_font(canvas, p->text, true);
    double width = mkd_canvas_text_width(canvas, text) + 0.7 * p->text, height = 1.35 * p->text;
    left = fmax(0.0, fmin(left, canvas->width - width));
    bottom = fmax(height, fmin(bottom, canvas->height));
    mkd_canvas_rgb(canvas, HALO_RGB, 0.72);
    cairo_rectangle(canvas->cr, left, bottom - height, width, height);
    cairo_fill(canvas->cr);
    mkd_canvas_rgb(canvas, rgb, 1.0);
    mkd_canvas_text(canvas, text, left + 0.35 * p->text, bottom - 0.32 * p->text, MKD_ANCHOR_LEFT);
}

static bool is_left_out(const mkd_object *object, mkd_overlay_role role,
                        const mkd_overlay_options *options) {
    return role == MKD_OVERLAY_PREDICTION && object->score < options->min_score;
}

static void label_score(const pen *p, const mkd_object *object, const mkd_box2d *box_px,
                        uint32_t rgb) {
    char text[16];
    snprintf(text, sizeof text, "%.2f", object->score);
    draw_label(p, text, box_px->left_px, box_px->top_px - p->line, rgb);
}

static void draw_boxes_3d(pen p, const mkd_object *objects, size_t n_objects, mkd_overlay_role role,
                          const mkd_overlay_options *options) {
    // the truth stays in sight below a prediction that covers it
    p.line *= role == MKD_OVERLAY_TRUTH ? 1.5 : 1.0;
    for (size_t i = 0; i < n_objects; i++) {
        double corners_m[8][3];
        mkd_box2d hull_px;
        if (is_left_out(&objects[i], role, options) || !mkd_overlay_has_box3d(&objects[i]) ||
            !mkd_box3d_project(&hull_px, &objects[i].box, p.camera, p.near_m) ||
            hull_px.right_px < 0.0 || hull_px.bottom_px < 0.0 ||
            hull_px.left_px > p.canvas->width || hull_px.top_px > p.canvas->height) {
            continue;
        }
        uint32_t rgb = mkd_overlay_rgb(role, objects[i].type);
        mkd_box3d_corners(corners_m, &objects[i].box);
        draw_box_3d(&p, (const double(*)[3])corners_m, rgb);
        if (role == MKD_OVERLAY_PREDICTION && !options->no_labels) {
            label_score(&p, &objects[i], &hull_px, rgb);
        }
    }
}

static pen pen_for(mkd_canvas *canvas, const mkd_camera *camera, double scale,
                   const mkd_overlay_options *options) {
    double size = fmax(0.8, canvas->height * scale / FULL_HEIGHT_PX);
    double line_px = options->line_px > 0.0 ? options->line_px : LINE_PX * size;
    return (pen){.canvas = canvas,
                 .camera = camera,
                 .near_m = options->near_m > 0.0 ? options->near_m : NEAR_M,
                 .line = line_px / scale,
                 .text = 10.0 * size / scale,
                 .margin = 4.0 * line_px / scale};
}

// drawings have the centers of pixels at halves, projections at whole numbers
static void shift_to_centers(mkd_canvas *canvas) {
    cairo_translate(canvas->cr, 0.5, 0.5);
}

static int finish_in_place(mkd_image *image, mkd_canvas *canvas) {
    mkd_image drawn;
    MKD_TRY(mkd_canvas_to_image(&drawn, canvas));
    memcpy(image->pixels, drawn.pixels,
           (size_t)drawn.width_px * (size_t)drawn.height_px * (size_t)drawn.channels);
    mkd_image_free(&drawn);
    return 0;
}

static int start_in_place(mkd_canvas *out, const mkd_image *image) {
    if (image->channels != 3) {
        MKD_FAIL(MKD_EINVAL, "overlay: found an image of %d channels, expected 3", image->channels);
    }
    MKD_TRY(mkd_canvas_from_image(out, image, 1.0));
    shift_to_centers(out);
    return 0;
}

int mkd_overlay_boxes_3d(mkd_image *image, const mkd_camera *camera, const mkd_object *objects,
                         size_t n_objects, mkd_overlay_role role,
                         const mkd_overlay_options *options) {
    const mkd_overlay_options defaults = {0};
    options = options ? options : &defaults;
    mkd_canvas canvas;
    MKD_TRY(start_in_place(&canvas, image));
    pen p = pen_for(&canvas, camera, 1.0, options);
    draw_boxes_3d(p, objects, n_objects, role, options);
    int status = finish_in_place(image, &canvas);
    mkd_canvas_free(&canvas);
    return status;
}

static void draw_box_2d(const pen *p, const mkd_object *object, mkd_overlay_role role,
                        const mkd_overlay_options *options) {
    const mkd_box2d *box = &object->box_px;
    double limit = 1e6;
    if (!(fabs(box->left_px) < limit && fabs(box->top_px) < limit && fabs(box->right_px) < limit &&
          fabs(box->bottom_px) < limit)) {
        return;
    }
    bool ignored = !strcmp(object->type, "DontCare");
    uint32_t rgb = ignored ? 0xc8ccd2 : mkd_overlay_rgb(role, object->type);
    const double dashes[] = {4.0 * p->line, 3.0 * p->line};
    cairo_set_dash(p->canvas->cr, dashes, ignored ? 2 : 0, 0.0);
    cairo_rectangle(p->canvas->cr, box->left_px, box->top_px, box->right_px - box->left_px,
                    box->bottom_px - box->top_px);
    stroke(p, rgb, ignored ? 0.7 : 1.0);
    cairo_set_dash(p->canvas->cr, NULL, 0, 0.0);
    if (role == MKD_OVERLAY_PREDICTION && !options->no_labels && !ignored) {
        label_score(p, object, box, rgb);
    }
}

int mkd_overlay_boxes_2d(mkd_image *image, const mkd_object *objects, size_t n_objects,
                         mkd_overlay_role role, const mkd_overlay_options *options) {
    const mkd_overlay_options defaults = {0};
    options = options ? options : &defaults;
    mkd_canvas canvas;
    MKD_TRY(start_in_place(&canvas, image));
    pen p = pen_for(&canvas, NULL, 1.0, options);
    for (size_t i = 0; i < n_objects; i++) {
        if (!is_left_out(&objects[i], role, options)) {
            draw_box_2d(&p, &objects[i], role, options);
        }
    }
    int status = finish_in_place(image, &canvas);
    mkd_canvas_free(&canvas);
    return status;
}

int mkd_overlay_beside(mkd_image *out, const mkd_image *left, const mkd_image *right, int gap_px,
                       uint32_t gap_rgb) {
    *out = (mkd_image){0};
    if (left->height_px != right->height_px || left->channels != 3 || right->channels != 3 ||
        gap_px < 0) {
        MKD_FAIL(MKD_EINVAL, "overlay: found images of %d and %d rows, expected RGB of one height",
                 left->height_px, right->height_px);
    }
    int width_px = left->width_px + gap_px + right->width_px;
    MKD_TRY(mkd_image_new(out, width_px, left->height_px, 3));
    size_t left_bytes = 3 * (size_t)left->width_px, right_bytes = 3 * (size_t)right->width_px;
    uint8_t *to = out->pixels;
    for (size_t y = 0; y < (size_t)left->height_px; y++) {
        memcpy(to, left->pixels + y * left_bytes, left_bytes);
        to += left_bytes;
        for (int x = 0; x < gap_px; x++, to += 3) {
            to[0] = (uint8_t)(gap_rgb >> 16);
            to[1] = (uint8_t)(gap_rgb >> 8);
            to[2] = (uint8_t)gap_rgb;
        }
        memcpy(to, right->pixels + y * right_bytes, right_bytes);
        to += right_bytes;
    }
    return 0;
}

int mkd_overlay_above(mkd_image *out, const mkd_image *top, const mkd_image *bottom) {
    *out = (mkd_image){0};
    if (top->width_px != bottom->width_px || top->channels != 3 || bottom->channels != 3) {
        MKD_FAIL(MKD_EINVAL,
                 "overlay: found images of %d and %d columns, expected RGB of one width",
                 top->width_px, bottom->width_px);
    }
    MKD_TRY(mkd_image_new(out, top->width_px, top->height_px + bottom->height_px, 3));
    size_t top_bytes = 3 * (size_t)top->width_px * (size_t)top->height_px;
    memcpy(out->pixels, top->pixels, top_bytes);
    memcpy(out->pixels + top_bytes, bottom->pixels,
           3 * (size_t)bottom->width_px * (size_t)bottom->height_px);
    return 0;
}

static bool has_class(const mkd_object *objects, size_t n, const class_colors *colors) {
    for (size_t i = 0; i < n; i++) {
        if (mkd_overlay_has_box3d(&objects[i]) && colors_of(objects[i].type) == colors) {
            return true;
        }
    }
    return false;
}

// one role's name and a swatch for each of its classes; @return x behind them
static double draw_legend_role(mkd_canvas *canvas, double x, double size, mkd_overlay_role role,
                               const mkd_object *objects, size_t n) {
    if (n == 0) {
        return x;
    }
    double base = 0.5 * canvas->height + 0.36 * size;
    mkd_canvas_font(canvas, size, true);
    mkd_canvas_rgb(canvas, 0xe6eaef, 1.0);
    const char *name = role == MKD_OVERLAY_TRUTH ? "ground truth" : "predictions";
    mkd_canvas_text(canvas, name, x, base, MKD_ANCHOR_LEFT);
    x += mkd_canvas_text_width(canvas, name) + size;
    mkd_canvas_font(canvas, size, false);
    for (size_t i = 0; i < MKD_COUNT(palette); i++) {
        if (!has_class(objects, n, &palette[i])) {
            continue;
        }
        const char *type = palette[i].type ? palette[i].type : "other";
        mkd_canvas_rgb(canvas, mkd_overlay_rgb(role, type), 1.0);
        cairo_rectangle(canvas->cr, x, base - 0.8 * size, 0.9 * size, 0.9 * size);
        cairo_fill(canvas->cr);
        x += 1.4 * size;
        mkd_canvas_rgb(canvas, 0xc5ccd6, 1.0);
        mkd_canvas_text(canvas, type, x, base, MKD_ANCHOR_LEFT);
        x += mkd_canvas_text_width(canvas, type) + 1.2 * size;
    }
    return x + 1.2 * size;
}

static int draw_legend(mkd_image *out, int width_px, double size, const mkd_overlay_scene *scene) {
    mkd_canvas canvas;
    MKD_TRY(mkd_canvas_raster(&canvas, width_px, (int)lround(2.2 * size), 1.0, true));
    mkd_canvas_rgb(&canvas, PANEL_RGB, 1.0);
    cairo_paint(canvas.cr);
    double x =
        draw_legend_role(&canvas, size, size, MKD_OVERLAY_TRUTH, scene->truth, scene->n_truth);
    draw_legend_role(&canvas, x, size, MKD_OVERLAY_PREDICTION, scene->predictions,
                     scene->n_predictions);
    int status = mkd_canvas_to_image(out, &canvas);
    mkd_canvas_free(&canvas);
    return status;
}

static int draw_view(mkd_image *out, const mkd_overlay_scene *scene, double scale,
                     const mkd_overlay_options *options) {
    mkd_canvas canvas;
    MKD_TRY(mkd_canvas_from_image(&canvas, scene->image, scale));
    shift_to_centers(&canvas);
    pen p = pen_for(&canvas, scene->camera, scale, options);
    draw_boxes_3d(p, scene->truth, scene->n_truth, MKD_OVERLAY_TRUTH, options);
    draw_boxes_3d(p, scene->predictions, scene->n_predictions, MKD_OVERLAY_PREDICTION, options);
    int status = mkd_canvas_to_image(out, &canvas);
    mkd_canvas_free(&canvas);
    return status;
}

int mkd_overlay_picture(mkd_image *out, const mkd_overlay_scene *scene,
                        const mkd_overlay_options *options) {
    const mkd_overlay_options defaults = {0};
    options = options ? options : &defaults;
    *out = (mkd_image){0};
    mkd_image view = {0}, bev = {0}, both = {0}, legend = {0};
    int min_height_px = options->min_height_px > 0 ? options->min_height_px : 320;
    double scale = fmax(1.0, (double)min_height_px / fmax(1.0, scene->image->height_px));
    int status = 0;
    MKD_GOTO(draw_view(&view, scene, scale, options));
    mkd_bev_panel panel = {
        .width_px = (int)lround(0.8 * view.height_px),
        .height_px = view.height_px,
        .range_m = options->range_m > 0.0 ? options->range_m : mkd_bev_range_m(scene),
        .behind_m = 2.0,
    };
    MKD_GOTO(mkd_bev_draw(&bev, &panel, scene, options));
    MKD_GOTO(mkd_overlay_beside(&both, &view, &bev, 4, PANEL_RGB));
    if (options->no_legend || scene->n_truth + scene->n_predictions == 0) {
        *out = both;
        both = (mkd_image){0};
        goto done;
    }
    MKD_GOTO(draw_legend(&legend, both.width_px, fmax(11.0, 0.032 * both.height_px), scene));
    MKD_GOTO(mkd_overlay_above(out, &both, &legend));
done:
    mkd_image_free(&view);
    mkd_image_free(&bev);
    mkd_image_free(&both);
    mkd_image_free(&legend);
    return status;
}
