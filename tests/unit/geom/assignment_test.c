#include "tests.h"

#include <math.h>
#include <stdbool.h>

#include "base/alloc.h"
#include "base/status.h"
#include "geom/assignment.h"

static double best_by_trying_all(const double *cost, size_t n_rows, size_t n_columns, size_t row,
                                 unsigned used_columns, size_t left) {
    if (left == 0) {
        return 0;
    }
    if (row == n_rows) {
        return INFINITY;
    }
    double best = best_by_trying_all(cost, n_rows, n_columns, row + 1, used_columns, left);
    for (size_t c = 0; c < n_columns; c++) {
        if (!(used_columns >> c & 1)) {
            double sum =
                cost[row * n_columns + c] + best_by_trying_all(cost, n_rows, n_columns, row + 1,
                                                               used_columns | 1u << c, left - 1);
            best = fmin(best, sum);
        }
    }
    return best;
}

static void test_agrees_with_trying_all(void **state) {
    (void)state;
    uint32_t seed = 7;
    for (int trial = 0; trial < 3000; trial++) {
        double cost[36], total;
        long column_of_row[6];
        size_t n_rows = 1 + (size_t)trial % 6, n_columns = 1 + (size_t)(trial / 6) % 6;
        for (size_t i = 0; i < n_rows * n_columns; i++) {
            seed = seed * 1664525u + 1013904223u;
            // every third problem has small integers: many ties
            cost[i] = trial % 3 == 0 ? (double)(seed >> 30) : seed / 4294967296.0 * 20 - 10;
        }
        assert_int_equal(mkd_assignment_solve(column_of_row, &total, cost, n_rows, n_columns), 0);
        size_t n_pairs = 0;
        unsigned used = 0;
        double sum = 0;
        for (size_t r = 0; r < n_rows; r++) {
            if (column_of_row[r] >= 0) {
                size_t c = (size_t)column_of_row[r];
                assert_true(c < n_columns && !(used >> c & 1));
                used |= 1u << c;
                sum += cost[r * n_columns + c];
                n_pairs++;
            }
        }
        size_t expected_pairs = n_rows < n_columns ? n_rows : n_columns;
        assert_int_equal(n_pairs, expected_pairs);
        assert_near(sum, total, 1e-12);
        assert_near(total, best_by_trying_all(cost, n_rows, n_columns, 0, 0, n_pairs), 1e-12);
    }
}

static void test_known_problem(void **state) {
    (void)state;
    const double cost[] = {4, 1, 3, 2, 0, 5, 3, 2, 2};
    long column_of_row[3];
    double total;
    assert_int_equal(mkd_assignment_solve(column_of_row, &total, cost, 3, 3), 0);
    assert_near(total, 5, 0);
    assert_int_equal(column_of_row[0], 1);
    assert_int_equal(column_of_row[1], 0);
    assert_int_equal(column_of_row[2], 2);
}

static void test_empty_sides(void **state) {
    (void)state;
    long column_of_row[2] = {5, 5};
    double total = 1;
    assert_int_equal(mkd_assignment_solve(column_of_row, &total, NULL, 2, 0), 0);
    assert_int_equal(column_of_row[0], -1);
    assert_int_equal(column_of_row[1], -1);
    assert_near(total, 0, 0);
    assert_int_equal(mkd_assignment_solve(column_of_row, NULL, NULL, 0, 3), 0);
}

static void test_large_problem_is_quick_and_right(void **state) {
    (void)state;
    // cost (r + 1) (c + 1): best pairs the largest row with the smallest column
    enum { N = 200, M = 300 };
    double *cost = mkd_alloc_array(N * M, sizeof *cost), total, expected = 0;
    long column_of_row[N];
    for (size_t i = 0; i < N * M; i++) {
        cost[i] = (double)((i / M + 1) * (i % M + 1));
    }
    for (int r = 0; r < N; r++) {
        expected += (r + 1) * (N - r);
    }
    assert_int_equal(mkd_assignment_solve(column_of_row, &total, cost, N, M), 0);
    assert_near(total, expected, 1e-6);
    for (int r = 0; r < N; r++) {
        assert_int_equal(column_of_row[r], N - 1 - r);
    }
    mkd_free(cost);
}

static void test_refuses_bad_costs(void **state) {
    (void)state;
    const double cost[] = {1, 2, 3, 4, NAN, 6};
    long column_of_row[2];
    assert_int_equal(mkd_assignment_solve(column_of_row, NULL, cost, 2, 3), MKD_EINVAL);
    assert_string_equal(mkd_error_last(),
                        "assignment: row 1, column 1: found cost nan, expected a finite one");
}

static void test_memory_failures_leave_nothing(void **state) {
    (void)state;
    const double cost[] = {1, 2, 3, 4};
    long column_of_row[2];
    mkd_alloc_counters before, after;
    mkd_alloc_count(&before);
    for (unsigned nth = 1; nth <= 8; nth++) {
        mkd_alloc_fail_at(nth);
        assert_int_equal(mkd_assignment_solve(column_of_row, NULL, cost, 2, 2), MKD_ENOMEM);
    }
    mkd_alloc_fail_at(0);
    mkd_alloc_count(&after);
    assert_int_equal(before.live_blocks, after.live_blocks);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_agrees_with_trying_all),
        cmocka_unit_test(test_known_problem),
        cmocka_unit_test(test_empty_sides),
        cmocka_unit_test(test_large_problem_is_quick_and_right),
        cmocka_unit_test(test_refuses_bad_costs),
        cmocka_unit_test(test_memory_failures_leave_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
