#include "tests.h"

#include <string.h>

#include "base/status.h"
#include "report/bev.h"
#include "report/overlay.h"

enum { WIDTH = 400, HEIGHT = 200 };

static const mkd_camera camera = {{200, 0, 200, 0, 0, 200, 100, 0, 0, 0, 1, 0}, WIDTH, HEIGHT};

static mkd_object car_at(double x_m, double z_m, double yaw_rad) {
    mkd_object object = {
        .type = "Car", .box = {x_m, 1.0, z_m, 2.0, 2.0, 4.0, yaw_rad}, .score = 0.9};
    return object;
}

static void new_black(mkd_image *out) {
    assert_int_equal(mkd_image_new(out, WIDTH, HEIGHT, 3), 0);
    memset(out->pixels, 0, (size_t)WIDTH * HEIGHT * 3);
}

static bool is_color(const mkd_image *image, int x, int y, uint32_t rgb) {
    const uint8_t *p = image->pixels + 3 * (y * image->width_px + x);
    return abs(p[0] - (int)(rgb >> 16)) + abs(p[1] - (int)(rgb >> 8 & 255)) +
               abs(p[2] - (int)(rgb & 255)) <
           150;
}

static bool has_color_near(const mkd_image *image, double x, double y, uint32_t rgb) {
    for (int dy = -1; dy <= 1; dy++) {
        for (int dx = -1; dx <= 1; dx++) {
            if (is_color(image, (int)lround(x) + dx, (int)lround(y) + dy, rgb)) {
                return true;
            }
        }
    }
    return false;
}

static size_t count_lit(const mkd_image *image) {
    size_t n = 0;
    for (size_t i = 0; i < (size_t)image->width_px * (size_t)image->height_px; i++) {
        n += image->pixels[3 * i] > 60 || image->pixels[3 * i + 1] > 60;
    }
    return n;
}

static void test_edges_lie_where_they_project(void **state) {
    (void)state;
    mkd_image image;
    new_black(&image);
    // faces away (yaw -90 degrees: +z); 2 m wide and high, its near face at z = 8
    mkd_object car = car_at(0.0, 10.0, -1.57079632679489662);
    assert_int_equal(mkd_overlay_boxes_3d(&image, &camera, &car, 1, MKD_OVERLAY_TRUTH, NULL), 0);
    uint32_t green = mkd_overlay_rgb(MKD_OVERLAY_TRUTH, "Car");
    // near face: x in -1..1, y in -1..1 at z = 8: u = 175..225, v = 75..125
    assert_true(has_color_near(&image, 200, 75, green));
    assert_true(has_color_near(&image, 200, 125, green));
    assert_true(has_color_near(&image, 175, 100, green));
    assert_true(has_color_near(&image, 225, 100, green));
    assert_true(has_color_near(&image, 175, 75, green));
    assert_false(is_color(&image, 160, 100, green));
    assert_false(is_color(&image, 200, 60, green));
    // far face at z = 12 is hidden: there, but fainter
    assert_false(is_color(&image, 200 + 17, 100, green));
    const uint8_t *hidden = image.pixels + 3 * (100 * WIDTH + 200 + 17);
    assert_true(hidden[1] > 40);
    mkd_image_free(&image);
}

static void test_the_front_is_filled(void **state) {
    (void)state;
    for (int toward = 0; toward < 2; toward++) {
        mkd_image image;
        new_black(&image);
        mkd_object car = car_at(0.0, 10.0, toward ? 1.57079632679489662 : -1.57079632679489662);
        assert_int_equal(mkd_overlay_boxes_3d(&image, &camera, &car, 1, MKD_OVERLAY_TRUTH, NULL),
                         0);
        // between the near face's border (u = 175) and the far one's (u = 183)
        int lit = image.pixels[3 * (100 * WIDTH + 179) + 1] > 20;
        assert_int_equal(lit, toward);
        mkd_image_free(&image);
    }
}

