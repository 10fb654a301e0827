#include "scratch.h"

#include <math.h>

#include "io/npz.h"

static void read_named(mkd_tensor *out, mkd_npz *npz, const char *name) {
    long at = mkd_npz_find(npz, name);
    assert_true(at >= 0);
    assert_string_equal(mkd_npz_name(npz, (size_t)at), name);
    assert_int_equal(mkd_npz_read(out, npz, (size_t)at), 0);
}

static void check_array(mkd_npz *npz, const char *name, mkd_dtype dtype, mkd_shape shape,
                        const void *values) {
    mkd_tensor t;
    read_named(&t, npz, name);
    assert_int_equal(t.dtype, dtype);
    assert_true(mkd_shape_equal(&t.shape, &shape));
    assert_memory_equal(t.data, values, mkd_tensor_bytes(&t));
    mkd_tensor_free(&t);
}

static void test_numpy_deflated(void **state) {
    (void)state;
    mkd_npz *npz;
    assert_int_equal(mkd_npz_open(&npz, IO_DATA("numpy_deflated.npz")), 0);
    assert_int_equal(mkd_npz_count(npz), 14);
    assert_string_equal(mkd_npz_name(npz, 0), "f4");
    assert_null(mkd_npz_name(npz, 14));
    assert_int_equal(mkd_npz_find(npz, "f"), -1);
    check_array(npz, "f4", MKD_F32, MKD_SHAPE(2, 3), (float[]){0, .25f, .5f, .75f, 1, 1.25f});
    check_array(npz, "f8", MKD_F64, MKD_SHAPE(3), (double[]){1e300, -0.0, 0.1});
    check_array(npz, "f2", MKD_F16, MKD_SHAPE(3), (uint16_t[]){0x3c00, 0x7bff, 0x8001});
    check_array(npz, "i1", MKD_I8, MKD_SHAPE(2), (int8_t[]){-128, 127});
    check_array(npz, "u1", MKD_U8, MKD_SHAPE(2), (uint8_t[]){0, 255});
    check_array(npz, "i2", MKD_I16, MKD_SHAPE(2), (int16_t[]){-32768, 32767});
    check_array(npz, "u2", MKD_U16, MKD_SHAPE(1), (uint16_t[]){65535});
    check_array(npz, "i4", MKD_I32, MKD_SHAPE(2, 1), (int32_t[]){INT32_MIN, INT32_MAX});
    check_array(npz, "i8", MKD_I64, MKD_SHAPE(2), (int64_t[]){INT64_MIN, INT64_MAX});
    check_array(npz, "b1", MKD_BOOL, MKD_SHAPE(3), (uint8_t[]){1, 0, 1});
    check_array(npz, "scalar", MKD_F32, mkd_shape_of(0, NULL), (float[]){2.5f});
    check_array(npz, "empty", MKD_F32, MKD_SHAPE(3, 0, 2), "");
    check_array(npz, "a/b.c", MKD_I64, MKD_SHAPE(5), (int64_t[]){0, 1, 2, 3, 4});
    int32_t rising[24];
    for (int i = 0; i < 24; i++) {
        rising[i] = i;
    }
    check_array(npz, "fortran", MKD_I32, MKD_SHAPE(2, 3, 4), rising);
    mkd_tensor t;
    assert_int_equal(mkd_npz_read(&t, npz, 14), MKD_EINVAL);
    mkd_npz_close(npz);
}

static void test_numpy_stored(void **state) {
    (void)state;
    mkd_npz *npz;
    assert_int_equal(mkd_npz_open(&npz, IO_DATA("numpy_stored.npz")), 0);
    check_array(npz, "x", MKD_F32, MKD_SHAPE(2, 2), (float[]){0, 1, 2, 3});
    check_array(npz, "y", MKD_I16, mkd_shape_of(0, NULL), (int16_t[]){-7});
    mkd_npz_close(npz);
}

