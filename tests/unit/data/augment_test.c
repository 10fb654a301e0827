#include "tests.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/rng.h"
#include "base/status.h"
#include "data/augment.h"

static const double PI = 3.14159265358979323846;
static const mkd_canvas canvas = {1280, 384};
static const mkd_augment_options usual = {0.5, 0.5, 0.4, 0.1, 1, 0.4, 0.4, 0.4, 0.1};
static const mkd_camera kitti_camera = {
    {721.5377, 0, 609.5593, 44.85728, 0, 721.5377, 172.854, 0.2163791, 0, 0, 1, 0.002745884},
    1242,
    375};
// no normalization: 0..1 comes out
static const mkd_color_norm identity = {{0, 0, 0}, {1, 1, 1}};

// --- geometry
// --------------------------------------------------------------------------------------

static void test_plain_transform_of_a_kitti_image(void **state) {
    (void)state;
    mkd_augmentation a;
    assert_int_equal(mkd_augment_none(&a, 1242, 375, canvas), 0);
    // k = 1280 / 1242 and offsets (0, 192 - k * 187.5), as published
    assert_near(a.canvas_from_image.at[0], 1.0305958, 1e-6);
    assert_near(a.canvas_from_image.at[2], 0, 1e-9);
    assert_near(a.canvas_from_image.at[5], -1.2367150, 1e-6);
    assert_true(a.crop_px.left_px == 0 && a.crop_px.right_px == 1242);
    assert_true(a.crop_px.top_px == 0 && a.crop_px.bottom_px == 375);
    // center of a car at (-3.2, 1.65, 20), 1.5 m high
    double at_px[2];
    const double center_m[3] = {-3.2, 0.9, 20};
    mkd_camera camera = mkd_augment_camera(&kitti_camera, &a);
    mkd_camera_project(at_px, &camera, center_m);
    assert_near(at_px[0], 511.542551, 1e-4);
    assert_near(at_px[1], 210.379662, 1e-4);
    assert_int_equal(camera.width_px, 1280);
    assert_int_equal(camera.height_px, 384);
}

static void test_crop_of_the_published_example(void **state) {
    (void)state;
    mkd_augmentation a;
    assert_int_equal(mkd_augment_none(&a, 1242, 375, canvas), 0);
    assert_int_equal(mkd_augment_crop(&a, 0.8, 30.0 / 1242, -10.0 / 375), 0);
    assert_near(a.canvas_from_image.at[0], 1.28824477, 1e-6);
    assert_near(a.canvas_from_image.at[2], -198.647343, 2e-4);
    assert_near(a.canvas_from_image.at[5], -36.663446, 2e-4);
    assert_near(a.crop_px.left_px, 154.2, 1e-9);
    assert_near(a.crop_px.top_px, 27.5, 1e-9);
    assert_near(a.crop_px.right_px, 1147.8, 1e-9);
    assert_near(a.crop_px.bottom_px, 327.5, 1e-9);
    assert_true(a.crop_scale == 0.8);
    double at_px[2];
    mkd_augment_pixel(at_px, &a, (const double[2]){496.356132, 205.334015});
    assert_near(at_px[0], 440.780846, 2e-4);
    assert_near(at_px[1], 227.857025, 2e-4);
    assert_int_equal(mkd_augment_crop(&a, 0, 0, 0), MKD_EINVAL);
    assert_string_equal(mkd_error_last(),
                        "augmentation: found scale 0 and shift (0, 0), expected a scale > 0");
}

static void test_flip_of_the_calibration(void **state) {
    (void)state;
    mkd_augmentation a;
    assert_int_equal(mkd_augment_none(&a, 1242, 375, (mkd_canvas){1242, 375}), 0);
    a.flip = true;
    mkd_camera camera = mkd_augment_camera(&kitti_camera, &a);
    assert_near(camera.projection[2], 632.4407, 1e-9);
    assert_near(camera.projection[3], -44.85728, 1e-9);
    double at_px[2];
    mkd_camera_project(at_px, &camera, (const double[3]){3.2, 0.9, 20});
    assert_near(at_px[0], 745.643868, 1e-6);
}