static void test_boxes_behind_or_around_the_camera(void **state) {
    (void)state;
    mkd_image image;
    new_black(&image);
    mkd_object behind = car_at(0.0, -10.0, 0.3);
    assert_int_equal(
        mkd_overlay_boxes_3d(&image, &camera, &behind, 1, MKD_OVERLAY_PREDICTION, NULL), 0);
    assert_int_equal(count_lit(&image), 0);
    // the camera stands in it: all that is left lies in front
    mkd_object around = car_at(0.0, 1.0, 0.3);
    assert_int_equal(
        mkd_overlay_boxes_3d(&image, &camera, &around, 1, MKD_OVERLAY_PREDICTION, NULL), 0);
    mkd_object odd[] = {car_at(NAN, 10, 0),   car_at(0, INFINITY, 0), car_at(1e30, 10, 0),
                        car_at(1e7, 1e-9, 0), car_at(0, 10, 1e300),   car_at(-1000, -1000, -10)};
    odd[5].box.height_m = -1.0;
    assert_int_equal(
        mkd_overlay_boxes_3d(&image, &camera, odd, MKD_COUNT(odd), MKD_OVERLAY_PREDICTION, NULL),
        0);
    mkd_image_free(&image);
}

static void test_half_behind_is_cut_at_the_near_plane(void **state) {
    (void)state;
    mkd_image image;
    new_black(&image);
    // a car beside the camera from z = -1 to 3; what lies behind would be mirrored to the left
    mkd_object car = car_at(2.0, 1.0, -1.57079632679489662);
    assert_int_equal(mkd_overlay_boxes_3d(&image, &camera, &car, 1, MKD_OVERLAY_TRUTH, NULL), 0);
    size_t left = 0, right = 0;
    for (int y = 0; y < HEIGHT; y++) {
        for (int x = 0; x < WIDTH; x++) {
            bool lit = image.pixels[3 * (y * WIDTH + x) + 1] > 60;
            left += lit && x < WIDTH / 2;
            right += lit && x >= WIDTH / 2;
        }
    }
    assert_int_equal(left, 0);
    assert_true(right > 200);
    mkd_image_free(&image);
}

static void test_scores_and_their_threshold(void **state) {
    (void)state;
    mkd_image with, without, none;
    new_black(&with);
    new_black(&without);
    new_black(&none);
    mkd_object car = car_at(0.0, 10.0, 0.0);
    mkd_overlay_options options = {.no_labels = true};
    assert_int_equal(mkd_overlay_boxes_3d(&with, &camera, &car, 1, MKD_OVERLAY_PREDICTION, NULL),
                     0);
    assert_int_equal(
        mkd_overlay_boxes_3d(&without, &camera, &car, 1, MKD_OVERLAY_PREDICTION, &options), 0);
    assert_true(count_lit(&with) > count_lit(&without));
    options.min_score = 0.95;
    assert_int_equal(
        mkd_overlay_boxes_3d(&none, &camera, &car, 1, MKD_OVERLAY_PREDICTION, &options), 0);
    assert_int_equal(count_lit(&none), 0);
    // the truth has no score to fall short of it
    car.score = 0.0;
    assert_int_equal(mkd_overlay_boxes_3d(&none, &camera, &car, 1, MKD_OVERLAY_TRUTH, &options), 0);
    assert_true(count_lit(&none) > 0);
    mkd_image_free(&with);
    mkd_image_free(&without);
    mkd_image_free(&none);
}

static void test_boxes_2d(void **state) {
    (void)state;
    mkd_image image;
    new_black(&image);
    const mkd_object car = {.type = "Car", .box_px = {50, 40, 120, 90}, .score = 1.0};
    const mkd_object wrong = {.type = "Car", .box_px = {NAN, 0, 1e300, 5}, .score = 1.0};
    const mkd_object both[] = {car, wrong};
    assert_int_equal(mkd_overlay_boxes_2d(&image, both, 2, MKD_OVERLAY_PREDICTION, NULL), 0);
    uint32_t orange = mkd_overlay_rgb(MKD_OVERLAY_PREDICTION, "Car");
    assert_true(has_color_near(&image, 50, 60, orange));
    assert_true(has_color_near(&image, 120, 60, orange));
    assert_true(has_color_near(&image, 85, 90, orange));
    assert_false(is_color(&image, 85, 65, orange));
    mkd_image_free(&image);
}

