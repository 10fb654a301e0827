// The synthetic data set: what a frame holds. Its files: synth_write_test.c.

#include "data_tests.h"

#include <math.h>

#include "base/status.h"
#include "data/synth/render.h"
#include "geom/iou.h"

#define N_FRAMES 12

static mkd_synth_options small_options(void) {
    return (mkd_synth_options){.frames = N_FRAMES,
                               .seed = 5,
                               .width_px = 320,
                               .height_px = 96,
                               .validation_share = 0.25,
                               .min_depth_m = 4,
                               .max_depth_m = 40,
                               .min_cars = 4,
                               .max_cars = 10,
                               .min_pedestrians = 1,
                               .max_pedestrians = 4,
                               .min_cyclists = 0,
                               .max_cyclists = 2,
                               .van_share = 0.2,
                               .truck_share = 0.1,
                               .slope = true,
                               .noise = true,
                               .samples_per_pixel = 1,
                               .lidar = true,
                               .beams = 32,
                               .columns = 512,
                               .threads = 1};
}

// The frames that the tests look at, rendered once.
static mkd_synth_frame frames[N_FRAMES];

static int render_frames(void **state) {
    (void)state;
    const mkd_synth_options options = small_options();
    for (uint64_t i = 0; i < N_FRAMES; i++) {
        assert_int_equal(mkd_synth_render(&frames[i], &options, i), 0);
    }
    return 0;
}

static int free_frames(void **state) {
    for (size_t i = 0; i < N_FRAMES; i++) {
        mkd_synth_frame_free(&frames[i]);
    }
    return data_tests_clean(state);
}

// How far a point of the camera's frame lies outside a box; 0 inside.
static double distance_outside(const mkd_box3d *box, const double p[3]) {
    const double c = cos(box->yaw_rad), s = sin(box->yaw_rad);
    const double dx = p[0] - box->x_m, dz = p[2] - box->z_m;
    const double along = fmax(fabs(c * dx - s * dz) - 0.5 * box->length_m, 0.0);
    const double side = fmax(fabs(s * dx + c * dz) - 0.5 * box->width_m, 0.0);
    const double below = p[1] - box->y_m, above = box->y_m - box->height_m - p[1];
    return sqrt(along * along + side * side + pow(fmax(fmax(below, above), 0.0), 2));
}

static void test_boxes_do_not_overlap(void **state) {
    (void)state;
    size_t n_pairs = 0;
    for (size_t f = 0; f < N_FRAMES; f++) {
        for (size_t i = 0; i < frames[f].n_boxes; i++) {
            for (size_t j = 0; j < i; j++, n_pairs++) {
                const double area = mkd_intersection_bev(&frames[f].boxes[i], &frames[f].boxes[j]);
                assert_true(area == 0.0);
            }
        }
    }
    assert_true(n_pairs > 200);
}

// Every pixel of an object shows a point of its box, and lies in its 2D box.
static void test_masks_lie_in_their_boxes(void **state) {
    (void)state;
    size_t n_pixels = 0;
    for (size_t f = 0; f < N_FRAMES; f++) {
        const mkd_view *view = &frames[f].frame.views[0];
        for (int i = 0; i < view->image.width_px * view->image.height_px; i++) {
            const int id = frames[f].object_id[i];
            if (id < 0) {
                continue;
            }
            const double at_px[2] = {i % view->image.width_px, i / view->image.width_px};
            double point_m[3];
            mkd_camera_back_project(point_m, &view->camera, at_px, (double)view->depth.depth_m[i]);
            assert_true(distance_outside(&frames[f].boxes[id], point_m) < 2e-3);
            // a visible object has a label
            const int label = frames[f].label_of_box[id];
            assert_true(label >= 0);
            const mkd_box2d *b = &frames[f].frame.objects.at[label].box_px;
            assert_true(at_px[0] >= b->left_px - 0.01 && at_px[0] <= b->right_px + 0.01);
            assert_true(at_px[1] >= b->top_px - 0.01 && at_px[1] <= b->bottom_px + 0.01);
            n_pixels++;
        }
    }
    assert_true(n_pixels > 5000);
}

