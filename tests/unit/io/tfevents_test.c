#include "scratch.h"

#include "base/thread.h"
#include "io/tfevents.h"
#include "io/tfevents.pb-c.h"
#include "io/tfrecord.h"

static Mkd__Event *next_event(mkd_tfrecord_reader *reader) {
    const uint8_t *data;
    size_t n;
    assert_int_equal(mkd_tfrecord_next(&data, &n, reader), 1);
    Mkd__Event *event = mkd__event__unpack(NULL, n, data);
    assert_non_null(event);
    return event;
}

static void test_curves_can_be_read_back(void **state) {
    (void)state;
    mkd_tfevents *events;
    double before_s = mkd_wall_time_s();
    assert_int_equal(mkd_tfevents_open(&events, "."), 0);
    char *path = mkd_strdup(mkd_tfevents_path(events));
    assert_int_equal(strncmp(path, "./events.out.tfevents.", 22), 0);
    assert_int_equal(mkd_tfevents_scalar(events, "loss", 1, 0.5, 2.0), 0);
    assert_int_equal(mkd_tfevents_scalar(events, "AP/car", INT64_C(1) << 40, -1e-3, 3.0), 0);
    assert_int_equal(mkd_tfevents_flush(events), 0);

    // what was flushed is there while the file grows
    mkd_tfrecord_reader reader;
    assert_int_equal(mkd_tfrecord_open(&reader, path), 0);
    Mkd__Event *event = next_event(&reader);
    assert_string_equal(event->file_version, "brain.Event:2");
    assert_true(event->wall_time >= before_s);
    mkd__event__free_unpacked(event, NULL);
    // "loss" is the bytes that TensorBoard's own code writes
    const uint8_t *data;
    size_t n;
    assert_int_equal(mkd_tfrecord_next(&data, &n, &reader), 1);
    assert_int_equal(n, 26);
    assert_memory_equal(data,
                        "\x09\0\0\0\0\0\0\0\x40\x10\x01\x2a\x0d\x0a\x0b\x0a\x04loss"
                        "\x15\0\0\0\x3f",
                        n);
    event = next_event(&reader);
    assert_true(event->step == INT64_C(1) << 40);
    assert_int_equal(event->summary->n_value, 1);
    assert_string_equal(event->summary->value[0]->tag, "AP/car");
    assert_float_equal(event->summary->value[0]->simple_value, -1e-3f, 0);
    mkd__event__free_unpacked(event, NULL);
    assert_int_equal(mkd_tfrecord_next(&data, &n, &reader), 0);
    mkd_tfrecord_close(&reader);
    assert_int_equal(mkd_tfevents_close(events), 0);
    assert_int_equal(mkd_tfevents_close(NULL), 0);
    mkd_free(path);
}

static void test_each_file_is_new(void **state) {
    (void)state;
    mkd_tfevents *a, *b;
    assert_int_equal(mkd_tfevents_open(&a, "."), 0);
    assert_int_equal(mkd_tfevents_open(&b, "."), 0);
    assert_string_not_equal(mkd_tfevents_path(a), mkd_tfevents_path(b));
    assert_int_equal(mkd_tfevents_close(a), 0);
    assert_int_equal(mkd_tfevents_close(b), 0);
}

static void test_failures(void **state) {
    (void)state;
    mkd_tfevents *events;
    assert_int_equal(mkd_tfevents_open(&events, "none"), MKD_ENOTFOUND);
    assert_non_null(strstr(mkd_error_last(), ": cannot create: No such file or directory"));
    assert_null(events);
    int status = MKD_ENOMEM;
    for (uint64_t nth = 1; status == MKD_ENOMEM; nth++) {
        mkd_alloc_fail_at(nth);
        status = mkd_tfevents_open(&events, ".");
        assert_true(nth < 10);
    }
    assert_int_equal(status, 0);
    mkd_alloc_fail_at(1);
    assert_int_equal(mkd_tfevents_scalar(events, "loss", 1, 0.5, 2.0), MKD_ENOMEM);
    assert_int_equal(mkd_tfevents_close(events), 0);
    // a file that could not be begun is not left behind
    mkd_fs_list list;
    assert_int_equal(mkd_fs_list_dir(&list, ".", ""), 0);
    assert_int_equal(list.n, 1);
    mkd_fs_list_free(&list);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(test_curves_can_be_read_back),
        SCRATCH_TEST(test_each_file_is_new),
        SCRATCH_TEST(test_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
