#include "tests.h"

#include "base/status.h"
#include "geom/affine.h"

static void assert_maps(const mkd_affine *a, double x, double y, double to_x, double to_y) {
    double out_px[2];
    mkd_affine_apply(out_px, a, (double[2]){x, y});
    assert_near(out_px[0], to_x, 1e-12);
    assert_near(out_px[1], to_y, 1e-12);
}

static void test_applies_and_composes_in_order(void **state) {
    (void)state;
    mkd_affine identity = mkd_affine_identity();
    assert_maps(&identity, 3, -4, 3, -4);
    mkd_affine a = {{1, 2, 3, 4, 5, 6}}, b = {{0, -1, 10, 1, 0, 20}};
    assert_maps(&a, 1, 1, 6, 15);
    mkd_affine b_after_a = mkd_affine_compose(&b, &a);
    assert_maps(&b_after_a, 1, 1, 10 - 15, 6 + 20);
}

static void test_scales_about_a_point(void **state) {
    (void)state;
    mkd_affine a = mkd_affine_scale_about((double[2]){621, 187.5}, 0.5, (double[2]){640, 192});
    assert_maps(&a, 621, 187.5, 640, 192);
    assert_maps(&a, 721, 87.5, 690, 142);
}

static void test_inverts(void **state) {
    (void)state;
    mkd_affine a = {{2, 1, -7, 0.5, 3, 11}}, inverse;
    assert_int_equal(mkd_affine_invert(&inverse, &a), 0);
    mkd_affine both = mkd_affine_compose(&inverse, &a);
    assert_maps(&both, 123, -45, 123, -45);
    mkd_affine flat = {{1, 2, 0, 2, 4, 0}};
    assert_int_equal(mkd_affine_invert(&inverse, &flat), MKD_EINVAL);
    assert_string_equal(mkd_error_last(),
                        "affine map: found determinant 0, expected an invertible map");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_applies_and_composes_in_order),
        cmocka_unit_test(test_scales_about_a_point),
        cmocka_unit_test(test_inverts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