typedef struct mask {
    double left, top, right, bottom;
    size_t n;
} mask;

static mask measure_mask(const mkd_synth_frame *frame, int id) {
    const int width = frame->frame.views[0].image.width_px;
    const int height = frame->frame.views[0].image.height_px;
    mask m = {1e9, 1e9, -1e9, -1e9, 0};
    for (int v = 0; v < height; v++) {
        for (int u = 0; u < width; u++) {
            if (frame->object_id[v * width + u] == id) {
                m.left = fmin(m.left, u);
                m.right = fmax(m.right, u);
                m.top = fmin(m.top, v);
                m.bottom = fmax(m.bottom, v);
                m.n++;
            }
        }
    }
    return m;
}

// Where nothing stands before an object its mask fills the 2D box.
static void test_free_objects_fill_their_2d_box(void **state) {
    (void)state;
    size_t n_checked = 0;
    for (size_t f = 0; f < N_FRAMES; f++) {
        for (size_t i = 0; i < frames[f].n_boxes; i++) {
            const int label = frames[f].label_of_box[i];
            const mkd_object *o = label < 0 ? NULL : &frames[f].frame.objects.at[label];
            if (!o || o->truncation > 0.0 || o->occlusion != 0) {
                continue;
            }
            const mask m = measure_mask(&frames[f], (int)i);
            // level 0 allows 15 % hidden, so one side may be: count the sides that agree
            const double gaps[4] = {m.left - o->box_px.left_px, m.top - o->box_px.top_px,
                                    o->box_px.right_px - m.right, o->box_px.bottom_px - m.bottom};
            size_t n_close = 0;
            for (size_t k = 0; k < 4; k++) {
                assert_true(gaps[k] >= -0.01);
                n_close += gaps[k] < 1.5;
            }
            assert_true(n_close >= 2);
            n_checked += n_close == 4;
        }
    }
    assert_true(n_checked > 15);
}

// A scene with one object and nothing else in view: the bounds agree on every side.
static void test_a_lone_object_fills_its_2d_box(void **state) {
    (void)state;
    mkd_synth_options options = small_options();
    options.width_px = 640;
    options.height_px = 192;
    options.lidar = false;
    options.min_cars = options.max_cars = 1;
    options.max_depth_m = 14;
    options.min_pedestrians = options.max_pedestrians = 0;
    options.max_cyclists = 0;
    size_t n_checked = 0;
    for (uint64_t i = 0; i < 6; i++) {
        mkd_synth_frame frame;
        assert_int_equal(mkd_synth_render(&frame, &options, i), 0);
        const int label = frame.n_boxes > 0 ? frame.label_of_box[0] : -1;
        const mkd_object *o = label < 0 ? NULL : &frame.frame.objects.at[label];
        const mask m = measure_mask(&frame, 0);
        if (o && o->truncation == 0.0 && o->occlusion == 0 && m.n > 100) {
            n_checked += m.left - o->box_px.left_px < 1.01 && m.top - o->box_px.top_px < 1.01 &&
                         o->box_px.right_px - m.right < 1.01 &&
                         o->box_px.bottom_px - m.bottom < 1.01;
        }
        mkd_synth_frame_free(&frame);
    }
    assert_true(n_checked >= 2);
}