// Whatever is drawn: points, objects, camera and pixels agree.
static void test_everything_stays_in_step(void **state) {
    (void)state;
    const int sizes[][2] = {{1242, 375}, {1224, 370}, {640, 480}, {1600, 900}, {50, 400}};
    const mkd_canvas canvases[] = {{1280, 384}, {640, 192}, {320, 320}};
    for (uint64_t k = 0; k < 2000; k++) {
        mkd_rng rng = mkd_rng_at(5, 0, k, MKD_RNG_TEST);
        const int *size = sizes[k % 5];
        mkd_camera camera = kitti_camera;
        camera.width_px = size[0];
        camera.height_px = size[1];
        camera.projection[2] = size[0] * mkd_rng_range(&rng, 0.4, 0.6);
        camera.projection[1] = mkd_rng_range(&rng, -3, 3);
        mkd_augmentation a;
        assert_int_equal(mkd_augment_draw(&a, size[0], size[1], canvases[k % 3], &usual, 3, 1, k),
                         0);
        mkd_camera augmented = mkd_augment_camera(&camera, &a);

        mkd_object object = {.type = "Car",
                             .alpha_rad = mkd_rng_range(&rng, -3, 3),
                             .box = {mkd_rng_range(&rng, -20, 20), mkd_rng_range(&rng, -1, 2),
                                     mkd_rng_range(&rng, 2, 60), 1.5, 1.6, 3.9,
                                     mkd_rng_range(&rng, -3, 3)}};
        assert_int_equal(mkd_box3d_project(&object.box_px, &object.box, &camera, 0.01), 1);
        mkd_object_list in = {&object, 1}, out;
        assert_int_equal(mkd_augment_objects(&out, &in, &a, false), 0);
        double corners[8][3], moved[8][3], before_px[2], after_px[2], expected_px[2];
        mkd_box3d_center(corners[0], &object.box);
        mkd_box3d_center(moved[0], &out.at[0].box);
        mkd_camera_project(before_px, &camera, corners[0]);
        mkd_augment_pixel(expected_px, &a, before_px);
        mkd_camera_project(after_px, &augmented, moved[0]);
        assert_near(after_px[0], expected_px[0], 1e-9 * fmax(1, fabs(expected_px[0])));
        assert_near(after_px[1], expected_px[1], 1e-9 * fmax(1, fabs(expected_px[1])));
        // the turned box has the same corners, mirrored, in another order
        mkd_box3d_corners(corners, &object.box);
        mkd_box3d_corners(moved, &out.at[0].box);
        for (int i = 0; i < 8; i++) {
            double nearest = 1e9;
            for (int j = 0; j < 8; j++) {
                double sign = a.flip ? -1 : 1;
                nearest = fmin(nearest, fabs(moved[j][0] - sign * corners[i][0]) +
                                            fabs(moved[j][1] - corners[i][1]) +
                                            fabs(moved[j][2] - corners[i][2]));
            }
            assert_near(nearest, 0, 1e-12);
        }
        // and so its hull is the moved hull
        if (object.box.z_m > 6) {
            mkd_box2d hull, *box = &out.at[0].box_px;
            assert_int_equal(mkd_box3d_project(&hull, &out.at[0].box, &augmented, 0.01), 1);
            assert_near(hull.left_px, box->left_px, 1e-6);
            assert_near(hull.right_px, box->right_px, 1e-6);
            assert_near(hull.top_px, box->top_px, 1e-6);
            assert_near(hull.bottom_px, box->bottom_px, 1e-6);
        }
        mkd_object_list_free(&out);
    }
}

