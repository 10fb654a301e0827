#include "tests.h"

#include "base/alloc.h"
#include "base/status.h"
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_detections_are_filed_by_split),
        cmocka_unit_test(test_a_folder_that_is_no_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