static void test_numpy_refused(void **state) {
    (void)state;
    static const struct {
        const char *name, *message;
    } rows[] = {
        {"big", "big.npy: found big-endian data (descr '>i4'), expected little-endian"},
        {"objects", "objects.npy: found Python objects (descr '|O'), expected numbers"},
        {"text", "text.npy: found data type '<U2', expected one of f4 f8 f2 i1 u1 i2 u2 i4 i8 b1"},
        {"structured", "structured.npy: found a structured array, expected numbers"},
        {"rank7", "rank7.npy: found an array of 7 dimensions, expected at most 6"},
        {"u8", "u8.npy: found data type '<u8', expected one of f4 f8 f2 i1 u1 i2 u2 i4 i8 b1"},
        {"complex",
         "complex.npy: found data type '<c8', expected one of f4 f8 f2 i1 u1 i2 u2 i4 i8 b1"},
    };
    size_t n_bytes;
    char *bytes = read_whole(&n_bytes, IO_DATA("numpy_refused.npz"));
    mkd_npz *npz;
    assert_int_equal(mkd_npz_parse(&npz, bytes, n_bytes, "a.npz"), 0);
    assert_int_equal(mkd_npz_count(npz), MKD_COUNT(rows));
    for (size_t i = 0; i < MKD_COUNT(rows); i++) {
        mkd_tensor t;
        long at = mkd_npz_find(npz, rows[i].name);
        assert_int_equal(mkd_npz_read(&t, npz, (size_t)at), MKD_EUNSUPPORTED);
        char expected[200];
        snprintf(expected, sizeof expected, "a.npz: %s", rows[i].message);
        assert_message(expected);
        assert_null(t.data);
    }
    mkd_npz_close(npz);
    mkd_free(bytes);
}

static void test_write_and_read_back(void **state) {
    (void)state;
    enum { N = MKD_N_DTYPES };
    mkd_tensor tensors[N];
    const mkd_tensor *list[N];
    const char *names[N];
    size_t n = 0;
    for (mkd_dtype dtype = 0; dtype < MKD_N_DTYPES; dtype++) {
        if (dtype == MKD_BF16) {
            continue;
        }
        static const int64_t extents[] = {2, 3, 1, 2, 1, 2};
        assert_int_equal(mkd_tensor_new(&tensors[n], dtype, mkd_shape_of((int)n % 7, extents)), 0);
        for (size_t i = 0; i < mkd_tensor_bytes(&tensors[n]); i++) {
            ((uint8_t *)tensors[n].data)[i] = (uint8_t)(dtype == MKD_BOOL ? i % 2 : i + n);
        }
        list[n] = &tensors[n];
        names[n] = mkd_dtype_name(dtype);
        n++;
    }
    assert_int_equal(mkd_npz_write("a.npz", names, list, n), 0);
    assert_int_equal(mkd_npz_write("b.npz", names, list, n), 0);
    mkd_npz *npz;
    assert_int_equal(mkd_npz_open(&npz, "a.npz"), 0);
    assert_int_equal(mkd_npz_count(npz), n);
    for (size_t i = 0; i < n; i++) {
        assert_string_equal(mkd_npz_name(npz, i), names[i]);
        check_array(npz, names[i], tensors[i].dtype, tensors[i].shape, tensors[i].data);
        mkd_tensor_free(&tensors[i]);
    }
    mkd_npz_close(npz);
    size_t n_a, n_b;
    char *a = read_whole(&n_a, "a.npz"), *b = read_whole(&n_b, "b.npz");
    assert_int_equal(n_a, n_b);
    assert_memory_equal(a, b, n_a);
    mkd_free(a);
    mkd_free(b);
}

static void test_write_refuses(void **state) {
    (void)state;
    float value = 1;
    mkd_tensor t = {.dtype = MKD_F32, .data = &value}, brain = {.dtype = MKD_BF16, .data = &value};
    const mkd_tensor *list[] = {&t, &t}, *brains[] = {&brain};
    const char *twins[] = {"x", "x"};
    assert_int_equal(mkd_npz_write("a.npz", twins, list, 2), MKD_EINVAL);
    assert_message("a.npz: cannot add array 'x': File already exists");
    assert_int_equal(mkd_npz_write("a.npz", twins, brains, 1), MKD_EUNSUPPORTED);
    assert_message("a.npz: x: found element type bf16, which numpy does not have");
    assert_int_equal(mkd_npz_write("a.npz", twins, list, 0), MKD_EINVAL);
    assert_int_equal(mkd_npz_write("no/such/folder/a.npz", twins, list, 1), MKD_ENOTFOUND);
    assert_false(mkd_fs_exists("a.npz"));
}

static void test_every_failing_allocation(void **state) {
    (void)state;
    float values[8] = {0};
    mkd_tensor t = {.dtype = MKD_F32, .shape = MKD_SHAPE(8), .data = values}, read;
    const mkd_tensor *list[] = {&t};
    const char *names[] = {"x"};
    int status = MKD_ENOMEM;
    for (uint64_t nth = 1; status == MKD_ENOMEM; nth++) {
        mkd_alloc_fail_at(nth);
        status = mkd_npz_write("a.npz", names, list, 1);
        assert_true(status == 0 || !mkd_fs_exists("a.npz"));
        assert_true(nth < 30);
    }
    assert_int_equal(status, 0);
    status = MKD_ENOMEM;
    for (uint64_t nth = 1; status == MKD_ENOMEM; nth++) {
        mkd_npz *npz;
        mkd_alloc_fail_at(nth);
        status = mkd_npz_open(&npz, "a.npz");
        if (status == 0) {
            status = mkd_npz_read(&read, npz, 0);
            mkd_npz_close(npz);
        }
        assert_true(nth < 30);
    }
    assert_int_equal(status, 0);
    mkd_tensor_free(&read);
}

