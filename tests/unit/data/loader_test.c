#include "tests.h"

#include <string.h>

#include "base/alloc.h"
#include "base/rng.h"
#include "base/str.h"
#include "base/status.h"
#include "base/thread.h"
#include "data/loader.h"

enum { N_SAMPLES = 23, BATCH = 4 };

static const mkd_loader_options usual = {
    .n_samples = N_SAMPLES, .batch_size = BATCH, .seed = 7, .shuffle = true, .end_epoch = 3};

static int fields(mkd_batch_field out[2]) {
    out[0] = (mkd_batch_field){"image", MKD_F32, MKD_SHAPE(3, 5)};
    out[1] = (mkd_batch_field){"index", MKD_I32, MKD_SHAPE(1)};
    return 2;
}

// Samples whose content is drawn; some take longer, so that workers overtake each other.
static int make(const mkd_sample *sample, void *payload) {
    const int *failing = payload;
    mkd_rng rng = mkd_rng_at(1, sample->epoch, sample->dataset_index, MKD_RNG_TEST);
    float *image = mkd_batch_slice(sample->batch, 0, sample->slot);
    int32_t *index = mkd_batch_slice(sample->batch, 1, sample->slot);
    for (int i = 0; i < 15; i++) {
        image[i] = (float)mkd_rng_uniform(&rng);
    }
    double until = mkd_time_s() + (sample->dataset_index % 3 == 0 ? 5e-4 : 0);
    while (mkd_time_s() < until) {
    }
    *index = (int32_t)sample->dataset_index;
    if (failing && *failing == *index) {
        return mkd_error_set(MKD_EFORMAT, "x.png: found nothing, expected an image");
    }
    return 0;
}

static const char *name(const void *payload, size_t index) {
    (void)payload;
    static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l",
                                        "m", "n", "o", "p", "q", "r", "s", "t", "u", "v", "w"};
    return names[index];
}

static mkd_loader *open_loader(mkd_loader_options options, int *failing) {
    mkd_batch_field f[2];
    mkd_loader *loader;
    options.sample_name = name;
    assert_int_equal(mkd_loader_open(&loader, &options, f, (size_t)fields(f), make, failing), 0);
    return loader;
}

// Hash of all that comes, in order; 0 where a batch failed.
typedef struct record {
    size_t n;
    uint64_t hash[64];
    uint32_t epoch[64];
    uint64_t number[64];
    size_t n_live[64];
} record;

static void run(record *out, mkd_loader *loader) {
    *out = (record){0};
    for (;;) {
        const mkd_batch *batch;
        int status = mkd_loader_next(&batch, loader);
        if (status == 0 && !batch) {
            break;
        }
        if (batch) {
            out->hash[out->n] =
                mkd_hash64(batch->tensors[0].data, mkd_tensor_bytes(&batch->tensors[0])) ^
                mkd_hash64(batch->tensors[1].data, mkd_tensor_bytes(&batch->tensors[1])) ^
                mkd_hash64(batch->indices, BATCH * sizeof *batch->indices);
            out->epoch[out->n] = batch->epoch;
            out->number[out->n] = batch->number;
            out->n_live[out->n] = batch->n_live;
        }
        out->n++;
        assert_true(out->n < 64);
    }
}

static void test_batches_do_not_depend_on_the_number_of_workers(void **state) {
    (void)state;
    const size_t workers[] = {0, 1, 2, 4}, aheads[] = {0, 1, 5, 2};
    static record first, other;
    for (int i = 0; i < 4; i++) {
        mkd_loader_options options = usual;
        options.n_workers = workers[i];
        options.n_ahead = aheads[i];
        mkd_loader *loader = open_loader(options, NULL);
        assert_int_equal(mkd_loader_batches_per_epoch(loader), 6);
        run(i ? &other : &first, loader);
        mkd_loader_close(loader);
        if (i) {
            assert_memory_equal(&first, &other, sizeof first);
        }
    }
    assert_int_equal(first.n, 18);
    for (size_t i = 0; i < 18; i++) {
        assert_int_equal(first.epoch[i], i / 6);
        assert_int_equal(first.number[i], i % 6);
        assert_int_equal(first.n_live[i], i % 6 == 5 ? 3 : 4);
    }
}

