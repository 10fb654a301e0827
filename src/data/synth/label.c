// Labels from the meshes themselves.
//
// 2D box: bounds of the object's silhouette within the image, as if nothing stood before it; pixel
// centers have whole coordinates, so the image is [0, width - 1] x [0, height - 1].
// Truncation: share of the convex hull of the whole projected mesh that lies outside the image.
// Occlusion: visible pixels (the id buffer) against the pixels that the object would have alone
// (its faces rasterised at pixel centers): >= 85 % level 0, >= 50 % level 1, >= 15 % level 2,
// else 3. Of an object with less than 4 % or fewer than 8 pixels visible nobody could say more than
// "do not care"; without any visible pixel it gets no label.
#include "data/synth/render.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/status.h"

#define NEAR_M          0.25
#define CORNERS_MAX     10
#define VISIBLE_LEVEL_0 0.85
#define VISIBLE_LEVEL_1 0.50
#define VISIBLE_LEVEL_2 0.15
#define VISIBLE_LABEL   0.04
#define VISIBLE_PIXELS  8

/// A polygon of image points.
typedef struct polygon {
    double at_px[CORNERS_MAX][2];
    size_t n;
} polygon;

/// What one object needs; the buffers serve all objects of a frame.
typedef struct silhouette {
    const mkd_scene *scene;
    double (*points_px)[2]; // [capacity]: projected corners in front of the camera
    size_t n_points;
    double (*hull_px)[2];
    uint8_t *covered; // [height, width]
    mkd_box2d bounds_px;
    size_t n_alone;
    bool seen; // some part of a face lies in the image
} silhouette;

// projection of a face, cut at z = NEAR_M; n = 0 behind it
static void project_face(polygon *out, const mkd_scene *scene, const mkd_mesh_face *face) {
    out->n = 0;
    double in_m[3][3];
    for (unsigned i = 0; i < 3; i++) {
        const mkd_vec3 p = scene->mesh.vertices[face->vertex[i]].at_m;
        in_m[i][0] = (double)p.x;
        in_m[i][1] = (double)p.y;
        in_m[i][2] = (double)p.z;
    }
    for (unsigned i = 0; i < 3; i++) {
        const double *a = in_m[i], *b = in_m[(i + 1) % 3];
        if (a[2] >= NEAR_M) {
            mkd_camera_project(out->at_px[out->n++], &scene->camera, a);
        }
        if ((a[2] >= NEAR_M) != (b[2] >= NEAR_M)) {
            const double s = (NEAR_M - a[2]) / (b[2] - a[2]);
            const double cut[3] = {a[0] + s * (b[0] - a[0]), a[1] + s * (b[1] - a[1]), NEAR_M};
            mkd_camera_project(out->at_px[out->n++], &scene->camera, cut);
        }
    }
}

// keeps the part with sign * coordinate <= sign * bound (Sutherland and Hodgman, one side)
static void clip(polygon *p, unsigned axis, double sign, double bound) {
    polygon out = {.n = 0};
    for (size_t i = 0; i < p->n; i++) {
        const double *a = p->at_px[i], *b = p->at_px[(i + 1) % p->n];
        const double da = sign * (a[axis] - bound), db = sign * (b[axis] - bound);
        if (da <= 0.0 && out.n < CORNERS_MAX) {
            memcpy(out.at_px[out.n++], a, sizeof out.at_px[0]);
        }
        if ((da <= 0.0) != (db <= 0.0) && out.n < CORNERS_MAX) {
            const double s = da / (da - db);
            out.at_px[out.n][0] = a[0] + s * (b[0] - a[0]);
            out.at_px[out.n++][1] = a[1] + s * (b[1] - a[1]);
        }
    }
    *p = out;
}

static void clip_to_image(polygon *p, const mkd_camera *camera) {
    clip(p, 0, -1.0, 0.0);
    clip(p, 0, 1.0, camera->width_px - 1);
    clip(p, 1, -1.0, 0.0);
    clip(p, 1, 1.0, camera->height_px - 1);
}

static void grow_bounds(silhouette *it, const polygon *p) {
    mkd_box2d *b = &it->bounds_px;
    for (size_t i = 0; i < p->n; i++) {
        const double u = p->at_px[i][0], v = p->at_px[i][1];
        if (!it->seen) {
            b->left_px = b->right_px = u;
            b->top_px = b->bottom_px = v;
            it->seen = true;
        }
        b->left_px = fmin(b->left_px, u);
        b->right_px = fmax(b->right_px, u);
        b->top_px = fmin(b->top_px, v);
        b->bottom_px = fmax(b->bottom_px, v);
    }
}