static void test_not_an_archive(void **state) {
    (void)state;
    mkd_npz *npz;
    assert_int_equal(mkd_npz_open(&npz, "none.npz"), MKD_ENOTFOUND);
    assert_null(npz);
    assert_int_equal(mkd_fs_write_atomic("empty.npz", "", 0), 0);
    assert_int_equal(mkd_npz_open(&npz, "empty.npz"), MKD_EFORMAT);
    assert_message("empty.npz: found an empty file, expected a zip archive of .npy arrays");
    assert_int_equal(mkd_npz_parse(&npz, "hello, world, this is text", 26, "a"), MKD_EFORMAT);
    assert_message("a: found a broken zip archive: Not a zip archive");
    assert_null(npz);
}

static void test_truncated_anywhere(void **state) {
    (void)state;
    size_t n_bytes;
    char *bytes = read_whole(&n_bytes, IO_DATA("numpy_deflated.npz"));
    for (size_t n = 0; n < n_bytes; n++) {
        mkd_npz *npz;
        assert_int_equal(mkd_npz_parse(&npz, bytes, n, "a"), MKD_EFORMAT);
    }
    mkd_free(bytes);
}

static void put_u32(char *at, uint32_t value) {
    for (int i = 0; i < 4; i++) {
        at[i] = (char)(value >> (8 * i));
    }
}

/// Reads the only array of a.npz after one field of the archive's directory was overwritten.
static int read_patched(size_t field, uint32_t value) {
    size_t n_bytes;
    char *bytes = read_whole(&n_bytes, "a.npz");
    char *directory = bytes;
    while (memcmp(directory, "PK\1\2", 4) != 0) {
        directory++;
    }
    put_u32(directory + field, value);
    mkd_npz *npz;
    mkd_tensor t;
    mkd_alloc_counters before, after;
    mkd_alloc_count(&before);
    int status = mkd_npz_parse(&npz, bytes, n_bytes, "a");
    if (status == 0) {
        status = mkd_npz_read(&t, npz, 0);
        mkd_tensor_free(&t);
        mkd_npz_close(npz);
    }
    mkd_alloc_count(&after);
    assert_true(after.peak_bytes < (64u << 20));
    mkd_free(bytes);
    return status;
}

static void test_a_lying_directory(void **state) {
    (void)state;
    enum { CHECKSUM = 16, UNPACKED_SIZE = 24 };
    mkd_tensor t;
    assert_int_equal(mkd_tensor_new(&t, MKD_U8, MKD_SHAPE(100000)), 0);
    const mkd_tensor *list[] = {&t};
    assert_int_equal(mkd_npz_write("a.npz", (const char *[]){"x"}, list, 1), 0);
    mkd_tensor_free(&t);
    assert_int_equal(read_patched(UNPACKED_SIZE, 0x7fffffff), MKD_EFORMAT);
    assert_non_null(strstr(mkd_error_last(), "bytes that claim to unpack to 2147483647"));
    assert_int_equal(read_patched(UNPACKED_SIZE, 100129), MKD_EFORMAT);
    assert_message("a: x.npy: found 100129 bytes in the archive, expected 100128 for shape "
                   "[100000] of u8");
    assert_int_equal(read_patched(CHECKSUM, 0x12345678), MKD_EFORMAT);
    assert_message("a: x.npy: cannot be unpacked: CRC error");
}

/// Wraps a dict in a version 1.0 header with `n_data` bytes of data, and parses it.
static int parse_dict(mkd_tensor *out, const char *dict, size_t n_data) {
    char bytes[1024] = "\x93NUMPY\x01";
    size_t length = strlen(dict);
    bytes[8] = (char)length;
    memcpy(bytes + 10, dict, length);
    return mkd_npy_parse(out, bytes, 10 + length + n_data, "a.npy");
}

static void test_npy_spellings(void **state) {
    (void)state;
    static const char *const good[] = {
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }   \n",
        "{\"shape\":(2,3),\"fortran_order\":False,\"descr\":\"<f4\"}",
        "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3,)}",
    };
    for (size_t i = 0; i < MKD_COUNT(good); i++) {
        mkd_tensor t;
        assert_int_equal(parse_dict(&t, good[i], 24), 0);
        mkd_shape expected = MKD_SHAPE(2, 3);
        assert_true(mkd_shape_equal(&t.shape, &expected));
        mkd_tensor_free(&t);
    }
}

#define BROKEN                                                                                     \
    "a.npy: found a broken .npy header, expected a dict of descr, fortran_order and shape"

