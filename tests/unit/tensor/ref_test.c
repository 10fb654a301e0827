#include "tests.h"

#include <math.h>

#include "base/alloc.h"
#include "base/status.h"
#include "tensor/backend.h"

static mkd_tensor tensor(void *data, mkd_dtype dtype, mkd_shape shape) {
    return (mkd_tensor){.dtype = dtype, .shape = shape, .data = data};
}

static void test_the_table_of_operators(void **state) {
    (void)state;
    assert_string_equal(mkd_op_get_info(MKD_OP_conv2d)->name, "conv2d");
    assert_int_equal(mkd_op_get_info(MKD_OP_conv2d)->max_inputs, 4);
    assert_int_equal(mkd_op_get_info(MKD_OP_unary)->flags, MKD_OP_FLAG_G | MKD_OP_FLAG_I);
    assert_int_equal(mkd_op_get_info(MKD_OP_host)->n_outputs, 8);
    assert_null(mkd_op_get_info(MKD_N_OPS));
}

static void test_conv2d_with_bias_residual_and_relu(void **state) {
    (void)state;
    float x[4] = {1, 2, 3, 4};            // [1,2,2,1]
    float weight[9] = {0, 1, 0, 1, 1, 0}; // [1,3,3,1]: above, left and itself
    float bias[1] = {-5};
    float residual[4] = {0.5f, 0.5f, 0.5f, 0.5f};
    float y[4];
    mkd_attributes a = {.relu = true};
    a.window = (mkd_window){.kernel = {3, 3}, .stride = {1, 1}, .padding = {1, 1}, .groups = 1};
    mkd_call call = {.attributes = &a, .n_in = 4, .n_out = 1};
    call.in[0] = tensor(x, MKD_F32, MKD_SHAPE(1, 2, 2, 1));
    call.in[1] = tensor(weight, MKD_F32, MKD_SHAPE(1, 3, 3, 1));
    call.in[2] = tensor(bias, MKD_F32, MKD_SHAPE(1));
    call.in[3] = tensor(residual, MKD_F32, MKD_SHAPE(1, 2, 2, 1));
    call.out[0] = tensor(y, MKD_F32, MKD_SHAPE(1, 2, 2, 1));
    assert_int_equal(mkd_ref_run(MKD_OP_conv2d, &call), 0);
    const float expected[4] = {0, 0, 0, 4 + 3 + 2 - 4.5f};
    for (int i = 0; i < 4; i++) {
        assert_float_equal(y[i], expected[i], 0);
    }
}

static void test_bf16_is_widened_and_rounded_once(void **state) {
    (void)state;
    uint16_t a[2] = {mkd_bf16_from_f32(1.0f), mkd_bf16_from_f32(256.0f)};
    float b[2] = {0.00390625f, 1}; // 1 + 2^-8 is a tie between 1 and 1 + 2^-7: to even
    uint16_t y[2];
    mkd_attributes attributes = {.kind = MKD_BINARY_ADD};
    mkd_call call = {.attributes = &attributes, .n_in = 2, .n_out = 1};
    call.in[0] = tensor(a, MKD_BF16, MKD_SHAPE(2));
    call.in[1] = tensor(b, MKD_F32, MKD_SHAPE(2));
    call.out[0] = tensor(y, MKD_BF16, MKD_SHAPE(2));
    assert_int_equal(mkd_ref_run(MKD_OP_binary, &call), 0);
    assert_float_equal(mkd_f32_from_bf16(y[0]), 1, 0);
    assert_float_equal(mkd_f32_from_bf16(y[1]), 256, 0);
}

static void test_ranks_share_ties_and_sort_is_stable(void **state) {
    (void)state;
    double x[5] = {3, 1, 3, -2, 3};
    double ranks[5], values[5];
    int64_t indices[5];
    mkd_attributes a = {.descending = true, .size = 2};
    mkd_call call = {.attributes = &a, .n_in = 1, .n_out = 1};
    call.in[0] = tensor(x, MKD_F64, MKD_SHAPE(5));
    call.out[0] = tensor(ranks, MKD_F64, MKD_SHAPE(5));
    assert_int_equal(mkd_ref_run(MKD_OP_rank, &call), 0);
    const double expected_ranks[5] = {4, 2, 4, 1, 4};
    assert_memory_equal(ranks, expected_ranks, sizeof ranks);

    call.n_out = 2;
    call.out[0] = tensor(values, MKD_F64, MKD_SHAPE(5));
    call.out[1] = tensor(indices, MKD_I64, MKD_SHAPE(5));
    assert_int_equal(mkd_ref_run(MKD_OP_sort, &call), 0);
    const int64_t expected_indices[5] = {0, 2, 4, 1, 3};
    assert_memory_equal(indices, expected_indices, sizeof indices);
    assert_float_equal(values[3], 1, 0);

    call.out[0].data = NULL; // nobody wants the values
    call.out[1].shape = MKD_SHAPE(2);
    indices[0] = indices[1] = -1;
    assert_int_equal(mkd_ref_run(MKD_OP_topk, &call), 0);
    assert_int_equal(indices[0], 0);
    assert_int_equal(indices[1], 2);
}

