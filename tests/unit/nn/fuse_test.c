// Fusion into convolutions: what is taken over, what must not be, and that results stay.

#include "tests.h"

#include <string.h>

#include "base/rng.h"
#include "base/status.h"
#include "nn/layers.h"
#include "nn/plan.h"

enum { N_CELLS = 2 * 5 * 6 * 3, MAX_NUMBERS = 2000 };

typedef struct fixture {
    mkd_backend *backend;
    mkd_store *store;
    mkd_graph *graph;
    mkd_plan *plan;
} fixture;

typedef mkd_value (*builder)(mkd_graph *g, mkd_value x);

static mkd_value conv(mkd_graph *g, mkd_value x, const char *name, bool bias) {
    return mkd_conv2d(g, x, name, (mkd_conv2d_options){.out = 3, .kernel = 3, .bias = bias});
}

// runs `build` with and without fusion, compares outputs (and gradients), and returns how many
// nodes fusion saved
static int compare(builder build, mkd_mode mode) {
    static float results[2][MAX_NUMBERS];
    size_t counts[2] = {0};
    int n_nodes[2];
    for (int fused = 0; fused < 2; fused++) {
        fixture f = {0};
        mkd_tensor y = {0};
        mkd_backend_options threads = {.n_threads = 1};
        mkd_plan_options options = {.no_fusion = !fused, .seed = 4};
        mkd_plan_stats stats;
        assert_int_equal(mkd_backend_open(&f.backend, "ref", &threads), 0);
        assert_int_equal(mkd_store_new(&f.store, f.backend), 0);
        assert_int_equal(mkd_graph_new(&f.graph), 0);
        mkd_graph *g = f.graph;
        mkd_graph_enter(g, &(mkd_network){.store = f.store, .mode = mode});
        mkd_value x = mkd_input(g, "x", MKD_F32, MKD_SHAPE(2, 5, 6, 3));
        mkd_value out = build(g, x);
        mkd_graph_leave(g);
        mkd_output(g, "y", out);
        if (mode == MKD_MODE_TRAIN) {
            mkd_backward(g, mkd_mean_all(g, mkd_square(g, out)), MKD_NONE);
        }
        assert_int_equal(mkd_plan_create(&f.plan, g, f.backend, &options), 0);
        mkd_plan_get_stats(&stats, f.plan);
        n_nodes[fused] = stats.n_nodes;
        float *data = mkd_plan_data(f.plan, x);
        mkd_rng rng = mkd_rng_at(2, 0, 0, MKD_RNG_TEST);
        for (int i = 0; i < N_CELLS; i++) {
            data[i] = (float)mkd_rng_range(&rng, -1, 1);
        }
        assert_int_equal(mkd_plan_run(f.plan), 0);
        assert_int_equal(mkd_plan_read(&y, f.plan, mkd_find_output(g, "y")), 0);
        size_t n = (size_t)mkd_tensor_count(&y);
        size_t n_flat = mkd_store_flat_count(f.store);
        assert_true(n + n_flat <= MAX_NUMBERS);
        memcpy(results[fused], y.data, n * sizeof(float));
        memcpy(results[fused] + n, mkd_store_gradients(f.store)->host, n_flat * sizeof(float));
        counts[fused] = n + n_flat;
        mkd_tensor_free(&y);
        mkd_plan_free(f.plan);
        mkd_graph_free(g);
        mkd_store_free(f.store);
        mkd_backend_close(f.backend);
    }
    double sum = 0;
    for (size_t i = 0; i < counts[0]; i++) {
        assert_near((double)results[1][i], (double)results[0][i], 1e-5);
        sum += fabs((double)results[0][i]);
    }
    assert_true(sum > 0.1);
    return n_nodes[0] - n_nodes[1];
}

static mkd_value chain(mkd_graph *g, mkd_value x) {
    return mkd_relu(g, conv(g, mkd_relu(g, conv(g, x, "a", true)), "b", false));
}

static mkd_value residual_before(mkd_graph *g, mkd_value x) {
    mkd_value a = mkd_relu(g, conv(g, x, "a", true));
    return mkd_relu(g, mkd_add(g, conv(g, a, "b", true), a));
}

// the other operand comes after one convolution, before the other: only that one can take it
static mkd_value residual_between(mkd_graph *g, mkd_value x) {
    mkd_value early = conv(g, x, "early", true);
    mkd_value middle = mkd_sigmoid(g, x);
    mkd_value late = conv(g, x, "late", true);
    return mkd_add(g, mkd_add(g, early, middle), mkd_add(g, late, middle));
}

