// Model stores: what lies where, first values, files in PyTorch's layout, and what is refused.

#include "data_tests.h"

#include "base/rng.h"
#include "base/status.h"
#include "io/safetensors.h"
#include "nn/store.h"

typedef struct fixture {
    mkd_backend *backend;
    mkd_store *store;
} fixture;

static mkd_entry conv_entry(void) {
    return (mkd_entry){.path = "a.weight",
                       .shape = MKD_SHAPE(2, 1, 3, 4), // O kh kw I
                       .layout = MKD_LAYOUT_CONV,
                       .init = {.kind = MKD_INIT_KAIMING_UNIFORM},
                       .decayed = true,
                       .rate_factor = 1};
}

static mkd_entry up_entry(void) {
    return (mkd_entry){.path = "b.up.weight",
                       .shape = MKD_SHAPE(3, 2, 2, 5), // I kh kw O
                       .layout = MKD_LAYOUT_CONV_TRANSPOSE,
                       .init = {.kind = MKD_INIT_NORMAL, .a = 0.1},
                       .rate_factor = 1};
}

static mkd_entry bias_entry(void) {
    return (mkd_entry){.path = "a.bias",
                       .shape = MKD_SHAPE(2),
                       .init = {.kind = MKD_INIT_UNIFORM, .a = 0.5},
                       .rate_factor = 1};
}

static mkd_entry mean_entry(void) {
    return (mkd_entry){.path = "n.running_mean",
                       .shape = MKD_SHAPE(3),
                       .init = {.kind = MKD_INIT_CONSTANT, .a = 7},
                       .is_buffer = true};
}

static void open_backend(fixture *f) {
    mkd_backend_options options = {.n_threads = 1};
    *f = (fixture){0};
    assert_int_equal(mkd_backend_open(&f->backend, "ref", &options), 0);
    assert_int_equal(mkd_store_new(&f->store, f->backend), 0);
}

static void declare(fixture *f, mkd_entry entry) {
    int index = -1;
    assert_int_equal(mkd_store_declare(&index, f->store, &entry), 0);
    assert_int_equal(mkd_store_find(f->store, entry.path), index);
}

static void open_fixture(fixture *f, uint64_t seed) {
    open_backend(f);
    declare(f, conv_entry());
    declare(f, bias_entry());
    declare(f, up_entry());
    declare(f, mean_entry());
    assert_int_equal(mkd_store_allocate(f->store, seed), 0);
}

static void close_fixture(fixture *f) {
    mkd_store_free(f->store);
    mkd_backend_close(f->backend);
}

static void read_entry(float *out, fixture *f, const char *path) {
    assert_int_equal(mkd_store_read(out, f->store, mkd_store_find(f->store, path)), 0);
}

static void write_counting(fixture *f, const char *path) {
    float values[64];
    for (int i = 0; i < 64; i++) {
        values[i] = (float)i;
    }
    assert_int_equal(mkd_store_write(f->store, mkd_store_find(f->store, path), values), 0);
}

static void test_entries_lie_apart_at_multiples_of_16(void **state) {
    (void)state;
    fixture f;
    open_fixture(&f, 0);
    assert_int_equal(mkd_store_count(f.store), 4);
    assert_int_equal(mkd_store_entry(f.store, 0)->offset, 0);
    assert_int_equal(mkd_store_entry(f.store, 1)->offset, 32); // 24 elements before
    assert_int_equal(mkd_store_entry(f.store, 2)->offset, 48);
    assert_int_equal(mkd_store_entry(f.store, 3)->offset, 0); // of the buffers
    assert_int_equal(mkd_store_flat_count(f.store), 48 + 64);
    assert_int_equal(mkd_store_parameter_count(f.store), 24 + 2 + 60);
    const float *values = mkd_store_values(f.store)->host;
    for (int i = 24; i < 32; i++) {
        assert_true(values[i] == 0);
    }
    assert_int_equal(mkd_store_set_rate(f.store, "a.*", 0.5f), 2);
    assert_true(mkd_store_entry(f.store, 1)->rate_factor == 0.5f);
    assert_true(mkd_store_entry(f.store, 2)->rate_factor == 1);
    close_fixture(&f);
}