static void test_npy_broken_headers(void **state) {
    (void)state;
    static const struct {
        const char *dict;
        size_t n_data;
        const char *message;
    } rows[] = {
        {"", 0, BROKEN},
        {"{", 0, BROKEN},
        {"{}", 0, BROKEN},
        {"{'descr': '<f4', 'fortran_order': False}", 4, BROKEN},
        {"{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': ()}", 4, BROKEN},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (), 'more': 1}", 4, BROKEN},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': ()} x", 4, BROKEN},
        {"{'descr': '<f4' 'fortran_order': False, 'shape': ()}", 4, BROKEN},
        {"{'descr': 7, 'fortran_order': False, 'shape': ()}", 4,
         "a.npy: found a .npy 'descr' that is no string"},
        {"{'descr': '<f4', 'fortran_order': 1, 'shape': ()}", 4,
         "a.npy: found a .npy 'fortran_order' that is neither True nor False"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (3)}", 12,
         "a.npy: found a .npy shape that is no tuple"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': [3]}", 12,
         "a.npy: found a .npy shape that is no tuple"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1, -3)}", 12,
         "a.npy: found a .npy shape whose extent 1 is no number from 0 to 2^63 - 1"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775808,)}", 4,
         "a.npy: found a .npy shape whose extent 0 is no number from 0 to 2^63 - 1"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296)}", 4,
         "a.npy: found shape [4294967296,4294967296] of f32, which no memory can hold"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000,)}", 4,
         "a.npy: found 4 bytes of data, expected 4000000000000 for shape [1000000000000] of f32"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", 9,
         "a.npy: found 9 bytes of data, expected 8 for shape [2] of f32"},
    };
    for (size_t i = 0; i < MKD_COUNT(rows); i++) {
        mkd_tensor t;
        assert_int_equal(parse_dict(&t, rows[i].dict, rows[i].n_data), MKD_EFORMAT);
        assert_message(rows[i].message);
        assert_null(t.data);
    }
}

static void test_npy_preamble(void **state) {
    (void)state;
    mkd_tensor t;
    assert_int_equal(mkd_npy_parse(&t, "\x93NUMPX\x01\x00\x00\x00\x00\x00", 12, "a"), MKD_EFORMAT);
    assert_message("a: found no .npy array, expected one (\\x93NUMPY and a header)");
    assert_int_equal(mkd_npy_parse(&t, "\x93NUMPY\x04\x00\x00\x00\x00\x00", 12, "a"),
                     MKD_EUNSUPPORTED);
    assert_message("a: found .npy version 4.0, expected 1.0, 2.0 or 3.0");
    assert_int_equal(mkd_npy_parse(&t, "\x93NUMPY\x02\x00\xff\xff\xff\xff", 12, "a"), MKD_EFORMAT);
    assert_message("a: found a .npy header of 4294967295 bytes, expected at most 65536");
    assert_int_equal(mkd_npy_parse(&t, "\x93NUMPY\x01\x00\x76\x00\x00\x00", 12, "a"), MKD_EFORMAT);
    assert_message("a: truncated in the .npy header: found 12 bytes, expected 128");
    assert_int_equal(mkd_npy_parse(&t, "\x93NUMPY\x02\x00\x76\x00", 10, "a"), MKD_EFORMAT);
    assert_message("a: truncated in the .npy header");
}

static void test_golden_case(void **state) {
    (void)state;
    char path[4096];
    tests_shared_path(path, sizeof path, "golden/ops/conv2d/expected.npz");
    mkd_npz *npz;
    assert_int_equal(mkd_npz_open(&npz, path), 0);
    assert_true(mkd_npz_count(npz) > 0);
    for (size_t i = 0; i < mkd_npz_count(npz); i++) {
        mkd_tensor t;
        assert_int_equal(mkd_npz_read(&t, npz, i), 0);
        for (int64_t j = 0; t.dtype == MKD_F32 && j < mkd_tensor_count(&t); j++) {
            assert_true(isfinite(((const float *)t.data)[j]));
        }
        mkd_tensor_free(&t);
    }
    mkd_npz_close(npz);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(test_numpy_deflated),     SCRATCH_TEST(test_numpy_stored),
        SCRATCH_TEST(test_numpy_refused),      SCRATCH_TEST(test_write_and_read_back),
        SCRATCH_TEST(test_write_refuses),      SCRATCH_TEST(test_every_failing_allocation),
        SCRATCH_TEST(test_not_an_archive),     SCRATCH_TEST(test_truncated_anywhere),
        SCRATCH_TEST(test_a_lying_directory),  SCRATCH_TEST(test_npy_spellings),
        SCRATCH_TEST(test_npy_broken_headers), SCRATCH_TEST(test_npy_preamble),
        cmocka_unit_test(test_golden_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
