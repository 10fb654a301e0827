// centernet3d: frames to targets and back. What perfect heads say must decode to the objects.

#include "tests.h"

#include <string.h>

#include "base/alloc.h"
#include "base/rng.h"
#include "base/status.h"
#include "data/dataset.h"
#include "detect/centernet3d/centernet3d.h"
#include "detect/gaussian.h"
#include "io/npz.h"

static const double pi = 3.14159265358979323846;
static const mkd_camera kitti_camera = {
    {721.5377, 0, 609.5593, 44.85728, 0, 721.5377, 172.854, 0.2163791, 0, 0, 1, 0.002745884},
    1242,
    375};

static const centernet3d_options options = {.head_channels = 8, .train_3d_on_crops = true};

static void open_detector(mkd_detector *d, int width_px, int height_px) {
    mkd_model_options m = {.detector = "centernet3d",
                           .backbone = "lite",
                           .width_px = width_px,
                           .height_px = height_px,
                           .classes = {.n = 3, .at = {"Pedestrian", "Car", "Cyclist"}},
                           .min_box_height_px = 25,
                           .max_depth_m = 65,
                           .score_threshold = 0.2,
                           .max_detections = 50};
    assert_int_equal(mkd_detector_init(d, &m, &options), 0);
}

// the target fields of a sample, zeroed
typedef struct targets {
    mkd_field_list fields;
    mkd_sample_slots slots;
} targets;

static void open_targets(targets *t, const mkd_detector *d) {
    *t = (targets){0};
    d->driver->fields(&t->fields, d);
    t->slots.fields = &t->fields;
    for (int i = 0; i < t->fields.n; i++) {
        t->slots.data[i] =
            mkd_alloc_array((size_t)mkd_shape_count(&t->fields.at[i].shape), sizeof(float));
        assert_non_null(t->slots.data[i]);
    }
}

static void close_targets(targets *t) {
    for (int i = 0; i < t->fields.n; i++) {
        mkd_free(t->slots.data[i]);
    }
}

static const float *floats(const targets *t, const char *name) {
    const float *data = mkd_sample_slot(&t->slots, name);
    assert_non_null(data);
    return data;
}

static const int32_t *integers(const targets *t, const char *name) {
    const int32_t *data = mkd_sample_slot(&t->slots, name);
    assert_non_null(data);
    return data;
}

static void encode(targets *t, const mkd_detector *d, const mkd_frame *frame,
                   const mkd_augmentation *augmentation) {
    mkd_scene scene = {.frame = frame,
                       .augmentation = *augmentation,
                       .camera = mkd_augment_camera(&frame->views[0].camera, augmentation)};
    assert_int_equal(mkd_augment_objects(&scene.objects, &frame->objects, augmentation, false), 0);
    assert_int_equal(d->driver->encode(&t->slots, d, &scene), 0);
    mkd_object_list_free(&scene.objects);
}

// heads that say exactly what the targets ask for; `depth_factor` on the depths
typedef struct heads {
    float *at[N_HEADS];
} heads;