static void test_first_values_depend_on_seed_and_path_alone(void **state) {
    (void)state;
    fixture f;
    fixture turned;
    float a[64];
    float b[64];
    open_fixture(&f, 5);
    open_backend(&turned);
    declare(&turned, mean_entry());
    declare(&turned, up_entry());
    declare(&turned, bias_entry());
    declare(&turned, conv_entry());
    assert_int_equal(mkd_store_allocate(turned.store, 5), 0);
    for (int i = 0; i < 4; i++) {
        const mkd_entry *entry = mkd_store_entry(f.store, i);
        read_entry(a, &f, entry->path);
        read_entry(b, &turned, entry->path);
        assert_memory_equal(a, b, entry->count * sizeof(float));
    }
    close_fixture(&turned);
    open_fixture(&turned, 6);
    read_entry(a, &f, "a.weight");
    read_entry(b, &turned, "a.weight");
    assert_memory_not_equal(a, b, 24 * sizeof(float));
    for (int i = 0; i < 24; i++) {
        assert_true(fabsf(a[i]) <= 0.28867514f); // 1 / sqrt(3 * 4)
    }
    close_fixture(&turned);
    close_fixture(&f);
}

static void test_bilinear_and_constant_first_values(void **state) {
    (void)state;
    fixture f;
    open_backend(&f);
    mkd_entry up = {.path = "up.weight",
                    .shape = MKD_SHAPE(2, 4, 4, 1),
                    .layout = MKD_LAYOUT_CONV_TRANSPOSE,
                    .init = {.kind = MKD_INIT_BILINEAR}};
    declare(&f, up);
    declare(&f, mean_entry());
    assert_int_equal(mkd_store_allocate(f.store, 1), 0);
    static const float row[4] = {0.25f, 0.75f, 0.75f, 0.25f};
    float values[32];
    read_entry(values, &f, "up.weight");
    for (int i = 0; i < 32; i++) {
        assert_near((double)values[i], (double)(row[i / 4 % 4] * row[i % 4]), 1e-7);
    }
    read_entry(values, &f, "n.running_mean");
    assert_true(values[0] == 7 && values[2] == 7);
    close_fixture(&f);
}

static void test_declaring_again(void **state) {
    (void)state;
    fixture f;
    int index = -1;
    open_fixture(&f, 0);
    mkd_entry same = conv_entry();
    assert_int_equal(mkd_store_declare(&index, f.store, &same), 0);
    assert_int_equal(index, 0);
    mkd_entry other = conv_entry();
    other.shape = MKD_SHAPE(2, 3, 1, 4);
    assert_int_equal(mkd_store_declare(&index, f.store, &other), MKD_EINVAL);
    assert_string_equal(mkd_error_last(),
                        "a.weight is kept with shape [2,1,3,4], asked for with [2,3,1,4]");
    other = conv_entry();
    other.layout = MKD_LAYOUT_CONV_TRANSPOSE;
    assert_int_equal(mkd_store_declare(&index, f.store, &other), MKD_EINVAL);
    assert_string_equal(mkd_error_last(),
                        "a.weight is kept with shape [2,1,3,4] as a convolution's weight, asked "
                        "for with [2,1,3,4] as a transposed convolution's weight");
    other = bias_entry();
    other.path = "new.bias";
    assert_int_equal(mkd_store_declare(&index, f.store, &other), MKD_ENOTFOUND);
    assert_string_equal(mkd_error_last(), "new.bias is not in the model's store of 4 entries");
    close_fixture(&f);
}

