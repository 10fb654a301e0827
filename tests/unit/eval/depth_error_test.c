#include "tests.h"

#include "base/alloc.h"
#include "base/status.h"
#include "eval/depth_error.h"
#include "scene.h"

static scene s;
static mkd_depth_error errors[MKD_KITTI_CLASSES];

static int clear(void **state) {
    (void)state;
    s = (scene){0};
    return 0;
}

static mkd_object at_depth(double z_m, mkd_object object) {
    object.box.z_m = z_m;
    return object;
}

static void compute(mkd_depth_error_options options) {
    assert_int_equal(mkd_depth_error_compute(errors, s.detections, s.labels, s.n_frames, options),
                     0);
}

static void test_means_over_matched_objects(void **state) {
    (void)state;
    add_label(&s, 0, at_depth(20, car_at(0)));
    add_label(&s, 0, at_depth(30, car_at(10)));
    add_label(&s, 1, at_depth(40, car_at(0)));
    add_detection(&s, 0, 0.9, at_depth(21.5, car_at(0)));
    add_detection(&s, 0, 0.8, at_depth(29.5, car_at(10)));
    add_detection(&s, 1, 0.8, at_depth(42, car_at(0))); // exactly at the limit: none
    compute(MKD_DEPTH_ERROR_DEFAULTS);
    assert_int_equal(errors[MKD_KITTI_CAR].n_ground_truth, 3);
    assert_int_equal(errors[MKD_KITTI_CAR].n_matched, 2);
    assert_near(errors[MKD_KITTI_CAR].mean_abs_m, 1, 1e-12);
    assert_near(errors[MKD_KITTI_CAR].mean_m, 0.5, 1e-12);
    assert_int_equal(errors[MKD_KITTI_CYCLIST].n_matched, 0);
    assert_near(errors[MKD_KITTI_CYCLIST].mean_abs_m, 0, 0);
}

static void test_the_best_scored_chooses_first(void **state) {
    (void)state;
    // both are near the label at 20; the better scored one takes it, the other the one at 21
    add_label(&s, 0, at_depth(20, car_at(0)));
    add_label(&s, 0, at_depth(21, car_at(0)));
    add_detection(&s, 0, 0.5, at_depth(20.1, car_at(0)));
    add_detection(&s, 0, 0.9, at_depth(20.2, car_at(0)));
    add_detection(&s, 0, 0.1, at_depth(20.3, car_at(0)));
    compute(MKD_DEPTH_ERROR_DEFAULTS);
    assert_int_equal(errors[MKD_KITTI_CAR].n_matched, 2);
    assert_near(errors[MKD_KITTI_CAR].mean_abs_m, (0.2 + 0.9) / 2, 1e-12);
}

static void test_class_score_and_difficulty(void **state) {
    (void)state;
    add_label(&s, 0, at_depth(20, car_at(0)));
    add_label(&s, 0, at_depth(20.5, high(20, car_at(0)))); // too small to count, but it matches
    add_detection(&s, 0, 0.9, at_depth(20.6, car_at(0)));
    add_detection(&s, 0, 0.95, typed("Pedestrian", at_depth(20, car_at(0))));
    add_detection(&s, 0, 0.2, at_depth(20.3, car_at(0)));
    mkd_depth_error_options options = MKD_DEPTH_ERROR_DEFAULTS;
    options.min_score = 0.3;
    compute(options);
    assert_int_equal(errors[MKD_KITTI_CAR].n_ground_truth, 1);
    assert_int_equal(errors[MKD_KITTI_CAR].n_matched, 0);
    options.min_score = 0.2;
    compute(options);
    assert_int_equal(errors[MKD_KITTI_CAR].n_matched, 1);
    assert_near(errors[MKD_KITTI_CAR].mean_abs_m, 0.3, 1e-12);
}

static void test_failing_memory(void **state) {
    (void)state;
    add_label(&s, 0, car_at(0));
    for (unsigned nth = 1; nth <= 2; nth++) {
        mkd_alloc_fail_at(nth);
        assert_int_equal(mkd_depth_error_compute(errors, s.detections, s.labels, s.n_frames,
                                                 MKD_DEPTH_ERROR_DEFAULTS),
                         MKD_ENOMEM);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_means_over_matched_objects, clear),
        cmocka_unit_test_setup(test_the_best_scored_chooses_first, clear),
        cmocka_unit_test_setup(test_class_score_and_difficulty, clear),
        cmocka_unit_test_setup(test_failing_memory, clear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
