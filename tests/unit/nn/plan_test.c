// Plans: which values share memory, what may be read, what failing allocations leave; the planner.

#include "tests.h"

#include <string.h>

#include "base/alloc.h"
#include "base/rng.h"
#include "base/status.h"
#include "nn/layers.h"
#include "nn/lower_private.h"
#include "nn/plan.h"

typedef struct fixture {
    mkd_backend *backend;
    mkd_store *store;
    mkd_graph *graph;
    mkd_plan *plan;
} fixture;

static void open_fixture(fixture *f) {
    mkd_backend_options options = {.n_threads = 1};
    *f = (fixture){0};
    assert_int_equal(mkd_backend_open(&f->backend, "ref", &options), 0);
    assert_int_equal(mkd_store_new(&f->store, f->backend), 0);
    assert_int_equal(mkd_graph_new(&f->graph), 0);
}

static void close_fixture(fixture *f) {
    mkd_plan_free(f->plan);
    mkd_graph_free(f->graph);
    mkd_store_free(f->store);
    mkd_backend_close(f->backend);
}

static void make_plan(fixture *f) {
    assert_int_equal(mkd_plan_create(&f->plan, f->graph, f->backend, NULL), 0);
}

static void write_values(fixture *f, mkd_value x, const float *values) {
    mkd_shape shape = mkd_value_shape(f->graph, x);
    memcpy(mkd_plan_data(f->plan, x), values, (size_t)mkd_shape_count(&shape) * sizeof *values);
}

static void expect_values(fixture *f, mkd_value x, const float *expected) {
    mkd_tensor t = {0};
    assert_int_equal(mkd_plan_read(&t, f->plan, x), 0);
    const float *found = t.data;
    for (int64_t i = 0; i < mkd_tensor_count(&t); i++) {
        assert_near((double)found[i], (double)expected[i], 1e-6);
    }
    mkd_tensor_free(&t);
}

static void test_a_reshape_shares_memory(void **state) {
    (void)state;
    fixture f;
    open_fixture(&f);
    mkd_graph *g = f.graph;
    mkd_value x = mkd_input(g, "x", MKD_F32, MKD_SHAPE(2, 3));
    mkd_value flat = mkd_reshape(g, mkd_relu(g, x), MKD_SHAPE(6));
    mkd_value wide = mkd_reshape(g, flat, MKD_SHAPE(3, 2));
    mkd_output(g, "wide", wide);
    mkd_output(g, "view", mkd_reshape(g, x, MKD_SHAPE(6))); // of an input
    make_plan(&f);
    mkd_plan_stats stats;
    mkd_plan_get_stats(&stats, f.plan);
    assert_int_equal(stats.n_nodes, 1);
    write_values(&f, x, (const float[]){1, -2, 3, -4, 5, 6});
    assert_int_equal(mkd_plan_run(f.plan), 0);
    expect_values(&f, wide, (const float[]){1, 0, 3, 0, 5, 6});
    assert_ptr_equal(mkd_plan_data(f.plan, mkd_find_output(g, "view")), mkd_plan_data(f.plan, x));
    close_fixture(&f);
}

static void test_in_place_leaves_what_is_still_read(void **state) {
    (void)state;
    fixture f;
    open_fixture(&f);
    mkd_graph *g = f.graph;
    mkd_value x = mkd_input(g, "x", MKD_F32, MKD_SHAPE(4));
    mkd_value a = mkd_scale(g, x, 2); // read by b and by sum
    mkd_value b = mkd_linear_of(g, a, 1, 1);
    mkd_value twice = mkd_mul(g, b, b);   // both operands in one memory
    mkd_value sum = mkd_add(g, a, twice); // 2x + (2x + 1)^2
    mkd_value row = mkd_reshape(g, sum, MKD_SHAPE(1, 4));
    mkd_value column = mkd_reshape(g, sum, MKD_SHAPE(4, 1));
    mkd_value outer = mkd_add(g, column, row); // one memory under two shapes that broadcast
    mkd_output(g, "outer", outer);
    mkd_output(g, "same_x", x); // an output that is an input
    make_plan(&f);
    write_values(&f, x, (const float[]){0, 1, -1, 2});
    for (int run = 0; run < 2; run++) {
        assert_int_equal(mkd_plan_run(f.plan), 0);
        static const float s[4] = {1, 11, -1, 29};
        float expected[16];
        for (int i = 0; i < 16; i++) {
            expected[i] = s[i / 4] + s[i % 4];
        }
        expect_values(&f, outer, expected);
        expect_values(&f, x, (const float[]){0, 1, -1, 2});
    }
    close_fixture(&f);
}

