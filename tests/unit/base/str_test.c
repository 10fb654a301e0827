#include "tests.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/status.h"
#include "base/str.h"

static void test_append_and_printf_grow(void **state) {
    (void)state;
    mkd_str s = {0};
    for (int i = 0; i < 1000; i++) {
        mkd_str_printf(&s, "%03d,", i);
    }
    assert_int_equal(mkd_str_status(&s), 0);
    assert_int_equal(s.length, 4000);
    assert_memory_equal(s.text + 3996, "999,", 5);
    mkd_str_clear(&s);
    assert_string_equal(s.text, "");
    mkd_str_append(&s, "ab");
    mkd_str_append_bytes(&s, "c\0d", 3);
    assert_int_equal(s.length, 5);
    assert_memory_equal(s.text, "abc\0d", 6);
    mkd_str_free(&s);
    assert_null(s.text);
}

static void test_an_empty_append_makes_a_string(void **state) {
    (void)state;
    mkd_str s = {0};
    mkd_str_append(&s, "");
    assert_string_equal(s.text, "");
    mkd_str_free(&s);
}

static void test_failure_to_grow_is_sticky(void **state) {
    (void)state;
    mkd_str s = {0};
    mkd_str_append(&s, "kept");
    char big[200];
    memset(big, 'x', sizeof big);
    mkd_alloc_fail_at(1);
    mkd_str_append_bytes(&s, big, sizeof big);
    mkd_str_append(&s, "y");
    assert_string_equal(s.text, "kept");
    assert_int_equal(mkd_str_status(&s), MKD_ENOMEM);
    assert_string_equal(mkd_error_last(), "out of memory: a string of more than 4 bytes");
    mkd_str_free(&s);
    assert_int_equal(mkd_str_status(&s), 0);
}

static void check_f64(double value, const char *expected) {
    mkd_str s = {0};
    mkd_str_append_f64(&s, value);
    assert_string_equal(s.text, expected);
    mkd_str_free(&s);
}

static void test_shortest_float_text(void **state) {
    (void)state;
    check_f64(0.1, "0.1");
    check_f64(1e-4, "0.0001");
    check_f64(1e-7, "1e-07");
    check_f64(100000, "100000");
    check_f64(1.0 / 3, "0.3333333333333333");
    check_f64(0.1 + 0.2, "0.30000000000000004");
    check_f64(1.7976931348623157e308, "1.7976931348623157e+308");
    check_f64(5e-324, "5e-324");
    check_f64(-0.0, "-0");
    check_f64(NAN, "nan");
    check_f64(-INFINITY, "-inf");
}

static void test_parse_f64(void **state) {
    (void)state;
    static const struct {
        const char *text;
        double value;
    } good[] = {
        {"1", 1},           {"-1.5", -1.5}, {"+.5", 0.5},      {"5.", 5},
        {"1e-4", 1e-4},     {"1E+2", 1e2},  {"08", 8},         {"0.1", 0.1},
        {"5e-324", 5e-324}, {"1e-999", 0},  {"inf", INFINITY}, {"-Infinity", -INFINITY},
    };
    for (size_t i = 0; i < MKD_COUNT(good); i++) {
        double value = 77;
        assert_true(mkd_parse_f64(&value, good[i].text));
        assert_memory_equal(&value, &good[i].value, sizeof value);
    }
    double value = 77;
    assert_true(mkd_parse_f64(&value, "NaN"));
    assert_true(isnan(value));
    static const char *const bad[] = {"",       " 1",  "1 ",  "1,5",   "0x10", "1e",    "e5",
                                      ".",      "1e+", "--1", "1.2.3", "ten",  "1_000", "1e999",
                                      "nan(1)", "in",  "+",   "infi",  "1\n"};
    value = 77;
    for (size_t i = 0; i < MKD_COUNT(bad); i++) {
        assert_false(mkd_parse_f64(&value, bad[i]));
        assert_float_equal(value, 77, 0);
    }
}

static void test_numbers_ignore_the_locale(void **state) {
    (void)state;
    // a comma for a decimal point, if this system has such a locale at all
    if (!setlocale(LC_NUMERIC, "de_DE.UTF-8") && !setlocale(LC_NUMERIC, "de_DE")) {
        print_message("no German locale here\n");
        skip();
    }
    double value = 0;
    bool parsed = mkd_parse_f64(&value, "1.5");
    mkd_str s = {0};
    mkd_str_append_f64(&s, 2.5);
    setlocale(LC_NUMERIC, "C");
    assert_true(parsed);
    assert_float_equal(value, 1.5, 0);
    assert_string_equal(s.text, "2.5");
    mkd_str_free(&s);
}

static void test_parse_i64(void **state) {
    (void)state;
    int64_t value = 0;
    assert_true(mkd_parse_i64(&value, "08"));
    assert_int_equal(value, 8);
    assert_true(mkd_parse_i64(&value, "-9223372036854775808"));
    assert_true(value == INT64_MIN);
    assert_true(mkd_parse_i64(&value, "+9223372036854775807"));
    assert_true(value == INT64_MAX);
    static const char *const bad[] = {
        "", "9223372036854775808", "1.0", "1e3", "0x1", " 1", "1 ", "-", "ten"};
    for (size_t i = 0; i < MKD_COUNT(bad); i++) {
        assert_false(mkd_parse_i64(&value, bad[i]));
        assert_true(value == INT64_MAX);
    }
}

