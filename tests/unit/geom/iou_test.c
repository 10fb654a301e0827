#include "tests.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/status.h"
#include "geom/iou.h"

#define PI 3.14159265358979323846

static const mkd_box3d car = {0, 1.6, 20, 1.5, 1.6, 4, 0};

static mkd_box3d moved(mkd_box3d box, double dx_m, double dy_m, double dz_m, double turn_rad) {
    box.x_m += dx_m;
    box.y_m += dy_m;
    box.z_m += dz_m;
    box.yaw_rad += turn_rad;
    return box;
}

static void assert_both(const mkd_box3d *a, const mkd_box3d *b, double bev, double volume) {
    assert_near(mkd_iou_bev(a, b), bev, 1e-12);
    assert_near(mkd_iou_bev(b, a), bev, 1e-12);
    assert_near(mkd_iou_3d(a, b), volume, 1e-12);
    assert_near(mkd_iou_3d(b, a), volume, 1e-12);
}

static void test_identical_and_turned_by_pi(void **state) {
    (void)state;
    for (int i = -20; i <= 20; i++) {
        mkd_box3d a = moved(car, 0, 0, 0, 0.3 * i);
        assert_both(&a, &a, 1, 1);
        mkd_box3d plus = moved(a, 0, 0, 0, PI), minus = moved(a, 0, 0, 0, -PI);
        mkd_box3d round = moved(a, 0, 0, 0, 2 * PI);
        assert_both(&a, &plus, 1, 1);
        assert_both(&a, &minus, 1, 1);
        assert_both(&a, &round, 1, 1);
        assert_true(mkd_iou_bev(&a, &plus) <= 1);
    }
}

static void test_closed_forms(void **state) {
    (void)state;
    mkd_box3d cross = moved(car, 0, 0, 0, PI / 2);
    assert_both(&car, &cross, 0.25, 0.25);
    mkd_box3d half = moved(car, 2, 0, 0, 0), up = moved(car, 0, -0.75, 0, 0);
    assert_both(&car, &half, 1.0 / 3, 1.0 / 3);
    assert_both(&car, &up, 1, 1.0 / 3);
    mkd_box3d square = {3, 1, 8, 1, 2, 2, 0.1}, diamond = moved(square, 0, 0, 0, PI / 4);
    assert_both(&square, &diamond, sqrt(0.5), sqrt(0.5));
    // an octagon: 8 (sqrt 2 - 1) for a square of side 2
    assert_near(mkd_intersection_bev(&square, &diamond), 8 * (sqrt(2) - 1), 1e-12);
    mkd_box3d inside = {0.5, 1.6, 20.1, 1.5, 0.8, 2, 0.05};
    assert_both(&car, &inside, 1.6 / 6.4, 1.6 / 6.4);
    // a corner of the diamond reaches 0.5 m into the car's side: a triangle of area 0.25
    double reach = sqrt(2);
    mkd_box3d corner = {0, 1.6, 20 + 0.8 + reach - 0.5, 1.5, 2, 2, PI / 4};
    assert_near(mkd_intersection_bev(&car, &corner), 0.25, 1e-12);
}

static void test_touching_is_no_overlap(void **state) {
    (void)state;
    mkd_box3d edge = moved(car, 4, 0, 0, 0), corner = moved(car, 4, 0, 1.6, 0);
    mkd_box3d on_top = moved(car, 0, -1.5, 0, 0), apart = moved(car, 100, 0, 0, 0.7);
    assert_both(&car, &edge, 0, 0);
    assert_both(&car, &corner, 0, 0);
    assert_both(&car, &on_top, 1, 0);
    assert_both(&car, &apart, 0, 0);
    mkd_box3d hair = moved(car, 4 - 1e-9, 0, 0, 0);
    assert_near(mkd_intersection_bev(&car, &hair), 1.6e-9, 1e-15);
}

static void test_far_coordinates_lose_nothing(void **state) {
    (void)state;
    mkd_box3d a = moved(car, 5120, 0, 81920, 0.25), b = moved(a, 0.5, 0.25, -0.25, 0.125);
    mkd_box3d near_a = moved(car, 0, 0, 0, 0.25), near_b = moved(near_a, 0.5, 0.25, -0.25, 0.125);
    assert_near(mkd_iou_bev(&a, &b), mkd_iou_bev(&near_a, &near_b), 1e-14);
}

static void test_boxes_without_extent(void **state) {
    (void)state;
    mkd_box3d none = {-1000, -1000, -1000, -1, -1, -1, -10}, flat = car, broken = car;
    flat.height_m = 0;
    broken.yaw_rad = NAN;
    assert_both(&none, &none, 0, 0);
    assert_both(&car, &flat, 1, 0);
    assert_both(&car, &broken, 0, 0);
}

