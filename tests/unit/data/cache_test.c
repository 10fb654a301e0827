#include "tests.h"

#include <string.h>

#include "base/alloc.h"
#include "base/status.h"
#include "data/cache.h"
#include "data/loader.h"
#include "data_tests.h"

enum { N_FRAMES = 6, WIDTH = 20, HEIGHT = 10 };

static char root[DATA_TESTS_PATH];

static int make_set(void **state) {
    (void)state;
    char path[DATA_TESTS_PATH], name[DATA_TESTS_PATH], ids[64] = "";
    const char calib[] = "P2: 10 0 10 0 0 10 5 0 0 0 1 0\nR0_rect: 1 0 0 0 1 0 0 0 1\n"
                         "Tr_velo_to_cam: 0 -1 0 0 0 0 -1 0 1 0 0 0\n";
    const float point[4] = {8, 0, 0, 0};
    for (int i = 0; i < N_FRAMES; i++) {
        mkd_image image;
        assert_int_equal(mkd_image_new(&image, WIDTH, HEIGHT, 3), 0);
        image.pixels[0] = (uint8_t)(10 + i);
        snprintf(name, sizeof name, "set/training/image_2/%d.png", i);
        data_tests_path(path, name);
        assert_int_equal(mkd_png_write(path, &image, 1), 0);
        mkd_image_free(&image);
        snprintf(name, sizeof name, "set/training/calib/%d.txt", i);
        data_tests_write(path, name, calib, sizeof calib - 1);
        snprintf(name, sizeof name, "set/training/velodyne/%d.bin", i);
        data_tests_write(path, name, point, sizeof point);
        sprintf(ids + strlen(ids), "%d\n", i);
    }
    data_tests_write(path, "set/ImageSets/train.txt", ids, strlen(ids));
    data_tests_path(root, "set/x");
    *strrchr(root, '/') = '\0';
    return 0;
}

static mkd_dataset *open_set(void) {
    mkd_dataset *dataset;
    assert_int_equal(mkd_dataset_open(&dataset, "kitti", root, "train"), 0);
    return dataset;
}

static size_t bytes_of_one(void) {
    return sizeof(mkd_frame) + WIDTH * HEIGHT * 7; // 3 of color, 4 of depth
}

static void test_frames_are_kept_up_to_the_limit(void **state) {
    (void)state;
    mkd_dataset *dataset = open_set();
    mkd_frame_cache *cache;
    assert_int_equal(mkd_frame_cache_new(&cache, dataset, MKD_READ_IMAGE | MKD_READ_DEPTH,
                                         4 * bytes_of_one() + 1),
                     0);
    const mkd_frame *kept[N_FRAMES];
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < N_FRAMES; i++) {
            const mkd_frame *frame;
            mkd_frame scratch;
            assert_int_equal(mkd_frame_cache_get(&frame, &scratch, cache, i), 0);
            assert_int_equal(frame->views[0].image.pixels[0], 10 + i);
            assert_true(frame->views[0].depth.depth_m[0] == 8.0F);
            assert_true((frame == &scratch) == (i >= 4));
            if (i < 4 && round == 0) {
                kept[i] = frame;
                assert_null(scratch.views[0].image.pixels);
            } else if (i < 4) {
                assert_ptr_equal(frame, kept[i]);
            }
            mkd_frame_free(&scratch);
        }
    }
    mkd_frame_cache_counters counters;
    mkd_frame_cache_count(&counters, cache);
    assert_int_equal(counters.n_kept, 4);
    assert_int_equal(counters.bytes, 4 * bytes_of_one());
    assert_int_equal(counters.n_hits, 4);
    assert_int_equal(counters.n_reads, 8);
    mkd_frame_cache_free(cache);
    mkd_frame_cache_free(NULL);
    mkd_dataset_close(dataset);
}

static void test_failures_pass_through_and_are_not_kept(void **state) {
    (void)state;
    mkd_dataset *dataset = open_set();
    mkd_frame_cache *cache;
    assert_int_equal(mkd_frame_cache_new(&cache, dataset, MKD_READ_OBJECTS, 1 << 20), 0);
    const mkd_frame *frame;
    mkd_frame scratch;
    assert_int_equal(mkd_frame_cache_get(&frame, &scratch, cache, 1), MKD_ENOTFOUND);
    assert_non_null(strstr(mkd_error_last(), "label_2/1.txt"));
    mkd_frame_free(&scratch);
    assert_int_equal(mkd_frame_cache_get(&frame, &scratch, cache, N_FRAMES), MKD_EINVAL);
    mkd_frame_free(&scratch);
    mkd_frame_cache_free(cache);
    mkd_dataset_close(dataset);
}

static int make(const mkd_sample *sample, void *payload) {
    const mkd_frame *frame;
    mkd_frame scratch;
    int status = mkd_frame_cache_get(&frame, &scratch, payload, sample->dataset_index);
    if (status == 0) {
        *(int32_t *)mkd_batch_slice(sample->batch, 0, sample->slot) =
            frame->views[0].image.pixels[0];
    }
    mkd_frame_free(&scratch);
    return status;
}

static void test_threads_may_share_a_cache(void **state) {
    (void)state;
    mkd_dataset *dataset = open_set();
    mkd_frame_cache *cache;
    assert_int_equal(mkd_frame_cache_new(&cache, dataset, MKD_READ_IMAGE, 3 * bytes_of_one()), 0);
    const mkd_loader_options options = {.n_samples = N_FRAMES,
                                        .batch_size = 2,
                                        .n_workers = 3,
                                        .n_ahead = 8,
                                        .shuffle = true,
                                        .end_epoch = 12};
    const mkd_batch_field field = {"level", MKD_I32, {.rank = 0}};
    mkd_loader *loader;
    assert_int_equal(mkd_loader_open(&loader, &options, &field, 1, make, cache), 0);
    for (int i = 0; i < 36; i++) {
        const mkd_batch *batch;
        assert_int_equal(mkd_loader_next(&batch, loader), 0);
        for (size_t k = 0; k < 2; k++) {
            assert_int_equal(((const int32_t *)batch->tensors[0].data)[k], 10 + batch->indices[k]);
        }
    }
    mkd_loader_close(loader);
    mkd_frame_cache_free(cache);
    mkd_dataset_close(dataset);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frames_are_kept_up_to_the_limit),
        cmocka_unit_test(test_failures_pass_through_and_are_not_kept),
        cmocka_unit_test(test_threads_may_share_a_cache),
    };
    return cmocka_run_group_tests(tests, make_set, data_tests_clean);
}