static mkd_value scalar_parameter(mkd_graph *g, const char *path, double a) {
    mkd_entry entry = {.path = path,
                       .shape = MKD_SHAPE(2),
                       .init = {.kind = MKD_INIT_CONSTANT, .a = a},
                       .rate_factor = 1};
    return mkd_parameter(g, &entry);
}

static void test_gradients_of_shared_parameters_add_up(void **state) {
    (void)state;
    fixture f;
    open_fixture(&f);
    mkd_graph *g = f.graph;
    mkd_graph_enter(g, &(mkd_network){.store = f.store, .mode = MKD_MODE_TRAIN});
    mkd_value x = mkd_input(g, "x", MKD_F32, MKD_SHAPE(2));
    mkd_require_gradient(g, x);
    mkd_value w = scalar_parameter(g, "w", 3);
    mkd_value u = scalar_parameter(g, "u", 5);
    mkd_value again = scalar_parameter(g, "w", 3);
    assert_int_equal(w.id, again.id);
    // sum(w x w + (w + u) + x): the gradient of u is a value that w's and x's gradients use too
    mkd_value y = mkd_mul(g, mkd_mul(g, w, x), again);
    mkd_value loss = mkd_sum_all(g, mkd_add(g, mkd_add(g, y, mkd_add(g, w, u)), x));
    mkd_graph_leave(g);
    mkd_output(g, "loss", loss);
    mkd_backward(g, loss, MKD_NONE);
    make_plan(&f);
    write_values(&f, x, (const float[]){2, -1});
    double value = 0;
    assert_int_equal(mkd_plan_run(f.plan), 0);
    assert_int_equal(mkd_plan_read_scalar(&value, f.plan, loss), 0);
    assert_near(value, 9 * 2 - 9 + 16 + 1, 1e-6);
    expect_values(&f, mkd_gradient(g, w), (const float[]){2 * 3 * 2 + 1, 2 * 3 * -1 + 1});
    expect_values(&f, mkd_gradient(g, u), (const float[]){1, 1});
    expect_values(&f, mkd_gradient(g, x), (const float[]){10, 10});
    const float *gradients = mkd_store_gradients(f.store)->host;
    assert_near((double)gradients[0], 13, 1e-6);
    assert_near((double)gradients[16 + 1], 1, 1e-6);
    close_fixture(&f);
}

static void test_a_parameter_is_trained_beside_a_frozen_use(void **state) {
    (void)state;
    fixture f;
    open_fixture(&f);
    mkd_graph *g = f.graph;
    mkd_value x = mkd_input(g, "x", MKD_F32, MKD_SHAPE(2));
    mkd_value parts[3];
    for (int mode = 0; mode < 3; mode++) { // batch_stats and inference come before train
        mkd_graph_enter(g, &(mkd_network){.store = f.store, .mode = (mkd_mode)(2 - mode)});
        parts[mode] = mkd_mul(g, scalar_parameter(g, "w", 3), x);
        mkd_graph_leave(g);
    }
    mkd_value loss = mkd_sum_all(g, mkd_mul(g, parts[0], mkd_mul(g, parts[1], parts[2])));
    mkd_backward(g, loss, MKD_NONE);
    make_plan(&f);
    write_values(&f, x, (const float[]){1, 2});
    assert_int_equal(mkd_plan_run(f.plan), 0);
    const float *gradients = mkd_store_gradients(f.store)->host;
    assert_near((double)gradients[0], 9, 1e-5); // the product of the two frozen uses, times x
    assert_near((double)gradients[1], 9 * 8, 1e-5);
    close_fixture(&f);
}

static void test_backward_is_built_once(void **state) {
    (void)state;
    fixture f;
    open_fixture(&f);
    mkd_graph *g = f.graph;
    mkd_graph_enter(g, &(mkd_network){.store = f.store, .mode = MKD_MODE_TRAIN});
    mkd_value loss = mkd_sum_all(g, scalar_parameter(g, "w", 3));
    mkd_backward(g, loss, MKD_NONE);
    assert_int_equal(mkd_graph_status(g), 0);
    mkd_backward(g, mkd_scale(g, loss, 2), MKD_NONE);
    assert_int_equal(mkd_graph_status(g), MKD_EINVAL);
    assert_string_equal(mkd_error_last(), "linear: the graph has its gradients already");
    close_fixture(&f);
}

