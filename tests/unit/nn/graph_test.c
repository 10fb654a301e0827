// Graphs end to end on the host's backends: gradients by differences, fusion, memory, statistics.

#include "tests.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/rng.h"
#include "base/status.h"
#include "nn/backbone.h"
#include "nn/plan.h"

typedef struct fixture {
    mkd_backend *backend;
    mkd_store *store;
    mkd_graph *graph;
    mkd_plan *plan;
} fixture;

static const char *backend_name = "ref";

static int use_ref(void **state) {
    (void)state;
    backend_name = "ref";
    return 0;
}

static int use_cpu(void **state) {
    (void)state;
    backend_name = "cpu";
    return 0;
}

static void open_fixture(fixture *f) {
    mkd_backend_options options = {.n_threads = 2};
    *f = (fixture){0};
    assert_int_equal(mkd_backend_open(&f->backend, backend_name, &options), 0);
    assert_int_equal(mkd_store_new(&f->store, f->backend), 0);
    assert_int_equal(mkd_graph_new(&f->graph), 0);
}

static void close_fixture(fixture *f) {
    mkd_plan_free(f->plan);
    mkd_graph_free(f->graph);
    mkd_store_free(f->store);
    mkd_backend_close(f->backend);
}

static void fill(float *out, size_t n, uint64_t sample) {
    mkd_rng rng = mkd_rng_at(1, 0, sample, MKD_RNG_TEST);
    for (size_t i = 0; i < n; i++) {
        out[i] = (float)mkd_rng_range(&rng, -1, 1);
    }
}

// two convolutions with batch norm, a residual and a head, down to a scalar
static mkd_value small_network(fixture *f, mkd_mode mode) {
    mkd_graph *g = f->graph;
    mkd_graph_enter(g, &(mkd_network){.store = f->store, .mode = mode});
    mkd_value x = mkd_input(g, "x", MKD_F32, MKD_SHAPE(2, 6, 8, 3));
    mkd_value a = mkd_conv2d(g, x, "a", (mkd_conv2d_options){.out = 4, .kernel = 3});
    a = mkd_batch_norm(g, a, "a_bn", (mkd_batch_norm_options){.relu = true});
    mkd_value b = mkd_conv2d(g, a, "b", (mkd_conv2d_options){.out = 4, .kernel = 3});
    b = mkd_batch_norm(g, b, "b_bn", (mkd_batch_norm_options){0});
    b = mkd_relu(g, mkd_add(g, b, a));
    mkd_value y =
        mkd_conv2d(g, b, "head", (mkd_conv2d_options){.out = 2, .kernel = 1, .bias = true});
    mkd_output(g, "y", y);
    mkd_value loss = mkd_mean_all(g, mkd_square(g, y));
    mkd_output(g, "loss", loss);
    mkd_graph_leave(g);
    return loss;
}

static double run_loss(fixture *f) {
    double loss = 0;
    assert_int_equal(mkd_plan_run(f->plan), 0);
    assert_int_equal(mkd_plan_read_scalar(&loss, f->plan, mkd_find_output(f->graph, "loss")), 0);
    return loss;
}

static void test_gradients_agree_with_differences(void **state) {
    (void)state;
    fixture f;
    open_fixture(&f);
    mkd_backward(f.graph, small_network(&f, MKD_MODE_TRAIN), MKD_NONE);
    assert_int_equal(mkd_plan_create(&f.plan, f.graph, f.backend, NULL), 0);
    mkd_plan_stats stats;
    mkd_plan_get_stats(&stats, f.plan);
    assert_int_equal(stats.n_fallbacks, 0);
    fill(mkd_plan_data(f.plan, mkd_find_input(f.graph, "x")), 2 * 6 * 8 * 3, 7);
    run_loss(&f);
    float *values = mkd_store_values(f.store)->host;
    const float *gradients = mkd_store_gradients(f.store)->host;
    for (int e = 0; e < mkd_store_count(f.store); e++) {
        const mkd_entry *entry = mkd_store_entry(f.store, e);
        if (entry->is_buffer) {
            continue;
        }
        size_t at = entry->offset + entry->count / 2;
        float kept = values[at];
        float analytic = gradients[at];
        values[at] = kept + 1e-3f;
        double up = run_loss(&f);
        values[at] = kept - 1e-3f;
        double down = run_loss(&f);
        values[at] = kept;
        run_loss(&f);
        // a small step: ReLU has kinks
        assert_true(fabs((up - down) / 2e-3 - (double)analytic) < 2e-5);
    }
    close_fixture(&f);
}

static void read_output(float *out, size_t n, fixture *f) {
    mkd_tensor y = {0};
    assert_int_equal(mkd_plan_run(f->plan), 0);
    assert_int_equal(mkd_plan_read(&y, f->plan, mkd_find_output(f->graph, "y")), 0);
    assert_int_equal(mkd_tensor_count(&y), n);
    memcpy(out, y.data, n * sizeof *out);
    mkd_tensor_free(&y);
}