static void open_heads(heads *h, const mkd_detector *d, const targets *t, double depth_factor) {
    size_t cells = (size_t)(d->model.width_px / 4 * (d->model.height_px / 4));
    for (int i = 0; i < N_HEADS; i++) {
        int channels = i == HEAD_HEATMAP ? d->n_classes : centernet3d_heads[i].channels;
        h->at[i] = mkd_alloc_array(cells * (size_t)channels, sizeof(float));
        assert_non_null(h->at[i]);
    }
    const float *heatmap = floats(t, "target.heatmap");
    for (size_t i = 0; i < cells * (size_t)d->n_classes; i++) {
        h->at[HEAD_HEATMAP][i] = heatmap[i] == 1 ? 12 : -12;
    }
    for (int k = 0; k < CENTERNET3D_MAX_OBJECTS && floats(t, "target.mask")[k] > 0; k++) {
        int cell = integers(t, "target.index")[k];
        double depth_m = (double)floats(t, "target.depth")[k] * depth_factor;
        double share = 1 / (depth_m + 1) - 1e-6;
        h->at[HEAD_DEPTH][2 * cell] = (float)log(share / (1 - share));
        for (int i = 0; i < 2; i++) {
            h->at[HEAD_OFFSET_2D][2 * cell + i] = floats(t, "target.offset_2d")[2 * k + i];
            h->at[HEAD_SIZE_2D][2 * cell + i] = floats(t, "target.size_2d")[2 * k + i];
            h->at[HEAD_OFFSET_3D][2 * cell + i] = floats(t, "target.offset_3d")[2 * k + i];
        }
        for (int i = 0; i < 3; i++) {
            h->at[HEAD_SIZE_3D][3 * cell + i] = floats(t, "target.size_3d")[3 * k + i] -
                                                floats(t, "target.mean_size_3d")[3 * k + i];
        }
        int bin = integers(t, "target.heading_bin")[k];
        h->at[HEAD_HEADING][24 * cell + bin] = 5;
        h->at[HEAD_HEADING][24 * cell + 12 + bin] = floats(t, "target.heading_residual")[k];
    }
}

static void close_heads(heads *h) {
    for (int i = 0; i < N_HEADS; i++) {
        mkd_free(h->at[i]);
    }
}

// an object that is trained on, with the box of its projection; false: draw again
static bool draw_object(mkd_object *out, mkd_rng *rng) {
    static const char *const types[3] = {"Car", "Pedestrian", "Cyclist"};
    double z_m = mkd_rng_range(rng, 4, 60);
    *out = (mkd_object){.box = {.x_m = mkd_rng_range(rng, -0.7, 0.7) * z_m,
                                .y_m = mkd_rng_range(rng, 1, 2.2),
                                .z_m = z_m,
                                .height_m = mkd_rng_range(rng, 1.2, 2),
                                .width_m = mkd_rng_range(rng, 0.5, 2),
                                .length_m = mkd_rng_range(rng, 0.7, 5),
                                .yaw_rad = mkd_rng_range(rng, -pi, pi)}};
    snprintf(out->type, sizeof out->type, "%s", types[mkd_rng_below(rng, 3)]);
    out->alpha_rad = mkd_alpha_from_yaw(out->box.yaw_rad, out->box.x_m, out->box.z_m);
    mkd_box2d *b = &out->box_px;
    return mkd_box3d_project(b, &out->box, &kitti_camera, 0.1) && b->left_px >= 0 &&
           b->top_px >= 0 && b->right_px <= 1241 && b->bottom_px <= 374 &&
           b->bottom_px - b->top_px >= 25;
}

enum { N_OBJECTS = 8 };

static void draw_frame(mkd_frame *frame, mkd_object *objects, uint64_t sample) {
    mkd_rng rng = mkd_rng_at(5, 0, sample, MKD_RNG_TEST);
    for (int i = 0; i < N_OBJECTS; i++) {
        while (!draw_object(&objects[i], &rng)) {
        }
    }
    *frame = (mkd_frame){.n_views = 1, .labeled = true, .objects = {objects, N_OBJECTS}};
    frame->views[0].camera = kitti_camera;
}

