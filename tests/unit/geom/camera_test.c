#include "tests.h"

#include "geom/camera.h"

// camera 2 of KITTI's frame 000008 and its likes
static const mkd_camera kitti = {
    .projection = {721.5377, 0, 609.5593, 44.85728, 0, 721.5377, 172.854, 0.2163791, 0, 0, 1,
                   0.002745884},
    .width_px = 1242,
    .height_px = 375,
};

static void test_projects_with_the_point_s_own_depth(void **state) {
    (void)state;
    double at_px[2];
    mkd_camera_project(at_px, &kitti, (double[3]){-3.2, 0.9, 20});
    assert_near(at_px[0], 496.356132, 1e-9);
    assert_near(at_px[1], 205.334015455, 1e-9);
}

static void test_back_projection_is_the_inverse(void **state) {
    (void)state;
    double point_m[3];
    mkd_camera_back_project(point_m, &kitti, (double[2]){496.356132, 205.334015455}, 20);
    assert_near(point_m[0], -3.2, 1e-12);
    assert_near(point_m[1], 0.9, 1e-12);
    assert_near(point_m[2], 20, 0);

    mkd_camera skewed = kitti;
    skewed.projection[1] = 3.5;
    skewed.projection[4] = -2;
    double at_px[2];
    mkd_camera_project(at_px, &skewed, (double[3]){5, -1.5, 33});
    mkd_camera_back_project(point_m, &skewed, at_px, 33);
    assert_near(point_m[0], 5, 1e-12);
    assert_near(point_m[1], -1.5, 1e-12);
}

static void test_flip_mirrors_every_projected_point(void **state) {
    (void)state;
    mkd_camera flipped = mkd_camera_flip(&kitti);
    assert_near(flipped.projection[2], 631.4407, 1e-9);
    assert_near(flipped.projection[3], -44.85728, 0);
    assert_near(flipped.projection[0], 721.5377, 0);
    double at_px[2];
    mkd_camera_project(at_px, &flipped, (double[3]){3.2, 0.9, 20});
    assert_near(at_px[0], 1241 - 496.356132, 1e-9);
    assert_near(at_px[1], 205.334015455, 1e-9);

    mkd_camera skewed = kitti;
    skewed.projection[1] = 3.5;
    skewed.projection[4] = -2;
    mkd_camera mirrored = mkd_camera_flip(&skewed), back = mkd_camera_flip(&mirrored);
    double seen_px[2], mirrored_px[2];
    mkd_camera_project(seen_px, &skewed, (double[3]){2, 1, 9});
    mkd_camera_project(mirrored_px, &mirrored, (double[3]){-2, 1, 9});
    assert_near(mirrored_px[0], 1241 - seen_px[0], 1e-9);
    assert_near(mirrored_px[1], seen_px[1], 1e-9);
    for (int i = 0; i < 12; i++) {
        assert_near(back.projection[i], skewed.projection[i], 1e-9);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_projects_with_the_point_s_own_depth),
        cmocka_unit_test(test_back_projection_is_the_inverse),
        cmocka_unit_test(test_flip_mirrors_every_projected_point),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
