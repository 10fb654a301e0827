#include "tests.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/status.h"
#include "parity/parity.h"

// Options that no golden case beside the checkout uses, on cases small enough to work out by hand.

typedef struct fixture {
    char folder[64];
    parity_case c;
} fixture;

static mkd_tensor tensor(float *values, mkd_shape shape) {
    return (mkd_tensor){.dtype = MKD_F32, .shape = shape, .data = values};
}

static void write_arrays(const fixture *f, const char *file, const char *const *names,
                         const mkd_tensor *tensors, size_t n) {
    const mkd_tensor *list[4];
    char *path = mkd_fs_join(f->folder, file);
    for (size_t i = 0; i < n; i++) {
        list[i] = &tensors[i];
    }
    assert_int_equal(mkd_npz_write(path, names, list, n), 0);
    mkd_free(path);
}

static void begin(fixture *f, const char *json, const char *const *names, const mkd_tensor *inputs,
                  size_t n) {
    strcpy(f->folder, "kinds_XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    char *path = mkd_fs_join(f->folder, "case.json");
    assert_int_equal(mkd_fs_write_atomic(path, json, strlen(json)), 0);
    mkd_free(path);
    write_arrays(f, "inputs.npz", names, inputs, n);
    write_arrays(f, "expected.npz", names, inputs, 1);
    assert_int_equal(parity_case_open(&f->c, f->folder), 0);
    assert_int_equal(mkd_backend_open(&f->c.backend, "ref", NULL), 0);
}

static void end(fixture *f) {
    mkd_backend_close(f->c.backend);
    parity_case_close(&f->c);
    assert_int_equal(mkd_fs_remove_tree(f->folder), 0);
}

static void check(const fixture *f, const char *name, const float *expected, size_t n) {
    const mkd_tensor *t = parity_result(&f->c, name);
    assert_non_null(t);
    assert_int_equal(mkd_tensor_count(t), n);
    for (size_t i = 0; i < n; i++) {
        assert_float_equal(((const float *)t->data)[i], expected[i], 1e-6);
    }
}

static void check_padding(const char *mode, const char *padding, const float expected[3]) {
    fixture f;
    char json[512];
    float x[3] = {1, 2, 4}, weight[3] = {1, 10, 100};
    const char *const names[2] = {"v0.x", "v0.weight"};
    const mkd_tensor inputs[2] = {tensor(x, MKD_SHAPE(1, 1, 1, 3)),
                                  tensor(weight, MKD_SHAPE(1, 1, 1, 3))};
    snprintf(json, sizeof json,
             "{\"kind\": \"op.conv2d\", \"tolerance\": {}, \"options\": {\"variants\": "
             "[{\"padding\": %s, \"padding_mode\": \"%s\"}]}}",
             padding, mode);
    begin(&f, json, names, inputs, 2);
    assert_int_equal(parity_run_kind(&f.c), 0);
    check(&f, "v0.y", expected, 3);
    end(&f);
}

static void test_padding_modes(void **state) {
    (void)state;
    check_padding("zeros", "[0, 1]", (const float[]){210, 421, 42});
    check_padding("zeros", "\"same\"", (const float[]){210, 421, 42});
    check_padding("replicate", "[0, 1]", (const float[]){211, 421, 442});
    check_padding("reflect", "[0, 1]", (const float[]){212, 421, 242});
    check_padding("circular", "[0, 1]", (const float[]){214, 421, 142});
}

static void test_a_case_without_variants_has_plain_names(void **state) {
    (void)state;
    fixture f;
    float x[2] = {-2, 3}, dy[2] = {1, 5};
    const char *const names[2] = {"x", "grad_y"};
    const mkd_tensor inputs[2] = {tensor(x, MKD_SHAPE(2)), tensor(dy, MKD_SHAPE(2))};
    begin(&f,
          "{\"kind\": \"op.activation\", \"tolerance\": {}, "
          "\"options\": {\"function\": \"leaky_relu_0.5\"}}",
          names, inputs, 2);
    assert_int_equal(parity_run_kind(&f.c), 0);
    check(&f, "y", (const float[]){-1, 3}, 2);
    check(&f, "grad_x", (const float[]){0.5f, 5}, 2);
    end(&f);
}

static void test_an_unsupported_variant_does_not_stop_the_others(void **state) {
    (void)state;
    fixture f;
    float x[2] = {-2, 3};
    const char *const names[2] = {"v0.x", "v1.x"};
    const mkd_tensor inputs[2] = {tensor(x, MKD_SHAPE(2)), tensor(x, MKD_SHAPE(2))};
    begin(&f,
          "{\"kind\": \"op.activation\", \"tolerance\": {}, \"options\": {\"variants\": "
          "[{\"function\": \"nonesuch\"}, {\"function\": \"relu\"}]}}",
          names, inputs, 2);
    assert_int_equal(parity_run_kind(&f.c), MKD_EUNSUPPORTED);
    assert_string_equal(mkd_error_last(), "variant 0: unknown activation nonesuch");
    assert_null(parity_result(&f.c, "v0.y"));
    check(&f, "v1.y", (const float[]){0, 3}, 2);
    end(&f);
}

static void test_filled_inputs(void **state) {
    (void)state;
    fixture f;
    float none[1] = {0};
    const char *const names[1] = {"none"};
    const mkd_tensor inputs[1] = {tensor(none, MKD_SHAPE(1))};
    begin(&f,
          "{\"kind\": \"op.activation\", \"tolerance\": {}, \"fill_prefix\": \"p\", "
          "\"options\": {\"function\": \"relu\", \"filled_inputs\": {\"x\": [[3], -1, 1]}, "
          "\"fill_overrides\": {\"a.weight\": [2, 2]}, \"fill_alias\": {\"b.\": \"a.\"}, "
          "\"fill_keep\": [\"c.weight\"]}}",
          names, inputs, 1);
    mkd_tensor x, expected;
    assert_int_equal(parity_input(&x, &f.c, "x"), 0);
    assert_int_equal(parity_fill(&expected, "p/input/x", MKD_SHAPE(3), -1, 1), 0);
    assert_memory_equal(x.data, expected.data, 3 * sizeof(float));
    mkd_tensor_free(&x);
    mkd_tensor_free(&expected);
    assert_int_equal(parity_parameter(&x, &f.c, "b.weight", MKD_SHAPE(1)), 0);
    assert_float_equal(*(float *)x.data, 2, 0);
    mkd_tensor_free(&x);
    assert_int_equal(parity_parameter(&x, &f.c, "c.weight", MKD_SHAPE(1)), MKD_ENOTFOUND);
    assert_int_equal(parity_input(&x, &f.c, "z"), MKD_ENOTFOUND);
    end(&f);
}

static void test_kinds_are_known_by_name(void **state) {
    (void)state;
    assert_true(parity_knows_kind("op.conv2d"));
    assert_false(parity_knows_kind("op.conv"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_padding_modes),
        cmocka_unit_test(test_a_case_without_variants_has_plain_names),
        cmocka_unit_test(test_an_unsupported_variant_does_not_stop_the_others),
        cmocka_unit_test(test_filled_inputs),
        cmocka_unit_test(test_kinds_are_known_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