static void test_objects_are_mirrored_and_clipped(void **state) {
    (void)state;
    mkd_augmentation a;
    assert_int_equal(mkd_augment_none(&a, 200, 100, (mkd_canvas){200, 60}), 0);
    a.flip = true;
    mkd_object objects[3] = {
        {.type = "Car",
         .truncation = 0.2,
         .alpha_rad = 0.5,
         .box_px = {10, 10, 60, 90},
         .box = {1, 2, 10, 1.5, 1.6, 4, -0.3}},
        {.type = "DontCare",
         .alpha_rad = -10,
         .box_px = {-50, 0, 20, 10},
         .box = {-1000, -1000, -1000, -1, -1, -1, -10}},
        {.type = "Car", .alpha_rad = 3, .box_px = {10, 0, 20, 15}, .box = {0, 0, 9, 1, 1, 1, 3}},
    };
    mkd_object_list in = {objects, 3}, out;
    assert_int_equal(mkd_augment_objects(&out, &in, &a, true), 0);
    assert_int_equal(out.n, 3);
    const mkd_object *o = out.at;
    // mirrored: 200 - x; 20 rows are cut above and below
    assert_near(o[0].box_px.left_px, 140, 1e-9);
    assert_near(o[0].box_px.right_px, 190, 1e-9);
    assert_near(o[0].box_px.top_px, 0, 1e-9);
    assert_near(o[0].box_px.bottom_px, 60, 1e-9);
    assert_true(o[0].box.x_m == -1 && o[0].box.z_m == 10 && o[0].truncation == 0.2);
    assert_near(o[0].box.yaw_rad, -PI + 0.3, 1e-12);
    assert_near(o[0].alpha_rad, PI - 0.5, 1e-12);
    assert_true(o[1].box.x_m == -1000 && o[1].alpha_rad == -10 && o[1].box.yaw_rad == -10);
    assert_near(o[1].box_px.left_px, 180, 1e-9);
    assert_near(o[1].box_px.right_px, 200, 1e-9);
    assert_true(o[2].box_px.top_px == 0 && o[2].box_px.bottom_px == 0);
    assert_near(o[2].box.yaw_rad, PI - 3, 1e-12);
    mkd_object_list_free(&out);
    mkd_alloc_fail_at(1);
    assert_int_equal(mkd_augment_objects(&out, &in, &a, true), MKD_ENOMEM);
}

static void test_points_go_to_the_camera_frame_and_are_mirrored_there(void **state) {
    (void)state;
    mkd_augmentation a;
    assert_int_equal(mkd_augment_none(&a, 200, 100, canvas), 0);
    const double camera_from_lidar[12] = {0, -1, 0, 0.1, 0, 0, -1, 0.2, 1, 0, 0, 0.3};
    float coordinates[] = {10, 2, 1, 0.75F};
    mkd_points in = {coordinates, 1}, out;
    assert_int_equal(mkd_augment_points(&out, &in, camera_from_lidar, &a), 0);
    assert_near((double)out.at[0], -1.9, 1e-6);
    assert_near((double)out.at[1], -0.8, 1e-6);
    assert_near((double)out.at[2], 10.3, 1e-6);
    assert_true(out.at[3] == 0.75F);
    mkd_points_free(&out);
    a.flip = true;
    assert_int_equal(mkd_augment_points(&out, &in, camera_from_lidar, &a), 0);
    assert_near((double)out.at[0], 1.9, 1e-6);
    assert_near((double)out.at[2], 10.3, 1e-6);
    mkd_points_free(&out);
}

// --- what is drawn
// ---------------------------------------------------------------------------------

static void test_draws_are_keyed_and_have_the_right_rates(void **state) {
    (void)state;
    mkd_augmentation a, b;
    assert_int_equal(mkd_augment_draw(&a, 1242, 375, canvas, &usual, 1, 2, 3), 0);
    assert_int_equal(mkd_augment_draw(&b, 1242, 375, canvas, &usual, 1, 2, 3), 0);
    assert_memory_equal(&a.canvas_from_image, &b.canvas_from_image, sizeof a.canvas_from_image);
    assert_true(a.color_of_gray == b.color_of_gray && a.color_of_gray != 0);
    assert_int_equal(mkd_augment_draw(&b, 1242, 375, canvas, &usual, 1, 3, 3), 0);
    assert_true(a.color_of_gray != b.color_of_gray);

    int n_flips = 0, n_crops = 0, n = 4000;
    for (int i = 0; i < n; i++) {
        assert_int_equal(mkd_augment_draw(&a, 1242, 375, canvas, &usual, 9, 0, (uint64_t)i), 0);
        n_flips += a.flip;
        n_crops += a.crop_scale != 1;
        assert_true(a.crop_scale >= 0.6 && a.crop_scale <= 1.4);
        double center = (a.crop_px.left_px + a.crop_px.right_px) / 2;
        assert_true(fabs(center - 621) <= 0.2 * 1242 + 1e-9);
    }
    // three standard deviations of a fair coin
    assert_true(abs(n_flips - n / 2) < 95);
    assert_true(abs(n_crops - n / 2) < 95);
}

