#include "tests.h"

#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/status.h"
#include "markup.h"
#include "report/page_runs.h"

static const double steps[] = {0, 10, 20, 30}, losses[] = {90, 10, 2, 1}, epochs[] = {1, 2},
                    scores[] = {5, 11}, recall[] = {0, 0.5, 1}, precision[] = {1, 0.8, 0};
static const mkd_report_series loss_series[] = {{"total", steps, losses, 4},
                                                {"depth <3d>", steps, losses, 4}};
static const mkd_report_series score_series[] = {{"AP3D@0.7", epochs, scores, 2}};
static const mkd_report_series pr_series[] = {{"Car moderate", recall, precision, 3}};
static const mkd_report_fact facts[] = {{"device", "2 CPU threads"}};
static uint8_t pixels[2 * 2 * 3];
static const mkd_image image = {pixels, 2, 2, 3};
static const mkd_report_picture pictures[] = {{"000007", &image, "epoch 2"}};

#define AP(value_)                                                                                 \
    { {"AP3D@0.7", "%", false, 2}, value_ }
#define ERROR(value_)                                                                              \
    { {"depth error", "m", true, 3}, value_ }

static const mkd_report_metric metrics[][2] = {
    {AP(30.0), ERROR(0.5)}, {AP(10.0), ERROR(2.0)}, {AP(12.0), ERROR(1.9)},
    {AP(13.0), ERROR(1.8)}, {AP(16.0), ERROR(1.6)},
};

static mkd_report_run run_of(const char *name, const char *role, uint64_t seed, size_t i) {
    return (mkd_report_run){.name = name,
                            .role = role,
                            .seed = seed,
                            .config_text = "epochs: 2\n",
                            .losses = loss_series,
                            .n_losses = 2,
                            .scores = score_series,
                            .n_scores = 1,
                            .curves = pr_series,
                            .n_curves = 1,
                            .metrics = metrics[i],
                            .n_metrics = 2,
                            .facts = facts,
                            .n_facts = 1,
                            .pictures = pictures,
                            .n_pictures = 1};
}

static void make_runs(mkd_report_run runs[5]) {
    runs[0] = run_of("t", "teacher", 0, 0);
    runs[1] = run_of("p0", "plain", 0, 1);
    runs[2] = run_of("p1", "plain", 1, 2);
    runs[3] = run_of("d0 & co", "distilled", 0, 3);
    runs[4] = run_of("d1", "distilled", 1, 4);
}

static size_t count(const char *text, const char *part) {
    size_t n = 0;
    for (const char *at = strstr(text, part); at; at = strstr(at + 1, part)) {
        n++;
    }
    return n;
}

static void test_the_whole_page(void **state) {
    (void)state;
    mkd_report_run runs[5];
    make_runs(runs);
    mkd_str s = {0};
    assert_int_equal(mkd_report_page(&s, runs, 5, &(mkd_report_options){.title = "demo"}), 0);
    markup_check(s.text);
    assert_non_null(strstr(s.text, "<h1>demo</h1>"));
    // 3 and 4 more than plain: 3.5, deviation sqrt(0.5)
    assert_non_null(strstr(s.text, "<td class=\"n\">+3.50 \u00b1 0.71</td>"));
    assert_non_null(strstr(s.text, "<td class=\"n\"><b>14.50 \u00b1 2.12</b></td>"));
    assert_non_null(strstr(s.text, "<td>d0 &amp; co</td>"));
    assert_non_null(strstr(s.text, "d0 &amp; co \u00b7 epoch 2"));
    // two losses, one score, one PR curve, a chart of % and one of m
    assert_int_equal(count(s.text, "<svg "), 6);
    assert_int_equal(count(s.text, "<img "), 5);
    assert_int_equal(count(s.text, "<h3>Frame 000007</h3>"), 1);
    assert_int_equal(count(s.text, "<details"), 5);
    static const char *const sections[] = {"Comparison",           "Runs",   "Scores over training",
                                           "Precision and recall", "Losses", "Pictures",
                                           "Configurations"};
    const char *at = s.text;
    for (size_t i = 0; i < MKD_COUNT(sections); i++) {
        char heading[64];
        snprintf(heading, sizeof heading, "<h2>%s</h2>", sections[i]);
        at = strstr(at, heading);
        assert_non_null(at);
    }
    mkd_str_free(&s);
}

