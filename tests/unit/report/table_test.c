#include "tests.h"

#include "base/alloc.h"
#include "base/status.h"
#include "report/table.h"

static void fill(mkd_table *t) {
    mkd_table_column_add(t, "role", MKD_COLUMN_TEXT);
    mkd_table_column_add(t, "AP", MKD_COLUMN_NUMBER);
    mkd_table_column_add(t, "note", MKD_COLUMN_TEXT);
    mkd_table_row_begin(t, false);
    mkd_table_add(t, "plain");
    mkd_table_printf(t, "%.2f \u00b1 %.2f", 9.5, 0.25);
    mkd_table_row_begin(t, false);
    mkd_table_add(t, "distilled");
    mkd_table_printf(t, "%d", 12);
    mkd_table_mark_strong(t);
    mkd_table_add(t, "best");
    mkd_table_add(t, "one too many");
    mkd_table_row_begin(t, true);
    mkd_table_add(t, "difference");
}

static void test_columns_line_up(void **state) {
    (void)state;
    mkd_table t = {0};
    mkd_str s = {0};
    fill(&t);
    assert_int_equal(mkd_table_format(&s, &t, false), 0);
    assert_string_equal(s.text, "role                 AP  note\n"
                                "-----------------------------\n"
                                "plain       9.50 \u00b1 0.25\n"
                                "distilled            12  best\n"
                                "-----------------------------\n"
                                "difference\n");
    mkd_str_free(&s);
    mkd_table_free(&t);
}

static void test_color_marks_titles_and_strong_cells(void **state) {
    (void)state;
    mkd_table t = {0};
    mkd_str s = {0};
    mkd_table_column_add(&t, "a", MKD_COLUMN_NUMBER);
    mkd_table_row_begin(&t, false);
    mkd_table_add(&t, "10");
    mkd_table_mark_strong(&t);
    assert_int_equal(mkd_table_format(&s, &t, true), 0);
    assert_string_equal(s.text, " \033[1ma\033[0m\n--\n\033[1m10\033[0m\n");
    mkd_str_free(&s);
    mkd_table_free(&t);
}

static void test_an_empty_table_prints_nothing(void **state) {
    (void)state;
    mkd_table t = {0};
    mkd_str s = {0};
    assert_int_equal(mkd_table_format(&s, &t, false), 0);
    assert_int_equal(s.length, 0);
    mkd_table_free(&t);
}

static void test_every_failed_allocation_is_reported(void **state) {
    (void)state;
    mkd_alloc_counters before, after;
    mkd_alloc_count(&before);
    int n_failures = 0;
    for (uint64_t nth = 1; nth < 100; nth++) {
        mkd_table t = {0};
        mkd_str s = {0};
        mkd_alloc_fail_at(nth);
        fill(&t);
        int status = mkd_table_format(&s, &t, false);
        mkd_alloc_fail_at(0);
        mkd_str_free(&s);
        mkd_table_free(&t);
        assert_true(status == 0 || status == MKD_ENOMEM);
        n_failures += status == MKD_ENOMEM;
        if (status == 0) {
            break;
        }
    }
    assert_true(n_failures > 5);
    mkd_alloc_count(&after);
    assert_int_equal(before.live_blocks, after.live_blocks);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_columns_line_up),
        cmocka_unit_test(test_color_marks_titles_and_strong_cells),
        cmocka_unit_test(test_an_empty_table_prints_nothing),
        cmocka_unit_test(test_every_failed_allocation_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