static void test_one_option_does_not_move_the_others(void **state) {
    (void)state;
    mkd_augment_options other = usual;
    other.flip_probability = 0;
    other.lighting_sigma = 0;
    for (uint64_t i = 0; i < 50; i++) {
        mkd_augmentation a, b;
        assert_int_equal(mkd_augment_draw(&a, 1242, 375, canvas, &usual, 9, 0, i), 0);
        assert_int_equal(mkd_augment_draw(&b, 1242, 375, canvas, &other, 9, 0, i), 0);
        assert_true(a.crop_scale == b.crop_scale && a.color_of_gray == b.color_of_gray);
        assert_false(b.flip);
        assert_true(b.color_offset[0] == 0);
    }
}

static void test_sizes_must_be_positive(void **state) {
    (void)state;
    mkd_augmentation a;
    assert_int_equal(mkd_augment_none(&a, 0, 375, canvas), MKD_EINVAL);
    assert_string_equal(mkd_error_last(), "augmentation: found image 0 x 375 and canvas 1280 x 384 "
                                          "px, expected above 0");
}

static void test_the_option_table_has_its_defaults_in_range(void **state) {
    (void)state;
    size_t n = 0;
    for (const mkd_option *o = mkd_augment_option_table; o->key; o++, n++) {
        double value;
        assert_true(mkd_parse_f64(&value, o->default_text));
        assert_true(value >= o->minimum && value <= o->maximum);
        assert_true(value == *(const double *)(const void *)((const char *)&usual + o->offset));
        assert_true(strlen(o->help) > 10);
    }
    assert_int_equal(n, sizeof(mkd_augment_options) / sizeof(double));
}

// --- pixels
// ----------------------------------------------------------------------------------------

static mkd_image new_image(int width, int height) {
    mkd_image image = {.width_px = width, .height_px = height, .channels = 3};
    image.pixels = mkd_alloc_array((size_t)(3 * width * height), 1);
    assert_non_null(image.pixels);
    return image;
}

static void test_the_same_size_copies_the_image(void **state) {
    (void)state;
    mkd_image image = new_image(16, 8);
    for (int i = 0; i < 16 * 8 * 3; i++) {
        image.pixels[i] = (uint8_t)(i * 7);
    }
    mkd_augmentation a;
    assert_int_equal(mkd_augment_none(&a, 16, 8, (mkd_canvas){16, 8}), 0);
    static float out[16 * 8 * 3];
    assert_int_equal(mkd_augment_image(out, &image, &a, &identity), 0);
    for (int i = 0; i < 16 * 8 * 3; i++) {
        assert_near(out[i], image.pixels[i] / 255.0, 1e-6);
    }
    a.flip = true;
    assert_int_equal(mkd_augment_image(out, &image, &a, &mkd_color_norm_imagenet), 0);
    for (int y = 0; y < 8; y++) {
        for (int x = 0; x < 16; x++) {
            double green = image.pixels[3 * (16 * y + 15 - x) + 1] / 255.0;
            assert_near(out[3 * (16 * y + x) + 1], (green - 0.456) / 0.224, 1e-5);
        }
    }
    mkd_image_free(&image);
}

