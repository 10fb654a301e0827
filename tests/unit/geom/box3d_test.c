#include "tests.h"

#include <math.h>

#include "geom/box3d.h"

#define PI 3.14159265358979323846

static void test_corners_in_order(void **state) {
    (void)state;
    mkd_box3d box = {-3.2, 1.65, 20, 1.5, 1.6, 3.9, -1.2};
    static const double ground[4][2] = {
        {-3.2390, 22.1074}, {-1.7478, 21.5276}, {-3.1610, 17.8926}, {-4.6522, 18.4724}};
    double corners[8][3], center[3];
    mkd_box3d_corners(corners, &box);
    for (int i = 0; i < 8; i++) {
        assert_near(corners[i][0], ground[i % 4][0], 5e-5);
        assert_near(corners[i][1], i < 4 ? 1.65 : 0.15, 1e-12);
        assert_near(corners[i][2], ground[i % 4][1], 5e-5);
    }
    mkd_box3d_center(center, &box);
    assert_near(center[0], -3.2, 0);
    assert_near(center[1], 0.9, 1e-12);
    assert_near(center[2], 20, 0);
}

static const mkd_camera simple = {
    .projection = {100, 0, 50, 0, 0, 100, 50, 0, 0, 0, 1, 0}, .width_px = 101, .height_px = 101};

static void assert_hull(const mkd_box2d *hull, double left, double top, double right,
                        double bottom) {
    assert_near(hull->left_px, left, 1e-9);
    assert_near(hull->top_px, top, 1e-9);
    assert_near(hull->right_px, right, 1e-9);
    assert_near(hull->bottom_px, bottom, 1e-9);
}

static void test_hull_of_a_box_in_front(void **state) {
    (void)state;
    mkd_box2d hull;
    mkd_box3d box = {0, 1, 10, 2, 2, 4, 0};
    assert_int_equal(mkd_box3d_project(&hull, &box, &simple, 0.1), 1);
    assert_hull(&hull, 50 - 200.0 / 9, 50 - 100.0 / 9, 50 + 200.0 / 9, 50 + 100.0 / 9);
}

static void test_hull_is_cut_at_the_near_plane(void **state) {
    (void)state;
    mkd_box2d hull;
    mkd_box3d through = {0, 1, 0, 2, 2, 4, 0}, behind = {0, 1, -10, 2, 2, 4, 0};
    assert_int_equal(mkd_box3d_project(&hull, &through, &simple, 0.5), 1);
    assert_hull(&hull, -350, -150, 450, 250);
    assert_int_equal(mkd_box3d_project(&hull, &behind, &simple, 0.5), 0);
}

static void test_angles_wrap_to_one_turn(void **state) {
    (void)state;
    assert_near(mkd_wrap_angle(0.5), 0.5, 0);
    assert_near(mkd_wrap_angle(-PI), -PI, 0);
    assert_near(mkd_wrap_angle(PI), -PI, 1e-15);
    assert_near(mkd_wrap_angle(7), 7 - 2 * PI, 1e-14);
    assert_near(mkd_wrap_angle(-100), -100 + 32 * PI, 1e-13);
    assert_true(isnan(mkd_wrap_angle(NAN)));
    for (int i = -1000; i <= 1000; i++) {
        double wrapped = mkd_wrap_angle(i * PI);
        assert_true(wrapped >= -PI && wrapped < PI);
    }
}

static void test_alpha_and_yaw(void **state) {
    (void)state;
    assert_near(mkd_alpha_from_yaw(-1.2, -3.2, 20), -1.2 + atan(0.16), 1e-14);
    assert_near(mkd_alpha_from_yaw(3.1, -10, 10), 3.1 + PI / 4 - 2 * PI, 1e-14);
    double alpha = mkd_alpha_from_yaw(3.1, -10, 10);
    assert_near(mkd_yaw_from_alpha(alpha, -10, 10), 3.1, 1e-14);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_corners_in_order),
        cmocka_unit_test(test_hull_of_a_box_in_front),
        cmocka_unit_test(test_hull_is_cut_at_the_near_plane),
        cmocka_unit_test(test_angles_wrap_to_one_turn),
        cmocka_unit_test(test_alpha_and_yaw),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