static void test_every_epoch_visits_every_sample_once_in_another_order(void **state) {
    (void)state;
    int64_t order[2][N_SAMPLES];
    for (uint32_t epoch = 0; epoch < 2; epoch++) {
        int seen[N_SAMPLES] = {0};
        mkd_epoch_order(order[epoch], N_SAMPLES, true, 7, epoch);
        for (int i = 0; i < N_SAMPLES; i++) {
            seen[order[epoch][i]]++;
        }
        for (int i = 0; i < N_SAMPLES; i++) {
            assert_int_equal(seen[i], 1);
        }
    }
    assert_memory_not_equal(order[0], order[1], sizeof order[0]);
    mkd_epoch_order(order[0], N_SAMPLES, false, 7, 1);
    assert_int_equal(order[0][5], 5);
}

static void test_the_rest_of_a_short_batch_is_zero(void **state) {
    (void)state;
    mkd_loader_options options = usual;
    options.shuffle = false;
    options.end_epoch = 1;
    options.n_workers = 2;
    mkd_loader *loader = open_loader(options, NULL);
    const mkd_batch *batch;
    for (int i = 0; i < 6; i++) {
        assert_int_equal(mkd_loader_next(&batch, loader), 0);
        assert_non_null(batch);
        assert_int_equal(batch->indices[0], 4 * i);
        assert_int_equal(((int32_t *)batch->tensors[1].data)[2], 4 * i + 2);
    }
    assert_int_equal(batch->n_live, 3);
    assert_int_equal(batch->indices[3], -1);
    const float *rest = mkd_batch_slice(batch, 0, 3);
    for (int i = 0; i < 15; i++) {
        assert_true(rest[i] == 0);
    }
    assert_int_equal(mkd_loader_next(&batch, loader), 0);
    assert_null(batch);
    assert_int_equal(mkd_loader_next(&batch, loader), 0);
    assert_null(batch);
    mkd_loader_close(loader);
}

static void test_a_run_goes_on_at_any_batch(void **state) {
    (void)state;
    static record whole, rest;
    mkd_loader *loader = open_loader(usual, NULL);
    run(&whole, loader);
    mkd_loader_close(loader);
    const uint64_t starts[] = {0, 3, 6, 7, 17, 18};
    for (size_t k = 0; k < MKD_COUNT(starts); k++) {
        mkd_loader_options options = usual;
        options.n_workers = 2;
        options.start_epoch = (uint32_t)(starts[k] / 6);
        options.start_batch = starts[k] % 6;
        if (starts[k] == 6) {
            // the end of an epoch is the beginning of the next
            options.start_epoch = 0;
            options.start_batch = 6;
        }
        loader = open_loader(options, NULL);
        run(&rest, loader);
        mkd_loader_close(loader);
        assert_int_equal(rest.n, 18 - starts[k]);
        assert_memory_equal(rest.hash, &whole.hash[starts[k]], rest.n * sizeof *rest.hash);
    }
}

static void test_a_failing_sample_is_reported_once_with_its_name(void **state) {
    (void)state;
    for (size_t n_workers = 0; n_workers <= 4; n_workers += 2) {
        mkd_loader_options options = usual;
        options.shuffle = false;
        options.end_epoch = 1;
        options.n_workers = n_workers;
        int failing = 9;
        mkd_loader *loader = open_loader(options, &failing);
        int n_failed = 0, n_good = 0;
        const mkd_batch *batch = NULL;
        for (int i = 0; i < 6; i++) {
            int status = mkd_loader_next(&batch, loader);
            if (status < 0) {
                assert_int_equal(i, 2);
                assert_int_equal(status, MKD_EFORMAT);
                assert_string_equal(mkd_error_last(),
                                    "frame j: x.png: found nothing, expected an image");
                n_failed++;
            } else {
                assert_int_equal(batch->number, i);
                n_good++;
            }
        }
        assert_int_equal(n_failed, 1);
        assert_int_equal(n_good, 5);
        assert_int_equal(mkd_loader_next(&batch, loader), 0);
        assert_null(batch);
        mkd_loader_close(loader);
    }
}

static int fail_always(const mkd_sample *sample, void *payload) {
    (void)payload;
    return mkd_error_set(MKD_EIO, "sample %zu", sample->dataset_index);
}

