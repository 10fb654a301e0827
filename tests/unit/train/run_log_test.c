#include "tests.h"

#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/status.h"
#include "base/str.h"
#include "train/run_log.h"

static const char path[] = "run_log_test.jsonl";

static void put(const char *text) {
    assert_int_equal(mkd_fs_write_atomic(path, text, strlen(text)), 0);
}

static int forget(void **state) {
    (void)state;
    unlink(path);
    return 0;
}

static void test_numbers_become_series_by_name(void **state) {
    (void)state;
    mkd_run_log log;
    put("{\"step\": 2, \"loss\": 1.5, \"terms\": {\"depth\": 1, \"size\": 0.5}, \"note\": \"x\"}\n"
        "{\"step\": 4, \"loss\": 1.25, \"terms\": {\"depth\": 0.75}}\n");
    assert_int_equal(mkd_run_log_read(&log, path, "step"), 0);
    assert_int_equal(log.n_lines, 2);
    assert_int_equal(log.n_series, 4);
    assert_near(log.last_x, 4, 0);
    const mkd_run_series *depth = mkd_run_log_find(&log, "terms/depth");
    assert_non_null(depth);
    assert_int_equal(depth->n, 2);
    assert_near(depth->x[0], 2, 0);
    assert_near(depth->x[1], 4, 0);
    assert_near(depth->y[0], 1, 0);
    assert_near(depth->y[1], 0.75, 0);
    assert_null(mkd_run_log_find(&log, "depth"));
    assert_null(mkd_run_log_find(&log, "note"));
    mkd_run_log_free(&log);
}

static void test_last_is_of_the_last_line_alone(void **state) {
    (void)state;
    mkd_run_log log;
    double value = -1;
    put("{\"epoch\": 1, \"metrics\": {\"a\": 3, \"b\": 5}}\n{\"epoch\": 2, \"metrics\": {\"a\": "
        "4}}\n");
    assert_int_equal(mkd_run_log_read(&log, path, "epoch"), 0);
    assert_true(mkd_run_log_last(&value, &log, "metrics/a"));
    assert_near(value, 4, 0);
    assert_false(mkd_run_log_last(&value, &log, "metrics/b"));
    assert_false(mkd_run_log_last(&value, &log, "metrics/c"));
    mkd_run_log_free(&log);
}

static void test_many_points(void **state) {
    (void)state;
    mkd_run_log log;
    mkd_str text = {0};
    for (int i = 0; i < 1000; i++) {
        mkd_str_printf(&text, "{\"step\": %d, \"a%d\": %d, \"b\": 0.5}\n", i, i % 40, i);
    }
    put(text.text);
    assert_int_equal(mkd_run_log_read(&log, path, "step"), 0);
    assert_int_equal(log.n_series, 42);
    const mkd_run_series *a = mkd_run_log_find(&log, "a7");
    assert_int_equal(a->n, 25);
    assert_near(a->y[24], 967, 0);
    assert_int_equal(mkd_run_log_find(&log, "b")->n, 1000);
    mkd_run_log_free(&log);
    mkd_str_free(&text);
}

static void test_a_line_without_its_end_is_left_out(void **state) {
    (void)state;
    mkd_run_log log;
    put("{\"step\": 1, \"loss\": 2}\n{\"step\": 2, \"lo");
    assert_int_equal(mkd_run_log_read(&log, path, "step"), 0);
    assert_int_equal(log.n_lines, 1);
    mkd_run_log_free(&log);
}

static void test_a_missing_file_is_empty(void **state) {
    (void)state;
    mkd_run_log log;
    assert_int_equal(mkd_run_log_read(&log, "no_such_log.jsonl", "step"), 0);
    assert_int_equal(log.n_lines, 0);
    assert_int_equal(log.n_series, 0);
    mkd_run_log_free(&log);
}

static void test_broken_lines_are_named(void **state) {
    (void)state;
    mkd_run_log log;
    put("{\"step\": 1}\n{\"step\": oops}\n");
    assert_int_equal(mkd_run_log_read(&log, path, "step"), MKD_EFORMAT);
    assert_string_equal(mkd_error_last(), "run_log_test.jsonl:2: found invalid token near 'oops', "
                                          "expected a JSON object");
    mkd_run_log_free(&log);
    put("{\"epoch\": 1}\n");
    assert_int_equal(mkd_run_log_read(&log, path, "step"), MKD_EFORMAT);
    assert_string_equal(mkd_error_last(),
                        "run_log_test.jsonl:1: found no number \"step\", expected one");
    mkd_run_log_free(&log);
    put("[1, 2]\n");
    assert_int_equal(mkd_run_log_read(&log, path, "step"), MKD_EFORMAT);
    mkd_run_log_free(&log);
}

static void test_failing_allocations(void **state) {
    (void)state;
    put("{\"step\": 1, \"loss\": 2, \"terms\": {\"a\": 1}}\n");
    int status = MKD_ENOMEM;
    for (uint64_t nth = 1; status == MKD_ENOMEM; nth++) {
        mkd_run_log log;
        assert_true(nth < 100);
        mkd_alloc_fail_at(nth);
        status = mkd_run_log_read(&log, path, "step");
        mkd_alloc_fail_at(0);
        mkd_run_log_free(&log);
    }
    assert_int_equal(status, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers_become_series_by_name),
        cmocka_unit_test(test_last_is_of_the_last_line_alone),
        cmocka_unit_test(test_many_points),
        cmocka_unit_test(test_a_line_without_its_end_is_left_out),
        cmocka_unit_test(test_a_missing_file_is_empty),
        cmocka_unit_test(test_broken_lines_are_named),
        cmocka_unit_test(test_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, forget);
}
