// Functions that are composed of several operators: values by hand, gradients in f64 by central
// differences. (Single operators: tests/op_table.)

#include "tests.h"

#include <string.h>

#include "base/rng.h"
#include "base/status.h"
#include "nn/layers.h"
#include "nn/plan.h"

enum { ROWS = 3, COLUMNS = 4, N = ROWS * COLUMNS };

typedef mkd_value (*builder)(mkd_graph *g, mkd_value x);

static mkd_value weights(mkd_graph *g, mkd_shape shape, const double *values) {
    mkd_tensor t = {.dtype = MKD_F64, .shape = shape, .data = (void *)(uintptr_t)values};
    return mkd_constant_tensor(g, "weights", &t);
}

static mkd_value masked_by_row(mkd_graph *g, mkd_value x) {
    static const double rows[ROWS] = {1, 0, 1};
    return mkd_masked_mean(g, mkd_square(g, x), weights(g, MKD_SHAPE(ROWS, 1), rows));
}

static mkd_value masked_by_nothing(mkd_graph *g, mkd_value x) {
    static const double none[ROWS] = {0};
    return mkd_add(g, mkd_masked_mean(g, mkd_square(g, x), weights(g, MKD_SHAPE(ROWS, 1), none)),
                   mkd_scale(g, mkd_sum_all(g, x), 1e-3));
}

static mkd_value centered_variance(mkd_graph *g, mkd_value x) {
    return mkd_mean_all(g, mkd_square(g, mkd_sub(g, x, mkd_mean_all(g, x))));
}

static mkd_value unit_rows(mkd_graph *g, mkd_value x) {
    const int last[1] = {-1};
    mkd_value square = mkd_reduce_of(g, MKD_REDUCE_SUM, mkd_square(g, x), last, 1);
    mkd_value unit = mkd_div(g, x, mkd_sqrt(g, mkd_maximum(g, square, 1e-12)));
    return mkd_matmul(g, unit, unit, false, true, 2);
}

static mkd_value entropy(mkd_graph *g, mkd_value x) {
    return mkd_scale(g, mkd_mul(g, mkd_softmax(g, x, -1), mkd_log_softmax(g, x, -1)), -1);
}

static mkd_value inverse_sigmoid_depth(mkd_graph *g, mkd_value x) {
    mkd_value inverse = mkd_linear_of(g, mkd_sigmoid(g, x), 1, 1e-6);
    return mkd_ln(g, mkd_reciprocal(g, inverse));
}

static mkd_value cut_and_joined(mkd_graph *g, mkd_value x) {
    mkd_value halves[2] = {mkd_slice(g, x, -1, 2, 2), mkd_slice(g, x, -1, 0, 2)};
    const int turn[2] = {1, 0};
    mkd_value joined = mkd_transpose(g, mkd_concat(g, halves, 2, -1), turn);
    return mkd_abs(g, mkd_sub(g, mkd_exp(g, joined), mkd_clamp(g, joined, -0.3, 0.4)));
}

static mkd_value largest_of_rows(mkd_graph *g, mkd_value x) {
    const int last[1] = {-1};
    return mkd_sub(g, mkd_reduce_of(g, MKD_REDUCE_MAX, x, last, 1),
                   mkd_maximum(g, mkd_scale(g, x, 3), 0.2));
}

static mkd_value half_detached(mkd_graph *g, mkd_value x) {
    // the gradient is that of 2 c x + x, c = x at this point, whatever c does
    return mkd_add(g, mkd_scale(g, mkd_mul(g, x, mkd_stop_gradient(g, x)), 2), x);
}

static const struct {
    const char *name;
    builder build;
} composites[] = {
    {"masked by row", masked_by_row},
    {"masked by nothing", masked_by_nothing},
    {"variance", centered_variance},
    {"unit rows", unit_rows},
    {"entropy", entropy},
    {"depth", inverse_sigmoid_depth},
    {"cut and joined", cut_and_joined},
    {"largest", largest_of_rows},
};

