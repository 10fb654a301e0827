// Run folders: one training at a time, one config, logs cut where the checkpoint ends.

#include "data_tests.h"

#include "base/status.h"
#include "base/str.h"
#include "base/thread.h"
#include "train/options.h"
#include "train/run_folder.h"

static void expect_folder(const char *run, const char *split, const char *expected) {
    char *path = mkd_run_detections(run, split);
    assert_string_equal(path, expected);
    mkd_free(path);
}

static void test_detections_are_filed_by_split(void **state) {
    (void)state;
    expect_folder("runs/a", "val", "runs/a/detections/val");
    expect_folder("runs/a", "lists/night.v2.txt", "runs/a/detections/night.v2");
    expect_folder("runs/a", "v1.5", "runs/a/detections/v1.5");
    expect_folder("/r", "/x/test", "/r/detections/test");
}

static void test_a_folder_that_is_no_run(void **state) {
    (void)state;
    mkd_config *config = NULL;
    assert_int_equal(mkd_run_config(&config, "no_such_run", NULL, 0), MKD_ENOTFOUND);
    assert_string_equal(mkd_error_last(), "no_such_run: there is no such run folder");
    assert_int_equal(mkd_run_config(&config, "/", NULL, 0), MKD_ENOTFOUND);
    assert_string_equal(mkd_error_last(), "/: found no config.yaml, expected a run folder");
    assert_null(config);
}

static mkd_config *config_of(const char *override) {
    mkd_config *config = NULL;
    const char *const overrides[1] = {override};
    assert_int_equal(
        mkd_config_load(&config, mkd_settings_schema(), NULL, overrides, override ? 1 : 0), 0);
    return config;
}

static void test_a_folder_takes_one_training_at_a_time(void **state) {
    (void)state;
    char path[DATA_TESTS_PATH];
    char start[2 * DATA_TESTS_PATH];
    mkd_run_folder first;
    mkd_run_folder second;
    mkd_config *config = config_of(NULL);
    data_tests_path(path, "locked/run");
    assert_int_equal(mkd_run_folder_open(&first, path, config), 0);
    assert_int_equal(mkd_run_folder_open(&second, path, config), MKD_EINVAL);
    snprintf(start, sizeof start, "another training uses this run folder: %s/lock", path);
    assert_memory_equal(mkd_error_last(), start, strlen(start));
    mkd_run_folder_close(&first);
    assert_int_equal(mkd_run_folder_open(&second, path, config), 0);
    mkd_run_folder_close(&second);
    mkd_run_folder_close(&second); // closed is closed
    mkd_config_free(config);
}

static void test_another_config_is_refused(void **state) {
    (void)state;
    char path[DATA_TESTS_PATH];
    char expected[2 * DATA_TESTS_PATH];
    mkd_run_folder run;
    mkd_config *config = NULL;
    // while nothing was learned in it the folder takes any config
    static const char *const rates[] = {"optim.learning_rate=0.001", "optim.learning_rate=0.002"};
    data_tests_path(path, "config/run");
    for (int i = 0; i < 2; i++) {
        config = config_of(rates[i]);
        assert_int_equal(mkd_run_folder_open(&run, path, config), 0);
        mkd_run_folder_close(&run);
        mkd_config_free(config);
    }
    char checkpoint[DATA_TESTS_PATH];
    data_tests_write(checkpoint, "config/run/" MKD_RUN_CHECKPOINT, "", 0);
    config = config_of("optim.learning_rate=0.003");
    assert_int_equal(mkd_run_folder_open(&run, path, config), MKD_EINVAL);
    snprintf(expected, sizeof expected,
             "%s holds a training with optim.learning_rate = '0.002', this one has '0.003'; choose "
             "another train.run, or remove the folder",
             path);
    assert_string_equal(mkd_error_last(), expected);
    mkd_config_free(config);
    // the same value, written otherwise, and values that change nothing that is learned
    config = config_of("optim.learning_rate=2e-3");
    assert_int_equal(mkd_run_folder_open(&run, path, config), 0);
    mkd_run_folder_close(&run);
    mkd_config_free(config);
    static const char *const same_rate = "optim.learning_rate=2e-3";
    const char *const overrides[] = {same_rate, "data.workers=7", "eval.batch_size=1",
                                     "train.checkpoint_every_s=5"};
    assert_int_equal(mkd_config_load(&config, mkd_settings_schema(), NULL, overrides, 4), 0);
    assert_int_equal(mkd_run_folder_open(&run, path, config), 0);
    mkd_run_folder_close(&run);
    mkd_config_free(config);
    // the folder's config is the resolved one
    assert_int_equal(mkd_run_config(&config, path, NULL, 0), 0);
    assert_string_equal(mkd_config_text(config, "data.workers"), "7");
    assert_string_equal(mkd_config_text(config, "optim.learning_rate"), "0.002");
    mkd_config_free(config);
}

