#include "tests.h"

#include <math.h>

#include "base/alloc.h"
#include "base/status.h"
#include "report/progress_text.h"
#include "report/text.h"

static const mkd_progress_state half = {.title = "train",
                                        .unit = "step",
                                        .done = 90,
                                        .total = 200,
                                        .elapsed_s = 28.0,
                                        .rate = 3.2,
                                        .detail = "loss 1.25"};

static void assert_line(const mkd_progress_state *state, size_t width, bool color,
                        const char *expected) {
    mkd_str s = {0};
    assert_int_equal(mkd_progress_line(&s, state, width, color), 0);
    assert_string_equal(s.text, expected);
    assert_true(color || width == 0 || mkd_utf8_length(s.text) <= width);
    mkd_str_free(&s);
}

static void assert_plain(const mkd_progress_state *state, const char *expected) {
    mkd_str s = {0};
    assert_int_equal(mkd_progress_plain(&s, state), 0);
    assert_string_equal(s.text, expected);
    mkd_str_free(&s);
}

static void test_bar(void **state) {
    (void)state;
    assert_line(&half, 0, false,
                "train  [##########--------------]   45%  90/200 step  3.20 step/s  0:28 < 0:34  "
                "loss 1.25");
}

static void test_narrow_lines_lose_the_bar_then_the_detail(void **state) {
    (void)state;
    assert_line(&half, 80, false,
                "train  [######---------]   45%  90/200 step  3.20 step/s  0:28 < 0:34  loss 1.25");
    assert_line(&half, 65, false, "train   45%  90/200 step  3.20 step/s  0:28 < 0:34  loss 1.25");
    assert_line(&half, 60, false, "train   45%  90/200 step  3.20 step/s  0:28 < 0:34  loss 1.~");
    assert_line(&half, 52, false, "train   45%  90/200 step  3.20 step/s  0:28 < 0:34");
}

static void test_color(void **state) {
    (void)state;
    mkd_progress_state s = half;
    s.detail = NULL;
    s.title = "x";
    s.done = 100;
    mkd_progress_state narrow = s;
    assert_line(&narrow, 60, true,
                "\033[1mx\033[0m  \033[36m\u2501\u2501\u2501\u2501\u2501"
                "\033[0m\033[2m\u2501\u2501\u2501\u2501\u2501\u2501\033[0m"
                "   50%  100/200 step  3.20 step/s  0:28 < 0:31");
}

static void test_unknown_total_and_rate(void **state) {
    (void)state;
    mkd_progress_state s = {.title = "read", .unit = "file", .done = 7, .elapsed_s = 3661.0};
    assert_line(&s, 0, false, "read  7 file  1:01:01");
    assert_plain(&s, "read: 7 file, elapsed 1:01:01");
    s.total = 10;
    s.rate = NAN;
    assert_plain(&s, "read: 7/10 file (70%), elapsed 1:01:01");
    assert_line(&s, 40, false, "read   70%  7/10 file  1:01:01 < ?");
}

static void test_almost_done_is_not_done(void **state) {
    (void)state;
    mkd_progress_state s = {
        .title = "t", .unit = "u", .done = 1999, .total = 2000, .elapsed_s = 1.0, .rate = 1999};
    assert_plain(&s, "t: 1999/2000 u (99%), 1999 u/s, elapsed 0:01, remaining 0:00");
}

static void test_plain(void **state) {
    (void)state;
    assert_plain(&half, "train: 90/200 step (45%), 3.20 step/s, elapsed 0:28, remaining 0:34, "
                        "loss 1.25");
    mkd_progress_state s = half;
    s.done = 200;
    s.elapsed_s = 62.4;
    assert_plain(&s, "train: 200 step in 1:02 (3.20 step/s), loss 1.25");
    s.rate = 0.05;
    s.detail = "";
    assert_plain(&s, "train: 200 step in 1:02 (20.0 s/step)");
}

static void assert_duration(double seconds, const char *expected) {
    mkd_str s = {0};
    mkd_duration_append(&s, seconds);
    assert_string_equal(s.text, expected);
    mkd_str_free(&s);
}

static void test_durations(void **state) {
    (void)state;
    assert_duration(0.0, "0:00");
    assert_duration(59.6, "1:00");
    assert_duration(754.0, "12:34");
    assert_duration(3723.0, "1:02:03");
    assert_duration(2 * 86400 + 3 * 3600 + 4 * 60, "2d 03:04");
    assert_duration(INFINITY, "?");
    assert_duration(NAN, "?");
    assert_duration(-1.0, "?");
}

static void test_failed_allocation(void **state) {
    (void)state;
    mkd_str s = {0};
    mkd_alloc_fail_at(1);
    assert_int_equal(mkd_progress_line(&s, &half, 0, false), MKD_ENOMEM);
    mkd_alloc_fail_at(0);
    mkd_str_free(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bar),
        cmocka_unit_test(test_narrow_lines_lose_the_bar_then_the_detail),
        cmocka_unit_test(test_color),
        cmocka_unit_test(test_unknown_total_and_rate),
        cmocka_unit_test(test_almost_done_is_not_done),
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_durations),
        cmocka_unit_test(test_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