static void test_symmetric_for_many_boxes(void **state) {
    (void)state;
    uint32_t seed = 1;
    for (int i = 0; i < 20000; i++) {
        double r[6];
        for (int k = 0; k < 6; k++) {
            seed = seed * 1664525u + 1013904223u;
            r[k] = seed / 4294967296.0;
        }
        mkd_box3d b = {4 * r[0] - 2,   1.6,          18 + 4 * r[1], 1.5, 0.1 + 3 * r[2],
                       0.1 + 5 * r[3], 10 * r[4] - 5};
        mkd_box3d a = moved(car, 0, 0, 0, 6 * r[5]);
        double ab = mkd_iou_bev(&a, &b);
        assert_near(ab, mkd_iou_bev(&b, &a), 1e-12);
        assert_true(ab >= 0 && ab <= 1);
    }
}

static void test_image_boxes(void **state) {
    (void)state;
    mkd_box2d a = {0, 0, 10, 10}, b = {5, 0, 15, 10}, c = {10, 0, 20, 10}, d = {2, 2, 4, 4};
    assert_near(mkd_iou_2d(&a, &a), 1, 0);
    assert_near(mkd_iou_2d(&a, &b), 1.0 / 3, 1e-15);
    assert_near(mkd_iou_2d(&a, &c), 0, 0);
    assert_near(mkd_iou_2d(&a, &d), 0.04, 1e-15);
    assert_near(mkd_coverage_2d(&d, &a), 1, 0);
    assert_near(mkd_coverage_2d(&a, &d), 0.04, 1e-15);
}

static void test_nms_keeps_the_best_of_each_heap(void **state) {
    (void)state;
    const mkd_box2d boxes[] = {
        {0, 0, 10, 10}, {1, 0, 11, 10}, {100, 0, 110, 10}, {5, 0, 15, 10}, {100, 0, 110, 10}};
    const double scores[] = {0.5, 0.9, 0.7, 0.6, 0.7};
    size_t keep[5];
    // 1 against 3: 60 / 140; 1 against 0: 90 / 110; the two equal boxes tie, the first stays
    assert_int_equal(mkd_nms_2d(keep, boxes, scores, 5, 0.5), 3);
    assert_int_equal(keep[0], 1);
    assert_int_equal(keep[1], 2);
    assert_int_equal(keep[2], 3);
    // "strictly above": exactly 3 / 7 stays at a threshold of 3 / 7
    assert_int_equal(mkd_nms_2d(keep, boxes, scores, 5, 60.0 / 140), 3);
    assert_int_equal(mkd_nms_2d(keep, boxes, scores, 5, 0.42), 2);
    assert_int_equal(mkd_nms_2d(keep, boxes, scores, 0, 0.5), 0);
    mkd_alloc_fail_at(1);
    assert_int_equal(mkd_nms_2d(keep, boxes, scores, 5, 0.5), MKD_ENOMEM);
}

/// Pairs with exact values (70 digits), beside the checkout if at all.
static void test_exact_pairs(void **state) {
    (void)state;
    char archive[1024], command[1200], line[1024], name[64];
    tests_shared_path(archive, sizeof archive, "data/eval_cases.tar.xz");
    snprintf(command, sizeof command, "tar -xJOf '%s' eval_cases/rotated_iou/pairs.txt", archive);
    FILE *file = popen(command, "r");
    assert_non_null(file);
    int n = 0;
    while (fgets(line, sizeof line, file)) {
        mkd_box3d box[2];
        double v[17];
        int used = 0;
        if (line[0] == '#' || sscanf(line, "%63s%n", name, &used) != 1) {
            continue;
        }
        char *rest = line + used;
        for (int i = 0; i < 17; i++) {
            v[i] = strtod(rest, &rest);
        }
        for (int i = 0; i < 2; i++) {
            const double *f = v + 7 * i;
            box[i] = (mkd_box3d){f[0], f[1], f[2], f[3], f[4], f[5], f[6]};
        }
        for (int i = 0; i < 2; i++) {
            const mkd_box3d *a = &box[i], *b = &box[1 - i];
            if (fabs(mkd_intersection_bev(a, b) - v[14]) > 1e-9 ||
                fabs(mkd_iou_bev(a, b) - v[15]) > 1e-9 || fabs(mkd_iou_3d(a, b) - v[16]) > 1e-9) {
                fail_msg("%s: found %.17g %.17g %.17g, expected %.17g %.17g %.17g", name,
                         mkd_intersection_bev(a, b), mkd_iou_bev(a, b), mkd_iou_3d(a, b), v[14],
                         v[15], v[16]);
            }
        }
        n++;
    }
    assert_int_equal(pclose(file), 0);
    assert_true(n >= 90);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_identical_and_turned_by_pi),
        cmocka_unit_test(test_closed_forms),
        cmocka_unit_test(test_touching_is_no_overlap),
        cmocka_unit_test(test_far_coordinates_lose_nothing),
        cmocka_unit_test(test_boxes_without_extent),
        cmocka_unit_test(test_symmetric_for_many_boxes),
        cmocka_unit_test(test_image_boxes),
        cmocka_unit_test(test_nms_keeps_the_best_of_each_heap),
        cmocka_unit_test(test_exact_pairs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
