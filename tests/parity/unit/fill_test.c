#include "tests.h"

#include "base/str.h"
#include "parity/parity.h"

// the four lines that the cases' own fill program prints

static void test_hash(void **state) {
    (void)state;
    assert_true(mkd_hash64("a", 1) == 0xaf63dc4c8601ec8cu);
}

static void test_uniform(void **state) {
    (void)state;
    uint64_t hash = mkd_hash64("golden", 6);
    const double expected[3] = {0.6603704690933228, 0.985197901725769, 0.2630309462547302};
    for (uint64_t i = 0; i < 3; i++) {
        assert_true(parity_uniform(hash, i) == expected[i]);
    }
}

static void check_parameter(const char *name, mkd_shape shape, const float *expected, int n) {
    mkd_tensor t;
    assert_int_equal(parity_fill_parameter(&t, "p", name, shape), 0);
    assert_memory_equal(t.data, expected, (size_t)n * sizeof *expected);
    mkd_tensor_free(&t);
}

static void test_parameters_by_name_and_shape(void **state) {
    (void)state;
    const float conv[3] = {-0.22092485427856445f, -0.13281424343585968f, 0.20650382339954376f};
    const float scale[2] = {0.9741609692573547f, 0.9031805992126465f};
    const float variance = 0.9766589403152466f;
    const float mean = -0.05439406633377075f;
    const float bias = 0.051351986825466156f;
    check_parameter("conv.weight", MKD_SHAPE(2, 3, 3, 3), conv, 3);
    check_parameter("bn.weight", MKD_SHAPE(2), scale, 2);
    check_parameter("bn.running_var", MKD_SHAPE(1), &variance, 1);
    check_parameter("bn.running_mean", MKD_SHAPE(1), &mean, 1);
    check_parameter("conv.bias", MKD_SHAPE(1), &bias, 1);
    mkd_tensor t;
    assert_int_equal(
        parity_fill_parameter(&t, "p", "bn.num_batches_tracked", mkd_shape_of(0, NULL)), 0);
    assert_int_equal(t.dtype, MKD_I64);
    assert_int_equal(*(int64_t *)t.data, 0);
    mkd_tensor_free(&t);
}

static void test_sample_indices(void **state) {
    (void)state;
    uint64_t hash = parity_sample_hash("x");
    const int64_t expected[4] = {994, 743, 463, 661};
    for (uint64_t i = 0; i < 4; i++) {
        assert_int_equal(parity_sample_index(hash, i, 1000), expected[i]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hash),
        cmocka_unit_test(test_uniform),
        cmocka_unit_test(test_parameters_by_name_and_shape),
        cmocka_unit_test(test_sample_indices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