static void test_the_same_input_gives_the_same_page(void **state) {
    (void)state;
    mkd_report_run runs[5];
    make_runs(runs);
    mkd_str a = {0}, b = {0};
    assert_int_equal(mkd_report_page(&a, runs, 5, NULL), 0);
    assert_int_equal(mkd_report_page(&b, runs, 5, NULL), 0);
    assert_string_equal(a.text, b.text);
    mkd_str_free(&a);
    mkd_str_free(&b);
}

static void test_a_bare_run(void **state) {
    (void)state;
    const mkd_report_run run = {.name = "only", .role = "plain"};
    mkd_str s = {0};
    assert_int_equal(mkd_report_page(&s, &run, 1, NULL), 0);
    markup_check(s.text);
    assert_int_equal(count(s.text, "<h2>"), 1);
    assert_int_equal(count(s.text, "<svg "), 0);
    mkd_str_free(&s);
}

static void test_many_roles(void **state) {
    (void)state;
    static const char *const roles[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"};
    mkd_report_run runs[MKD_COUNT(roles)];
    for (size_t i = 0; i < MKD_COUNT(roles); i++) {
        runs[i] = run_of(roles[i], roles[i], 0, i % 5);
    }
    mkd_str s = {0};
    assert_int_equal(mkd_report_page(&s, runs, MKD_COUNT(roles), NULL), 0);
    markup_check(s.text);
    mkd_str_free(&s);
}

static void test_missing_values_show_as_dashes(void **state) {
    (void)state;
    mkd_report_run runs[2] = {{.name = "x", .role = "plain"}, run_of("y", "plain", 1, 1)};
    mkd_str s = {0};
    assert_int_equal(mkd_report_page(&s, runs, 2, NULL), 0);
    assert_non_null(strstr(s.text, "<td>x</td><td>plain</td><td class=\"n\">0</td>"
                                   "<td class=\"n\">-</td>"));
    mkd_str_free(&s);
}

static void test_bad_input(void **state) {
    (void)state;
    mkd_str s = {0};
    const mkd_report_run run = {.name = "x"};
    assert_int_equal(mkd_report_page(&s, NULL, 0, NULL), MKD_EINVAL);
    assert_string_equal(mkd_error_last(), "report: found no run, expected at least one");
    assert_int_equal(mkd_report_page(&s, &run, 1, NULL), MKD_EINVAL);
    assert_string_equal(mkd_error_last(),
                        "report: found run 0 without a role, expected name and role");
}

static void test_failed_allocations_leave_nothing_behind(void **state) {
    (void)state;
    mkd_report_run runs[5];
    make_runs(runs);
    mkd_alloc_counters before, after;
    mkd_alloc_count(&before);
    for (uint64_t nth = 1; nth < 400; nth += 7) {
        mkd_str s = {0};
        mkd_alloc_fail_at(nth);
        int status = mkd_report_page(&s, runs, 5, NULL);
        mkd_alloc_fail_at(0);
        mkd_str_free(&s);
        assert_true(status == 0 || status == MKD_ENOMEM);
    }
    mkd_alloc_count(&after);
    assert_int_equal(before.live_blocks, after.live_blocks);
}

static void test_write(void **state) {
    (void)state;
    const mkd_report_run run = {.name = "only", .role = "plain"};
    assert_int_equal(mkd_report_write("page_runs_test.html", &run, 1, NULL), 0);
    assert_true(mkd_fs_exists("page_runs_test.html"));
    assert_int_equal(mkd_fs_remove("page_runs_test.html"), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_whole_page),
        cmocka_unit_test(test_the_same_input_gives_the_same_page),
        cmocka_unit_test(test_a_bare_run),
        cmocka_unit_test(test_many_roles),
        cmocka_unit_test(test_missing_values_show_as_dashes),
        cmocka_unit_test(test_bad_input),
        cmocka_unit_test(test_failed_allocations_leave_nothing_behind),
        cmocka_unit_test(test_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
