#include "tests.h"

#include <string.h>

#include "base/status.h"

static void test_message_is_kept_and_prefixed(void **state) {
    (void)state;
    assert_int_equal(mkd_error_set(MKD_EFORMAT, "found %d, expected %d", 14, 15), MKD_EFORMAT);
    assert_int_equal(mkd_error_prefix(MKD_EFORMAT, "%s:%d", "a.txt", 7), MKD_EFORMAT);
    assert_string_equal(mkd_error_last(), "a.txt:7: found 14, expected 15");
}

static void test_an_old_message_may_be_an_argument(void **state) {
    (void)state;
    mkd_error_set(MKD_EIO, "disk is full");
    mkd_error_set(MKD_EIO, "cannot save: %s", mkd_error_last());
    assert_string_equal(mkd_error_last(), "cannot save: disk is full");
}

static void test_save_and_restore(void **state) {
    (void)state;
    mkd_error saved;
    mkd_error_save(&saved, mkd_error_set(MKD_ENOTFOUND, "no such file"));
    mkd_error_clear();
    assert_string_equal(mkd_error_last(), "");
    assert_int_equal(mkd_error_restore(&saved), MKD_ENOTFOUND);
    assert_string_equal(mkd_error_last(), "no such file");
}

static void test_a_long_message_is_cut_not_overrun(void **state) {
    (void)state;
    char text[4 * MKD_ERROR_BYTES];
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    mkd_error_set(MKD_EINVAL, "%s", text);
    mkd_error_prefix(MKD_EINVAL, "%s", text);
    assert_int_equal(strlen(mkd_error_last()), MKD_ERROR_BYTES - 1);
}

static void test_a_message_is_one_line(void **state) {
    (void)state;
    mkd_error_set(MKD_EINVAL, "found '%s'", "a\nb\x1b[0m");
    assert_string_equal(mkd_error_last(), "found 'a b [0m'");
    mkd_error_prefix(MKD_EINVAL, "%s", "x\ty");
    assert_string_equal(mkd_error_last(), "x y: found 'a b [0m'");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_message_is_kept_and_prefixed),
        cmocka_unit_test(test_an_old_message_may_be_an_argument),
        cmocka_unit_test(test_save_and_restore),
        cmocka_unit_test(test_a_message_is_one_line),
        cmocka_unit_test(test_a_long_message_is_cut_not_overrun),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