// the detection that is nearest to `o`, which must be it
static void assert_found(const mkd_object_list *found, const mkd_object *o, bool box_too) {
    const mkd_object *best = NULL;
    double least = 1e9;
    for (size_t i = 0; i < found->n; i++) {
        const mkd_box3d *b = &found->at[i].box;
        double distance =
            hypot(hypot(b->x_m - o->box.x_m, b->y_m - o->box.y_m), b->z_m - o->box.z_m);
        if (distance < least) {
            least = distance;
            best = &found->at[i];
        }
    }
    assert_non_null(best);
    assert_true(least < 1e-3);
    assert_string_equal(best->type, o->type);
    assert_near(mkd_wrap_angle(best->box.yaw_rad - o->box.yaw_rad), 0, 1e-5);
    assert_near(mkd_wrap_angle(best->alpha_rad - o->alpha_rad), 0, 1e-5);
    assert_near(best->box.height_m, o->box.height_m, 1e-5);
    assert_near(best->box.width_m, o->box.width_m, 1e-5);
    assert_near(best->box.length_m, o->box.length_m, 1e-5);
    assert_near(best->score, 1 - 1e-4, 1e-6);
    if (box_too) {
        assert_near(best->box_px.left_px, o->box_px.left_px, 1e-3);
        assert_near(best->box_px.top_px, o->box_px.top_px, 1e-3);
        assert_near(best->box_px.right_px, o->box_px.right_px, 1e-3);
        assert_near(best->box_px.bottom_px, o->box_px.bottom_px, 1e-3);
    }
}

static void test_objects_come_back(void **state) {
    (void)state;
    mkd_detector d;
    open_detector(&d, 1280, 384);
    for (uint64_t sample = 0; sample < 20; sample++) {
        mkd_frame frame;
        mkd_object objects[N_OBJECTS];
        mkd_augmentation plain;
        mkd_object_list found = {0};
        targets t;
        heads h;
        draw_frame(&frame, objects, sample);
        assert_int_equal(mkd_augment_none(&plain, 1242, 375, (mkd_canvas){1280, 384}), 0);
        open_targets(&t, &d);
        encode(&t, &d, &frame, &plain);
        open_heads(&h, &d, &t, 1);
        assert_int_equal(
            d.driver->decode(&found, &d, (const float *const *)h.at, &plain, &kitti_camera), 0);
        assert_int_equal(found.n, N_OBJECTS);
        for (int i = 0; i < N_OBJECTS; i++) {
            assert_found(&found, &objects[i], true);
        }
        mkd_object_list_free(&found);
        close_heads(&h);
        close_targets(&t);
    }
}

// mirrored and cropped frames: the canvas itself is the image, with the augmented camera
static void test_augmented_objects_come_back(void **state) {
    (void)state;
    mkd_detector d;
    size_t n_seen = 0;
    open_detector(&d, 1280, 384);
    for (uint64_t sample = 0; sample < 30; sample++) {
        static const mkd_augment_options often = {.flip_probability = 0.5,
                                                  .scale_crop_probability = 0.8,
                                                  .scale_range = 0.3,
                                                  .shift_range = 0.1};
        mkd_frame frame;
        mkd_object objects[N_OBJECTS];
        mkd_augmentation drawn;
        mkd_augmentation identity;
        mkd_object_list found = {0};
        mkd_object_list moved = {0};
        targets t;
        heads h;
        draw_frame(&frame, objects, sample);
        assert_int_equal(
            mkd_augment_draw(&drawn, 1242, 375, (mkd_canvas){1280, 384}, &often, 3, 0, sample), 0);
        assert_int_equal(mkd_augment_none(&identity, 1280, 384, (mkd_canvas){1280, 384}), 0);
        mkd_camera camera = mkd_augment_camera(&kitti_camera, &drawn);
        open_targets(&t, &d);
        encode(&t, &d, &frame, &drawn);
        // the depths are those of a camera of the plain focal length: undone by the factor
        open_heads(&h, &d, &t, 1 / drawn.crop_scale);
        assert_int_equal(
            d.driver->decode(&found, &d, (const float *const *)h.at, &identity, &camera), 0);
        assert_int_equal(mkd_augment_objects(&moved, &frame.objects, &drawn, false), 0);
        size_t n_inside = 0;
        for (int i = 0; i < N_OBJECTS; i++) {
            double center_m[3];
            double at_px[2];
            mkd_box3d_center(center_m, &moved.at[i].box);
            mkd_camera_project(at_px, &camera, center_m);
            if (at_px[0] > -4 && at_px[0] < 1280 && at_px[1] > -4 && at_px[1] < 384) {
                assert_found(&found, &moved.at[i], false);
                n_inside++;
            }
        }
        assert_int_equal(found.n, n_inside);
        n_seen += n_inside;
        mkd_object_list_free(&moved);
        mkd_object_list_free(&found);
        close_heads(&h);
        close_targets(&t);
    }
    assert_true(n_seen > 100 && n_seen < 30 * N_OBJECTS);
}