static void expect_trimmed(const char *text, int64_t last_step, const char *expected) {
    char path[DATA_TESTS_PATH];
    char *found = NULL;
    size_t bytes = 0;
    data_tests_write(path, "log.jsonl", text, strlen(text));
    assert_int_equal(mkd_run_trim_log(path, last_step), 0);
    assert_int_equal(mkd_fs_read(&found, &bytes, path, 1 << 20), 0);
    assert_string_equal(found, expected);
    mkd_free(found);
}

static void test_logs_are_cut_behind_the_checkpoint(void **state) {
    (void)state;
    static const char whole[] = "{\"step\": 5, \"loss\": 1}\n{\"step\": 10, \"loss\": 2}\n"
                                "{\"step\": 15, \"loss\": 3}\n";
    static const char two[] = "{\"step\": 5, \"loss\": 1}\n{\"step\": 10, \"loss\": 2}\n";
    expect_trimmed(whole, 20, whole);
    expect_trimmed(whole, 15, whole);
    expect_trimmed(whole, 14, two);
    expect_trimmed(whole, 10, two);
    expect_trimmed(whole, 0, "");
    expect_trimmed("", 3, "");
    // a line that a kill cut short, or that is none
    expect_trimmed("{\"step\": 5, \"loss\": 1}\n{\"step\": 1", 20, "{\"step\": 5, \"loss\": 1}\n");
    expect_trimmed("{\"step\": 5, \"loss\": 1}\n{\"step\": 10, \"loss\": 2}", 20,
                   "{\"step\": 5, \"loss\": 1}\n");
    expect_trimmed("{\"step\": 5, \"loss\": 1}\nnonsense\n{\"step\": 6}\n", 20,
                   "{\"step\": 5, \"loss\": 1}\n");
    expect_trimmed("{\"step\": x}\n", 20, "");
    assert_int_equal(mkd_run_trim_log("data-tests-none/log.jsonl", 1), 0);
}

static void test_a_long_log_is_cut_quickly(void **state) {
    (void)state;
    enum { LINES = 60000 };
    char path[DATA_TESTS_PATH];
    char *found = NULL;
    size_t bytes = 0;
    mkd_str text = {0};
    for (int i = 1; i <= LINES; i++) {
        mkd_str_printf(&text, "{\"step\": %d, \"loss\": 0.123456789, \"terms\": {\"a\": 1}}\n", i);
    }
    assert_int_equal(mkd_str_status(&text), 0);
    data_tests_write(path, "long.jsonl", text.text, text.length);
    double start_s = mkd_time_s();
    assert_int_equal(mkd_run_trim_log(path, LINES - 1), 0);
    // reading each line to the end of the file took a minute
    assert_true(mkd_time_s() - start_s < 2);
    assert_int_equal(mkd_fs_read(&found, &bytes, path, 1 << 24), 0);
    assert_true(bytes < text.length && bytes > text.length - 80);
    mkd_free(found);
    mkd_str_free(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_detections_are_filed_by_split),
        cmocka_unit_test(test_a_folder_that_is_no_run),
        cmocka_unit_test(test_a_folder_takes_one_training_at_a_time),
        cmocka_unit_test(test_another_config_is_refused),
        cmocka_unit_test(test_logs_are_cut_behind_the_checkpoint),
        cmocka_unit_test(test_a_long_log_is_cut_quickly),
    };
    return cmocka_run_group_tests(tests, NULL, data_tests_clean);
}