static void test_fusion_and_memory_reuse_change_nothing(void **state) {
    (void)state;
    enum { N = 2 * 6 * 8 * 2 };
    float results[3][N];
    int n_nodes[3];
    for (int variant = 0; variant < 3; variant++) {
        fixture f;
        open_fixture(&f);
        small_network(&f, MKD_MODE_INFERENCE);
        mkd_plan_options options = {.no_fusion = variant == 0, .no_reuse = variant == 1};
        assert_int_equal(mkd_plan_create(&f.plan, f.graph, f.backend, &options), 0);
        // running statistics that are not the identity
        float *buffers = mkd_store_buffers(f.store)->host;
        for (int e = 0; e < mkd_store_count(f.store); e++) {
            const mkd_entry *entry = mkd_store_entry(f.store, e);
            for (size_t i = 0; entry->is_buffer && i < entry->count; i++) {
                buffers[entry->offset + i] += 0.1f * (float)(i + 1);
            }
        }
        fill(mkd_plan_data(f.plan, mkd_find_input(f.graph, "x")), 2 * 6 * 8 * 3, 7);
        read_output(results[variant], N, &f);
        mkd_plan_stats stats;
        mkd_plan_get_stats(&stats, f.plan);
        n_nodes[variant] = stats.n_nodes;
        if (variant == 2) {
            assert_true(stats.n_prologue_nodes > 0);
            assert_true(stats.workspace_bytes >= stats.lower_bound_bytes);
            assert_true(stats.workspace_bytes <= 2 * stats.lower_bound_bytes);
        }
        close_fixture(&f);
    }
    // convolutions swallow two norms, a sum and two ReLUs: three remain, and the loss
    assert_int_equal(n_nodes[0] - n_nodes[2], 5);
    for (int i = 0; i < N; i++) {
        assert_true(fabsf(results[0][i] - results[2][i]) < 1e-5f);
        assert_true(results[1][i] == results[2][i]);
    }
}

static void test_running_statistics_move_in_a_dead_branch(void **state) {
    (void)state;
    fixture f;
    open_fixture(&f);
    mkd_graph *g = f.graph;
    mkd_graph_enter(g, &(mkd_network){.store = f.store, .mode = MKD_MODE_BATCH_STATS});
    mkd_value x = mkd_input(g, "x", MKD_F32, MKD_SHAPE(1, 1, 4, 1));
    mkd_batch_norm(g, x, "bn", (mkd_batch_norm_options){0});
    mkd_output(g, "y", mkd_scale(g, x, 2));
    assert_int_equal(mkd_plan_create(&f.plan, g, f.backend, NULL), 0);
    float *data = mkd_plan_data(f.plan, x);
    data[0] = 1, data[1] = 2, data[2] = 3, data[3] = 6;
    assert_int_equal(mkd_plan_run(f.plan), 0);
    float mean;
    float variance;
    assert_int_equal(mkd_store_read(&mean, f.store, mkd_store_find(f.store, "bn.running_mean")), 0);
    assert_int_equal(mkd_store_read(&variance, f.store, mkd_store_find(f.store, "bn.running_var")),
                     0);
    assert_true(fabsf(mean - 0.3f) < 1e-6f);                       // 0.1 * 3
    assert_true(fabsf(variance - (0.9f + 0.1f * 14 / 3)) < 1e-6f); // unbiased: 14 / 3
    close_fixture(&f);
}

static void test_a_frozen_network_gets_no_gradient(void **state) {
    (void)state;
    fixture f;
    open_fixture(&f);
    mkd_value loss = small_network(&f, MKD_MODE_BATCH_STATS);
    mkd_backward(f.graph, loss, MKD_NONE);
    assert_int_equal(mkd_graph_status(f.graph), MKD_EINVAL);
    assert_string_equal(mkd_error_last(), "reshape depends on nothing that is trained");
    close_fixture(&f);
}

static void test_the_first_error_sticks_and_names_the_layer(void **state) {
    (void)state;
    fixture f;
    open_fixture(&f);
    mkd_graph *g = f.graph;
    mkd_graph_enter(g, &(mkd_network){.store = f.store, .mode = MKD_MODE_TRAIN});
    mkd_value x = mkd_input(g, "x", MKD_F32, MKD_SHAPE(1, 4, 4, 3));
    mkd_value small =
        mkd_conv2d(g, x, "level1.conv", (mkd_conv2d_options){.out = 4, .kernel = 7, .padding = -1});
    mkd_add(g, small, x);
    assert_int_equal(mkd_plan_create(&f.plan, g, f.backend, NULL), MKD_EINVAL);
    assert_string_equal(mkd_error_last(), "level1.conv (conv2d of [1,4,4,3], [4,7,7,3]): the "
                                          "window does not fit into the image");
    close_fixture(&f);
}