static mkd_frame one_car(mkd_object *car) {
    *car = (mkd_object){.type = "Car",
                        .box_px = {430, 175, 530, 235},
                        .box = {-3.2, 1.65, 20, 1.5, 1.6, 3.9, -1.2}};
    mkd_frame frame = {.n_views = 1, .labeled = true, .objects = {car, 1}};
    frame.views[0].camera = kitti_camera;
    return frame;
}

static void test_the_published_example(void **state) {
    (void)state;
    mkd_detector d;
    mkd_object car;
    mkd_augmentation plain;
    targets t;
    open_detector(&d, 1280, 384);
    mkd_frame frame = one_car(&car);
    assert_int_equal(mkd_augment_none(&plain, 1242, 375, (mkd_canvas){1280, 384}), 0);
    open_targets(&t, &d);
    encode(&t, &d, &frame, &plain);
    assert_int_equal(integers(&t, "target.index")[0], 16767);
    assert_near((double)floats(&t, "target.offset_2d")[0], -3.328502, 2e-5);
    assert_near((double)floats(&t, "target.offset_2d")[1], 0.508857, 2e-5);
    assert_near((double)floats(&t, "target.size_2d")[0], 25.764895, 2e-5);
    assert_near((double)floats(&t, "target.size_2d")[1], 15.458937, 2e-5);
    assert_near((double)floats(&t, "target.offset_3d")[0], 0.885638, 2e-5);
    assert_near((double)floats(&t, "target.offset_3d")[1], 0.594915, 2e-5);
    assert_near((double)floats(&t, "target.depth")[0], 20, 0);
    assert_near((double)floats(&t, "target.size_3d")[2], 3.9, 1e-6);
    assert_near((double)floats(&t, "target.mean_size_3d")[2], 3.8831164, 1e-6);
    // alpha of the true center (a detector that asks the box's center gets -1.0223)
    double alpha = mkd_heading_decode(integers(&t, "target.heading_bin")[0],
                                      (double)floats(&t, "target.heading_residual")[0]);
    assert_near(alpha, -1.2 - atan2(-3.2, 20), 1e-6);
    assert_true(floats(&t, "target.mask")[0] == 1 && floats(&t, "target.mask_3d")[0] == 1);
    assert_true(floats(&t, "target.mask")[1] == 0);
    const float *heatmap = floats(&t, "target.heatmap");
    assert_true(heatmap[3 * 16767 + 1] == 1);
    assert_true(heatmap[3 * 16767] == 0);
    // radius of 25.76 x 15.46 cells
    int radius = mkd_gaussian_radius(15.458937, 25.764895, 0.7);
    assert_true(heatmap[3 * (16767 + radius) + 1] > 0);
    assert_true(heatmap[3 * (16767 + radius + 1) + 1] == 0);
    close_targets(&t);
}

static void test_crops_scale_depth_or_are_left_out(void **state) {
    (void)state;
    for (int on = 0; on < 2; on++) {
        mkd_detector d;
        mkd_object car;
        mkd_augmentation crop;
        targets t;
        centernet3d_options own = options;
        own.train_3d_on_crops = on;
        open_detector(&d, 1280, 384);
        d.options = &own;
        mkd_frame frame = one_car(&car);
        assert_int_equal(mkd_augment_none(&crop, 1242, 375, (mkd_canvas){1280, 384}), 0);
        assert_int_equal(mkd_augment_crop(&crop, 0.8, 30.0 / 1242, -10.0 / 375), 0);
        open_targets(&t, &d);
        encode(&t, &d, &frame, &crop);
        assert_near((double)floats(&t, "target.depth")[0], 16, 1e-5);
        assert_true(floats(&t, "target.mask")[0] == 1);
        assert_true(floats(&t, "target.mask_3d")[0] == (float)on);
        // center on the canvas (440.780846, 227.857025)
        assert_int_equal(integers(&t, "target.index")[0], 56 * 320 + 110);
        assert_near((double)floats(&t, "target.offset_3d")[0], 440.780846 / 4 - 110, 1e-4);
        close_targets(&t);
    }
}