static void test_of_several_failures_the_first_in_order_counts(void **state) {
    (void)state;
    mkd_loader_options options = usual;
    options.shuffle = false;
    options.n_workers = 4;
    mkd_batch_field f[2];
    mkd_loader *loader;
    assert_int_equal(mkd_loader_open(&loader, &options, f, (size_t)fields(f), fail_always, NULL),
                     0);
    const mkd_batch *batch;
    assert_int_equal(mkd_loader_next(&batch, loader), MKD_EIO);
    assert_string_equal(mkd_error_last(), "sample 0");
    assert_int_equal(mkd_loader_next(&batch, loader), MKD_EIO);
    assert_string_equal(mkd_error_last(), "sample 4");
    mkd_loader_close(loader);
}

static void test_ranks_share_each_batch(void **state) {
    (void)state;
    // 23 samples, 2 ranks of 4: three batches; the last has 7, so rank 1 gets 3
    int seen[N_SAMPLES] = {0};
    for (size_t rank = 0; rank < 2; rank++) {
        mkd_loader_options options = usual;
        options.rank = rank;
        options.n_ranks = 2;
        options.end_epoch = 1;
        options.n_workers = rank;
        mkd_loader *loader = open_loader(options, NULL);
        assert_int_equal(mkd_loader_batches_per_epoch(loader), 3);
        const mkd_batch *batch;
        for (int i = 0; i < 3; i++) {
            assert_int_equal(mkd_loader_next(&batch, loader), 0);
            assert_int_equal(batch->n_live, rank == 1 && i == 2 ? 3 : 4);
            for (size_t k = 0; k < batch->n_live; k++) {
                seen[batch->indices[k]]++;
            }
        }
        mkd_loader_close(loader);
    }
    for (int i = 0; i < N_SAMPLES; i++) {
        assert_int_equal(seen[i], 1);
    }
}

static void test_a_rank_without_samples_gets_an_empty_batch(void **state) {
    (void)state;
    for (size_t n_workers = 0; n_workers < 3; n_workers++) {
        mkd_loader_options options = usual;
        options.n_samples = 9;
        options.rank = 1;
        options.n_ranks = 2;
        options.end_epoch = 2;
        options.n_workers = n_workers;
        mkd_loader *loader = open_loader(options, NULL);
        const mkd_batch *batch;
        for (int i = 0; i < 4; i++) {
            assert_int_equal(mkd_loader_next(&batch, loader), 0);
            assert_non_null(batch);
            assert_int_equal(batch->n_live, i % 2 ? 0 : 4);
        }
        assert_int_equal(mkd_loader_next(&batch, loader), 0);
        assert_null(batch);
        mkd_loader_close(loader);
    }
}

static void test_the_caller_can_help(void **state) {
    (void)state;
    mkd_loader_options options = usual;
    options.n_ahead = 1;
    mkd_loader *loader = open_loader(options, NULL);
    // two places of four samples
    for (int i = 0; i < 8; i++) {
        assert_true(mkd_loader_help(loader));
    }
    assert_false(mkd_loader_help(loader));
    const mkd_batch *batch;
    assert_int_equal(mkd_loader_next(&batch, loader), 0);
    assert_false(mkd_loader_help(loader)); // the one in use still holds its place
    assert_int_equal(mkd_loader_next(&batch, loader), 0);
    assert_true(mkd_loader_help(loader));
    mkd_loader_close(loader);
}

static void test_it_stops_at_any_time_and_frees_all(void **state) {
    (void)state;
    mkd_alloc_counters before, after;
    mkd_alloc_count(&before);
    for (int n_batches = 0; n_batches < 8; n_batches++) {
        mkd_loader_options options = usual;
        options.end_epoch = 0;
        options.n_workers = 3;
        mkd_loader *loader = open_loader(options, NULL);
        for (int i = 0; i < n_batches; i++) {
            const mkd_batch *batch;
            assert_int_equal(mkd_loader_next(&batch, loader), 0);
        }
        mkd_loader_close(loader);
    }
    mkd_loader_close(NULL);
    mkd_alloc_count(&after);
    assert_int_equal(before.live_blocks, after.live_blocks);
}

static void expect_refused(mkd_loader_options options, const char *message) {
    mkd_batch_field f[2];
    mkd_loader *loader;
    assert_int_equal(mkd_loader_open(&loader, &options, f, (size_t)fields(f), make, NULL),
                     MKD_EINVAL);
    assert_string_equal(mkd_error_last(), message);
    assert_null(loader);
}