// Bilinear at pixel centers, cut to whole levels, computed one pixel at a time.
static double sample_plain(const mkd_image *image, const mkd_augmentation *a, int x, int y, int c) {
    mkd_affine back;
    double s[2];
    assert_int_equal(mkd_affine_invert(&back, &a->canvas_from_image), 0);
    mkd_affine_apply(s, &back, (const double[2]){x + 0.5, y + 0.5});
    if (s[0] < 0 || s[1] < 0 || s[0] >= image->width_px || s[1] >= image->height_px) {
        return 0;
    }
    double u = s[0] - 0.5, v = s[1] - 0.5, corner[2][2];
    for (int j = 0; j < 2; j++) {
        for (int i = 0; i < 2; i++) {
            int column = (int)fmin(fmax(floor(u) + i, 0), image->width_px - 1);
            int row = (int)fmin(fmax(floor(v) + j, 0), image->height_px - 1);
            column = a->flip ? image->width_px - 1 - column : column;
            corner[j][i] = image->pixels[3 * (row * image->width_px + column) + c];
        }
    }
    double dx = u - floor(u), dy = v - floor(v);
    double top = corner[0][0] + (corner[0][1] - corner[0][0]) * dx;
    double low = corner[1][0] + (corner[1][1] - corner[1][0]) * dx;
    return floor(top + (low - top) * dy);
}

static void test_warped_pixels_equal_the_plain_formula(void **state) {
    (void)state;
    mkd_image image = new_image(50, 30);
    mkd_rng rng = mkd_rng_at(1, 1, 1, MKD_RNG_TEST);
    for (int i = 0; i < 50 * 30 * 3; i++) {
        image.pixels[i] = (uint8_t)mkd_rng_below(&rng, 256);
    }
    mkd_augment_options options = usual;
    options.color_probability = 0;
    static float out[64 * 20 * 3];
    for (uint64_t k = 0; k < 40; k++) {
        mkd_augmentation a;
        assert_int_equal(mkd_augment_draw(&a, 50, 30, (mkd_canvas){64, 20}, &options, 1, 1, k), 0);
        assert_int_equal(mkd_augment_image(out, &image, &a, &identity), 0);
        for (int i = 0; i < 64 * 20 * 3; i++) {
            double expected = sample_plain(&image, &a, i / 3 % 64, i / 3 / 64, i % 3);
            assert_near(out[i], expected / 255, 1e-6);
        }
    }
    mkd_image_free(&image);
}

static void test_what_lies_outside_is_black_before_normalization(void **state) {
    (void)state;
    mkd_image image = new_image(10, 4);
    memset(image.pixels, 255, 120);
    mkd_augmentation a;
    assert_int_equal(mkd_augment_none(&a, 10, 4, (mkd_canvas){10, 8}), 0);
    static float out[240];
    assert_int_equal(mkd_augment_image(out, &image, &a, &mkd_color_norm_imagenet), 0);
    assert_near(out[0], -0.485 / 0.229, 1e-6);
    assert_near(out[3 * 10 * 2], 0.515 / 0.229, 1e-6);
    assert_near(out[3 * 10 * 6 + 2], -0.406 / 0.225, 1e-6);
    mkd_image_free(&image);
}

static void test_color_steps_compose_in_their_order(void **state) {
    (void)state;
    mkd_image image = new_image(4, 2);
    for (int i = 0; i < 24; i++) {
        image.pixels[i] = (uint8_t)(i * 10);
    }
    mkd_augmentation a;
    assert_int_equal(mkd_augment_none(&a, 4, 2, (mkd_canvas){4, 2}), 0);
    const mkd_color_step order[3] = {MKD_COLOR_CONTRAST, MKD_COLOR_BRIGHTNESS,
                                     MKD_COLOR_SATURATION};
    const double factors[3] = {0.8, 1.25, 1.3}, lighting[3] = {0.05, -0.12, 0.08};
    mkd_augment_recolor(&a, order, factors, lighting);
    float out[24];
    assert_int_equal(mkd_augment_image(out, &image, &a, &identity), 0);
    double gray[8], mean = 0;
    for (int i = 0; i < 8; i++) {
        const uint8_t *p = &image.pixels[3 * i];
        gray[i] = (0.114 * p[0] + 0.587 * p[1] + 0.299 * p[2]) / 255;
        mean += gray[i] / 8;
    }
    const double axes[3] = {-0.58752847, -0.69563484, 0.41340352};
    double red_light =
        axes[0] * 0.2141788 * 0.05 + axes[1] * 0.01817699 * -0.12 + axes[2] * 0.00341571 * 0.08;
    for (int i = 0; i < 8; i++) {
        double red = image.pixels[3 * i] / 255.0;
        red = 1.25 * red + (1 - 1.25) * mean;
        red *= 0.8;
        red = 1.3 * red + (1 - 1.3) * gray[i] + red_light;
        assert_near(out[3 * i], red, 1e-6);
    }
    mkd_image_free(&image);
}