// the loss sum(y * (0.5, 0.8, 1.1, ...)) and its gradient by x
static double evaluate(double *gradient, builder build, const double *values) {
    mkd_backend *backend = NULL;
    mkd_graph *g = NULL;
    mkd_plan *plan = NULL;
    mkd_tensor loss_value = {0};
    mkd_tensor dx = {0};
    double factors[64];
    for (int i = 0; i < 64; i++) {
        factors[i] = 0.5 + 0.3 * i;
    }
    assert_int_equal(mkd_backend_open(&backend, "ref", NULL), 0);
    assert_int_equal(mkd_graph_new(&g), 0);
    mkd_value x = mkd_input(g, "x", MKD_F64, MKD_SHAPE(ROWS, COLUMNS));
    mkd_require_gradient(g, x);
    mkd_value y = build(g, x);
    mkd_value loss = mkd_sum_all(g, mkd_mul(g, y, weights(g, mkd_value_shape(g, y), factors)));
    mkd_output(g, "loss", loss);
    mkd_backward(g, loss, MKD_NONE);
    assert_int_equal(mkd_plan_create(&plan, g, backend, NULL), 0);
    memcpy(mkd_plan_data(plan, x), values, N * sizeof *values);
    assert_int_equal(mkd_plan_run(plan), 0);
    assert_int_equal(mkd_plan_read(&loss_value, plan, loss), 0);
    assert_int_equal(mkd_plan_read(&dx, plan, mkd_gradient(g, x)), 0);
    double result = *(const double *)loss_value.data;
    memcpy(gradient, dx.data, N * sizeof *gradient);
    mkd_tensor_free(&loss_value);
    mkd_tensor_free(&dx);
    mkd_plan_free(plan);
    mkd_graph_free(g);
    mkd_backend_close(backend);
    return result;
}

static void fill(double *out) {
    mkd_rng rng = mkd_rng_at(11, 0, 0, MKD_RNG_TEST);
    for (int i = 0; i < N; i++) {
        out[i] = mkd_rng_range(&rng, -1, 1);
    }
}

static void test_gradients_agree_with_differences(void **state) {
    (void)state;
    double x[N];
    double gradient[N];
    double ignored[N];
    fill(x);
    for (size_t c = 0; c < MKD_COUNT(composites); c++) {
        evaluate(gradient, composites[c].build, x);
        for (int i = 0; i < N; i++) {
            double kept = x[i];
            x[i] = kept + 1e-6;
            double up = evaluate(ignored, composites[c].build, x);
            x[i] = kept - 1e-6;
            double down = evaluate(ignored, composites[c].build, x);
            x[i] = kept;
            tests_assert_near(gradient[i], (up - down) / 2e-6, 1e-7 * (1 + fabs(gradient[i])),
                              composites[c].name, __FILE__, __LINE__);
        }
    }
}

static void test_what_is_detached_counts_as_constant(void **state) {
    (void)state;
    double x[N];
    double gradient[N];
    fill(x);
    evaluate(gradient, half_detached, x);
    for (int i = 0; i < N; i++) {
        assert_near(gradient[i], (0.5 + 0.3 * i) * (2 * x[i] + 1), 1e-12);
    }
}

static void test_a_masked_mean_sees_live_elements_alone(void **state) {
    (void)state;
    double x[N] = {1, 2, 3, 4, 100, 100, 100, 100, 5, 6, 7, 8};
    double gradient[N];
    double mean = (1 + 4 + 9 + 16 + 25 + 36 + 49 + 64) / 8.0;
    assert_near(evaluate(gradient, masked_by_row, x), 0.5 * mean, 1e-12);
    assert_near(gradient[4], 0, 0);
    assert_near(gradient[11], 0.5 * 16 / 8, 1e-12);
    double none = evaluate(gradient, masked_by_nothing, x);
    assert_near(none, 0.5 * 1e-3 * 436, 1e-9);
    for (int i = 0; i < N; i++) {
        assert_near(gradient[i], 0.5e-3, 1e-12);
    }
}

