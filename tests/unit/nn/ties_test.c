#include "tests.h"

#include "base/status.h"
#include "nn/functions.h"
#include "nn/plan.h"

// What gradients do where a function has a kink: finite differences cannot decide that, so the
// values that PyTorch gives stand here.

typedef struct fixture {
    mkd_backend *backend;
    mkd_graph *g;
} fixture;

static void begin(fixture *f) {
    assert_int_equal(mkd_backend_open(&f->backend, "ref", NULL), 0);
    assert_int_equal(mkd_graph_new(&f->g), 0);
}

static mkd_value input(fixture *f, const char *name, mkd_shape shape) {
    mkd_value x = mkd_input(f->g, name, MKD_F32, shape);
    mkd_require_gradient(f->g, x);
    return x;
}

// gradient of sum(y * (1, 2, 3, ...)) by each input
static void check(fixture *f, mkd_value y, const mkd_value *inputs, float *const *values,
                  const float *const *expected, int n) {
    mkd_plan *plan;
    float weights[16];
    for (int i = 0; i < 16; i++) {
        weights[i] = (float)(i + 1);
    }
    mkd_tensor weight = {.dtype = MKD_F32, .shape = mkd_value_shape(f->g, y), .data = weights};
    mkd_value scaled = mkd_mul(f->g, y, mkd_constant_tensor(f->g, "weight", &weight));
    mkd_backward(f->g, mkd_sum_all(f->g, scaled), MKD_NONE);
    assert_int_equal(mkd_plan_create(&plan, f->g, f->backend, NULL), 0);
    for (int i = 0; i < n; i++) {
        mkd_tensor t = {.dtype = MKD_F32, .shape = mkd_value_shape(f->g, inputs[i])};
        t.data = values[i];
        assert_int_equal(mkd_plan_write(plan, inputs[i], &t), 0);
    }
    assert_int_equal(mkd_plan_run(plan), 0);
    for (int i = 0; i < n; i++) {
        mkd_tensor dx;
        assert_int_equal(mkd_plan_read(&dx, plan, mkd_gradient(f->g, inputs[i])), 0);
        assert_memory_equal(dx.data, expected[i], mkd_tensor_bytes(&dx));
        mkd_tensor_free(&dx);
    }
    mkd_plan_free(plan);
    mkd_graph_free(f->g);
    mkd_backend_close(f->backend);
}

static void test_equal_operands_share_the_gradient_of_max(void **state) {
    (void)state;
    fixture f;
    begin(&f);
    float a[3] = {1, 2, 3}, b[3] = {1, 5, 0};
    const float da[3] = {0.5f, 0, 3}, db[3] = {0.5f, 2, 0};
    mkd_value x[2] = {input(&f, "a", MKD_SHAPE(3)), input(&f, "b", MKD_SHAPE(3))};
    mkd_value y = mkd_binary_of(f.g, MKD_BINARY_MAX, x[0], x[1]);
    check(&f, y, x, (float *[]){a, b}, (const float *[]){da, db}, 2);
}

static void test_the_first_largest_of_a_reduction_takes_all(void **state) {
    (void)state;
    fixture f;
    begin(&f);
    float a[6] = {4, 7, 7, 2, 1, 2};
    const float da[6] = {0, 1, 0, 2, 0, 0};
    mkd_value x = input(&f, "a", MKD_SHAPE(2, 3));
    mkd_value y = mkd_reduce_of(f.g, MKD_REDUCE_MAX, x, (const int[]){1}, 1);
    check(&f, y, &x, (float *[]){a}, (const float *[]){da}, 1);
}

static void test_the_first_largest_of_a_window_takes_all(void **state) {
    (void)state;
    fixture f;
    begin(&f);
    float a[4] = {3, 3, 3, 3};
    const float da[4] = {1, 0, 0, 0};
    mkd_value x = input(&f, "a", MKD_SHAPE(1, 2, 2, 1));
    check(&f, mkd_max_pool2d(f.g, x, 2, 2, 0), &x, (float *[]){a}, (const float *[]){da}, 1);
}

static void check_unary(mkd_unary kind, float alpha, float beta, const float expected[3]) {
    fixture f;
    begin(&f);
    float a[3] = {-1, 0, 1};
    mkd_value x = input(&f, "a", MKD_SHAPE(3));
    mkd_value y = mkd_unary_of(f.g, kind, x, (double)alpha, (double)beta);
    check(&f, y, &x, (float *[]){a}, (const float *[]){expected}, 1);
}

static void test_kinks_of_functions(void **state) {
    (void)state;
    check_unary(MKD_UNARY_RELU, 0, 0, (const float[]){0, 0, 3});
    check_unary(MKD_UNARY_LEAKY_RELU, 0.5f, 0, (const float[]){0.5f, 1, 3});
    check_unary(MKD_UNARY_ABS, 0, 0, (const float[]){-1, 0, 3});
    check_unary(MKD_UNARY_RELU6, 0, 0, (const float[]){0, 0, 3});
    check_unary(MKD_UNARY_CLAMP, -1, 0, (const float[]){1, 2, 0});
    check_unary(MKD_UNARY_SMOOTH_L1, 0, 0, (const float[]){-1, 0, 3});
    check_unary(MKD_UNARY_SMOOTH_L1, 1, 0, (const float[]){-1, 0, 3});
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal_operands_share_the_gradient_of_max),
        cmocka_unit_test(test_the_first_largest_of_a_reduction_takes_all),
        cmocka_unit_test(test_the_first_largest_of_a_window_takes_all),
        cmocka_unit_test(test_kinks_of_functions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