static void test_labels_are_consistent(void **state) {
    (void)state;
    size_t levels[4] = {0}, n_cut = 0, n_labels = 0;
    for (size_t f = 0; f < N_FRAMES; f++) {
        const mkd_view *view = &frames[f].frame.views[0];
        for (size_t i = 0; i < frames[f].frame.objects.n; i++) {
            const mkd_object *o = &frames[f].frame.objects.at[i];
            assert_true(o->box_px.left_px >= 0.0 && o->box_px.top_px >= 0.0);
            assert_true(o->box_px.right_px <= view->image.width_px - 1);
            assert_true(o->box_px.bottom_px <= view->image.height_px - 1);
            assert_true(o->box_px.left_px < o->box_px.right_px);
            if (strcmp(o->type, "DontCare") == 0) {
                assert_int_equal(o->occlusion, -1);
                assert_true(o->box.z_m == -1000.0 && o->box.height_m == -1.0);
                continue;
            }
            n_labels++;
            assert_in_range(o->occlusion, 0, 3);
            levels[o->occlusion]++;
            assert_true(o->truncation >= 0.0 && o->truncation < 1.0);
            const double alpha = mkd_alpha_from_yaw(o->box.yaw_rad, o->box.x_m, o->box.z_m);
            assert_true(fabs(mkd_wrap_angle(alpha - o->alpha_rad)) < 0.0051);
            const bool at_border = o->box_px.left_px < 0.02 || o->box_px.top_px < 0.02 ||
                                   o->box_px.right_px > view->image.width_px - 1.02 ||
                                   o->box_px.bottom_px > view->image.height_px - 1.02;
            n_cut += o->truncation > 0.02;
            assert_true(at_border || o->truncation == 0.0);
            // the hull of the 3D box holds the 2D box
            mkd_box2d hull;
            assert_true(mkd_box3d_project(&hull, &o->box, &view->camera, 0.25) != 0);
            assert_true(hull.left_px <= o->box_px.left_px + 0.02);
            assert_true(hull.right_px >= o->box_px.right_px - 0.02);
            assert_true(hull.top_px <= o->box_px.top_px + 0.02);
            assert_true(hull.bottom_px >= o->box_px.bottom_px - 0.02);
            // areas of upright boxes, a coarser measure with empty corners, say about the same
            const mkd_box2d image = {0, 0, view->image.width_px - 1, view->image.height_px - 1};
            const double outside = 1.0 - mkd_coverage_2d(&hull, &image);
            assert_true(o->truncation < outside + 0.1);
            assert_true(o->truncation > 0.4 * outside - 0.05);
        }
    }
    assert_true(n_labels > 40 && n_cut > 2);
    assert_true(levels[0] > 10 && levels[1] > 2 && levels[2] > 2);
}

// The level is the visible share: painting over an object's pixels must raise it.
static void test_occlusion_follows_the_visible_share(void **state) {
    (void)state;
    const mkd_synth_options options = small_options();
    mkd_scene *scene = mkd_alloc(sizeof *scene);
    assert_non_null(scene);
    assert_int_equal(mkd_scene_make(scene, &options, 0), 0);
    mkd_synth_frame frame = {.n_boxes = 0};
    const size_t n_pixels = 320 * 96;
    frame.object_id = mkd_alloc_array(n_pixels, sizeof *frame.object_id);
    assert_non_null(frame.object_id);
    int expected = 0;
    static const double keep[] = {1.0, 0.7, 0.3, 0.1};
    for (size_t k = 0; k < 4; k++) {
        size_t n = 0;
        for (size_t i = 0; i < n_pixels; i++) {
            // the largest object of frame 0, thinned evenly
            const int id = frames[0].object_id[i];
            const bool stays = id >= 0 && fmod((double)n * keep[k], 1.0) < keep[k] - 1e-9;
            n += id >= 0;
            frame.object_id[i] = stays ? (int16_t)id : -1;
        }
        mkd_frame_free(&frame.frame);
        mkd_free(frame.boxes);
        mkd_free(frame.label_of_box);
        assert_int_equal(mkd_render_labels(&frame, scene), 0);
        int highest = -1;
        for (size_t i = 0; i < frame.n_boxes; i++) {
            const int before = frames[0].label_of_box[i], after = frame.label_of_box[i];
            if (before >= 0 && after >= 0 && frames[0].frame.objects.at[before].occlusion == 0) {
                highest = frame.frame.objects.at[after].occlusion > highest
                              ? frame.frame.objects.at[after].occlusion
                              : highest;
            }
        }
        assert_int_equal(highest, expected++);
    }
    mkd_synth_frame_free(&frame);
    mkd_scene_free(scene);
    mkd_free(scene);
}