static void test_what_leaves_no_target(void **state) {
    (void)state;
    mkd_detector d;
    mkd_augmentation plain;
    open_detector(&d, 1280, 384);
    assert_int_equal(mkd_augment_none(&plain, 1242, 375, (mkd_canvas){1280, 384}), 0);
    for (int what = 0; what < 4; what++) {
        mkd_object car;
        targets t;
        mkd_frame frame = one_car(&car);
        if (what == 0) {
            car.box.x_m = 30; // center right of the image
        } else if (what == 1) {
            car.box.y_m = -30;
        } else if (what == 2) {
            snprintf(car.type, sizeof car.type, "DontCare");
        } else {
            frame.objects.n = 0;
        }
        open_targets(&t, &d);
        encode(&t, &d, &frame, &plain);
        for (int k = 0; k < CENTERNET3D_MAX_OBJECTS; k++) {
            assert_true(floats(&t, "target.mask")[k] == 0);
            assert_true(floats(&t, "target.size_3d")[3 * k] == 1); // divided by
        }
        const float *heatmap = floats(&t, "target.heatmap");
        for (int i = 0; i < 3 * 96 * 320; i++) {
            assert_true(heatmap[i] == 0);
        }
        close_targets(&t);
    }
}

static void test_more_objects_than_rows_are_cut(void **state) {
    (void)state;
    mkd_detector d;
    mkd_augmentation plain;
    mkd_object cars[60];
    targets t;
    open_detector(&d, 1280, 384);
    assert_int_equal(mkd_augment_none(&plain, 1242, 375, (mkd_canvas){1280, 384}), 0);
    mkd_frame frame = one_car(&cars[0]);
    for (int i = 1; i < 60; i++) {
        cars[i] = cars[0];
        cars[i].box.z_m += i * 0.1;
    }
    frame.objects.n = 60;
    open_targets(&t, &d);
    encode(&t, &d, &frame, &plain);
    assert_near((double)floats(&t, "target.depth")[49], 24.9, 1e-5);
    close_targets(&t);
}