static mkd_value used_twice(mkd_graph *g, mkd_value x) {
    mkd_value a = conv(g, x, "a", true);
    return mkd_mul(g, mkd_relu(g, a), a);
}

static mkd_value used_twice_by_one(mkd_graph *g, mkd_value x) {
    mkd_value a = conv(g, x, "a", true);
    return mkd_add(g, a, a);
}

static mkd_value also_an_output(mkd_graph *g, mkd_value x) {
    mkd_value a = conv(g, x, "a", true);
    mkd_output(g, "before", a);
    return mkd_relu(g, a);
}

static mkd_value relu_then_sum(mkd_graph *g, mkd_value x) {
    mkd_value a = mkd_relu(g, conv(g, x, "a", true)); // a sum behind a ReLU is not the residual
    return mkd_add(g, a, x);
}

static mkd_value broadcast_sum(mkd_graph *g, mkd_value x) {
    return mkd_add(g, conv(g, x, "a", false), mkd_constant(g, 0.5));
}

static mkd_value norm_with_bias(mkd_graph *g, mkd_value x) {
    mkd_value a = mkd_batch_norm(g, conv(g, x, "a", true), "n", (mkd_batch_norm_options){0});
    return mkd_relu(g, mkd_add(g, a, x));
}

static mkd_value norm_of_a_shared_map(mkd_graph *g, mkd_value x) {
    mkd_value a = conv(g, x, "a", true);
    mkd_value n = mkd_batch_norm(g, a, "n", (mkd_batch_norm_options){0});
    return mkd_mul(g, n, a);
}

static void test_what_is_fused(void **state) {
    (void)state;
    static const struct {
        builder build;
        int saved;
    } cases[] = {
        {chain, 2},
        {residual_before, 3},
        {residual_between, 1},
        {used_twice, 0},
        {used_twice_by_one, 0},
        {also_an_output, 0},
        {relu_then_sum, 1},
        {broadcast_sum, 0},
        {norm_with_bias, 3},
        {norm_of_a_shared_map, 0},
    };
    for (size_t i = 0; i < MKD_COUNT(cases); i++) {
        int saved = compare(cases[i].build, MKD_MODE_INFERENCE);
        if (saved != cases[i].saved) {
            print_error("case %zu: %d nodes saved, expected %d\n", i, saved, cases[i].saved);
            fail();
        }
    }
}

static void test_gradients_through_what_is_fused(void **state) {
    (void)state;
    static const builder builders[] = {chain,          residual_before,  residual_between,
                                       used_twice,     also_an_output,   relu_then_sum,
                                       norm_with_bias, used_twice_by_one};
    for (size_t i = 0; i < MKD_COUNT(builders); i++) {
        assert_true(compare(builders[i], MKD_MODE_TRAIN) >= 0);
    }
    assert_int_equal(compare(chain, MKD_MODE_TRAIN), 2);
    assert_int_equal(compare(residual_before, MKD_MODE_TRAIN), 3);
}

static void test_a_second_plan_of_a_fused_graph(void **state) {
    (void)state;
    mkd_backend *backend = NULL;
    mkd_store *store = NULL;
    mkd_graph *g = NULL;
    float values[2][N_CELLS];
    assert_int_equal(mkd_backend_open(&backend, "ref", NULL), 0);
    assert_int_equal(mkd_store_new(&store, backend), 0);
    assert_int_equal(mkd_graph_new(&g), 0);
    mkd_graph_enter(g, &(mkd_network){.store = store, .mode = MKD_MODE_INFERENCE});
    mkd_value x = mkd_input(g, "x", MKD_F32, MKD_SHAPE(2, 5, 6, 3));
    mkd_value y = norm_with_bias(g, x);
    mkd_output(g, "y", y);
    for (int i = 0; i < 2; i++) {
        mkd_plan *plan = NULL;
        mkd_tensor out = {0};
        assert_int_equal(mkd_plan_create(&plan, g, backend, NULL), 0);
        float *data = mkd_plan_data(plan, x);
        for (int k = 0; k < N_CELLS; k++) {
            data[k] = sinf((float)k);
        }
        assert_int_equal(mkd_plan_run(plan), 0);
        assert_int_equal(mkd_plan_read(&out, plan, y), 0);
        memcpy(values[i], out.data, sizeof values[i]);
        mkd_tensor_free(&out);
        mkd_plan_free(plan);
    }
    assert_memory_equal(values[0], values[1], sizeof values[0]);
    mkd_graph_free(g);
    mkd_store_free(store);
    mkd_backend_close(backend);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_fused),
        cmocka_unit_test(test_gradients_through_what_is_fused),
        cmocka_unit_test(test_a_second_plan_of_a_fused_graph),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