static void test_what_cannot_be_opened(void **state) {
    (void)state;
    mkd_loader_options options = usual;
    options.n_samples = 0;
    expect_refused(options, "loader: found 0 samples, batch size 4, rank 0 of 1, expected above 0 "
                            "and a rank below their number");
    options = usual;
    options.rank = 2;
    options.n_ranks = 2;
    expect_refused(options, "loader: found 23 samples, batch size 4, rank 2 of 2, expected above 0 "
                            "and a rank below their number");
    options = usual;
    options.batch_size = 24;
    options.drop_last = true;
    expect_refused(options, "loader: found 23 samples, expected at least 24 to fill one batch of "
                            "all ranks");
    options = usual;
    options.start_batch = 7;
    expect_refused(options, "loader: found start at batch 7, expected at most 6");
    mkd_alloc_counters before, after;
    mkd_alloc_count(&before);
    for (uint64_t nth = 1; nth < 12; nth++) {
        mkd_batch_field f[2];
        mkd_loader *loader;
        mkd_alloc_fail_at(nth);
        assert_int_equal(mkd_loader_open(&loader, &usual, f, (size_t)fields(f), make, NULL),
                         MKD_ENOMEM);
    }
    mkd_alloc_fail_at(0);
    mkd_alloc_count(&after);
    assert_int_equal(before.live_blocks, after.live_blocks);
}

static void test_drop_last_leaves_short_batches_out(void **state) {
    (void)state;
    mkd_loader_options options = usual;
    options.drop_last = true;
    options.n_workers = 1;
    static record got;
    mkd_loader *loader = open_loader(options, NULL);
    run(&got, loader);
    mkd_loader_close(loader);
    assert_int_equal(got.n, 15);
    for (size_t i = 0; i < got.n; i++) {
        assert_int_equal(got.n_live[i], 4);
    }
}

static void test_batch_fields_are_checked(void **state) {
    (void)state;
    mkd_batch batch;
    const mkd_batch_field twice[] = {{"a", MKD_F32, {.rank = 0}}, {"a", MKD_F32, {.rank = 0}}};
    assert_int_equal(mkd_batch_new(&batch, twice, 2, 3), MKD_EINVAL);
    assert_string_equal(mkd_error_last(), "batch: found field \"a\" twice");
    assert_int_equal(mkd_batch_new(&batch, twice, 0, 3), MKD_EINVAL);
    assert_string_equal(mkd_error_last(), "batch: found 0 fields and size 3, expected above 0");
    const mkd_batch_field deep[] = {{"a", MKD_F32, {6, {1, 1, 1, 1, 1, 1}}}};
    assert_int_equal(mkd_batch_new(&batch, deep, 1, 3), MKD_EINVAL);
    assert_string_equal(mkd_error_last(), "batch: a: found rank 6, expected 0..5");
    assert_int_equal(mkd_batch_new(&batch, twice, 1, 3), 0);
    assert_int_equal(batch.tensors[0].shape.at[0], 3);
    assert_int_equal(mkd_batch_find(&batch, "a"), 0);
    assert_int_equal(mkd_batch_find(&batch, "b"), -1);
    assert_int_equal(mkd_batch_slice_bytes(&batch, 0), 4);
    mkd_batch_free(&batch);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_batches_do_not_depend_on_the_number_of_workers),
        cmocka_unit_test(test_every_epoch_visits_every_sample_once_in_another_order),
        cmocka_unit_test(test_the_rest_of_a_short_batch_is_zero),
        cmocka_unit_test(test_a_run_goes_on_at_any_batch),
        cmocka_unit_test(test_a_failing_sample_is_reported_once_with_its_name),
        cmocka_unit_test(test_of_several_failures_the_first_in_order_counts),
        cmocka_unit_test(test_ranks_share_each_batch),
        cmocka_unit_test(test_a_rank_without_samples_gets_an_empty_batch),
        cmocka_unit_test(test_the_caller_can_help),
        cmocka_unit_test(test_it_stops_at_any_time_and_frees_all),
        cmocka_unit_test(test_what_cannot_be_opened),
        cmocka_unit_test(test_drop_last_leaves_short_batches_out),
        cmocka_unit_test(test_batch_fields_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
