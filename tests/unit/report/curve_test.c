#include "tests.h"

#include <math.h>

#include "base/alloc.h"
#include "base/status.h"
#include "report/curve.h"

static void test_mean_and_band_on_a_shared_grid(void **state) {
    (void)state;
    const double x[] = {1, 2, 3};
    const mkd_report_series a = {"ap", x, (const double[]){10, 20, 30}, 3};
    const mkd_report_series b = {"ap", x, (const double[]){14, 20, 24}, 3};
    const mkd_report_series *both[] = {&a, &b};
    mkd_curve c;
    assert_int_equal(mkd_curve_merge(&c, both, 2, 100), 0);
    assert_int_equal(c.n, 3);
    assert_int_equal(c.n_series, 2);
    assert_near(c.mean[0], 12.0, 1e-12);
    assert_near(c.low[0], 10.0, 0.0);
    assert_near(c.high[0], 14.0, 0.0);
    assert_near(c.mean[2], 27.0, 1e-12);
    mkd_curve_free(&c);
}

static void test_other_grids_are_interpolated_not_extended(void **state) {
    (void)state;
    const mkd_report_series a = {"l", (const double[]){0, 10}, (const double[]){0, 10}, 2};
    const mkd_report_series b = {"l", (const double[]){5, 15}, (const double[]){7, 7}, 2};
    const mkd_report_series *both[] = {&a, &b};
    mkd_curve c;
    assert_int_equal(mkd_curve_merge(&c, both, 2, 100), 0);
    assert_int_equal(c.n, 4);
    assert_near(c.mean[0], 0.0, 1e-12); // a alone
    assert_near(c.mean[1], 6.0, 1e-12); // 5 and 7
    assert_near(c.mean[2], 8.5, 1e-12); // 10 and 7
    assert_near(c.mean[3], 7.0, 1e-12); // b alone
    mkd_curve_free(&c);
}

static void test_long_series_are_averaged(void **state) {
    (void)state;
    enum { N = 1000 };
    static double x[N], y[N];
    for (int i = 0; i < N; i++) {
        x[i] = i;
        y[i] = i % 2 ? 1.0 : 3.0;
    }
    const mkd_report_series a = {"loss", x, y, N};
    const mkd_report_series *one[] = {&a};
    mkd_curve c;
    assert_int_equal(mkd_curve_merge(&c, one, 1, 10), 0);
    assert_int_equal(c.n, 10);
    for (size_t i = 0; i < c.n; i++) {
        assert_near(c.mean[i], 2.0, 0.02);
    }
    assert_near(c.x[0], 49.95, 1e-9);
    mkd_curve_free(&c);
}

static void test_gaps_and_steps_back_are_skipped(void **state) {
    (void)state;
    const mkd_report_series a = {"l", (const double[]){1, 2, 2, 1, 3},
                                 (const double[]){5, NAN, 6, 9, 7}, 5};
    const mkd_report_series none = {"l", NULL, NULL, 0};
    const mkd_report_series *both[] = {&a, &none};
    mkd_curve c;
    assert_int_equal(mkd_curve_merge(&c, both, 2, 100), 0);
    assert_int_equal(c.n, 3);
    assert_int_equal(c.n_series, 1);
    assert_near(c.mean[1], 6.0, 0.0);
    mkd_curve_free(&c);
}

static void test_failed_allocations(void **state) {
    (void)state;
    const mkd_report_series a = {"l", (const double[]){0, 10}, (const double[]){0, 10}, 2};
    const mkd_report_series *one[] = {&a};
    mkd_alloc_counters before, after;
    mkd_alloc_count(&before);
    for (uint64_t nth = 1; nth <= 8; nth++) {
        mkd_curve c;
        mkd_alloc_fail_at(nth);
        assert_int_equal(mkd_curve_merge(&c, one, 1, 100), MKD_ENOMEM);
        mkd_alloc_fail_at(0);
        assert_null(c.x);
    }
    mkd_alloc_count(&after);
    assert_int_equal(before.live_blocks, after.live_blocks);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mean_and_band_on_a_shared_grid),
        cmocka_unit_test(test_other_grids_are_interpolated_not_extended),
        cmocka_unit_test(test_long_series_are_averaged),
        cmocka_unit_test(test_gaps_and_steps_back_are_skipped),
        cmocka_unit_test(test_failed_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
