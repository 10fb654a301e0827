#include "tests.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/status.h"
#include "parity/parity.h"

// A case in a temporary folder whose expected outputs are a and b, [0, 1, 2, 3] each.
typedef struct fixture {
    char folder[64];
    parity_case c;
} fixture;

static void write_text(const fixture *f, const char *name, const char *text) {
    char *path = mkd_fs_join(f->folder, name);
    assert_int_equal(mkd_fs_write_atomic(path, text, strlen(text)), 0);
    mkd_free(path);
}

static void write_arrays(const fixture *f, const char *name, const char *const *names,
                         const mkd_tensor *tensors, size_t n) {
    const mkd_tensor *list[4];
    char *path = mkd_fs_join(f->folder, name);
    for (size_t i = 0; i < n; i++) {
        list[i] = &tensors[i];
    }
    assert_int_equal(mkd_npz_write(path, names, list, n), 0);
    mkd_free(path);
}

static mkd_tensor row(float *values) {
    return (mkd_tensor){.dtype = MKD_F32, .shape = MKD_SHAPE(4), .data = values};
}

static void begin(fixture *f, const char *rules) {
    float values[4] = {0, 1, 2, 3};
    const char *const names[2] = {"a", "b"};
    const mkd_tensor tensors[2] = {row(values), row(values)};
    char text[512];
    strcpy(f->folder, "judge_XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    snprintf(text, sizeof text, "{\"kind\": \"op.test\", \"options\": {}, %s}", rules);
    write_text(f, "case.json", text);
    write_arrays(f, "inputs.npz", names, tensors, 1);
    write_arrays(f, "expected.npz", names, tensors, 2);
    assert_int_equal(parity_case_open(&f->c, f->folder), 0);
}

static void end(fixture *f) {
    parity_case_close(&f->c);
    assert_int_equal(mkd_fs_remove_tree(f->folder), 0);
}

static void put(fixture *f, const char *name, float v0, float v1, float v2, float v3) {
    mkd_tensor t;
    assert_int_equal(mkd_tensor_new(&t, MKD_F32, MKD_SHAPE(4)), 0);
    memcpy(t.data, (float[4]){v0, v1, v2, v3}, 4 * sizeof(float));
    assert_int_equal(parity_put(&f->c, name, &t), 0);
}

static parity_verdict verdict(const fixture *f) {
    parity_verdict v;
    assert_int_equal(parity_judge(&v, &f->c, false), 0);
    return v;
}

static void test_limit(void **state) {
    (void)state;
    fixture f;
    begin(&f, "\"tolerance\": {\"rtol\": 0.1, \"atol\": 0.5}");
    put(&f, "a", 0, 1, 2, 3);
    put(&f, "b", 0, 1, 2, 3.75f); // allowed 0.8
    parity_verdict v = verdict(&f);
    assert_true(v.ok);
    assert_int_equal(v.n_compared, 2);
    assert_true(fabs(v.worst - 0.75 / 0.8) < 1e-6);
    assert_string_equal(v.where, "b");
    end(&f);

    begin(&f,
          "\"tolerance\": {\"atol\": 9}, \"tolerance_by\": [{\"match\": \"b*\", \"atol\": 0.5}]");
    put(&f, "a", 1, 1, 2, 3);
    put(&f, "b", 1, 1, 2, 3); // the entry that fits inherits nothing
    v = verdict(&f);
    assert_false(v.ok);
    assert_true(fabs(v.worst - 2) < 1e-6);
    end(&f);
}

static void test_missing_shape_and_nan_are_off(void **state) {
    (void)state;
    fixture f;
    begin(&f, "\"tolerance\": {\"atol\": 100}");
    put(&f, "a", 0, 1, 2, 3);
    parity_verdict v = verdict(&f);
    assert_false(v.ok);
    assert_string_equal(v.where, "b (missing)");
    assert_int_equal(parity_judge(&v, &f.c, true), 0);
    assert_true(v.ok);
    put(&f, "b", 0, 1, NAN, 3);
    assert_false(verdict(&f).ok);
    end(&f);

    begin(&f, "\"tolerance\": {\"atol\": 100}, \"skip\": [\"a\"]");
    mkd_tensor square;
    assert_int_equal(mkd_tensor_new(&square, MKD_F32, MKD_SHAPE(2, 2)), 0);
    assert_int_equal(parity_put(&f.c, "b", &square), 0);
    v = verdict(&f);
    assert_false(v.ok);
    assert_string_equal(v.where, "b (shape [2,2])");
    end(&f);
}

static void test_outliers(void **state) {
    (void)state;
    fixture f;
    const char *rules = "\"tolerance\": {\"atol\": 0.1, \"outlier_fraction\": 0.25, "
                        "\"outlier_atol\": 2}";
    begin(&f, rules);
    put(&f, "a", 0, 1, 2, 4); // one of four may exceed the limit
    put(&f, "b", 0, 1, 2, 3);
    assert_true(verdict(&f).ok);
    end(&f);

    begin(&f, rules);
    put(&f, "a", 0, 1, 3, 4);
    put(&f, "b", 0, 1, 2, 3);
    parity_verdict v = verdict(&f);
    assert_false(v.ok);
    assert_string_equal(v.where, "a (outliers)");
    assert_float_equal(v.worst, 2, 1e-9);
    end(&f);

    begin(&f, rules);
    put(&f, "a", 0, 1, 2, 6); // beyond the hard limit
    put(&f, "b", 0, 1, 2, 3);
    v = verdict(&f);
    assert_false(v.ok);
    assert_true(fabs(v.worst - 1.5) < 1e-6);
    end(&f);

    begin(&f, "\"tolerance\": {\"atol\": 0.1, \"outlier_fraction\": 0.25, \"pooled\": true}");
    put(&f, "a", 0, 1, 5, 9); // two of all eight
    put(&f, "b", 0, 1, 2, 3);
    assert_true(verdict(&f).ok);
    end(&f);
}

static void test_norms(void **state) {
    (void)state;
    fixture f;
    begin(&f, "\"tolerance\": {\"rel_l2\": 0.5}");
    put(&f, "a", 1, 1, 2, 3); // 1 / sqrt 14
    put(&f, "b", 0, 1, 2, 3);
    parity_verdict v = verdict(&f);
    assert_true(v.ok);
    assert_true(fabs(v.worst - 1 / sqrt(14) / 0.5) < 1e-6);
    assert_string_equal(v.where, "a (rel_l2)");
    end(&f);

    begin(&f, "\"tolerance\": {\"median_rel_l2\": 0.1}");
    put(&f, "a", 1, 1, 2, 3);
    put(&f, "b", 0, 1, 2, 3);
    v = verdict(&f); // the median of two is their mean
    assert_false(v.ok);
    assert_string_equal(v.where, "* (median_rel_l2)");
    assert_true(fabs(v.worst - 0.5 / sqrt(14) / 0.1) < 1e-6);
    end(&f);
}

static void test_statistics(void **state) {
    (void)state;
    const double values[4] = {1, -1, 3, 1};
    double s[5];
    parity_statistics(s, values, 4);
    const double expected[5] = {1, sqrt(2), sqrt(12), -1, 3};
    for (int i = 0; i < 5; i++) {
        assert_float_equal(s[i], expected[i], 1e-12);
    }
}

static void test_a_broken_case(void **state) {
    (void)state;
    fixture f;
    parity_case c;
    begin(&f, "\"tolerance\": {\"atol\": 1}");
    write_text(&f, "case.json", "{\"kind\": 3}");
    assert_int_equal(parity_case_open(&c, f.folder), MKD_EFORMAT);
    assert_non_null(strstr(mkd_error_last(), "case.json: found no kind, options or tolerance"));
    end(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limit),      cmocka_unit_test(test_missing_shape_and_nan_are_off),
        cmocka_unit_test(test_outliers),   cmocka_unit_test(test_norms),
        cmocka_unit_test(test_statistics), cmocka_unit_test(test_a_broken_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