static void test_no_rows_give_zero_not_nan(void **state) {
    (void)state;
    float one[1] = {1}, mean[1] = {7}, variance[1] = {7}, y[1] = {7};
    mkd_attributes a = {.epsilon = 1e-5, .kind = MKD_REDUCE_MEAN, .n_axes = 1};
    mkd_call call = {.attributes = &a, .n_in = 3, .n_out = 3};
    call.in[0] = tensor(one, MKD_F32, MKD_SHAPE(0, 1));
    call.in[1] = call.in[2] = tensor(one, MKD_F32, MKD_SHAPE(1));
    call.out[1] = tensor(mean, MKD_F32, MKD_SHAPE(1));
    call.out[2] = tensor(variance, MKD_F32, MKD_SHAPE(1));
    assert_int_equal(mkd_ref_run(MKD_OP_batch_norm, &call), 0);
    assert_float_equal(mean[0], 0, 0);
    assert_float_equal(variance[0], 0, 0);
    call.n_in = call.n_out = 1;
    call.out[0] = tensor(y, MKD_F32, MKD_SHAPE(1, 1));
    for (a.kind = MKD_REDUCE_SUM; a.kind <= MKD_REDUCE_MAX; a.kind++) {
        y[0] = 7;
        assert_int_equal(mkd_ref_run(MKD_OP_reduce, &call), 0);
        assert_float_equal(y[0], 0, 0);
    }
}

static void test_a_failing_allocation(void **state) {
    (void)state;
    float x[3] = {3, 1, 2}, y[3] = {0};
    mkd_attributes a = {0};
    mkd_call call = {.attributes = &a, .n_in = 1, .n_out = 1};
    call.in[0] = tensor(x, MKD_F32, MKD_SHAPE(3));
    call.out[0] = tensor(y, MKD_F32, MKD_SHAPE(3));
    mkd_alloc_fail_at(1);
    assert_int_equal(mkd_ref_run(MKD_OP_rank, &call), MKD_ENOMEM);
    mkd_alloc_fail_at(0);
    assert_int_equal(mkd_ref_run(MKD_OP_rank, &call), 0);
    assert_memory_equal(y, x, sizeof y);
}

static int failing_host(void *payload, const mkd_call *call) {
    (void)call;
    return mkd_error_set(MKD_EDIVERGED, "found %s", (const char *)payload);
}

static void test_errors(void **state) {
    (void)state;
    int32_t integers[2] = {1, 2};
    double doubles[2] = {1, 2};
    float floats[2] = {1, 2};
    char text[] = "a NaN";
    mkd_attributes a = {.host = failing_host, .payload = text};
    mkd_call call = {.attributes = &a, .n_in = 2, .n_out = 1};
    call.in[0] = tensor(integers, MKD_I32, MKD_SHAPE(2));
    call.in[1] = call.out[0] = tensor(floats, MKD_F32, MKD_SHAPE(2));
    assert_int_equal(mkd_ref_run(MKD_OP_binary, &call), MKD_EUNSUPPORTED);
    assert_string_equal(mkd_error_last(),
                        "binary: found element type i32 of input 0, expected f32, f64 or bf16");
    call.in[0] = tensor(doubles, MKD_F64, MKD_SHAPE(2));
    assert_int_equal(mkd_ref_run(MKD_OP_binary, &call), MKD_EUNSUPPORTED);
    assert_string_equal(mkd_error_last(),
                        "binary: found f64 and f32 in one call, expected one element type");
    call.n_in = 1;
    assert_int_equal(mkd_ref_run(MKD_OP_binary, &call), MKD_EINVAL);
    assert_string_equal(mkd_error_last(), "binary: found 1 inputs, expected 2 to 2");
    assert_int_equal(mkd_ref_run(MKD_OP_host, &call), MKD_EDIVERGED);
    assert_string_equal(mkd_error_last(), "found a NaN");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_table_of_operators),
        cmocka_unit_test(test_conv2d_with_bias_residual_and_relu),
        cmocka_unit_test(test_bf16_is_widened_and_rounded_once),
        cmocka_unit_test(test_ranks_share_ties_and_sort_is_stable),
        cmocka_unit_test(test_no_rows_give_zero_not_nan),
        cmocka_unit_test(test_a_failing_allocation),
        cmocka_unit_test(test_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
