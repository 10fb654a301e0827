// The bf16 pass: which values become bf16, how often, and that training stays close to f32.

#include "tests.h"

#include <math.h>

#include "base/rng.h"
#include "nn/layers.h"
#include "nn/plan.h"

typedef struct result {
    double loss;
    float gradient[16];
    int n_nodes, n_prologue_nodes;
} result;

// two convolutions, the second one exact if asked; the first value of each gradient is kept
static result run(mkd_precision precision, mkd_mode mode, bool exact) {
    result r = {0};
    mkd_backend *backend = NULL;
    mkd_store *store = NULL;
    mkd_graph *g = NULL;
    mkd_plan *plan = NULL;
    assert_int_equal(mkd_backend_open(&backend, "ref", &(mkd_backend_options){.n_threads = 1}), 0);
    assert_int_equal(mkd_store_new(&store, backend), 0);
    assert_int_equal(mkd_graph_new(&g), 0);
    mkd_graph_enter(g, &(mkd_network){.store = store, .mode = mode});
    mkd_value x = mkd_input(g, "x", MKD_F32, MKD_SHAPE(2, 6, 8, 3));
    mkd_value a = mkd_conv2d(g, x, "a", (mkd_conv2d_options){.out = 4, .kernel = 3});
    a = mkd_batch_norm(g, a, "bn", (mkd_batch_norm_options){.relu = true});
    mkd_value y = mkd_conv2d(
        g, a, "b", (mkd_conv2d_options){.out = 2, .kernel = 1, .bias = true, .exact = exact});
    mkd_value loss = mkd_mean_all(g, mkd_square(g, y));
    mkd_output(g, "loss", loss);
    if (mode == MKD_MODE_TRAIN) {
        mkd_backward(g, loss, MKD_NONE);
    }
    mkd_plan_options options = {.precision = precision};
    assert_int_equal(mkd_plan_create(&plan, g, backend, &options), 0);
    float *data = mkd_plan_data(plan, x);
    mkd_rng rng = mkd_rng_at(1, 0, 0, MKD_RNG_TEST);
    for (int i = 0; i < 2 * 6 * 8 * 3; i++) {
        data[i] = (float)mkd_rng_range(&rng, -1, 1);
    }
    assert_int_equal(mkd_plan_run(plan), 0);
    assert_int_equal(mkd_plan_read_scalar(&r.loss, plan, mkd_find_output(g, "loss")), 0);
    const float *gradients = mkd_store_gradients(store)->host;
    for (int i = 0; i < mkd_store_count(store); i++) {
        const mkd_entry *entry = mkd_store_entry(store, i);
        r.gradient[i] = entry->is_buffer ? 0 : gradients[entry->offset];
    }
    mkd_plan_stats stats;
    mkd_plan_get_stats(&stats, plan);
    r.n_nodes = stats.n_nodes;
    r.n_prologue_nodes = stats.n_prologue_nodes;
    mkd_plan_free(plan);
    mkd_graph_free(g);
    mkd_store_free(store);
    mkd_backend_close(backend);
    return r;
}

static void test_a_training_step_stays_close_to_f32(void **state) {
    (void)state;
    result f32 = run(MKD_PRECISION_F32, MKD_MODE_TRAIN, false);
    result bf16 = run(MKD_PRECISION_BF16, MKD_MODE_TRAIN, false);
    assert_true(fabs(bf16.loss - f32.loss) < 0.02 * f32.loss);
    assert_true(fabs(bf16.loss - f32.loss) > 0); // it did round
    for (int i = 0; i < 16; i++) {
        assert_true(fabsf(bf16.gradient[i] - f32.gradient[i]) < 0.01f);
    }
}

static void test_every_operand_is_rounded_once(void **state) {
    (void)state;
    result f32 = run(MKD_PRECISION_F32, MKD_MODE_TRAIN, false);
    result bf16 = run(MKD_PRECISION_BF16, MKD_MODE_TRAIN, false);
    // x, a and the two weights, and the gradients of the two results
    assert_int_equal(bf16.n_nodes - f32.n_nodes, 6);
    result exact = run(MKD_PRECISION_BF16, MKD_MODE_TRAIN, true);
    assert_int_equal(exact.n_nodes - f32.n_nodes, 3); // x, the first weight, its result's gradient
}

static void test_frozen_weights_are_rounded_in_the_prologue(void **state) {
    (void)state;
    result f32 = run(MKD_PRECISION_F32, MKD_MODE_INFERENCE, false);
    result bf16 = run(MKD_PRECISION_BF16, MKD_MODE_INFERENCE, false);
    assert_int_equal(bf16.n_nodes - f32.n_nodes, 2); // x and a
    assert_int_equal(bf16.n_prologue_nodes - f32.n_prologue_nodes, 2);
    assert_true(fabs(bf16.loss - f32.loss) < 0.02 * f32.loss);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_training_step_stays_close_to_f32),
        cmocka_unit_test(test_every_operand_is_rounded_once),
        cmocka_unit_test(test_frozen_weights_are_rounded_in_the_prologue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
