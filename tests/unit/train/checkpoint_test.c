#include "tests.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/status.h"
#include "nn/layers.h"
#include "nn/optim.h"
#include "nn/plan.h"
#include "train/checkpoint.h"

// a store of one convolution, with the states of an optimizer
typedef struct fixture {
    mkd_backend *backend;
    mkd_store *store;
    mkd_graph *graph;
    mkd_plan *plan;
} fixture;

static void open_fixture(fixture *f, mkd_optimizer_kind kind) {
    mkd_backend_options options = {.n_threads = 1};
    mkd_optimizer_options optimizer = {.kind = kind, .momentum = 0.9};
    *f = (fixture){0};
    assert_int_equal(mkd_backend_open(&f->backend, "ref", &options), 0);
    assert_int_equal(mkd_store_new(&f->store, f->backend), 0);
    assert_int_equal(mkd_graph_new(&f->graph), 0);
    mkd_graph *g = f->graph;
    mkd_graph_enter(g, &(mkd_network){.store = f->store, .mode = MKD_MODE_TRAIN});
    mkd_value x = mkd_input(g, "x", MKD_F32, MKD_SHAPE(1, 2, 2, 3));
    mkd_value y = mkd_conv2d(g, x, "conv", (mkd_conv2d_options){.out = 4, .kernel = 1});
    mkd_output(g, "y", y);
    mkd_graph_leave(g);
    assert_int_equal(mkd_plan_create(&f->plan, g, f->backend, NULL), 0);
    assert_int_equal(mkd_optimizer_prepare(f->store, &optimizer), 0);
}

static void close_fixture(fixture *f) {
    mkd_plan_free(f->plan);
    mkd_graph_free(f->graph);
    mkd_store_free(f->store);
    mkd_backend_close(f->backend);
}

static char path[64];

static int make_folder(void **state) {
    static char folder[] = "checkpoint_test.XXXXXX";
    if (!mkdtemp(folder)) {
        return -1;
    }
    snprintf(path, sizeof path, "%s/a", folder);
    *state = folder;
    return 0;
}

static int remove_folder(void **state) {
    return mkd_fs_remove_tree(*state);
}

static void test_a_mark_comes_back(void **state) {
    (void)state;
    fixture f;
    open_fixture(&f, MKD_OPTIMIZER_ADAMW);
    mkd_progress_mark mark = {.step = 17, .epoch = 3, .batch = 2}, found = {0};
    float *values = mkd_store_values(f.store)->host;
    values[5] = 0.25f;
    assert_int_equal(mkd_checkpoint_save(f.store, path, &mark), 0);
    values[5] = 1;
    assert_int_equal(mkd_checkpoint_load(&found, f.store, path), 0);
    assert_int_equal(found.step, 17);
    assert_int_equal(found.epoch, 3);
    assert_int_equal(found.batch, 2);
    assert_near(values[5], 0.25, 0);
    close_fixture(&f);
}

static void test_states_must_be_there(void **state) {
    (void)state;
    fixture sgd, adam;
    open_fixture(&sgd, MKD_OPTIMIZER_SGD);
    open_fixture(&adam, MKD_OPTIMIZER_ADAMW);
    mkd_progress_mark mark = {.step = 1};
    assert_int_equal(mkd_checkpoint_save(sgd.store, path, &mark), 0);
    assert_int_equal(mkd_checkpoint_load(&mark, adam.store, path), MKD_ENOTFOUND);
    char expected[160];
    snprintf(expected, sizeof expected,
             "%s: 1 entries of the model are missing, the first is v/conv.weight", path);
    assert_string_equal(mkd_error_last(), expected);
    close_fixture(&sgd);
    close_fixture(&adam);
}

static void test_no_cut_file_is_taken_for_a_whole_one(void **state) {
    (void)state;
    fixture f;
    open_fixture(&f, MKD_OPTIMIZER_ADAMW);
    mkd_progress_mark mark = {.step = 1};
    char *bytes = NULL;
    size_t n = 0;
    assert_int_equal(mkd_checkpoint_save(f.store, path, &mark), 0);
    assert_int_equal(mkd_fs_read(&bytes, &n, path, 1 << 20), 0);
    float *values = mkd_store_values(f.store)->host;
    for (size_t cut = 0; cut < n; cut++) {
        assert_int_equal(mkd_fs_write_atomic(path, bytes, cut), 0);
        values[0] = 7;
        assert_int_equal(mkd_checkpoint_load(&mark, f.store, path), MKD_EFORMAT);
        assert_near(values[0], 7, 0);
    }
    mkd_free(bytes);
    close_fixture(&f);
}

static void test_memory_may_run_out(void **state) {
    (void)state;
    fixture f;
    open_fixture(&f, MKD_OPTIMIZER_ADAMW);
    mkd_progress_mark mark = {.step = 1};
    mkd_alloc_counters before, after;
    assert_int_equal(mkd_checkpoint_save(f.store, path, &mark), 0);
    mkd_alloc_count(&before);
    for (int load = 0; load < 2; load++) {
        int status = MKD_ENOMEM;
        for (uint64_t n = 1; status != 0; n++) {
            mkd_alloc_fail_at(n);
            status = load ? mkd_checkpoint_load(&mark, f.store, path)
                          : mkd_checkpoint_save(f.store, path, &mark);
            mkd_alloc_fail_at(0);
            assert_true(status == 0 || status == MKD_ENOMEM);
            mkd_alloc_count(&after);
            assert_int_equal(after.live_blocks, before.live_blocks);
            // the file of before is whole whatever happened
            assert_int_equal(mkd_checkpoint_load(&mark, f.store, path), 0);
        }
    }
    close_fixture(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_mark_comes_back),
        cmocka_unit_test(test_states_must_be_there),
        cmocka_unit_test(test_no_cut_file_is_taken_for_a_whole_one),
        cmocka_unit_test(test_memory_may_run_out),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
