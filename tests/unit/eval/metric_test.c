#include "tests.h"

#include <string.h>

#include "base/status.h"
#include "eval/metric.h"
#include "scene.h"

static void test_finds_by_name(void **state) {
    (void)state;
    const mkd_metric *metric;
    assert_int_equal(mkd_metric_find(&metric, "kitti_ap"), 0);
    assert_string_equal(metric->name, "kitti_ap");
    assert_int_equal(mkd_metric_find(&metric, "kitty_ap"), MKD_ENOTFOUND);
    assert_string_equal(mkd_error_last(), "metric: found 'kitty_ap', expected one of those in "
                                          "`monokd list` (did you mean 'kitti_ap'?)");
}

static void test_every_metric_reports(void **state) {
    (void)state;
    static scene s;
    mkd_object ahead = car_at(0);
    ahead.box.z_m += 0.25;
    add_label(&s, 0, car_at(0));
    add_detection(&s, 0, 0.5, ahead);
    for (const mkd_metric *metric = mkd_metrics(); metric->name; metric++) {
        mkd_metric_report report = {0};
        assert_int_equal(metric->report(&report, s.detections, s.labels, s.n_frames), 0);
        assert_true(report.json.length > 2 && report.text.length > 2 && report.n_numbers > 0);
        assert_true(report.text.text[report.text.length - 1] == '\n');
        mkd_metric_report_free(&report);
        assert_null(report.numbers);
    }
    const mkd_metric *metric;
    mkd_metric_report report = {0};
    double value = -1;
    assert_int_equal(mkd_metric_find(&metric, "depth_error"), 0);
    assert_int_equal(metric->report(&report, s.detections, s.labels, 1), 0);
    assert_true(mkd_metric_number_find(&value, &report, "car/mean_abs_m"));
    assert_near(value, 0.25, 1e-12);
    assert_string_equal(report.json.text, "{\"car\": {\"matched\": 1, \"ground_truth\": 1, "
                                          "\"mean_abs_m\": 0.25, \"mean_m\": 0.25}}");
    mkd_metric_report_free(&report);
    assert_int_equal(mkd_metric_find(&metric, "kitti_ap"), 0);
    assert_int_equal(metric->report(&report, s.detections, s.labels, 1), 0);
    assert_true(mkd_metric_number_find(&value, &report, "car/3d/strict/R11/moderate"));
    assert_near(value, 100.0 / 11, 1e-12);
    assert_false(mkd_metric_number_find(&value, &report, "cyclist/3d/strict/R11/moderate"));
    mkd_metric_report_free(&report);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finds_by_name),
        cmocka_unit_test(test_every_metric_reports),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
