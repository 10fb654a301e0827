#include "tests.h"

#include <string.h>

#include "base/status.h"
#include "distill/method.h"

static void test_every_method_is_found_and_complete(void **state) {
    (void)state;
    static const char *const names[] = {"fitnet", "affinity", "logits", "monoskd"};
    size_t n = 0;
    for (const mkd_method *const *m = mkd_methods(); *m; m++) {
        assert_string_equal((*m)->name, names[n]);
        assert_true(strlen((*m)->summary) > 0 && strlen((*m)->citation) > 0);
        assert_non_null((*m)->loss);
        n++;
    }
    assert_int_equal(n, MKD_COUNT(names));
}

static void test_an_unknown_method_names_the_nearest(void **state) {
    (void)state;
    const mkd_method *found = NULL;
    assert_int_equal(mkd_method_find(&found, "monokd"), MKD_ENOTFOUND);
    assert_string_equal(mkd_error_last(), "there is no method 'monokd', the nearest is 'monoskd'");
}

static void test_a_method_is_refused_without_its_taps_or_heads(void **state) {
    (void)state;
    const mkd_method *monoskd = NULL;
    const mkd_detection nothing = {0};
    assert_int_equal(mkd_method_find(&monoskd, "monoskd"), 0);
    assert_int_equal(mkd_method_check(monoskd, &nothing, &nothing), MKD_EINVAL);
    assert_string_equal(mkd_error_last(), "method monoskd needs tap stride4, which the student's "
                                          "backbone does not have");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_method_is_found_and_complete),
        cmocka_unit_test(test_an_unknown_method_names_the_nearest),
        cmocka_unit_test(test_a_method_is_refused_without_its_taps_or_heads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