static void test_dla34_has_the_published_size(void **state) {
    (void)state;
    fixture f;
    open_fixture(&f);
    mkd_graph *g = f.graph;
    const mkd_backbone *dla = NULL;
    mkd_features features;
    assert_int_equal(mkd_backbone_find(&dla, "dla34"), 0);
    mkd_graph_enter(g, &(mkd_network){.store = f.store, .mode = MKD_MODE_TRAIN});
    dla->build(&features, g, mkd_input(g, "image", MKD_F32, MKD_SHAPE(1, 384, 1280, 3)), "neck");
    assert_int_equal(mkd_graph_status(g), 0);
    // backbone 15,270,832 with two dead projections (64*128 + 2*128, 128*256 + 2*256), neck
    // 3,995,392
    size_t dead = 64 * 128 + 2 * 128 + 128 * 256 + 2 * 256;
    assert_int_equal(mkd_store_parameter_count(f.store), 15270832 - dead + 3995392);
    mkd_shape map = mkd_value_shape(g, features.map);
    mkd_shape expected = MKD_SHAPE(1, 96, 320, 64);
    assert_true(mkd_shape_equal(&map, &expected));
    assert_true(fabs(mkd_graph_flops(g) / 2e9 - (30.10 - 0.13 + 17.02)) < 0.05); // GMAC
    close_fixture(&f);
}

static void test_an_unknown_backbone_names_the_nearest(void **state) {
    (void)state;
    const mkd_backbone *found = NULL;
    assert_int_equal(mkd_backbone_find(&found, "dla43"), MKD_ENOTFOUND);
    assert_string_equal(mkd_error_last(), "there is no backbone 'dla43', the nearest is 'dla34'");
}

// the loss and all gradients of a backbone with a head, as one array to compare; mkd_free
static float *train_lite(size_t *n, const char *name, int runs) {
    fixture f;
    backend_name = name;
    open_fixture(&f);
    mkd_graph *g = f.graph;
    const mkd_backbone *lite;
    mkd_features features;
    assert_int_equal(mkd_backbone_find(&lite, "lite"), 0);
    mkd_graph_enter(g, &(mkd_network){.store = f.store, .mode = MKD_MODE_TRAIN});
    mkd_value image = mkd_input(g, "image", MKD_F32, MKD_SHAPE(2, 64, 96, 3));
    lite->build(&features, g, image, "neck");
    mkd_value loss = mkd_mean_all(g, mkd_square(g, features.map));
    mkd_output(g, "loss", loss);
    mkd_graph_leave(g);
    mkd_backward(g, loss, MKD_NONE);
    assert_int_equal(mkd_plan_create(&f.plan, g, f.backend, NULL), 0);
    fill(mkd_plan_data(f.plan, image), 2 * 64 * 96 * 3, 7);
    *n = mkd_store_flat_count(f.store) + 1;
    float *result = mkd_alloc_array(*n, sizeof *result);
    assert_non_null(result);
    for (int i = 0; i < runs; i++) {
        result[*n - 1] = (float)run_loss(&f);
    }
    memcpy(result, mkd_store_gradients(f.store)->host, (*n - 1) * sizeof *result);
    close_fixture(&f);
    return result;
}

static void test_backends_agree_on_a_training_step(void **state) {
    (void)state;
    size_t n;
    float *expected = train_lite(&n, "ref", 1);
    float *found = train_lite(&n, "cpu", 1);
    float *again = train_lite(&n, "cpu", 3);
    double error = 0;
    double norm = 0;
    for (size_t i = 0; i < n; i++) {
        double d = (double)found[i] - (double)expected[i];
        error += d * d;
        norm += (double)expected[i] * (double)expected[i];
        // running statistics move, but nothing here reads them: each run gives the same bits
        assert_true(found[i] == again[i]);
    }
    assert_true(norm > 0 && sqrt(error / norm) < 1e-5);
    mkd_free(expected);
    mkd_free(found);
    mkd_free(again);
}

#define ON_BOTH(test) cmocka_unit_test_setup(test, use_ref), cmocka_unit_test_setup(test, use_cpu)

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_BOTH(test_gradients_agree_with_differences),
        ON_BOTH(test_fusion_and_memory_reuse_change_nothing),
        ON_BOTH(test_running_statistics_move_in_a_dead_branch),
        cmocka_unit_test(test_backends_agree_on_a_training_step),
        cmocka_unit_test(test_a_frozen_network_gets_no_gradient),
        cmocka_unit_test(test_the_first_error_sticks_and_names_the_layer),
        cmocka_unit_test(test_dla34_has_the_published_size),
        cmocka_unit_test(test_an_unknown_backbone_names_the_nearest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