static void test_bad_images_are_refused(void **state) {
    (void)state;
    mkd_image image = new_image(4, 2);
    mkd_augmentation a;
    float out[24];
    assert_int_equal(mkd_augment_none(&a, 5, 2, (mkd_canvas){4, 2}), 0);
    assert_int_equal(mkd_augment_image(out, &image, &a, &identity), MKD_EINVAL);
    assert_string_equal(mkd_error_last(),
                        "image: found 4 x 2 px, expected the augmentation's 5 x 2");
    image.channels = 1;
    assert_int_equal(mkd_augment_image(out, &image, &a, &identity), MKD_EINVAL);
    assert_string_equal(mkd_error_last(),
                        "augmentation: found an image with 1 channels, expected 3");
    image.channels = 3;
    assert_int_equal(mkd_augment_none(&a, 4, 2, (mkd_canvas){4, 2}), 0);
    for (uint64_t nth = 1; nth <= 3; nth++) {
        mkd_alloc_fail_at(nth);
        assert_int_equal(mkd_augment_image(out, &image, &a, &identity), MKD_ENOMEM);
    }
    mkd_alloc_fail_at(0);
    mkd_image_free(&image);
}

static void test_unknown_depth_does_not_bleed(void **state) {
    (void)state;
    // twice the size: canvas pixels lie at quarters between the source's
    float depth_m[8] = {10, 20, 0, 40, 10, 20, 0, 40};
    mkd_depth_map map = {depth_m, 4, 2};
    mkd_augmentation a;
    assert_int_equal(mkd_augment_none(&a, 4, 2, (mkd_canvas){8, 4}), 0);
    float out[32];
    assert_int_equal(mkd_augment_depth(out, &map, &a), 0);
    const float expected[8] = {10, 12.5F, 17.5F, 20, 0, 0, 40, 40};
    for (int y = 0; y < 4; y++) {
        for (int x = 0; x < 8; x++) {
            assert_near(out[8 * y + x], expected[x], 1e-5);
        }
    }
    a.flip = true;
    assert_int_equal(mkd_augment_depth(out, &map, &a), 0);
    for (int x = 0; x < 8; x++) {
        assert_near(out[x], expected[7 - x], 1e-5);
    }
    assert_int_equal(mkd_augment_none(&a, 4, 3, (mkd_canvas){8, 4}), 0);
    assert_int_equal(mkd_augment_depth(out, &map, &a), MKD_EINVAL);
    assert_string_equal(mkd_error_last(),
                        "depth map: found 4 x 2 px, expected the augmentation's 4 x 3");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_transform_of_a_kitti_image),
        cmocka_unit_test(test_crop_of_the_published_example),
        cmocka_unit_test(test_flip_of_the_calibration),
        cmocka_unit_test(test_everything_stays_in_step),
        cmocka_unit_test(test_objects_are_mirrored_and_clipped),
        cmocka_unit_test(test_points_go_to_the_camera_frame_and_are_mirrored_there),
        cmocka_unit_test(test_draws_are_keyed_and_have_the_right_rates),
        cmocka_unit_test(test_one_option_does_not_move_the_others),
        cmocka_unit_test(test_sizes_must_be_positive),
        cmocka_unit_test(test_the_option_table_has_its_defaults_in_range),
        cmocka_unit_test(test_the_same_size_copies_the_image),
        cmocka_unit_test(test_warped_pixels_equal_the_plain_formula),
        cmocka_unit_test(test_what_lies_outside_is_black_before_normalization),
        cmocka_unit_test(test_color_steps_compose_in_their_order),
        cmocka_unit_test(test_bad_images_are_refused),
        cmocka_unit_test(test_unknown_depth_does_not_bleed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