static void test_many_entries_are_all_found(void **state) {
    (void)state;
    fixture f;
    char path[32];
    open_backend(&f);
    for (int i = 0; i < 1000; i++) {
        snprintf(path, sizeof path, "layer%d.bias", i);
        mkd_entry entry = bias_entry();
        entry.path = path;
        declare(&f, entry);
    }
    for (int i = 0; i < 1000; i++) {
        snprintf(path, sizeof path, "layer%d.bias", i);
        assert_int_equal(mkd_store_find(f.store, path), i);
    }
    assert_int_equal(mkd_store_find(f.store, "layer1000.bias"), -1);
    close_fixture(&f);
}

static void test_files_have_the_layout_of_pytorch(void **state) {
    (void)state;
    fixture f;
    char path[DATA_TESTS_PATH];
    mkd_safetensors *file = NULL;
    mkd_tensor t = {0};
    data_tests_path(path, "layout.safetensors");
    open_fixture(&f, 1);
    write_counting(&f, "a.weight");
    write_counting(&f, "b.up.weight");
    assert_int_equal(mkd_store_save(f.store, path, NULL, false, NULL, 0), 0);
    assert_int_equal(mkd_safetensors_open(&file, path), 0);
    assert_int_equal(mkd_safetensors_count(file), 4);
    assert_int_equal(mkd_safetensors_view(&t, file, (size_t)mkd_safetensors_find(file, "a.weight")),
                     0);
    mkd_shape expected = MKD_SHAPE(2, 4, 1, 3); // O I kh kw
    assert_true(mkd_shape_equal(&t.shape, &expected));
    const float *v = t.data;
    // w[o][i][0][s] here is w[o][0][s][i] of the store: 12 o + 4 s + i
    for (int o = 0; o < 2; o++) {
        for (int i = 0; i < 4; i++) {
            for (int s = 0; s < 3; s++) {
                assert_true(v[(o * 4 + i) * 3 + s] == (float)(12 * o + 4 * s + i));
            }
        }
    }
    assert_int_equal(
        mkd_safetensors_view(&t, file, (size_t)mkd_safetensors_find(file, "b.up.weight")), 0);
    expected = MKD_SHAPE(3, 5, 2, 2); // I O kh kw
    assert_true(mkd_shape_equal(&t.shape, &expected));
    v = t.data;
    assert_true(v[(1 * 5 + 4) * 4 + 2] == (float)(1 * 20 + 2 * 5 + 4));
    mkd_safetensors_close(file);
    close_fixture(&f);
}

static void test_a_round_trip_with_states_gives_the_same_bits(void **state) {
    (void)state;
    fixture f;
    fixture back;
    char path[DATA_TESTS_PATH];
    mkd_buffer *m = NULL;
    mkd_buffer *m_back = NULL;
    mkd_load_report report;
    data_tests_path(path, "round.safetensors");
    open_fixture(&f, 1);
    open_fixture(&back, 2);
    write_counting(&f, "n.running_mean");
    assert_int_equal(mkd_store_state(&m, f.store, "m"), 0);
    assert_int_equal(mkd_store_state(&m_back, back.store, "m"), 0);
    ((float *)m->host)[33] = 0.125f; // a.bias[1]
    ((float *)m->host)[5] = -3;
    assert_int_equal(mkd_store_save(f.store, path, NULL, true, NULL, 0), 0);
    assert_int_equal(mkd_store_load(&report, back.store, path, true, true), 0);
    assert_int_equal(report.n_loaded, 4 + 3);
    assert_int_equal(report.n_missing, 0);
    assert_int_equal(report.n_unexpected, 0);
    mkd_str_free(&report.text);
    size_t bytes = mkd_store_flat_count(f.store) * sizeof(float);
    assert_memory_equal(mkd_store_values(f.store)->host, mkd_store_values(back.store)->host, bytes);
    assert_memory_equal(m->host, m_back->host, bytes);
    assert_memory_equal(mkd_store_buffers(f.store)->host, mkd_store_buffers(back.store)->host,
                        3 * sizeof(float));
    close_fixture(&back);
    close_fixture(&f);
}

static void write_file(const char *path, const char *const *names, const mkd_tensor *tensors,
                       size_t n) {
    const mkd_tensor *pointers[8];
    for (size_t i = 0; i < n; i++) {
        pointers[i] = &tensors[i];
    }
    assert_int_equal(mkd_safetensors_write(path, names, pointers, n, NULL, 0), 0);
}