// Each point's ray is traced again: if it meets an object, the point lies on that object's box.
static void test_points_lie_on_their_objects(void **state) {
    (void)state;
    const mkd_synth_options options = small_options();
    mkd_scene *scene = mkd_alloc(sizeof *scene);
    mkd_raycaster *caster;
    assert_non_null(scene);
    assert_int_equal(mkd_raycaster_new(&caster), 0);
    size_t n_on_objects = 0, n_points = 0, n_lost = 0;
    for (uint64_t f = 0; f < 4; f++) {
        mkd_scene_free(scene);
        assert_int_equal(mkd_scene_make(scene, &options, f), 0);
        assert_int_equal(mkd_raycaster_set_mesh(caster, &scene->mesh), 0);
        const double *m = frames[f].frame.camera_from_lidar;
        const mkd_points *points = &frames[f].frame.points;
        for (size_t i = 0; i < points->n; i++, n_points++) {
            const float *at = points->at + 4 * i;
            assert_true(at[3] >= 0.0f && at[3] < 1.0f);
            double p[3];
            for (size_t k = 0; k < 3; k++) {
                p[k] = m[4 * k] * (double)at[0] + m[4 * k + 1] * (double)at[1] +
                       m[4 * k + 2] * (double)at[2] + m[4 * k + 3];
            }
            mkd_ray_packet ray = {.n = 1};
            ray.org_x[0] = (float)m[3];
            ray.org_y[0] = (float)m[7];
            ray.org_z[0] = (float)m[11];
            ray.dir_x[0] = (float)(p[0] - m[3]);
            ray.dir_y[0] = (float)(p[1] - m[7]);
            ray.dir_z[0] = (float)(p[2] - m[11]);
            ray.near_t[0] = 0.01f;
            ray.far_t[0] = 1.1f;
            mkd_raycaster_hit(&ray, caster, 0);
            if (ray.face[0] == MKD_RAY_MISS || fabsf(ray.t[0] - 1.0f) > 0.01f) {
                n_lost++; // a ray along an edge may go by on the second try
                continue;
            }
            const int object = scene->mesh.faces[ray.face[0]].object;
            if (object >= 0) {
                assert_true(distance_outside(&frames[f].boxes[object], p) < 0.02);
                n_on_objects++;
            }
        }
    }
    assert_true(n_points > 4000 && n_on_objects > 300);
    assert_true(n_lost < n_points / 200);
    mkd_raycaster_free(caster);
    mkd_scene_free(scene);
    mkd_free(scene);
}

static void test_meshes_fill_their_boxes_and_sizes_follow_kitti(void **state) {
    (void)state;
    mkd_synth_options options = small_options();
    options.min_cars = options.max_cars = 12;
    options.van_share = options.truck_share = 0.0;
    mkd_scene *scene = mkd_alloc(sizeof *scene);
    assert_non_null(scene);
    double sum[3] = {0}, square[3] = {0}, n = 0;
    for (uint64_t f = 0; f < 30; f++) {
        mkd_scene_free(scene);
        assert_int_equal(mkd_scene_make(scene, &options, f), 0);
        for (size_t i = 0; i < scene->n_objects; i++) {
            const mkd_scene_object *o = &scene->objects[i];
            double low[3] = {1e9, 1e9, 1e9}, high[3] = {-1e9, -1e9, -1e9};
            for (size_t k = 0; k < o->n_vertices; k++) {
                const mkd_vec3 v = scene->mesh.vertices[o->first_vertex + k].at_m;
                const double c = cos(o->box.yaw_rad), s = sin(o->box.yaw_rad);
                const double dx = (double)v.x - o->box.x_m, dz = (double)v.z - o->box.z_m;
                const double p[3] = {c * dx - s * dz, (double)v.y - o->box.y_m, s * dx + c * dz};
                for (size_t a = 0; a < 3; a++) {
                    low[a] = fmin(low[a], p[a]);
                    high[a] = fmax(high[a], p[a]);
                }
            }
            const double size[3] = {o->box.length_m, o->box.height_m, o->box.width_m};
            for (size_t a = 0; a < 3; a++) {
                assert_true(fabs(high[a] - low[a] - size[a]) < 1e-4);
                assert_true(fabs(high[a] - (a == 1 ? 0.0 : 0.5 * size[a])) < 1e-4);
            }
            if (o->class_id == MKD_SYNTH_CAR) {
                const double hwl[3] = {o->box.height_m, o->box.width_m, o->box.length_m};
                for (size_t a = 0; a < 3; a++) {
                    sum[a] += hwl[a];
                    square[a] += hwl[a] * hwl[a];
                }
                n += 1.0;
            }
        }
    }
    const double mean[3] = {1.53, 1.63, 3.88}, deviation[3] = {0.10, 0.08, 0.40};
    assert_true(n > 150.0);
    for (size_t a = 0; a < 3; a++) {
        const double m = sum[a] / n;
        assert_true(fabs(m - mean[a]) < 0.25 * deviation[a]);
        assert_true(fabs(sqrt(square[a] / n - m * m) - deviation[a]) < 0.2 * deviation[a]);
    }
    mkd_scene_free(scene);
    mkd_free(scene);
}