static int host_nothing(void *payload, const mkd_call *call) {
    (void)payload;
    (void)call;
    return 0;
}

static void test_wrong_inputs_are_refused_while_building(void **state) {
    (void)state;
    static const char *const messages[] = {
        "add (binary of [4], none): input 1 is missing",
        "much: a host operator takes up to 8 inputs and 8 outputs, found 9 and 0",
        "much: a host operator takes up to 8 inputs and 8 outputs, found 0 and 9",
        "loss: a loss is an f32 or f64 scalar, found f32 [4]",
        "parameter p: no network is entered",
        "input z: shape [-1] is impossible",
    };
    for (size_t what = 0; what < MKD_COUNT(messages); what++) {
        fixture f;
        open_fixture(&f);
        mkd_graph *g = f.graph;
        mkd_value x = mkd_input(g, what == 3 ? "loss" : "x", MKD_F32, MKD_SHAPE(4));
        const mkd_value many[9] = {x, x, x, x, x, x, x, x, x};
        const mkd_dtype dtypes[9] = {MKD_F32};
        const mkd_shape shapes[9] = {{.rank = 0}};
        if (what == 0) {
            mkd_add(g, x, mkd_find_input(g, "typo"));
        } else if (what < 3) {
            mkd_host(g, "much", host_nothing, NULL, many, what == 1 ? 9 : 0, dtypes, shapes,
                     what == 1 ? 0 : 9);
        } else if (what == 3) {
            mkd_require_gradient(g, x);
            mkd_backward(g, x, MKD_NONE);
        } else if (what == 4) {
            scalar_parameter(g, "p", 0);
        } else {
            mkd_input(g, "z", MKD_F32, MKD_SHAPE(-1));
        }
        assert_int_equal(mkd_plan_create(&f.plan, g, f.backend, NULL), MKD_EINVAL);
        assert_string_equal(mkd_error_last(), messages[what]);
        assert_null(f.plan);
        close_fixture(&f);
    }
}

static void test_reading_and_writing_is_checked(void **state) {
    (void)state;
    fixture f;
    mkd_tensor t = {0};
    double number = 0;
    open_fixture(&f);
    mkd_graph *g = f.graph;
    mkd_value x = mkd_input(g, "x", MKD_F32, MKD_SHAPE(4));
    mkd_value between = mkd_exp(g, x);
    mkd_value dead = mkd_sqrt(g, x);
    mkd_value sum = mkd_sum_all(g, between);
    mkd_output(g, "sum", sum);
    make_plan(&f);
    assert_int_equal(mkd_plan_run(f.plan), 0);
    assert_int_equal(mkd_plan_read(&t, f.plan, MKD_NONE), MKD_EINVAL);
    assert_string_equal(mkd_error_last(), "there is no such value to read");
    assert_int_equal(mkd_plan_read(&t, f.plan, dead), MKD_EINVAL);
    assert_string_equal(mkd_error_last(), "sqrt is neither an input nor an output of the plan");
    assert_int_equal(mkd_plan_read(&t, f.plan, between), MKD_EINVAL);
    assert_string_equal(mkd_error_last(), "exp is neither an input nor an output of the plan");
    assert_null(mkd_plan_data(f.plan, between));
    assert_int_equal(mkd_plan_read_scalar(&number, f.plan, x), MKD_EINVAL);
    assert_string_equal(mkd_error_last(), "x is no f32 scalar");
    assert_int_equal(mkd_plan_read_scalar(&number, f.plan, sum), 0);
    assert_near(number, 4, 1e-6);
    int32_t whole[4] = {0};
    const mkd_tensor wrong = {.dtype = MKD_I32, .shape = MKD_SHAPE(4), .data = whole};
    assert_int_equal(mkd_plan_write(f.plan, x, &wrong), MKD_EINVAL);
    assert_string_equal(mkd_error_last(), "x: given i32 [4], expected f32 [4]");
    assert_int_equal(mkd_plan_write(f.plan, MKD_NONE, &wrong), MKD_EINVAL);
    close_fixture(&f);
}