static void test_a_gray_image_is_refused(void **state) {
    (void)state;
    mkd_image image;
    assert_int_equal(mkd_image_new(&image, 8, 8, 1), 0);
    assert_int_equal(mkd_overlay_boxes_3d(&image, &camera, NULL, 0, MKD_OVERLAY_TRUTH, NULL),
                     MKD_EINVAL);
    assert_string_equal(mkd_error_last(), "overlay: found an image of 1 channels, expected 3");
    mkd_image_free(&image);
}

static void test_the_view_from_above_keeps_right_and_ahead(void **state) {
    (void)state;
    const mkd_bev_panel panel = {300, 400, 38.0, 2.0};
    double at_px[2];
    mkd_bev_place(at_px, &panel, 0.0, 0.0);
    assert_near(at_px[0], 150.0, 1e-12);
    assert_near(at_px[1], 380.0, 1e-12);
    mkd_bev_place(at_px, &panel, 5.0, 20.0); // 10 px a metre
    assert_near(at_px[0], 200.0, 1e-12);
    assert_near(at_px[1], 180.0, 1e-12);
}

static void draw_bev(mkd_image *out, const mkd_bev_panel *panel, mkd_object car,
                     mkd_overlay_role role) {
    mkd_overlay_scene scene = {0};
    if (role == MKD_OVERLAY_TRUTH) {
        scene.truth = &car;
        scene.n_truth = 1;
    } else {
        scene.predictions = &car;
        scene.n_predictions = 1;
    }
    assert_int_equal(mkd_bev_draw(out, panel, &scene, NULL), 0);
}

static void test_heading_ticks(void **state) {
    (void)state;
    const mkd_bev_panel panel = {300, 400, 38.0, 2.0};
    uint32_t orange = mkd_overlay_rgb(MKD_OVERLAY_PREDICTION, "Car");
    // a car 4 m long at (5, 20) lies at (200, 180); its tick ends 30 px from there
    static const struct {
        double yaw_rad;
        int dx, dy;
    } cases[] = {
        {0.0, 26, 0},                   // +x: right
        {-1.57079632679489662, 0, -26}, // +z: ahead, up
        {1.57079632679489662, 0, 26},   // -z: towards the camera, down
        {3.14159265358979324, -26, 0},  // -x: left
    };
    for (size_t i = 0; i < MKD_COUNT(cases); i++) {
        mkd_image image;
        draw_bev(&image, &panel, car_at(5.0, 20.0, cases[i].yaw_rad), MKD_OVERLAY_PREDICTION);
        int x = 200 + cases[i].dx, y = 180 + cases[i].dy;
        assert_true(has_color_near(&image, x, y, orange));
        assert_false(has_color_near(&image, 200 - cases[i].dx, 180 - cases[i].dy, orange));
        // nothing on the other side of the camera
        assert_false(has_color_near(&image, 100 + cases[i].dx, y, orange));
        mkd_image_free(&image);
    }
}

static void test_points_and_view_lines(void **state) {
    (void)state;
    // LiDAR axes: x ahead, y left, z up
    const double camera_from_lidar[12] = {0, -1, 0, 0, 0, 0, -1, 0, 1, 0, 0, 0};
    float at[4 * 20];
    for (int i = 0; i < 20; i++) {
        const float point[4] = {20.0f, -5.0f, 0.0f, 0.5f};
        memcpy(at + 4 * i, point, sizeof point);
    }
    const mkd_points points = {at, 20};
    const mkd_bev_panel panel = {300, 400, 38.0, 2.0};
    const mkd_overlay_scene scene = {
        .points = &points, .camera_from_lidar = camera_from_lidar, .camera = &camera};
    mkd_image image;
    assert_int_equal(mkd_bev_draw(&image, &panel, &scene, NULL), 0);
    assert_true(is_color(&image, 200, 180, 0x9fb4cc));
    // the field of view is 90 degrees: at z = 10 it is 10 m to each side
    const uint8_t *left = image.pixels + 3 * (280 * 300 + 50);
    const uint8_t *inside = image.pixels + 3 * (275 * 300 + 140);
    assert_true(left[2] > inside[2] + 50);
    mkd_image_free(&image);
}