static void test_decoding_of_bad_heads(void **state) {
    (void)state;
    mkd_detector d;
    mkd_object car;
    mkd_augmentation plain;
    mkd_object_list found = {0};
    targets t;
    heads h;
    open_detector(&d, 1280, 384);
    mkd_frame frame = one_car(&car);
    assert_int_equal(mkd_augment_none(&plain, 1242, 375, (mkd_canvas){1280, 384}), 0);
    open_targets(&t, &d);
    encode(&t, &d, &frame, &plain);
    open_heads(&h, &d, &t, 1);
    const float *const *at = (const float *const *)h.at;
    // a box that is inside out is no detection
    h.at[HEAD_SIZE_3D][3 * 16767 + 1] = -5;
    assert_int_equal(d.driver->decode(&found, &d, at, &plain, &kitti_camera), 0);
    assert_int_equal(found.n, 0);
    mkd_object_list_free(&found);
    h.at[HEAD_SIZE_3D][3 * 16767 + 1] = 0;
    // nor is NaN, wherever it stands
    h.at[HEAD_DEPTH][2 * 16767] = NAN;
    assert_int_equal(d.driver->decode(&found, &d, at, &plain, &kitti_camera), 0);
    assert_int_equal(found.n, 0);
    mkd_object_list_free(&found);
    h.at[HEAD_DEPTH][2 * 16767] = -3;
    // confidence e^-s, a neighbor that is lower is no peak, the threshold holds for the heat
    h.at[HEAD_DEPTH][2 * 16767 + 1] = 1;
    h.at[HEAD_HEATMAP][3 * 16768 + 1] = 11;
    h.at[HEAD_HEATMAP][3 * 100] = -1.3863f; // heat just below 0.2
    h.at[HEAD_HEATMAP][3 * 200] = -1.3862f; // just above
    assert_int_equal(d.driver->decode(&found, &d, at, &plain, &kitti_camera), 0);
    assert_int_equal(found.n, 2);
    assert_near(found.at[0].score, 0.9999 * 0.367879, 1e-5);
    assert_near(found.at[0].box.z_m, 20.085092, 1e-4);
    assert_string_equal(found.at[1].type, "Pedestrian");
    assert_near(found.at[1].score, 0.2, 1e-4);
    assert_near(found.at[1].box.z_m, 0.999996, 1e-6);
    mkd_object_list_free(&found);
    d.model.max_detections = 1;
    assert_int_equal(d.driver->decode(&found, &d, at, &plain, &kitti_camera), 0);
    assert_int_equal(found.n, 1);
    assert_string_equal(found.at[0].type, "Car");
    mkd_object_list_free(&found);
    // failing allocations
    for (uint64_t n = 1; n < 3; n++) {
        mkd_alloc_fail_at(n);
        assert_int_equal(d.driver->decode(&found, &d, at, &plain, &kitti_camera), MKD_ENOMEM);
        mkd_object_list_free(&found);
    }
    mkd_alloc_fail_at(0);
    close_heads(&h);
    close_targets(&t);
}

// --- golden targets of the published encoder, where the definitions agree ---------------------

static void read_array(mkd_tensor *out, mkd_npz *npz, const char *id, const char *name) {
    char key[128];
    mkd_tensor raw = {0};
    snprintf(key, sizeof key, "%s/%s", id, name);
    long at = mkd_npz_find(npz, key);
    assert_true(at >= 0);
    assert_int_equal(mkd_npz_read(&raw, npz, (size_t)at), 0);
    assert_int_equal(mkd_tensor_convert(out, &raw, MKD_F32), 0);
    mkd_tensor_free(&raw);
}

static void assert_rows(const float *found, const float *expected, int n, const char *what) {
    for (int i = 0; i < n; i++) {
        tests_assert_near((double)found[i], (double)expected[i], 2e-4, what, __FILE__, __LINE__);
    }
}

static void compare_frame(mkd_npz *npz, const mkd_detector *d, const mkd_frame *frame,
                          const targets *t) {
    static const char *const names[] = {"indices", "mask_2d", "offset_2d", "offset_3d",
                                        "size_2d", "depth",   "heatmap"};
    mkd_tensor a[MKD_COUNT(names)] = {{0}};
    for (size_t i = 0; i < MKD_COUNT(names); i++) {
        read_array(&a[i], npz, frame->id, names[i]);
    }
    int k = 0;
    for (int row = 0; row < 50; row++) {
        if (((const float *)a[1].data)[row] == 0) {
            continue;
        }
        assert_true(floats(t, "target.mask")[k] == 1);
        assert_int_equal(integers(t, "target.index")[k], (int32_t)((const float *)a[0].data)[row]);
        assert_rows(floats(t, "target.offset_2d") + 2 * k, (const float *)a[2].data + 2 * row, 2,
                    "offset_2d");
        assert_rows(floats(t, "target.offset_3d") + 2 * k, (const float *)a[3].data + 2 * row, 2,
                    "offset_3d");
        assert_rows(floats(t, "target.size_2d") + 2 * k, (const float *)a[4].data + 2 * row, 2,
                    "size_2d");
        assert_rows(floats(t, "target.depth") + k, (const float *)a[5].data + row, 1, "depth");
        k++;
    }
    assert_true(floats(t, "target.mask")[k] == 0);
    // [3, H, W] there
    const float *heatmap = floats(t, "target.heatmap");
    const float *expected = a[6].data;
    int cells = (int)(d->model.width_px / 4 * (d->model.height_px / 4));
    for (int i = 0; i < 3 * cells; i++) {
        assert_near((double)heatmap[i % cells * 3 + i / cells], (double)expected[i], 1e-5);
    }
    for (size_t i = 0; i < MKD_COUNT(names); i++) {
        mkd_tensor_free(&a[i]);
    }
}

