#include "tests.h"

#include <math.h>

#include "base/alloc.h"
#include "base/status.h"
#include "report/compare.h"

static const mkd_compare_metric metrics[] = {
    {"AP", "%", false, 2},
    {"depth error", "m", true, 3},
};

// distilled - plain: seeds 1 and 2 are in both, seed 3 is plain's alone
static const mkd_compare_run runs[] = {
    {"teacher", 1, (const double[]){60.0, 0.5}},   {"plain", 1, (const double[]){20.0, 2.0}},
    {"plain", 2, (const double[]){22.0, 1.8}},     {"plain", 3, (const double[]){27.0, 1.6}},
    {"distilled", 2, (const double[]){25.0, NAN}}, {"distilled", 1, (const double[]){22.0, 1.5}},
};

static void test_stat(void **state) {
    (void)state;
    mkd_stat s = mkd_stat_of((const double[]){2, 4, 4, 4, 5, 5, 7, 9}, 8);
    assert_int_equal(s.n, 8);
    assert_near(s.mean, 5.0, 1e-12);
    assert_near(s.sd, sqrt(32.0 / 7.0), 1e-12);
    s = mkd_stat_of((const double[]){NAN, 3.0, NAN}, 3);
    assert_int_equal(s.n, 1);
    assert_near(s.mean, 3.0, 0.0);
    assert_true(isnan(s.sd));
    s = mkd_stat_of(NULL, 0);
    assert_int_equal(s.n, 0);
    assert_true(isnan(s.mean));
}

static void test_roles_and_paired_difference(void **state) {
    (void)state;
    mkd_compare c;
    assert_int_equal(mkd_compare_runs(&c, runs, MKD_COUNT(runs), metrics, 2, "plain"), 0);
    assert_int_equal(c.n_rows, 4);
    assert_string_equal(c.rows[0].role, "teacher");
    assert_string_equal(c.rows[1].role, "plain");
    assert_near(c.rows[1].stats[0].mean, 23.0, 1e-12);
    assert_near(c.rows[1].stats[0].sd, sqrt(13.0), 1e-12);
    assert_string_equal(c.rows[3].role, "distilled");
    assert_true(c.rows[3].is_difference);
    // 22 - 20 and 25 - 22
    assert_int_equal(c.rows[3].stats[0].n, 2);
    assert_near(c.rows[3].stats[0].mean, 2.5, 1e-12);
    assert_near(c.rows[3].stats[0].sd, sqrt(0.5), 1e-12);
    // only seed 1 has both
    assert_int_equal(c.rows[3].stats[1].n, 1);
    assert_near(c.rows[3].stats[1].mean, -0.5, 1e-12);
    // the teacher takes no part in the contest; less error is better
    assert_false(c.rows[0].best[0]);
    assert_true(c.rows[2].best[0] && c.rows[2].best[1]);
    assert_false(c.rows[1].best[0] || c.rows[1].best[1]);
    mkd_compare_free(&c);
}

static void test_tables(void **state) {
    (void)state;
    mkd_compare c;
    mkd_table t = {0};
    mkd_str s = {0};
    assert_int_equal(mkd_compare_runs(&c, runs, MKD_COUNT(runs), metrics, 2, "plain"), 0);
    assert_int_equal(mkd_compare_table(&t, &c), 0);
    assert_int_equal(mkd_table_format(&s, &t, false), 0);
    assert_string_equal(s.text,
                        "role               seeds       AP, % \u2191  depth error, m \u2193\n"
                        "--------------------------------------------------------\n"
                        "teacher                1         60.00             0.500\n"
                        "plain                  3  23.00 \u00b1 3.61     1.800 \u00b1 0.200\n"
                        "distilled              2  23.50 \u00b1 2.12             1.500\n"
                        "--------------------------------------------------------\n"
                        "distilled - plain      2  +2.50 \u00b1 0.71            -0.500\n");
    mkd_str_free(&s);
    mkd_table_free(&t);
    mkd_compare_free(&c);
}

