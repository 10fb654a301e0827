#include "tests.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/thread.h"

typedef struct record {
    int n_lines, n_mixed;
    mkd_log_level level;
    char line[8192];
} record;

static void keep_line(void *payload, mkd_log_level level, const char *line) {
    record *r = payload;
    r->n_lines++;
    r->level = level;
    snprintf(r->line, sizeof r->line, "%s", line);
    // another thread within the sink would have changed the copy
    r->n_mixed += strcmp(r->line, line) != 0;
}

static void keep_progress(void *payload, const char *title, const char *unit, double done,
                          double total, const char *detail) {
    record *r = payload;
    snprintf(r->line, sizeof r->line, "%s %g/%g %s %s", title, done, total, unit,
             detail ? detail : "-");
}

static void test_lines_go_to_the_sink(void **state) {
    (void)state;
    record r = {0};
    mkd_log(MKD_LOG_WARN, "dropped: nobody listens");
    mkd_log_set_sink(keep_line, &r);
    mkd_log(MKD_LOG_WARN, "%d objects of %s", 3, "Car");
    assert_string_equal(r.line, "3 objects of Car");
    assert_int_equal(r.level, MKD_LOG_WARN);
    char text[6000];
    memset(text, 'x', sizeof text);
    text[5999] = '\0';
    mkd_log(MKD_LOG_DEBUG, "%s", text);
    assert_int_equal(strlen(r.line), 4095);
    mkd_log_set_sink(NULL, NULL);
    mkd_log(MKD_LOG_INFO, "dropped");
    assert_int_equal(r.n_lines, 2);
}

static void test_progress_goes_to_its_sink(void **state) {
    (void)state;
    record r = {0};
    mkd_progress("train", "step", 1, 10, NULL);
    mkd_progress_set_sink(keep_progress, &r);
    mkd_progress("train", "step", 2, 10, "loss 1.5");
    assert_string_equal(r.line, "train 2/10 step loss 1.5");
    mkd_progress("train", "step", 10, 10, NULL);
    assert_string_equal(r.line, "train 10/10 step -");
    mkd_progress_set_sink(NULL, NULL);
}

static void *log_many(void *payload) {
    for (int i = 0; i < 500; i++) {
        mkd_log(MKD_LOG_INFO, "line %d of thread %d", i, *(int *)payload);
    }
    return NULL;
}

static void test_threads_do_not_mix(void **state) {
    (void)state;
    record r = {0};
    mkd_log_set_sink(keep_line, &r);
    mkd_thread threads[4];
    int numbers[4] = {0, 1, 2, 3};
    for (int i = 0; i < 4; i++) {
        assert_int_equal(mkd_thread_start(&threads[i], log_many, &numbers[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        mkd_thread_join(&threads[i]);
    }
    mkd_log_set_sink(NULL, NULL);
    assert_int_equal(r.n_lines, 2000);
    assert_int_equal(r.n_mixed, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines_go_to_the_sink),
        cmocka_unit_test(test_progress_goes_to_its_sink),
        cmocka_unit_test(test_threads_do_not_mix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
