#include "tests.h"

#include <string.h>

#include "base/status.h"
#include "detect/detector.h"

static mkd_model_options model(void) {
    mkd_model_options m = {.detector = "centernet3d",
                           .backbone = "lite",
                           .width_px = 64,
                           .height_px = 32,
                           .min_box_height_px = 25,
                           .max_depth_m = 65,
                           .score_threshold = 0.2,
                           .max_detections = 50};
    m.classes.n = 1;
    m.classes.at[0] = "Car";
    return m;
}

static void test_unknown_names_tell_the_nearest(void **state) {
    (void)state;
    mkd_detector d;
    mkd_model_options m = model();
    m.detector = "centernet2d";
    assert_int_equal(mkd_detector_init(&d, &m, NULL), MKD_ENOTFOUND);
    assert_string_equal(mkd_error_last(),
                        "there is no detector 'centernet2d', the nearest is 'centernet3d'");
    m = model();
    m.classes.at[0] = "Pedestrain";
    assert_int_equal(mkd_detector_init(&d, &m, NULL), MKD_EINVAL);
    assert_string_equal(mkd_error_last(),
                        "model.classes: there is no class 'Pedestrain', the nearest is Pedestrian");
}

static void test_a_canvas_must_suit_the_backbone(void **state) {
    (void)state;
    mkd_detector d;
    mkd_model_options m = model();
    m.width_px = 100;
    assert_int_equal(mkd_detector_init(&d, &m, NULL), MKD_EINVAL);
    assert_string_equal(mkd_error_last(),
                        "model size is 100 x 32 px, backbone lite needs multiples of 32");
}

static void test_what_is_trained_on(void **state) {
    (void)state;
    mkd_detector d;
    mkd_model_options m = model();
    assert_int_equal(mkd_detector_init(&d, &m, NULL), 0);
    mkd_object car = {.type = "Car", .truncation = 0.5, .occlusion = 2};
    car.box_px = (mkd_box2d){0, 10, 40, 35};
    car.box.z_m = 20;
    assert_int_equal(mkd_detector_class_of(&d, &car), 0);
    mkd_object other = car;
    strcpy(other.type, "Van");
    assert_int_equal(mkd_detector_class_of(&d, &other), -1);
    other = car, other.occlusion = 3;
    assert_int_equal(mkd_detector_class_of(&d, &other), -1);
    other = car, other.box_px.bottom_px = 34.9;
    assert_int_equal(mkd_detector_class_of(&d, &other), -1);
    other = car, other.box.z_m = 1.9;
    assert_int_equal(mkd_detector_class_of(&d, &other), -1);
    other = car, other.box.z_m = 65.1;
    assert_int_equal(mkd_detector_class_of(&d, &other), -1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unknown_names_tell_the_nearest),
        cmocka_unit_test(test_a_canvas_must_suit_the_backbone),
        cmocka_unit_test(test_what_is_trained_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
