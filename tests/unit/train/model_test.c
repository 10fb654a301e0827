// Models and the weights of run folders: what is in them, and what is refused.

#include "data_tests.h"

#include "base/status.h"
#include "io/safetensors.h"
#include "nn/optim.h"
#include "train/checkpoint.h"
#include "train/run_folder.h"

typedef struct fixture {
    mkd_backend *backend;
    mkd_store *store;
} fixture;

static const mkd_optimizer_options adam = {.kind = MKD_OPTIMIZER_ADAM};

static void open_fixture(fixture *f, uint64_t seed) {
    static const char *const paths[] = {"backbone.conv.weight", "depth.0.weight",
                                        "distill.fitnet.stride4.0.weight"};
    int index = 0;
    *f = (fixture){0};
    assert_int_equal(mkd_backend_open(&f->backend, "ref", NULL), 0);
    assert_int_equal(mkd_store_new(&f->store, f->backend), 0);
    for (size_t i = 0; i < MKD_COUNT(paths); i++) {
        mkd_entry e = {.path = paths[i],
                       .shape = MKD_SHAPE(4, 3, 3, 2),
                       .layout = MKD_LAYOUT_CONV,
                       .init = {.kind = MKD_INIT_NORMAL, .a = 1},
                       .rate_factor = 1};
        assert_int_equal(mkd_store_declare(&index, f->store, &e), 0);
    }
    mkd_entry mean = {.path = "backbone.bn.running_mean",
                      .shape = MKD_SHAPE(4),
                      .init = {.kind = MKD_INIT_NORMAL, .a = 1},
                      .is_buffer = true};
    assert_int_equal(mkd_store_declare(&index, f->store, &mean), 0);
    assert_int_equal(mkd_store_allocate(f->store, seed), 0);
    assert_int_equal(mkd_optimizer_prepare(f->store, &adam), 0);
}

static void close_fixture(fixture *f) {
    mkd_store_free(f->store);
    mkd_backend_close(f->backend);
}

static void test_files_that_are_no_checkpoint(void **state) {
    (void)state;
    fixture f;
    char path[DATA_TESTS_PATH];
    mkd_progress_mark mark = {0};
    data_tests_path(path, "damaged/checkpoint.safetensors");
    open_fixture(&f, 1);
    assert_int_equal(mkd_checkpoint_save(f.store, path, &mark), 0);
    char expected[2 * DATA_TESTS_PATH];
    assert_int_equal(mkd_model_save(f.store, path), 0);
    assert_int_equal(mkd_checkpoint_load(&mark, f.store, path), MKD_EFORMAT);
    snprintf(expected, sizeof expected,
             "%s: found monokd model 1, expected a file of 'monokd checkpoint 1'", path);
    assert_string_equal(mkd_error_last(), expected);
    const char *const pairs[] = {"monokd", "monokd checkpoint 1", "step", "-3"};
    assert_int_equal(mkd_store_save(f.store, path, NULL, true, pairs, 2), 0);
    assert_int_equal(mkd_checkpoint_load(&mark, f.store, path), MKD_EFORMAT);
    snprintf(expected, sizeof expected, "%s: metadata step is -3, expected a number", path);
    assert_string_equal(mkd_error_last(), expected);
    close_fixture(&f);
}

static void test_a_model_is_the_network_alone(void **state) {
    (void)state;
    fixture f;
    char path[DATA_TESTS_PATH];
    mkd_safetensors *file = NULL;
    data_tests_path(path, "model/model.safetensors");
    open_fixture(&f, 1);
    assert_int_equal(mkd_model_save(f.store, path), 0);
    assert_int_equal(mkd_safetensors_open(&file, path), 0);
    assert_int_equal(mkd_safetensors_count(file), 3); // no adapter, no states
    assert_int_equal(mkd_safetensors_find(file, "distill.fitnet.stride4.0.weight"), -1);
    assert_string_equal(mkd_safetensors_metadata(file, "monokd"), "monokd model 1");
    mkd_safetensors_close(file);
    close_fixture(&f);
}

static void test_the_weights_of_a_run_folder(void **state) {
    (void)state;
    fixture f;
    char run[DATA_TESTS_PATH];
    char path[2 * DATA_TESTS_PATH];
    char expected[2 * DATA_TESTS_PATH];
    float *values = NULL;
    data_tests_path(run, "weights/run");
    assert_int_equal(mkd_fs_make_dirs(run), 0);
    open_fixture(&f, 1);
    values = mkd_store_values(f.store)->host;
    assert_int_equal(mkd_run_load_weights(f.store, run), MKD_ENOTFOUND);
    snprintf(expected, sizeof expected,
             "%s has neither model.safetensors nor checkpoint.safetensors: nothing was trained yet",
             run);
    assert_string_equal(mkd_error_last(), expected);
    values[0] = 5;
    snprintf(path, sizeof path, "%s/checkpoint.safetensors", run);
    assert_int_equal(mkd_checkpoint_save(f.store, path, &(mkd_progress_mark){0}), 0);
    values[0] = 0;
    assert_int_equal(mkd_run_load_weights(f.store, run), 0);
    assert_true(values[0] == 5);
    // the finished model goes before it, but lacks what this store has besides
    snprintf(path, sizeof path, "%s/model.safetensors", run);
    assert_int_equal(mkd_model_save(f.store, path), 0);
    assert_int_equal(mkd_run_load_weights(f.store, run), MKD_ENOTFOUND);
    assert_non_null(strstr(mkd_error_last(), "the first is distill.fitnet.stride4.0.weight"));
    close_fixture(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files_that_are_no_checkpoint),
        cmocka_unit_test(test_a_model_is_the_network_alone),
        cmocka_unit_test(test_the_weights_of_a_run_folder),
    };
    return cmocka_run_group_tests(tests, NULL, data_tests_clean);
}