static void compare_case(const char *folder, bool flip, double scale, double shift_x,
                         double shift_y, bool only_cars) {
    char path[600];
    char root[600];
    mkd_npz *npz = NULL;
    mkd_dataset *set = NULL;
    mkd_detector d;
    tests_shared_path(root, sizeof root, "data/kitti_mini");
    tests_shared_path(path, sizeof path, folder);
    strcat(path, "/expected.npz");
    open_detector(&d, 1280, 384);
    d.model.min_box_height_px = 24; // the published height counts both border rows
    d.model.max_depth_m = 1000;     // and nothing is too far
    assert_int_equal(mkd_npz_open(&npz, path), 0);
    assert_int_equal(mkd_dataset_open(&set, "kitti", root, "train"), 0);
    int n_compared = 0;
    for (size_t i = 0; i < mkd_dataset_count(set); i++) {
        char key[128];
        snprintf(key, sizeof key, "%s/indices", mkd_dataset_id(set, i));
        if (mkd_npz_find(npz, key) < 0) {
            continue;
        }
        mkd_frame frame = {0};
        mkd_augmentation a;
        targets t;
        assert_int_equal(mkd_dataset_frame(&frame, set, i, MKD_READ_OBJECTS), 0);
        for (size_t k = 0; only_cars && k < frame.objects.n; k++) {
            mkd_object *o = &frame.objects.at[k];
            o->occlusion = strcmp(o->type, "Car") == 0 ? o->occlusion : 3;
        }
        const mkd_camera *camera = &frame.views[0].camera;
        assert_int_equal(
            mkd_augment_none(&a, camera->width_px, camera->height_px, (mkd_canvas){1280, 384}), 0);
        a.flip = flip;
        assert_int_equal(mkd_augment_crop(&a, scale, shift_x, shift_y), 0);
        open_targets(&t, &d);
        encode(&t, &d, &frame, &a);
        // its depths are not scaled with the crop
        float *depth = mkd_sample_slot(&t.slots, "target.depth");
        for (int k = 0; k < CENTERNET3D_MAX_OBJECTS; k++) {
            depth[k] /= (float)scale;
        }
        compare_frame(npz, &d, &frame, &t);
        close_targets(&t);
        mkd_frame_free(&frame);
        n_compared++;
    }
    assert_true(n_compared > 0);
    mkd_dataset_close(set);
    mkd_npz_close(npz);
}

static void test_published_targets_of_plain_frames(void **state) {
    (void)state;
    compare_case("golden/did_m3d/targets_plain_car", false, 1, 0, 0, true);
}

static void test_published_targets_of_mirrored_crops(void **state) {
    (void)state;
    compare_case("golden/did_m3d/targets_flip_crop", true, 0.7, 0.12, -0.06, true);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_objects_come_back),
        cmocka_unit_test(test_augmented_objects_come_back),
        cmocka_unit_test(test_the_published_example),
        cmocka_unit_test(test_crops_scale_depth_or_are_left_out),
        cmocka_unit_test(test_what_leaves_no_target),
        cmocka_unit_test(test_more_objects_than_rows_are_cut),
        cmocka_unit_test(test_decoding_of_bad_heads),
        cmocka_unit_test(test_published_targets_of_plain_frames),
        cmocka_unit_test(test_published_targets_of_mirrored_crops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