static float numbers[64] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

static mkd_tensor tensor_of(mkd_shape shape) {
    return (mkd_tensor){.dtype = MKD_F32, .shape = shape, .data = numbers};
}

static void test_missing_and_unexpected_are_told(void **state) {
    (void)state;
    fixture f;
    char path[DATA_TESTS_PATH];
    char expected[2 * DATA_TESTS_PATH];
    mkd_load_report report;
    float before[24];
    float after[24];
    data_tests_path(path, "partial.safetensors");
    write_file(path, (const char *const[]){"a.bias", "fc.weight"},
               (const mkd_tensor[]){tensor_of(MKD_SHAPE(2)), tensor_of(MKD_SHAPE(3))}, 2);
    open_fixture(&f, 1);
    read_entry(before, &f, "a.bias");
    assert_int_equal(mkd_store_load(&report, f.store, path, false, true), MKD_ENOTFOUND);
    snprintf(expected, sizeof expected,
             "%s: 3 entries of the model are missing, the first is a.weight", path);
    assert_string_equal(mkd_error_last(), expected);
    mkd_str_free(&report.text);
    read_entry(after, &f, "a.bias");
    assert_memory_equal(before, after, 2 * sizeof(float));

    assert_int_equal(mkd_store_load(&report, f.store, path, false, false), 0);
    assert_int_equal(report.n_loaded, 1);
    assert_string_equal(report.text.text, "unexpected: fc.weight\nmissing: a.weight\nmissing: "
                                          "b.up.weight\nmissing: n.running_mean\n");
    mkd_str_free(&report.text);
    read_entry(after, &f, "a.bias");
    assert_true(after[0] == 1 && after[1] == 2);
    close_fixture(&f);
}

static void test_a_wrong_shape_changes_nothing(void **state) {
    (void)state;
    fixture f;
    char path[DATA_TESTS_PATH];
    char expected[2 * DATA_TESTS_PATH];
    mkd_load_report report;
    float before[2];
    float after[2];
    data_tests_path(path, "shape.safetensors");
    // the good tensor stands first in the file; the weight has the engine's layout, not PyTorch's
    write_file(path, (const char *const[]){"a.bias", "a.weight"},
               (const mkd_tensor[]){tensor_of(MKD_SHAPE(2)), tensor_of(MKD_SHAPE(2, 1, 3, 4))}, 2);
    open_fixture(&f, 1);
    read_entry(before, &f, "a.bias");
    assert_int_equal(mkd_store_load(&report, f.store, path, false, false), MKD_EFORMAT);
    snprintf(expected, sizeof expected, "%s: a.weight: found shape [2,1,3,4], expected [2,4,1,3]",
             path);
    assert_string_equal(mkd_error_last(), expected);
    mkd_str_free(&report.text);
    read_entry(after, &f, "a.bias");
    assert_memory_equal(before, after, sizeof before);
    close_fixture(&f);
}

static void test_single_numbers_load_from_any_rank(void **state) {
    (void)state;
    char path[DATA_TESTS_PATH];
    data_tests_path(path, "single.safetensors");
    for (int rank = 0; rank < 6; rank++) {
        fixture f;
        mkd_load_report report;
        float value = 0;
        open_backend(&f);
        mkd_entry entry = conv_entry();
        entry.shape = MKD_SHAPE(1, 1, 1, 1);
        declare(&f, entry);
        assert_int_equal(mkd_store_allocate(f.store, 1), 0);
        mkd_shape ones = {.rank = rank, .at = {1, 1, 1, 1, 1, 1}};
        write_file(path, (const char *const[]){"a.weight"}, (const mkd_tensor[]){tensor_of(ones)},
                   1);
        assert_int_equal(mkd_store_load(&report, f.store, path, false, true), 0);
        mkd_str_free(&report.text);
        read_entry(&value, &f, "a.weight");
        assert_true(value == 1);
        close_fixture(&f);
    }
}