// marks the pixels whose centers lie in the convex polygon, row by row
static void cover(silhouette *it, const polygon *p) {
    const mkd_camera *camera = &it->scene->camera;
    double top = p->at_px[0][1], bottom = top;
    for (size_t i = 1; i < p->n; i++) {
        top = fmin(top, p->at_px[i][1]);
        bottom = fmax(bottom, p->at_px[i][1]);
    }
    for (int v = (int)ceil(top); v <= (int)floor(bottom); v++) {
        double left = 1e9, right = -1e9;
        for (size_t i = 0; i < p->n; i++) {
            const double *a = p->at_px[i], *b = p->at_px[(i + 1) % p->n];
            if ((a[1] <= v && b[1] >= v) || (b[1] <= v && a[1] >= v)) {
                const double rise = b[1] - a[1];
                const double u =
                    fabs(rise) < 1e-12 ? a[0] : a[0] + (v - a[1]) / rise * (b[0] - a[0]);
                left = fmin(left, u);
                right = fmax(right, u);
                if (fabs(rise) < 1e-12) {
                    left = fmin(left, b[0]);
                    right = fmax(right, b[0]);
                }
            }
        }
        uint8_t *row = it->covered + (size_t)v * (size_t)camera->width_px;
        for (int u = (int)ceil(left); u <= (int)floor(right); u++) {
            row[u] = 1;
        }
    }
}

static int compare_points(const void *a, const void *b) {
    const double *p = a, *q = b;
    if (p[0] != q[0]) {
        return p[0] < q[0] ? -1 : 1;
    }
    return (p[1] > q[1]) - (p[1] < q[1]);
}

static double turn(const double o[2], const double a[2], const double b[2]) {
    return (a[0] - o[0]) * (b[1] - o[1]) - (a[1] - o[1]) * (b[0] - o[0]);
}

// convex hull of the projected corners by Andrew's monotone chain
static size_t hull(silhouette *it) {
    qsort(it->points_px, it->n_points, sizeof it->points_px[0], compare_points);
    double(*out)[2] = it->hull_px;
    size_t n = 0;
    for (int pass = 0; pass < 2; pass++) {
        const size_t floor_n = n + 1;
        for (size_t i = 0; i < it->n_points; i++) {
            const double *p = it->points_px[pass ? it->n_points - 1 - i : i];
            while (n > floor_n && turn(out[n - 2], out[n - 1], p) <= 0.0) {
                n--;
            }
            memcpy(out[n++], p, sizeof out[0]);
        }
        n--; // the last point begins the other chain
    }
    return n;
}

static double area(const polygon *p) {
    double twice = 0.0;
    for (size_t i = 1; i + 1 < p->n; i++) {
        twice += turn(p->at_px[0], p->at_px[i], p->at_px[i + 1]);
    }
    return 0.5 * fabs(twice);
}

static double truncation(silhouette *it) {
    const size_t n = hull(it);
    double whole = 0.0, inside = 0.0;
    for (size_t i = 1; i + 1 < n; i++) {
        // a fan: each triangle of the hull is clipped alone
        polygon p = {.n = 3};
        memcpy(p.at_px[0], it->hull_px[0], sizeof p.at_px[0]);
        memcpy(p.at_px[1], it->hull_px[i], sizeof p.at_px[0]);
        memcpy(p.at_px[2], it->hull_px[i + 1], sizeof p.at_px[0]);
        whole += area(&p);
        clip_to_image(&p, &it->scene->camera);
        inside += area(&p);
    }
    return whole > 0.0 ? fmin(fmax(1.0 - inside / whole, 0.0), 1.0) : 0.0;
}

static void measure(silhouette *it, const mkd_scene_object *object) {
    const mkd_scene *scene = it->scene;
    const mkd_camera *camera = &scene->camera;
    it->seen = false;
    it->n_points = 0;
    it->n_alone = 0;
    for (size_t i = 0; i < object->n_faces; i++) {
        polygon p;
        project_face(&p, scene, &scene->mesh.faces[object->first_face + i]);
        memcpy(it->points_px[it->n_points], p.at_px, p.n * sizeof p.at_px[0]);
        it->n_points += p.n;
        clip_to_image(&p, camera);
        if (p.n > 0) {
            grow_bounds(it, &p);
            cover(it, &p);
        }
    }
    if (!it->seen) {
        return;
    }
    const mkd_box2d *b = &it->bounds_px;
    for (int v = (int)b->top_px; v <= (int)b->bottom_px; v++) {
        uint8_t *row = it->covered + (size_t)v * (size_t)camera->width_px;
        for (int u = (int)b->left_px; u <= (int)b->right_px; u++) {
            it->n_alone += row[u];
            row[u] = 0;
        }
    }
}