static void test_table_by_metric(void **state) {
    (void)state;
    mkd_compare c;
    mkd_table t = {0};
    mkd_str s = {0};
    assert_int_equal(mkd_compare_runs(&c, runs, MKD_COUNT(runs), metrics, 2, "plain"), 0);
    assert_int_equal(mkd_compare_table_by_metric(&t, &c), 0);
    assert_int_equal(mkd_table_format(&s, &t, false), 0);
    assert_string_equal(
        s.text,
        "metric            teacher          plain     distilled  distilled - plain\n"
        "-------------------------------------------------------------------------\n"
        "seeds                   1              3             2                  2\n"
        "-------------------------------------------------------------------------\n"
        "AP, % \u2191             60.00   23.00 \u00b1 3.61  23.50 \u00b1 2.12       +2.50 \u00b1 "
        "0.71\n"
        "depth error, m \u2193    0.500  1.800 \u00b1 0.200         1.500             -0.500\n");
    mkd_str_free(&s);
    mkd_table_free(&t);
    mkd_compare_free(&c);
}

static void test_without_the_base_there_is_no_difference(void **state) {
    (void)state;
    mkd_compare c;
    assert_int_equal(mkd_compare_runs(&c, runs, MKD_COUNT(runs), metrics, 2, "undistilled"), 0);
    assert_int_equal(c.n_rows, 3);
    mkd_compare_free(&c);
    assert_int_equal(mkd_compare_runs(&c, NULL, 0, metrics, 2, "plain"), 0);
    assert_int_equal(c.n_rows, 0);
    mkd_compare_free(&c);
}

static void test_a_seed_twice_counts_once_in_a_difference(void **state) {
    (void)state;
    const mkd_compare_run twice[] = {
        {"plain", 1, (const double[]){10.0}},
        {"plain", 1, (const double[]){14.0}},
        {"distilled", 1, (const double[]){15.0}},
    };
    mkd_compare c;
    assert_int_equal(mkd_compare_runs(&c, twice, 3, metrics, 1, "plain"), 0);
    assert_int_equal(c.rows[2].stats[0].n, 1);
    assert_near(c.rows[2].stats[0].mean, 3.0, 1e-12);
    mkd_compare_free(&c);
}

static void test_stat_text(void **state) {
    (void)state;
    char text[32];
    mkd_stat_text(text, sizeof text, &(mkd_stat){3, 12.345, 0.678}, 2, false);
    assert_string_equal(text, "12.35 \u00b1 0.68");
    mkd_stat_text(text, sizeof text, &(mkd_stat){3, 1.5, 0.25}, 1, true);
    assert_string_equal(text, "+1.5 \u00b1 0.2");
    mkd_stat_text(text, sizeof text, &(mkd_stat){1, -2.0, NAN}, 1, true);
    assert_string_equal(text, "-2.0");
    mkd_stat_text(text, sizeof text, &(mkd_stat){0, NAN, NAN}, 1, true);
    assert_string_equal(text, "-");
}

static void test_failed_allocations(void **state) {
    (void)state;
    for (uint64_t nth = 1; nth <= 6; nth++) {
        mkd_compare c;
        mkd_alloc_fail_at(nth);
        assert_int_equal(mkd_compare_runs(&c, runs, MKD_COUNT(runs), metrics, 2, "plain"),
                         MKD_ENOMEM);
        mkd_alloc_fail_at(0);
        assert_null(c.rows);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stat),
        cmocka_unit_test(test_roles_and_paired_difference),
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_table_by_metric),
        cmocka_unit_test(test_without_the_base_there_is_no_difference),
        cmocka_unit_test(test_a_seed_twice_counts_once_in_a_difference),
        cmocka_unit_test(test_stat_text),
        cmocka_unit_test(test_failed_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