static void test_depths_stay_in_the_range_asked_for(void **state) {
    (void)state;
    mkd_synth_options options = small_options();
    options.min_depth_m = 8.0;
    options.max_depth_m = 20.0;
    options.min_pedestrians = options.max_pedestrians = options.max_cyclists = 0;
    options.truck_share = options.van_share = 0.0;
    mkd_scene *scene = mkd_alloc(sizeof *scene);
    assert_non_null(scene);
    for (uint64_t f = 0; f < 10; f++) {
        mkd_scene_free(scene);
        assert_int_equal(mkd_scene_make(scene, &options, f), 0);
        assert_true(scene->n_objects > 0);
        for (size_t i = 0; i < scene->n_objects; i++) {
            assert_int_equal(scene->objects[i].class_id, MKD_SYNTH_CAR);
            assert_true(scene->objects[i].box.z_m >= 8.0 && scene->objects[i].box.z_m <= 20.0);
        }
    }
    mkd_scene_free(scene);
    mkd_free(scene);
}

// The image is what a camera sees: lit, with texture, and different in every frame.
static void test_images_have_contrast(void **state) {
    (void)state;
    double means[N_FRAMES];
    for (size_t f = 0; f < N_FRAMES; f++) {
        const mkd_image *image = &frames[f].frame.views[0].image;
        const size_t n = 3U * (size_t)image->width_px * (size_t)image->height_px;
        double sum = 0.0, square = 0.0;
        for (size_t i = 0; i < n; i++) {
            sum += image->pixels[i];
            square += (double)image->pixels[i] * image->pixels[i];
        }
        means[f] = sum / (double)n;
        assert_true(means[f] > 50.0 && means[f] < 215.0);
        assert_true(sqrt(square / (double)n - means[f] * means[f]) > 20.0);
        assert_true(f == 0 || fabs(means[f] - means[f - 1]) > 1e-6);
    }
}

static void test_a_failing_allocation_is_reported(void **state) {
    (void)state;
    mkd_synth_options options = small_options();
    options.width_px = 64;
    options.height_px = 32;
    mkd_alloc_counters before, after;
    mkd_alloc_count(&before);
    int status = MKD_ENOMEM;
    for (uint64_t nth = 1; status != 0; nth++) {
        mkd_synth_frame frame;
        mkd_alloc_fail_at(nth);
        status = mkd_synth_render(&frame, &options, 1);
        mkd_alloc_fail_at(0);
        assert_true(status == 0 || status == MKD_ENOMEM);
        mkd_synth_frame_free(&frame);
        mkd_alloc_count(&after);
        assert_int_equal(after.live_blocks, before.live_blocks);
        assert_true(nth < 200);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_boxes_do_not_overlap),
        cmocka_unit_test(test_masks_lie_in_their_boxes),
        cmocka_unit_test(test_free_objects_fill_their_2d_box),
        cmocka_unit_test(test_a_lone_object_fills_its_2d_box),
        cmocka_unit_test(test_labels_are_consistent),
        cmocka_unit_test(test_occlusion_follows_the_visible_share),
        cmocka_unit_test(test_points_lie_on_their_objects),
        cmocka_unit_test(test_meshes_fill_their_boxes_and_sizes_follow_kitti),
        cmocka_unit_test(test_depths_stay_in_the_range_asked_for),
        cmocka_unit_test(test_images_have_contrast),
        cmocka_unit_test(test_a_failing_allocation_is_reported),
    };
    return cmocka_run_group_tests(tests, render_frames, free_frames);
}