static size_t count_visible(const mkd_synth_frame *out, const silhouette *it, int16_t object) {
    const mkd_box2d *b = &it->bounds_px;
    const int width = it->scene->camera.width_px;
    size_t n = 0;
    for (int v = (int)b->top_px; v <= (int)b->bottom_px; v++) {
        const int16_t *row = out->object_id + (size_t)v * (size_t)width;
        for (int u = (int)b->left_px; u <= (int)b->right_px; u++) {
            n += row[u] == object;
        }
    }
    return n;
}

static double hundredths(double value) {
    return round(value * 100.0) / 100.0;
}

// @return false if nothing of the object is visible
static bool make_label(mkd_object *label, silhouette *it, const mkd_synth_frame *out,
                       size_t index) {
    const mkd_scene_object *object = &it->scene->objects[index];
    const mkd_box3d *box = &object->box;
    measure(it, object);
    const size_t n_visible = it->seen ? count_visible(out, it, (int16_t)index) : 0;
    if (n_visible == 0) {
        return false;
    }
    const double alone = it->n_alone > n_visible ? (double)it->n_alone : (double)n_visible;
    const double share = (double)n_visible / alone;
    memset(label, 0, sizeof *label);
    const mkd_box2d *b = &it->bounds_px;
    label->box_px = (mkd_box2d){hundredths(b->left_px), hundredths(b->top_px),
                                hundredths(b->right_px), hundredths(b->bottom_px)};
    if (share < VISIBLE_LABEL || n_visible < VISIBLE_PIXELS) {
        snprintf(label->type, sizeof label->type, "DontCare");
        label->truncation = -1.0;
        label->occlusion = -1;
        label->alpha_rad = -10.0;
        label->box = (mkd_box3d){-1000, -1000, -1000, -1, -1, -1, -10};
        return true;
    }
    snprintf(label->type, sizeof label->type, "%s", mkd_synth_class_names[object->class_id]);
    label->truncation = hundredths(truncation(it));
    label->occlusion = share >= VISIBLE_LEVEL_0   ? 0
                       : share >= VISIBLE_LEVEL_1 ? 1
                       : share >= VISIBLE_LEVEL_2 ? 2
                                                  : 3;
    label->alpha_rad = hundredths(mkd_alpha_from_yaw(box->yaw_rad, box->x_m, box->z_m));
    label->box = *box;
    return true;
}

int mkd_render_labels(mkd_synth_frame *out, const mkd_scene *scene) {
    int status = MKD_ENOMEM;
    size_t capacity = 1;
    for (size_t i = 0; i < scene->n_objects; i++) {
        const size_t corners = 4 * scene->objects[i].n_faces + 4;
        capacity = corners > capacity ? corners : capacity;
    }
    const size_t n_pixels = (size_t)scene->camera.width_px * (size_t)scene->camera.height_px;
    silhouette it = {.scene = scene};
    it.points_px = mkd_alloc_array(capacity, sizeof *it.points_px);
    it.hull_px = mkd_alloc_array(2 * capacity + 2, sizeof *it.hull_px);
    it.covered = mkd_alloc_array(n_pixels, 1);
    out->frame.objects.at = mkd_alloc_array(scene->n_objects, sizeof *out->frame.objects.at);
    out->boxes = mkd_alloc_array(scene->n_objects, sizeof *out->boxes);
    out->label_of_box = mkd_alloc_array(scene->n_objects, sizeof *out->label_of_box);
    if (!it.points_px || !it.hull_px || !it.covered || !out->frame.objects.at || !out->boxes ||
        !out->label_of_box) {
        goto done;
    }
    out->n_boxes = scene->n_objects;
    for (size_t i = 0; i < scene->n_objects; i++) {
        out->boxes[i] = scene->objects[i].box;
        mkd_object_list *labels = &out->frame.objects;
        const bool labeled = make_label(&labels->at[labels->n], &it, out, i);
        out->label_of_box[i] = labeled ? (int)labels->n++ : -1;
    }
    status = MKD_OK;
done:
    mkd_free(it.points_px);
    mkd_free(it.hull_px);
    mkd_free(it.covered);
    return status;
}