static void test_what_is_left_out_of_a_file(void **state) {
    (void)state;
    fixture f;
    char path[DATA_TESTS_PATH];
    mkd_safetensors *file = NULL;
    data_tests_path(path, "parts.safetensors");
    open_fixture(&f, 1);
    assert_int_equal(mkd_store_save(f.store, path, "a.", false, NULL, 0), 0);
    assert_int_equal(mkd_safetensors_open(&file, path), 0);
    assert_int_equal(mkd_safetensors_count(file), 2);
    assert_true(mkd_safetensors_find(file, "b.up.weight") >= 0);
    assert_true(mkd_safetensors_find(file, "n.running_mean") >= 0);
    mkd_safetensors_close(file);
    close_fixture(&f);
}

// everything a store does once, to be hit by a failing allocation
static int whole_life(const char *path, mkd_backend *backend) {
    mkd_store *store = NULL;
    mkd_load_report report = {0};
    mkd_tensor tensor = {0};
    mkd_buffer *m = NULL;
    int index = 0;
    const mkd_entry entries[] = {conv_entry(), bias_entry(), up_entry(), mean_entry()};
    int status = mkd_store_new(&store, backend);
    for (size_t i = 0; i < MKD_COUNT(entries) && status >= 0; i++) {
        status = mkd_store_declare(&index, store, &entries[i]);
    }
    MKD_GOTO(status);
    status = mkd_store_allocate(store, 3);
    if (status < 0) {
        // a second try must work and lose nothing of the first
        assert_false(mkd_store_is_allocated(store));
        MKD_GOTO(mkd_store_allocate(store, 3));
        status = MKD_ENOMEM;
        goto done;
    }
    MKD_GOTO(mkd_store_state(&m, store, "m"));
    MKD_GOTO(mkd_store_export(&tensor, store, 0));
    MKD_GOTO(mkd_store_import(store, 0, &tensor));
    MKD_GOTO(mkd_store_save(store, path, NULL, true, NULL, 0));
    MKD_GOTO(mkd_store_load(&report, store, path, true, true));
done:
    mkd_tensor_free(&tensor);
    mkd_str_free(&report.text);
    mkd_store_free(store);
    return status;
}

static void test_failing_allocations_lose_nothing(void **state) {
    (void)state;
    mkd_backend *backend = NULL;
    char path[DATA_TESTS_PATH];
    mkd_alloc_counters before;
    mkd_alloc_counters after;
    data_tests_path(path, "faults.safetensors");
    assert_int_equal(mkd_backend_open(&backend, "ref", NULL), 0);
    mkd_alloc_count(&before);
    int status = MKD_ENOMEM;
    uint64_t n = 1;
    for (; status == MKD_ENOMEM && n < 1000; n++) {
        mkd_alloc_fail_at(n);
        status = whole_life(path, backend);
        mkd_alloc_fail_at(0);
        mkd_alloc_count(&after);
        assert_int_equal(after.live_blocks, before.live_blocks);
    }
    assert_int_equal(status, 0);
    assert_true(n > 40);
    mkd_backend_close(backend);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_entries_lie_apart_at_multiples_of_16),
        cmocka_unit_test(test_first_values_depend_on_seed_and_path_alone),
        cmocka_unit_test(test_bilinear_and_constant_first_values),
        cmocka_unit_test(test_declaring_again),
        cmocka_unit_test(test_many_entries_are_all_found),
        cmocka_unit_test(test_files_have_the_layout_of_pytorch),
        cmocka_unit_test(test_a_round_trip_with_states_gives_the_same_bits),
        cmocka_unit_test(test_missing_and_unexpected_are_told),
        cmocka_unit_test(test_a_wrong_shape_changes_nothing),
        cmocka_unit_test(test_single_numbers_load_from_any_rank),
        cmocka_unit_test(test_what_is_left_out_of_a_file),
        cmocka_unit_test(test_failing_allocations_lose_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, data_tests_clean);
}
