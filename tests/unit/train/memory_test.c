// The nth allocation fails, for every n: every failure is MKD_ENOMEM, and nothing is left behind.

#include "tests.h"

#include <string.h>

#include "base/alloc.h"
#include "base/config.h"
#include "base/status.h"
#include "train/experiment.h"

static uint64_t live_blocks(void) {
    mkd_alloc_counters counters;
    mkd_alloc_count(&counters);
    return counters.live_blocks;
}

static uint64_t allocations(void) {
    mkd_alloc_counters counters;
    mkd_alloc_count(&counters);
    return counters.n_allocations;
}

typedef int (*work)(const void *payload);

// Runs `body` with the nth allocation failing, for every n until it passes.
static void fail_everywhere(work body, const void *payload) {
    // what is made once and kept is made before
    assert_int_equal(body(payload), 0);
    uint64_t before = live_blocks();
    uint64_t n_allocations = allocations();
    assert_int_equal(body(payload), 0);
    n_allocations = allocations() - n_allocations;
    uint64_t n_failures = 0;
    for (uint64_t n = 1;; n++) {
        mkd_error_clear();
        mkd_alloc_fail_at(n);
        int status = body(payload);
        mkd_alloc_fail_at(0);
        if (status != 0 && status != MKD_ENOMEM) {
            print_error("allocation %llu: found status %s (%s), expected ENOMEM\n",
                        (unsigned long long)n, mkd_status_name(status), mkd_error_last());
        }
        if (live_blocks() != before) {
            print_error("allocation %llu: %lld blocks are left\n", (unsigned long long)n,
                        (long long)(live_blocks() - before));
        }
        assert_int_equal(live_blocks(), before);
        if (status == 0) {
            // passing although an allocation failed is a fault too
            if (n <= n_allocations) {
                print_error("allocation %llu of %llu: its failure went unseen\n",
                            (unsigned long long)n, (unsigned long long)n_allocations);
            }
            assert_true(n > n_allocations);
            break;
        }
        assert_int_equal(status, MKD_ENOMEM);
        assert_non_null(strstr(mkd_error_last(), "out of memory"));
        n_failures++;
    }
    print_message("%llu of %llu allocations failed\n", (unsigned long long)n_failures,
                  (unsigned long long)n_allocations);
}

// --- a small network: build, compile, run, save its values ---------------------------------------

static mkd_value small_network(mkd_graph *g, mkd_store *store) {
    mkd_graph_enter(g, &(mkd_network){.store = store, .mode = MKD_MODE_TRAIN});
    mkd_value x = mkd_input(g, "x", MKD_F32, MKD_SHAPE(2, 6, 8, 3));
    mkd_value a = mkd_conv2d(g, x, "a", (mkd_conv2d_options){.out = 4, .kernel = 3});
    a = mkd_batch_norm(g, a, "a_bn", (mkd_batch_norm_options){.relu = true});
    mkd_value b = mkd_conv2d(g, a, "b", (mkd_conv2d_options){.out = 4, .kernel = 3});
    b = mkd_relu(g, mkd_add(g, b, a));
    mkd_value loss = mkd_mean_all(g, mkd_square(g, b));
    mkd_output(g, "loss", loss);
    mkd_graph_leave(g);
    return loss;
}

static int run_small_network(const void *payload) {
    const char *backend_name = payload;
    mkd_backend_options options = {.n_threads = 1};
    mkd_backend *backend = NULL;
    mkd_store *store = NULL;
    mkd_graph *g = NULL;
    mkd_plan *plan = NULL;
    double loss = 0;
    int status = mkd_backend_open(&backend, backend_name, &options);
    MKD_GOTO(status);
    MKD_GOTO(mkd_store_new(&store, backend));
    MKD_GOTO(mkd_graph_new(&g));
    mkd_backward(g, small_network(g, store), MKD_NONE);
    MKD_GOTO(mkd_plan_create(&plan, g, backend, NULL));
    MKD_GOTO(mkd_plan_run(plan));
    MKD_GOTO(mkd_plan_read_scalar(&loss, plan, mkd_find_output(g, "loss")));
done:
    mkd_plan_free(plan);
    mkd_graph_free(g);
    mkd_store_free(store);
    mkd_backend_close(backend);
    return status;
}

static void test_a_small_network_on_ref(void **state) {
    (void)state;
    fail_everywhere(run_small_network, "ref");
}

static void test_a_small_network_on_cpu(void **state) {
    (void)state;
    fail_everywhere(run_small_network, "cpu");
}

// --- an experiment: config, detector, graphs
// ------------------------------------------------------

static const char *const overrides[] = {
    "train.backend=ref",   "train.threads=1",
    "train.batch_size=2",  "model.backbone=lite",
    "model.width_px=64",   "model.height_px=32",
    "model.classes=[Car]", "detector.centernet3d.head_channels=8",
};

static int open_experiment(const void *payload) {
    mkd_config *config = NULL;
    mkd_experiment experiment = {0};
    mkd_step_graph training = {0}, inference = {0};
    (void)payload;
    int status =
        mkd_config_load(&config, mkd_settings_schema(), NULL, overrides, MKD_COUNT(overrides));
    MKD_GOTO(status);
    MKD_GOTO(mkd_experiment_open(&experiment, config));
    MKD_GOTO(mkd_experiment_build_training(&training, &experiment));
    MKD_GOTO(mkd_experiment_build_inference(&inference, &experiment, 1));
done:
    mkd_step_graph_free(&inference);
    mkd_step_graph_free(&training);
    mkd_experiment_close(&experiment);
    mkd_config_free(config);
    return status;
}

static void test_an_experiment(void **state) {
    (void)state;
    fail_everywhere(open_experiment, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_small_network_on_ref),
        cmocka_unit_test(test_a_small_network_on_cpu),
        cmocka_unit_test(test_an_experiment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
