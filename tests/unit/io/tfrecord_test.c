#include "scratch.h"

#include "io/tfrecord.h"

// TensorBoard's first record, "brain.Event:2" at time 1.0, and a scalar, as its own code writes
// them
static const uint8_t version_event[] = "\x09\0\0\0\0\0\0\xf0\x3f\x1a\x0d"
                                       "brain.Event:2";
static const uint8_t scalar_event[] = "\x09\0\0\0\0\0\0\0\x40\x10\x01\x2a\x0d\x0a\x0b\x0a\x04loss"
                                      "\x15\0\0\0\x3f";

static uint32_t get_u32(const uint8_t *at) {
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static void test_crc32c(void **state) {
    (void)state;
    uint8_t bytes[32] = {0};
    assert_int_equal(mkd_crc32c("123456789", 9), 0xe3069283);
    assert_int_equal(mkd_crc32c("", 0), 0);
    // RFC 3720, B.4
    assert_int_equal(mkd_crc32c(bytes, 32), 0x8a9136aa);
    memset(bytes, 0xff, 32);
    assert_int_equal(mkd_crc32c(bytes, 32), 0x62a8ab43);
    for (int i = 0; i < 32; i++) {
        bytes[i] = (uint8_t)i;
    }
    assert_int_equal(mkd_crc32c(bytes, 32), 0x46dd794e);
    for (int i = 0; i < 32; i++) {
        bytes[i] = (uint8_t)(31 - i);
    }
    assert_int_equal(mkd_crc32c(bytes, 32), 0x113fdb5c);
}

static void test_frame(void **state) {
    (void)state;
    uint8_t head[MKD_TFRECORD_HEAD_BYTES], foot[MKD_TFRECORD_FOOT_BYTES];
    assert_int_equal(sizeof version_event - 1, 24);
    mkd_tfrecord_frame(head, foot, version_event, 24);
    assert_memory_equal(head, "\x18\0\0\0\0\0\0\0", 8);
    assert_int_equal(get_u32(head + 8), 0x224b7fa3);
    assert_int_equal(get_u32(foot), 0x7a57bf86);
    mkd_tfrecord_frame(head, foot, scalar_event, sizeof scalar_event - 1);
    assert_int_equal(get_u32(foot), 0xce7605e2);
}

typedef struct made {
    uint8_t bytes[256];
    size_t n;
} made;

static void add(made *file, const void *data, size_t n) {
    uint8_t *at = file->bytes + file->n;
    mkd_tfrecord_frame(at, at + MKD_TFRECORD_HEAD_BYTES + n, data, n);
    memcpy(at + MKD_TFRECORD_HEAD_BYTES, data, n);
    file->n += MKD_TFRECORD_HEAD_BYTES + n + MKD_TFRECORD_FOOT_BYTES;
}

static void test_read(void **state) {
    (void)state;
    made file = {.n = 0};
    const uint8_t *data;
    size_t n;
    add(&file, "first", 5);
    add(&file, "", 0);
    add(&file, version_event, 24);
    assert_int_equal(mkd_fs_write_atomic("a", file.bytes, file.n), 0);
    mkd_tfrecord_reader reader;
    assert_int_equal(mkd_tfrecord_open(&reader, "a"), 0);
    assert_int_equal(mkd_tfrecord_next(&data, &n, &reader), 1);
    assert_int_equal(n, 5);
    assert_memory_equal(data, "first", 5);
    assert_int_equal(mkd_tfrecord_next(&data, &n, &reader), 1);
    assert_int_equal(n, 0);
    assert_int_equal(mkd_tfrecord_next(&data, &n, &reader), 1);
    assert_int_equal(n, 24);
    assert_int_equal(mkd_tfrecord_next(&data, &n, &reader), 0);
    assert_int_equal(mkd_tfrecord_next(&data, &n, &reader), 0);
    assert_int_equal(reader.n_read, 3);
    mkd_tfrecord_close(&reader);
    assert_int_equal(mkd_tfrecord_open(&reader, "none"), MKD_ENOTFOUND);
    mkd_tfrecord_close(&reader);
}

static void test_broken(void **state) {
    (void)state;
    made file = {.n = 0};
    const uint8_t *data;
    size_t n;
    add(&file, "first", 5);
    add(&file, "second", 6);
    for (size_t cut = 22; cut < file.n; cut++) {
        mkd_tfrecord_reader reader = mkd_tfrecord_of(file.bytes, cut, "a");
        assert_int_equal(mkd_tfrecord_next(&data, &n, &reader), 1);
        assert_int_equal(mkd_tfrecord_next(&data, &n, &reader), MKD_EFORMAT);
        assert_message("a: record 1 at byte 21: truncated");
    }
    file.bytes[21 + 12] ^= 1;
    mkd_tfrecord_reader reader = mkd_tfrecord_of(file.bytes, file.n, "a");
    assert_int_equal(mkd_tfrecord_next(&data, &n, &reader), 1);
    assert_int_equal(mkd_tfrecord_next(&data, &n, &reader), MKD_EFORMAT);
    assert_non_null(strstr(mkd_error_last(), "a: record 1 at byte 21: found checksum 0x"));
    assert_non_null(strstr(mkd_error_last(), " of the data, expected 0x"));
    file.bytes[7] = 0x80; // a length of 2^63
    reader = mkd_tfrecord_of(file.bytes, file.n, "a");
    assert_int_equal(mkd_tfrecord_next(&data, &n, &reader), MKD_EFORMAT);
    assert_non_null(strstr(mkd_error_last(), " of the length, expected 0x"));
    // the same with the right checksum
    uint32_t sum = mkd_tfrecord_checksum(file.bytes, 8);
    for (int i = 0; i < 4; i++) {
        file.bytes[8 + i] = (uint8_t)(sum >> (8 * i));
    }
    reader = mkd_tfrecord_of(file.bytes, file.n, "a");
    assert_int_equal(mkd_tfrecord_next(&data, &n, &reader), MKD_EFORMAT);
    assert_message("a: record 0 at byte 0: truncated");
}

static void test_a_real_file(void **state) {
    (void)state;
    char path[4096];
    tests_shared_path(path, sizeof path, "data/waymo/frame/pvps_data_one_frame.tfrecord");
    mkd_tfrecord_reader reader;
    const uint8_t *data;
    size_t n;
    assert_int_equal(mkd_tfrecord_open(&reader, path), 0);
    assert_int_equal(mkd_tfrecord_next(&data, &n, &reader), 1);
    assert_true(n > 100000);
    assert_int_equal(mkd_tfrecord_next(&data, &n, &reader), 0);
    mkd_tfrecord_close(&reader);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(test_crc32c), SCRATCH_TEST(test_frame),           SCRATCH_TEST(test_read),
        SCRATCH_TEST(test_broken), cmocka_unit_test(test_a_real_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