static void test_parse_bool(void **state) {
    (void)state;
    static const char *const yes[] = {"true", "True", "yes", "on", "ON", "1"};
    static const char *const no[] = {"false", "FALSE", "no", "No", "off", "0"};
    for (size_t i = 0; i < MKD_COUNT(yes); i++) {
        bool value = false;
        assert_true(mkd_parse_bool(&value, yes[i]) && value);
        value = true;
        assert_true(mkd_parse_bool(&value, no[i]) && !value);
    }
    bool value;
    assert_false(mkd_parse_bool(&value, "y"));
    assert_false(mkd_parse_bool(&value, "truee"));
    assert_false(mkd_parse_bool(&value, ""));
    assert_false(mkd_parse_bool(&value, "2"));
}

static void test_split_fields(void **state) {
    (void)state;
    char *fields[3];
    char line[] = "  Car\t0.00 3  -1.57 x\r\n";
    assert_int_equal(mkd_split_fields(fields, 3, line), 5);
    assert_string_equal(fields[0], "Car");
    assert_string_equal(fields[1], "0.00");
    assert_string_equal(fields[2], "3");
    char last[] = "one";
    assert_int_equal(mkd_split_fields(fields, 3, last), 1);
    assert_string_equal(fields[0], "one");
    char blank[] = " \t\n";
    assert_int_equal(mkd_split_fields(fields, 3, blank), 0);
    char empty[] = "";
    assert_int_equal(mkd_split_fields(fields, 3, empty), 0);
}

static void test_edit_distance(void **state) {
    (void)state;
    assert_int_equal(mkd_edit_distance("", ""), 0);
    assert_int_equal(mkd_edit_distance("abc", ""), 3);
    assert_int_equal(mkd_edit_distance("kitten", "sitting"), 3);
    assert_int_equal(mkd_edit_distance("sitting", "kitten"), 3);
    assert_int_equal(mkd_edit_distance("epochs", "epohcs"), 2);
    assert_int_equal(mkd_edit_distance("saturday", "sunday"), 3);
    char a[400], b[401];
    memset(a, 'a', sizeof a);
    memset(b, 'b', sizeof b);
    a[399] = b[400] = '\0';
    assert_int_equal(mkd_edit_distance(a, b), 400);
    b[399] = '\0';
    memset(b, 'a', 390);
    assert_int_equal(mkd_edit_distance(a, b), 9);
}

static void test_nearest_name(void **state) {
    (void)state;
    static const char *const names[] = {"epochs", "learning_rate", "batch_size", "lr"};
    assert_string_equal(mkd_nearest_name("epoch", names, 4), "epochs");
    assert_string_equal(mkd_nearest_name("lerning_rate", names, 4), "learning_rate");
    assert_string_equal(mkd_nearest_name("Batch_Size", names, 4), "batch_size");
    assert_string_equal(mkd_nearest_name("lr", names, 4), "lr");
    assert_null(mkd_nearest_name("weight_decay", names, 4));
    assert_null(mkd_nearest_name("x", names, 4));
    assert_null(mkd_nearest_name("", names, 4));
    assert_null(mkd_nearest_name("epochs", names, 0));
}

static void test_glob_match(void **state) {
    (void)state;
    assert_true(mkd_glob_match("", ""));
    assert_true(mkd_glob_match("*", ""));
    assert_true(mkd_glob_match("*", "anything"));
    assert_true(mkd_glob_match("base.*.weight", "base.level2.conv1.weight"));
    assert_false(mkd_glob_match("base.*.weight", "base.level2.conv1.bias"));
    assert_true(mkd_glob_match("*ab*ab", "abababab"));
    assert_true(mkd_glob_match("a*b*c", "a_bb_b_cc_c"));
    assert_false(mkd_glob_match("a*b", "a"));
    assert_false(mkd_glob_match("abc", "ab"));
    assert_false(mkd_glob_match("ab", "abc"));
    // no backtracking blow-up
    char text[2001];
    memset(text, 'a', 2000);
    text[2000] = '\0';
    assert_false(mkd_glob_match("*a*a*a*a*a*a*a*a*a*a*a*a*b", text));
}

static void test_hash64_known_answers(void **state) {
    (void)state;
    // from the test vectors of the FNV specification
    assert_true(mkd_hash64("", 0) == 0xcbf29ce484222325u);
    assert_true(mkd_hash64("a", 1) == 0xaf63dc4c8601ec8cu);
    assert_true(mkd_hash64("foobar", 6) == 0x85944171f73967e8u);
}

static void test_unknown_name_tells_the_nearest_if_there_is_one(void **state) {
    (void)state;
    static const char *const names[] = {"dla34", "lite"};
    assert_int_equal(mkd_unknown_name("backbone", "dla43", names, 2), MKD_ENOTFOUND);
    assert_string_equal(mkd_error_last(), "there is no backbone 'dla43', the nearest is 'dla34'");
    assert_int_equal(mkd_unknown_name("backbone", "something", names, 2), MKD_ENOTFOUND);
    assert_string_equal(mkd_error_last(), "there is no backbone 'something'");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_append_and_printf_grow),
        cmocka_unit_test(test_an_empty_append_makes_a_string),
        cmocka_unit_test(test_failure_to_grow_is_sticky),
        cmocka_unit_test(test_shortest_float_text),
        cmocka_unit_test(test_parse_f64),
        cmocka_unit_test(test_numbers_ignore_the_locale),
        cmocka_unit_test(test_parse_i64),
        cmocka_unit_test(test_parse_bool),
        cmocka_unit_test(test_split_fields),
        cmocka_unit_test(test_edit_distance),
        cmocka_unit_test(test_nearest_name),
        cmocka_unit_test(test_unknown_name_tells_the_nearest_if_there_is_one),
        cmocka_unit_test(test_glob_match),
        cmocka_unit_test(test_hash64_known_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
