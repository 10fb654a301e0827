// Gaussian peaks and the code of angles, against values worked out from the published formulas.

#include "tests.h"

#include <string.h>

#include "base/rng.h"
#include "base/status.h"
#include "detect/gaussian.h"
#include "detect/heading.h"
#include "geom/box3d.h"

static const double pi = 3.14159265358979323846;

static void test_radius(void **state) {
    (void)state;
    // width, height, and the smallest of the three roots
    static const double cases[][3] = {{20, 10, 3.677925},  {30.5, 17.25, 6.061398},
                                      {80, 40, 14.711701}, {3, 2, 0.658125},
                                      {1, 1, 0.273320},    {0, 0, 0}};
    for (size_t i = 0; i < MKD_COUNT(cases); i++) {
        int expected = (int)cases[i][2];
        assert_int_equal(mkd_gaussian_radius(cases[i][1], cases[i][0], 0.7), expected);
    }
    assert_int_equal(mkd_gaussian_radius(-3, 5, 0.7), 0); // no box
    assert_int_equal(mkd_gaussian_radius(5, 0, 0.7), 0);
}

static void test_peaks(void **state) {
    (void)state;
    float map[5 * 7 * 2] = {0};
    mkd_gaussian_draw(map, 5, 7, 2, 1, 3, 2, 2);
    static const double row[5] = {0.056135, 0.486752, 1, 0.486752, 0.056135};
    for (int x = 0; x < 7; x++) {
        double expected = x >= 1 && x <= 5 ? row[x - 1] : 0;
        assert_near((double)map[(2 * 7 + x) * 2 + 1], expected, 1e-6);
        assert_true(map[(2 * 7 + x) * 2] == 0); // the other class
    }
    assert_near((double)map[(0 * 7 + 1) * 2 + 1], 0.003151112, 1e-8);
    assert_true(map[(2 * 7 + 3) * 2 + 1] == 1); // exactly: the focal loss asks for it
    // a second peak takes the maximum, and is cut at the border
    mkd_gaussian_draw(map, 5, 7, 2, 1, 6, 0, 1);
    assert_true(map[6 * 2 + 1] == 1);
    assert_near((double)map[5 * 2 + 1], 0.135335, 1e-6);
    assert_near((double)map[(1 * 7 + 5) * 2 + 1], fmax(0.018315639, 0.056135 * 0.486752), 1e-6);
    assert_near((double)map[(2 * 7 + 5) * 2 + 1], row[4], 1e-6);
    mkd_gaussian_draw(map, 5, 7, 2, 1, -1, -1, 0); // outside: nothing
    mkd_gaussian_draw(map, 5, 7, 2, 1, 100, 2, 3);
    float dot[1] = {0};
    mkd_gaussian_draw(dot, 1, 1, 1, 0, 0, 0, 0);
    assert_true(dot[0] == 1);
}

static void test_heading_of_known_angles(void **state) {
    (void)state;
    static const struct {
        double angle;
        int bin;
        double residual;
    } cases[] = {{0, 0, 0},           {0.1, 0, 0.1},         {0.5, 1, -0.023599},
                 {-0.1, 0, -0.1},     {-0.5, 11, 0.023599},  {3.0, 6, -0.141593},
                 {-3.0, 6, 0.141593}, {3.14, 6, -0.001593},  {-2.7, 7, -0.082006},
                 {0.2617, 0, 0.2617}, {0.2619, 1, -0.261699}};
    for (size_t i = 0; i < MKD_COUNT(cases); i++) {
        int bin = -1;
        double residual = 9;
        mkd_heading_encode(&bin, &residual, cases[i].angle);
        assert_int_equal(bin, cases[i].bin);
        assert_near(residual, cases[i].residual, 1e-6);
        assert_near(mkd_heading_decode(bin, residual), cases[i].angle, 1e-12);
    }
    int bin = -1;
    double residual = 9;
    mkd_heading_encode(&bin, &residual, pi / 2);
    assert_int_equal(bin, 3);
    assert_near(residual, 0, 1e-12);
    mkd_heading_encode(&bin, &residual, -pi / 2);
    assert_int_equal(bin, 9);
    assert_near(residual, 0, 1e-12);
}

static void test_every_angle_comes_back(void **state) {
    (void)state;
    double width = 2 * pi / MKD_HEADING_BINS;
    mkd_rng rng = mkd_rng_at(1, 0, 0, MKD_RNG_TEST);
    for (int i = 0; i < 20000; i++) {
        // borders of bins and their neighbors, whole turns, then anything
        double angle = mkd_rng_range(&rng, -20, 20);
        if (i < 300) {
            angle = (i % 100 - 50) * width / 2;
            angle = i < 100 ? angle : nextafter(angle, i < 200 ? -100 : 100);
        }
        int bin = -1;
        double residual = 9;
        mkd_heading_encode(&bin, &residual, angle);
        assert_in_range(bin, 0, MKD_HEADING_BINS - 1);
        assert_true(fabs(residual) <= width / 2 + 1e-12);
        double back = mkd_heading_decode(bin, residual);
        assert_true(back >= -pi && back < pi);
        double off = mkd_wrap_angle(back - angle);
        assert_near(off, 0, 1e-12);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_radius),
        cmocka_unit_test(test_peaks),
        cmocka_unit_test(test_heading_of_known_angles),
        cmocka_unit_test(test_every_angle_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
