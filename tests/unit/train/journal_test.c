// The journal: means over steps as JSON lines, which a resumed training continues.

#include "data_tests.h"

#include "base/status.h"
#include "train/journal.h"

static void test_the_journal_writes_means_and_goes_on(void **state) {
    (void)state;
    char run[DATA_TESTS_PATH];
    char path[2 * DATA_TESTS_PATH];
    mkd_journal *journal = NULL;
    mkd_loss_terms terms = {0};
    char *text = NULL;
    size_t bytes = 0;
    data_tests_path(run, "journal/run");
    assert_int_equal(mkd_fs_make_dirs(run), 0);
    mkd_loss_add(&terms, "depth", MKD_NONE, 1);
    mkd_loss_add(&terms, "size_3d", MKD_NONE, 1);
    assert_int_equal(mkd_journal_open(&journal, run, 0, &terms), 0);
    assert_false(mkd_journal_has_evaluation(journal, 0));
    for (int64_t step = 1; step <= 4; step++) {
        mkd_journal_step s = {.step = step,
                              .epoch = (double)step / 4,
                              .rate = 0.5,
                              .loss = (double)step,
                              .gradient_norm = 2,
                              .terms = {(double)step, 8},
                              .n_images = 2};
        assert_int_equal(mkd_journal_add(journal, &s, step % 2 == 0), 0);
    }
    mkd_journal_close(journal);
    snprintf(path, sizeof path, "%s/log.jsonl", run);
    assert_int_equal(mkd_fs_read(&text, &bytes, path, 1 << 20), 0);
    static const char first[] =
        "{\"step\": 2, \"epoch\": 0.5, \"rate\": 0.5, \"loss\": 1.5, \"gradient_norm\": 2, "
        "\"images_per_s\": ";
    assert_memory_equal(text, first, strlen(first));
    assert_non_null(strstr(text, ", \"terms\": {\"depth\": 1.5, \"size_3d\": 8}}\n{\"step\": 4"));
    assert_non_null(strstr(text, ", \"terms\": {\"depth\": 3.5, \"size_3d\": 8}}\n"));
    mkd_free(text);
    // a training that goes on after step 2 writes step 4 again
    assert_int_equal(mkd_journal_open(&journal, run, 2, &terms), 0);
    mkd_journal_close(journal);
    assert_int_equal(mkd_fs_read(&text, &bytes, path, 1 << 20), 0);
    assert_null(strstr(text, "\"step\": 4"));
    mkd_free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_journal_writes_means_and_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, data_tests_clean);
}