static void test_range_shows_all_objects(void **state) {
    (void)state;
    const mkd_object near = car_at(0, 8, 0), far = car_at(0, 61, 0), farther = car_at(0, 500, 0);
    assert_near(mkd_bev_range_m(&(mkd_overlay_scene){.truth = &near, .n_truth = 1}), 40, 0);
    assert_near(mkd_bev_range_m(&(mkd_overlay_scene){.truth = &far, .n_truth = 1}), 70, 0);
    assert_near(mkd_bev_range_m(&(mkd_overlay_scene){.predictions = &farther, .n_predictions = 1}),
                100, 0);
    // predictions do not move the truth's range
    assert_near(mkd_bev_range_m(&(mkd_overlay_scene){
                    .truth = &far, .n_truth = 1, .predictions = &farther, .n_predictions = 1}),
                70, 0);
}

static void test_picture_layout(void **state) {
    (void)state;
    mkd_image image, picture;
    new_black(&image);
    const mkd_object car = car_at(2.0, 12.0, 0.2);
    const mkd_overlay_scene scene = {.image = &image,
                                     .camera = &camera,
                                     .truth = &car,
                                     .n_truth = 1,
                                     .predictions = &car,
                                     .n_predictions = 1};
    mkd_overlay_options options = {.no_legend = true, .min_height_px = 1};
    assert_int_equal(mkd_overlay_picture(&picture, &scene, &options), 0);
    assert_int_equal(picture.height_px, HEIGHT);
    assert_int_equal(picture.width_px, WIDTH + 4 + 160);
    mkd_image_free(&picture);
    // small images are enlarged; the legend stands below
    assert_int_equal(mkd_overlay_picture(&picture, &scene, NULL), 0);
    assert_int_equal(picture.width_px, 640 + 4 + 256);
    assert_true(picture.height_px > 320 && picture.height_px < 360);
    mkd_image_free(&picture);
    mkd_image_free(&image);
}

static void test_pictures_side_by_side_must_fit(void **state) {
    (void)state;
    mkd_image a, b, out;
    assert_int_equal(mkd_image_new(&a, 4, 2, 3), 0);
    assert_int_equal(mkd_image_new(&b, 3, 2, 3), 0);
    memset(a.pixels, 1, 24);
    memset(b.pixels, 2, 18);
    assert_int_equal(mkd_overlay_beside(&out, &a, &b, 1, 0x030303), 0);
    const uint8_t row[24] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                             3, 3, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2};
    assert_memory_equal(out.pixels, row, 24);
    assert_memory_equal(out.pixels + 24, row, 24);
    mkd_image_free(&out);
    assert_int_equal(mkd_overlay_above(&out, &a, &b), MKD_EINVAL);
    assert_string_equal(mkd_error_last(),
                        "overlay: found images of 4 and 3 columns, expected RGB of one width");
    mkd_image_free(&a);
    mkd_image_free(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_edges_lie_where_they_project),
        cmocka_unit_test(test_the_front_is_filled),
        cmocka_unit_test(test_boxes_behind_or_around_the_camera),
        cmocka_unit_test(test_half_behind_is_cut_at_the_near_plane),
        cmocka_unit_test(test_scores_and_their_threshold),
        cmocka_unit_test(test_boxes_2d),
        cmocka_unit_test(test_a_gray_image_is_refused),
        cmocka_unit_test(test_the_view_from_above_keeps_right_and_ahead),
        cmocka_unit_test(test_heading_ticks),
        cmocka_unit_test(test_points_and_view_lines),
        cmocka_unit_test(test_range_shows_all_objects),
        cmocka_unit_test(test_picture_layout),
        cmocka_unit_test(test_pictures_side_by_side_must_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
