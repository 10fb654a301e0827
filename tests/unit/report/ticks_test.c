#include "tests.h"

#include <math.h>

#include "base/status.h"
#include "report/ticks.h"

static void assert_ticks(const mkd_ticks *t, const double *at, size_t n) {
    assert_int_equal(t->n, n);
    for (size_t i = 0; i < n; i++) {
        assert_near(t->at[i], at[i], 1e-9 * fabs(at[i]) + 1e-15);
    }
}

static void assert_text(const mkd_ticks *t, double value, const char *expected) {
    char text[MKD_TICK_TEXT_BYTES];
    mkd_tick_text(text, t, value);
    assert_string_equal(text, expected);
}

static void test_linear_steps_are_1_2_5(void **state) {
    (void)state;
    mkd_ticks t;
    assert_int_equal(mkd_ticks_linear(&t, 0.0, 97.0, 6, false), 0);
    assert_ticks(&t, (double[]){0, 20, 40, 60, 80, 100}, 6);
    assert_near(t.minimum, 0.0, 0.0);
    assert_near(t.maximum, 100.0, 0.0);
    assert_int_equal(mkd_ticks_linear(&t, -0.13, 0.42, 6, false), 0);
    assert_ticks(&t, (double[]){-0.2, -0.1, 0, 0.1, 0.2, 0.3, 0.4, 0.5}, 8);
    assert_int_equal(mkd_ticks_linear(&t, 0.0, 1.0, 6, true), 0);
    assert_ticks(&t, (double[]){0, 0.2, 0.4, 0.6, 0.8, 1.0}, 6);
}

static void test_tight_keeps_the_range(void **state) {
    (void)state;
    mkd_ticks t;
    assert_int_equal(mkd_ticks_linear(&t, 3.0, 30.0, 6, true), 0);
    assert_ticks(&t, (double[]){5, 10, 15, 20, 25, 30}, 6);
    assert_near(t.minimum, 3.0, 0.0);
    assert_near(t.maximum, 30.0, 0.0);
    assert_near(mkd_ticks_place(&t, 16.5), 0.5, 1e-12);
}

static void test_an_empty_range_is_widened(void **state) {
    (void)state;
    mkd_ticks t;
    assert_int_equal(mkd_ticks_linear(&t, 0.0, 0.0, 5, false), 0);
    assert_true(t.minimum <= -1.0 && t.maximum >= 1.0 && t.n >= 3);
    assert_int_equal(mkd_ticks_linear(&t, 7.0, 7.0, 5, false), 0);
    assert_true(t.minimum < 7.0 && t.maximum > 7.0 && t.n >= 3);
    // one rounding step wide: no endless loop, no tick twice
    assert_int_equal(mkd_ticks_linear(&t, 1e9, nextafter(1e9, 2e9), 5, false), 0);
    assert_true(t.at[1] > t.at[0]);
}

static void test_log_decades_and_their_parts(void **state) {
    (void)state;
    mkd_ticks t;
    assert_int_equal(mkd_ticks_log(&t, 0.6, 35.0, 8), 0);
    assert_ticks(&t, (double[]){0.5, 1, 2, 5, 10, 20, 50}, 7);
    assert_int_equal(mkd_ticks_log(&t, 1e-6, 1e3, 8), 0);
    for (size_t i = 1; i < t.n; i++) {
        assert_near(t.at[i] / t.at[i - 1], 100.0, 1e-6);
    }
    assert_true(t.minimum <= 1e-6 * (1 + 1e-9) && t.maximum >= 1e3 * (1 - 1e-9));
    assert_int_equal(mkd_ticks_log(&t, 1.0, 100.0, 4), 0);
    assert_ticks(&t, (double[]){1, 10, 100}, 3);
    assert_near(mkd_ticks_place(&t, 10.0), 0.5, 1e-12);
}

static void test_texts(void **state) {
    (void)state;
    mkd_ticks t;
    assert_int_equal(mkd_ticks_linear(&t, 0.0, 1.0, 6, true), 0);
    assert_text(&t, 0.0, "0");
    assert_text(&t, 0.4, "0.4");
    assert_int_equal(mkd_ticks_linear(&t, 0.0, 20000.0, 6, true), 0);
    assert_text(&t, 5000.0, "5k");
    assert_int_equal(mkd_ticks_linear(&t, 0.0, 12000.0, 8, true), 0);
    assert_text(&t, 2000.0, "2k");
    assert_int_equal(mkd_ticks_linear(&t, 0.0, 5e6, 6, true), 0);
    assert_text(&t, 3e6, "3M");
    assert_int_equal(mkd_ticks_linear(&t, 0.0, 2.5e-5, 6, true), 0);
    assert_text(&t, 1e-5, "1e-05");
    assert_int_equal(mkd_ticks_log(&t, 0.01, 1e5, 12), 0);
    assert_text(&t, 0.01, "0.01");
    assert_text(&t, 10.0, "10");
    assert_text(&t, 1e5, "100k");
}

static void test_bad_ranges(void **state) {
    (void)state;
    mkd_ticks t;
    assert_int_equal(mkd_ticks_linear(&t, 2.0, 1.0, 5, false), MKD_EINVAL);
    assert_string_equal(mkd_error_last(), "ticks: found range 2 to 1, expected finite and rising");
    assert_int_equal(mkd_ticks_linear(&t, NAN, 1.0, 5, false), MKD_EINVAL);
    assert_int_equal(mkd_ticks_log(&t, 0.0, 1.0, 5), MKD_EINVAL);
    assert_string_equal(mkd_error_last(),
                        "ticks: found lower bound 0 on a logarithmic axis, expected > 0");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_linear_steps_are_1_2_5),
        cmocka_unit_test(test_tight_keeps_the_range),
        cmocka_unit_test(test_an_empty_range_is_widened),
        cmocka_unit_test(test_log_decades_and_their_parts),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_bad_ranges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
