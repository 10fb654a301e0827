#include "tests.h"

#include <string.h>

#include "report/base64.h"
#include "report/text.h"

static void assert_escaped(const char *text, const char *expected) {
    mkd_str s = {0};
    mkd_html_escape(&s, text);
    assert_int_equal(mkd_str_status(&s), 0);
    assert_string_equal(s.text ? s.text : "", expected);
    mkd_str_free(&s);
}

static void test_html_escape(void **state) {
    (void)state;
    assert_escaped("a<b>&\"c'", "a&lt;b&gt;&amp;&quot;c&#39;");
    assert_escaped("</script><img src=x onerror=alert(1)>",
                   "&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;");
    assert_escaped("\u00b1 \u2191 \U0001F697", "\u00b1 \u2191 \U0001F697");
    assert_escaped("tab\tline\nbell\a\x7f", "tab\tline\nbell");
    assert_escaped("bad \xff\xc3( end\xe2\x82", "bad \uFFFD\uFFFD( end\uFFFD\uFFFD");
    assert_escaped(NULL, "");
}

static void test_utf8_sequences(void **state) {
    (void)state;
    assert_int_equal(mkd_utf8_sequence("a"), 1);
    assert_int_equal(mkd_utf8_sequence(""), 0);
    assert_int_equal(mkd_utf8_sequence("\u00e9"), 2);
    assert_int_equal(mkd_utf8_sequence("\u20ac"), 3);
    assert_int_equal(mkd_utf8_sequence("\U0001F697"), 4);
    assert_int_equal(mkd_utf8_sequence("\xc0\x80"), 0);         // longer than needed
    assert_int_equal(mkd_utf8_sequence("\xe0\x80\x80"), 0);     // longer than needed
    assert_int_equal(mkd_utf8_sequence("\xed\xa0\x80"), 0);     // surrogate
    assert_int_equal(mkd_utf8_sequence("\xf4\x90\x80\x80"), 0); // above the last plane
    assert_int_equal(mkd_utf8_length("\u00b1 1\u20ac"), 4);
}

static void test_utf8_clean_cuts_between_characters(void **state) {
    (void)state;
    char out[5];
    mkd_utf8_clean(out, sizeof out, "ab\u20ac");
    assert_string_equal(out, "ab");
    mkd_utf8_clean(out, sizeof out, "a\xff\u00e9");
    assert_string_equal(out, "a?\u00e9");
}

static void assert_base64(const char *text, const char *expected) {
    mkd_str s = {0};
    mkd_base64_append(&s, text, strlen(text));
    assert_string_equal(s.text ? s.text : "", expected);
    mkd_str_free(&s);
}

static void test_base64_vectors_of_rfc_4648(void **state) {
    (void)state;
    assert_base64("", "");
    assert_base64("f", "Zg==");
    assert_base64("fo", "Zm8=");
    assert_base64("foo", "Zm9v");
    assert_base64("foob", "Zm9vYg==");
    assert_base64("fooba", "Zm9vYmE=");
    assert_base64("foobar", "Zm9vYmFy");
}

static void test_base64_of_all_bytes_and_many(void **state) {
    (void)state;
    const uint8_t high[] = {0xfb, 0xef, 0xff};
    mkd_str s = {0};
    mkd_base64_append(&s, high, sizeof high);
    assert_string_equal(s.text, "++//");
    mkd_str_free(&s);
    static uint8_t zeros[3 * 1000 + 1];
    mkd_base64_append(&s, zeros, sizeof zeros);
    assert_int_equal(s.length, 4 * 1001);
    assert_int_equal(strspn(s.text, "A"), 4 * 1000 + 2);
    assert_string_equal(s.text + 4 * 1000, "AA==");
    mkd_str_free(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_html_escape),
        cmocka_unit_test(test_utf8_sequences),
        cmocka_unit_test(test_utf8_clean_cuts_between_characters),
        cmocka_unit_test(test_base64_vectors_of_rfc_4648),
        cmocka_unit_test(test_base64_of_all_bytes_and_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