// layers have f32 parameters: their gradients by f32 differences
static mkd_value layers(mkd_graph *g) {
    mkd_value x = mkd_input(g, "x", MKD_F32, MKD_SHAPE(2, 3, 4, 6));
    mkd_value y = mkd_conv_transpose2d(
        g, x, "up",
        (mkd_conv_transpose2d_options){
            .out = 6, .kernel = 4, .stride = 2, .padding = 1, .groups = 3, .bias = true});
    y = mkd_layer_norm(g, y, "norm", 0);
    y = mkd_linear(g, y, "fc", 5, true);
    y = mkd_conv2d(g, y, "grouped",
                   (mkd_conv2d_options){.out = 10, .kernel = 3, .groups = 5, .dilation = 2});
    return mkd_mean_all(g, mkd_square(g, mkd_sub(g, y, mkd_constant(g, 0.3))));
}

static void test_layers_agree_with_differences(void **state) {
    (void)state;
    mkd_backend *backend = NULL;
    mkd_store *store = NULL;
    mkd_graph *g = NULL;
    mkd_plan *plan = NULL;
    assert_int_equal(mkd_backend_open(&backend, "ref", NULL), 0);
    assert_int_equal(mkd_store_new(&store, backend), 0);
    assert_int_equal(mkd_graph_new(&g), 0);
    mkd_graph_enter(g, &(mkd_network){.store = store, .mode = MKD_MODE_TRAIN, .prefix = "net."});
    mkd_value loss = layers(g);
    mkd_graph_leave(g);
    mkd_output(g, "loss", loss);
    mkd_backward(g, loss, MKD_NONE);
    assert_int_equal(mkd_plan_create(&plan, g, backend, NULL), 0);
    assert_true(mkd_store_find(store, "net.up.weight") >= 0);
    mkd_rng rng = mkd_rng_at(11, 0, 1, MKD_RNG_TEST);
    float *x = mkd_plan_data(plan, mkd_find_input(g, "x"));
    for (int i = 0; i < 2 * 3 * 4 * 6; i++) {
        x[i] = (float)mkd_rng_range(&rng, -1, 1);
    }
    float *values = mkd_store_values(store)->host;
    const float *gradients = mkd_store_gradients(store)->host;
    assert_int_equal(mkd_store_count(store), 7); // grouped has no bias
    for (int e = 0; e < mkd_store_count(store); e++) {
        const mkd_entry *entry = mkd_store_entry(store, e);
        for (size_t k = 0; k < 3; k++) {
            size_t at = entry->offset + k * (entry->count - 1) / 2;
            float kept = values[at];
            double up = 0;
            double down = 0;
            assert_int_equal(mkd_plan_run(plan), 0);
            double analytic = (double)gradients[at];
            values[at] = kept + 1e-2f;
            assert_int_equal(mkd_plan_run(plan), 0);
            assert_int_equal(mkd_plan_read_scalar(&up, plan, loss), 0);
            values[at] = kept - 1e-2f;
            assert_int_equal(mkd_plan_run(plan), 0);
            assert_int_equal(mkd_plan_read_scalar(&down, plan, loss), 0);
            values[at] = kept;
            tests_assert_near(analytic, (up - down) / 2e-2, 5e-4, entry->path, __FILE__, __LINE__);
        }
    }
    mkd_plan_free(plan);
    mkd_graph_free(g);
    mkd_store_free(store);
    mkd_backend_close(backend);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gradients_agree_with_differences),
        cmocka_unit_test(test_what_is_detached_counts_as_constant),
        cmocka_unit_test(test_a_masked_mean_sees_live_elements_alone),
        cmocka_unit_test(test_layers_agree_with_differences),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