// a small training step, to be hit by a failing allocation
static int build_and_run(mkd_backend *backend) {
    mkd_store *store = NULL;
    mkd_graph *g = NULL;
    mkd_plan *plan = NULL;
    int status = mkd_store_new(&store, backend);
    MKD_GOTO(status);
    MKD_GOTO(mkd_graph_new(&g));
    mkd_graph_enter(g, &(mkd_network){.store = store, .mode = MKD_MODE_TRAIN});
    mkd_value x = mkd_input(g, "x", MKD_F32, MKD_SHAPE(1, 4, 4, 2));
    mkd_value y = mkd_conv2d(g, x, "conv", (mkd_conv2d_options){.out = 3, .kernel = 3});
    y = mkd_batch_norm(g, y, "bn", (mkd_batch_norm_options){.relu = true});
    mkd_value loss = mkd_mean_all(g, mkd_square(g, y));
    mkd_output(g, "loss", loss);
    mkd_backward(g, loss, MKD_NONE);
    MKD_GOTO(mkd_plan_create(&plan, g, backend, NULL));
    MKD_GOTO(mkd_plan_run(plan));
done:
    mkd_plan_free(plan);
    mkd_graph_free(g);
    mkd_store_free(store);
    return status;
}

static void test_failing_allocations_lose_nothing(void **state) {
    (void)state;
    mkd_backend *backend = NULL;
    mkd_alloc_counters before;
    mkd_alloc_counters after;
    assert_int_equal(mkd_backend_open(&backend, "ref", NULL), 0);
    mkd_alloc_count(&before);
    int status = MKD_ENOMEM;
    uint64_t n = 1;
    for (; status == MKD_ENOMEM && n < 2000; n++) {
        mkd_alloc_fail_at(n);
        status = build_and_run(backend);
        mkd_alloc_fail_at(0);
        mkd_alloc_count(&after);
        assert_int_equal(after.live_blocks, before.live_blocks);
    }
    assert_int_equal(status, 0);
    assert_true(n > 20);
    mkd_backend_close(backend);
}

static void test_blocks_alive_together_never_overlap(void **state) {
    (void)state;
    enum { N = 120, N_NODES = 60 };
    double worst = 0;
    for (uint64_t round = 0; round < 100; round++) {
        memory_block blocks[N];
        mkd_rng rng = mkd_rng_at(3, 0, round, MKD_RNG_TEST);
        for (int i = 0; i < N; i++) {
            int first = (int)mkd_rng_below(&rng, N_NODES);
            int life = (int)mkd_rng_below(&rng, i % 10 == 0 ? N_NODES : 6);
            int last = first + life < N_NODES ? first + life : N_NODES;
            blocks[i] =
                (memory_block){.bytes = mkd_rng_below(&rng, 5000), .first = first, .last = last};
        }
        size_t total = 0;
        size_t bound = 0;
        assert_int_equal(mkd_memory__plan(&total, &bound, blocks, N, N_NODES), 0);
        size_t alive[N_NODES + 1] = {0};
        for (int i = 0; i < N; i++) {
            assert_int_equal(blocks[i].offset % 64, 0);
            assert_true(blocks[i].offset + blocks[i].bytes <= total);
            for (int p = blocks[i].first; p <= blocks[i].last; p++) {
                alive[p] += blocks[i].bytes;
            }
            for (int k = 0; k < i; k++) {
                bool together =
                    blocks[i].first <= blocks[k].last && blocks[k].first <= blocks[i].last;
                bool apart = blocks[i].offset + blocks[i].bytes <= blocks[k].offset ||
                             blocks[k].offset + blocks[k].bytes <= blocks[i].offset;
                assert_true(!together || apart || blocks[i].bytes == 0 || blocks[k].bytes == 0);
            }
        }
        size_t most = 0;
        for (int p = 0; p <= N_NODES; p++) {
            most = alive[p] > most ? alive[p] : most;
        }
        assert_int_equal(bound, most);
        assert_true(total >= bound);
        worst = fmax(worst, (double)total / (double)bound);
    }
    assert_true(worst < 1.35);
    size_t total = 1;
    size_t bound = 1;
    memory_block none = {0};
    assert_int_equal(mkd_memory__plan(&total, &bound, &none, 0, 0), 0);
    assert_true(total == 0 && bound == 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_reshape_shares_memory),
        cmocka_unit_test(test_in_place_leaves_what_is_still_read),
        cmocka_unit_test(test_gradients_of_shared_parameters_add_up),
        cmocka_unit_test(test_a_parameter_is_trained_beside_a_frozen_use),
        cmocka_unit_test(test_backward_is_built_once),
        cmocka_unit_test(test_wrong_inputs_are_refused_while_building),
        cmocka_unit_test(test_reading_and_writing_is_checked),
        cmocka_unit_test(test_failing_allocations_lose_nothing),
        cmocka_unit_test(test_blocks_alive_together_never_overlap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
