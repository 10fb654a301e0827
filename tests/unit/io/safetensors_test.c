#include "scratch.h"

#include "io/safetensors.h"

/// A file in memory: 8 bytes of length, the header, then `n_data` zero bytes.
typedef struct made {
    _Alignas(8) char bytes[1024];
    size_t n;
} made;

static void make(made *out, const char *header, size_t n_data) {
    size_t length = strlen(header);
    *out = (made){.n = 8 + length + n_data};
    assert_true(out->n <= sizeof out->bytes);
    out->bytes[0] = (char)(length & 0xff);
    out->bytes[1] = (char)(length >> 8);
    memcpy(out->bytes + 8, header, length);
}

static int parse(mkd_safetensors **out, const char *header, size_t n_data) {
    static made file; // outlives what is opened
    make(&file, header, n_data);
    return mkd_safetensors_parse(out, file.bytes, file.n, "a");
}

static void test_the_bytes_of_a_file(void **state) {
    (void)state;
    // what safetensors.numpy.save_file writes for these arrays
    static const char header[] =
        "{\"__metadata__\":{\"format\":\"pt\"},"
        "\"c\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[0,8]},"
        "\"a\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[8,16]},"
        "\"b\":{\"dtype\":\"F32\",\"shape\":[0,3],\"data_offsets\":[16,16]},"
        "\"d\":{\"dtype\":\"BOOL\",\"shape\":[3],\"data_offsets\":[16,19]}}";
    float a[2] = {1.5f, -2};
    int64_t c = 7;
    uint8_t d[3] = {1, 0, 1};
    mkd_tensor ta = {.dtype = MKD_F32, .shape = MKD_SHAPE(1, 2), .data = a};
    mkd_tensor tb = {.dtype = MKD_F32, .shape = MKD_SHAPE(0, 3), .data = a};
    mkd_tensor tc = {.dtype = MKD_I64, .data = &c};
    mkd_tensor td = {.dtype = MKD_BOOL, .shape = MKD_SHAPE(3), .data = d};
    const mkd_tensor *list[] = {&td, &tb, &ta, &tc};
    const char *names[] = {"d", "b", "a", "c"}, *metadata[] = {"format", "pt"};
    assert_int_equal(mkd_safetensors_write("x", names, list, 4, metadata, 1), 0);
    size_t n, padded = (sizeof header - 1 + 7) / 8 * 8;
    char *bytes = read_whole(&n, "x");
    assert_int_equal(n, 8 + padded + 19);
    assert_int_equal((uint8_t)bytes[0] | (uint8_t)bytes[1] << 8, padded);
    assert_memory_equal(bytes + 8, header, sizeof header - 1);
    for (size_t i = sizeof header - 1; i < padded; i++) {
        assert_int_equal(bytes[8 + i], ' ');
    }
    assert_memory_equal(bytes + 8 + padded, &c, 8);
    assert_memory_equal(bytes + 8 + padded + 8, a, 8);
    assert_memory_equal(bytes + 8 + padded + 16, d, 3);
    mkd_free(bytes);
}

static void test_round_trip_of_every_type(void **state) {
    (void)state;
    mkd_tensor tensors[MKD_N_DTYPES];
    const mkd_tensor *list[MKD_N_DTYPES];
    const char *names[MKD_N_DTYPES];
    for (int d = 0; d < MKD_N_DTYPES; d++) {
        static const int64_t extents[] = {3, 1, 2, 1, 5, 1};
        assert_int_equal(mkd_tensor_new(&tensors[d], (mkd_dtype)d, mkd_shape_of(d % 7, extents)),
                         0);
        for (size_t i = 0; i < mkd_tensor_bytes(&tensors[d]); i++) {
            ((uint8_t *)tensors[d].data)[i] = (uint8_t)(d == MKD_BOOL ? i % 2 : i * 7 + (size_t)d);
        }
        list[d] = &tensors[d];
        names[d] = mkd_dtype_name((mkd_dtype)d);
    }
    const char *pairs[] = {"key \"quoted\"\n", "v\xc3\xa4lue \\", "", ""};
    assert_int_equal(mkd_safetensors_write("x", names, list, MKD_N_DTYPES, pairs, 2), 0);
    mkd_safetensors *file;
    assert_int_equal(mkd_safetensors_open(&file, "x"), 0);
    assert_int_equal(mkd_safetensors_count(file), MKD_N_DTYPES);
    assert_string_equal(mkd_safetensors_metadata(file, pairs[0]), pairs[1]);
    assert_string_equal(mkd_safetensors_metadata(file, ""), "");
    assert_null(mkd_safetensors_metadata(file, "none"));
    assert_string_equal(mkd_safetensors_name(file, 0), "i64");
    assert_string_equal(mkd_safetensors_name(file, MKD_N_DTYPES - 1), "bool");
    assert_null(mkd_safetensors_name(file, MKD_N_DTYPES));
    for (int d = 0; d < MKD_N_DTYPES; d++) {
        mkd_tensor t;
        long at = mkd_safetensors_find(file, names[d]);
        assert_true(at >= 0);
        assert_int_equal(mkd_safetensors_view(&t, file, (size_t)at), 0);
        assert_false(t.owned);
        assert_int_equal(t.dtype, d);
        assert_true(mkd_shape_equal(&t.shape, &tensors[d].shape));
        assert_int_equal((uintptr_t)t.data % mkd_dtype_bytes(t.dtype), 0);
        assert_memory_equal(t.data, tensors[d].data, mkd_tensor_bytes(&t));
        mkd_tensor_free(&tensors[d]);
    }
    mkd_tensor t;
    assert_int_equal(mkd_safetensors_find(file, "none"), -1);
    assert_int_equal(mkd_safetensors_view(&t, file, MKD_N_DTYPES), MKD_EINVAL);
    assert_message("x: found tensor index 11, expected below 11");
    mkd_safetensors_close(file);
}

static void test_empty_and_padded(void **state) {
    (void)state;
    mkd_safetensors *file;
    assert_int_equal(mkd_safetensors_write("x", NULL, NULL, 0, NULL, 0), 0);
    assert_int_equal(mkd_safetensors_open(&file, "x"), 0);
    assert_int_equal(mkd_safetensors_count(file), 0);
    assert_null(mkd_safetensors_metadata(file, "a"));
    mkd_safetensors_close(file);
    assert_int_equal(
        parse(&file, "{\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}   ", 0), 0);
    mkd_tensor t;
    assert_int_equal(mkd_safetensors_view(&t, file, 0), 0);
    assert_non_null(t.data);
    mkd_safetensors_close(file);
}

static void test_unaligned_data_is_copied(void **state) {
    (void)state;
    // a header of 59 bytes: the data lies at 67
    static made file;
    make(&file, "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}} ", 8);
    float values[2] = {3, 4};
    memcpy(file.bytes + file.n - 8, values, sizeof values);
    assert_int_not_equal((uintptr_t)(file.bytes + file.n - 8) % 4, 0);
    mkd_safetensors *f;
    mkd_tensor t;
    assert_int_equal(mkd_safetensors_parse(&f, file.bytes, file.n, "a"), 0);
    assert_int_equal(mkd_safetensors_view(&t, f, 0), 0);
    assert_int_equal((uintptr_t)t.data % 4, 0);
    assert_memory_equal(t.data, values, sizeof values);
    mkd_safetensors_close(f);
}

#define ENTRY(name, dtype, shape, begin, end)                                                      \
    "\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":[" shape "],\"data_offsets\":[" #begin        \
    "," #end "]}"

static void test_broken_headers(void **state) {
    (void)state;
    static const struct {
        const char *header;
        size_t n_data;
        const char *message;
    } rows[] = {
        {"", 0, "a: header does not begin with '{'"},
        {" {}", 0, "a: header does not begin with '{'"},
        {"{", 0, "a: broken header at byte 9: string or '}' expected near end of file"},
        {"{} x", 0, "a: broken header at byte 12: end of file expected near 'x'"},
        {"{}", 3, "a: found 3 bytes of data, expected 0"},
        {"{" ENTRY("x", "U8", "4", 0, 4) "}", 3, "a: found 3 bytes of data, expected 4"},
        {"{" ENTRY("x", "U8", "4", 0, 4) "," ENTRY("x", "U8", "4", 4, 8) "}", 8,
         "a: broken header at byte 64: duplicate object key near '\"x\"'"},
        {"{" ENTRY("x", "U8", "4", 1, 5) "}", 5,
         "a: x: data begins at 1, expected 0 (no gap, no overlap)"},
        {"{" ENTRY("x", "U8", "4", 0, 4) "," ENTRY("y", "U8", "4", 6, 10) "}", 10,
         "a: y: data begins at 6, expected 4 (no gap, no overlap)"},
        {"{" ENTRY("y", "U8", "4", 3, 7) "," ENTRY("x", "U8", "4", 0, 4) "}", 7,
         "a: y: data begins at 3, expected 4 (no gap, no overlap)"},
        {"{" ENTRY("x", "U8", "4", 4, 0) "}", 4,
         "a: x: data_offsets are no numbers in rising order"},
        {"{" ENTRY("x", "U8", "4", -4, 0) "}", 4,
         "a: x: data_offsets are no numbers in rising order"},
        {"{" ENTRY("x", "F32", "2,2", 0, 8) "}", 8,
         "a: x: found 8 bytes of data, expected 16 for shape [2,2] of F32"},
        {"{" ENTRY("x", "F32", "4611686018427387904,4", 0, 0) "}", 0,
         "a: x: found shape [4611686018427387904,4] of F32, which no memory can hold"},
        {"{" ENTRY("x", "U8", "9223372036854775808", 0, 0) "}", 0,
         "a: broken header at byte 55: too big integer near '9223372036854775808'"},
        {"{" ENTRY("x", "U8", "1.5", 0, 1) "}", 1,
         "a: x: extent 0 of the shape is no number from 0 up"},
        {"{" ENTRY("x", "U8", "-1", 0, 1) "}", 1,
         "a: x: extent 0 of the shape is no number from 0 up"},
        {"{\"x\":{\"dtype\":\"U8\",\"shape\":4,\"data_offsets\":[0,4]}}", 4,
         "a: x: shape is no list"},
        {"{\"x\":{\"dtype\":8,\"shape\":[4],\"data_offsets\":[0,4]}}", 4,
         "a: x: found dtype '', expected F32 F64 F16 BF16 I8 U8 I16 U16 I32 I64 or BOOL"},
        {"{\"x\":{\"dtype\":\"U8\",\"shape\":[4]}}", 4,
         "a: x: expected a map of dtype, shape and two data_offsets"},
        {"{\"x\":[]}", 0, "a: x: expected a map of dtype, shape and two data_offsets"},
        {"{\"__metadata__\":[]}", 0, "a: __metadata__ is no map of strings"},
        {"{\"__metadata__\":{\"k\":1}}", 0, "a: __metadata__: value of 'k' is no string"},
        {"{\"x\":{\"shape\":[[4]]}}", 0, "a: header is nested deeper than 3"},
    };
    for (size_t i = 0; i < MKD_COUNT(rows); i++) {
        mkd_safetensors *file;
        assert_int_equal(parse(&file, rows[i].header, rows[i].n_data), MKD_EFORMAT);
        assert_message(rows[i].message);
        assert_null(file);
    }
}

static void test_types_and_ranks_that_we_lack(void **state) {
    (void)state;
    mkd_safetensors *file;
    mkd_tensor t;
    assert_int_equal(
        parse(&file, "{" ENTRY("x", "U64", "1", 0, 8) "," ENTRY("y", "U8", "4", 8, 12) "}", 12), 0);
    assert_int_equal(mkd_safetensors_view(&t, file, 1), 0);
    assert_int_equal(mkd_safetensors_view(&t, file, 0), MKD_EUNSUPPORTED);
    assert_message("a: x: found dtype 'U64', expected F32 F64 F16 BF16 I8 U8 I16 U16 I32 I64 or "
                   "BOOL");
    mkd_safetensors_close(file);
    assert_int_equal(parse(&file, "{" ENTRY("x", "F4", "2", 0, 1) "}", 1), MKD_EUNSUPPORTED);
    assert_message("a: x: found dtype 'F4', expected F32 F64 F16 BF16 I8 U8 I16 U16 I32 I64 or "
                   "BOOL");
    assert_int_equal(parse(&file, "{" ENTRY("x", "U8", "1,1,1,1,1,1,1", 0, 1) "}", 1),
                     MKD_EUNSUPPORTED);
    assert_message("a: x: found 7 dimensions, expected at most 6");
}

static void test_header_lengths_that_lie(void **state) {
    (void)state;
    mkd_safetensors *file;
    char bytes[16] = "\x02\0\0\0\0\0\0\0{}";
    assert_int_equal(mkd_safetensors_parse(&file, bytes, 10, "a"), 0);
    mkd_safetensors_close(file);
    assert_int_equal(mkd_safetensors_parse(&file, bytes, 9, "a"), MKD_EFORMAT);
    assert_message("a: found a header length of 2 in a file of 9 bytes, expected a safetensors "
                   "file with a header of at most 100000000");
    assert_int_equal(mkd_safetensors_parse(&file, bytes, 7, "a"), MKD_EFORMAT);
    assert_message("a: found 7 bytes, expected a safetensors file");
    memset(bytes, 0xff, 8);
    assert_int_equal(mkd_safetensors_parse(&file, bytes, 10, "a"), MKD_EFORMAT);
    assert_message("a: found a header length of 18446744073709551615 in a file of 10 bytes, "
                   "expected a safetensors file with a header of at most 100000000");
    memcpy(bytes, "\0\0\0\0\0\0\0\x80", 8);
    assert_int_equal(mkd_safetensors_parse(&file, bytes, 10, "a"), MKD_EFORMAT);
    assert_int_equal(mkd_safetensors_open(&file, "none"), MKD_ENOTFOUND);
    assert_null(file);
}

static void test_json_that_costs_is_refused_as_text(void **state) {
    (void)state;
    enum { N = 1 << 20 };
    mkd_safetensors *file;
    char *bytes = mkd_alloc(8 + N);
    assert_non_null(bytes);
    bytes[2] = 0x10; // 2^20
    memset(bytes + 8, '[', N);
    bytes[8] = '{';
    assert_int_equal(mkd_safetensors_parse(&file, bytes, 8 + N, "a"), MKD_EFORMAT);
    assert_message("a: header is nested deeper than 3");
    memset(bytes + 8, ',', N);
    memcpy(bytes + 8, "{\"x\":{\"shape\":[", 15);
    assert_int_equal(mkd_safetensors_parse(&file, bytes, 8 + N, "a"), MKD_EFORMAT);
    assert_message("a: header has a list of more than 64 numbers");
    mkd_free(bytes);
}

static void test_write_refuses(void **state) {
    (void)state;
    float value = 1;
    mkd_tensor t = {.dtype = MKD_F32, .data = &value};
    mkd_tensor bad = {.dtype = MKD_F32, .shape = {.rank = 1, .at = {-1}}, .data = &value};
    const mkd_tensor *list[] = {&t, &t}, *bads[] = {&bad};
    const char *pairs[] = {"k", "1", "k", "2"};
    assert_int_equal(mkd_safetensors_write("x", (const char *[]){"same", "same"}, list, 2, NULL, 0),
                     MKD_EINVAL);
    assert_message("x: found 'same' twice, expected different names");
    assert_int_equal(mkd_safetensors_write("x", (const char *[]){"a"}, list, 1, pairs, 2),
                     MKD_EINVAL);
    assert_message("x: found 'k' twice, expected different names");
    assert_int_equal(mkd_safetensors_write("x", (const char *[]){"__metadata__"}, list, 1, NULL, 0),
                     MKD_EINVAL);
    assert_message("x: found a tensor named __metadata__");
    assert_int_equal(mkd_safetensors_write("x", (const char *[]){"\xff"}, list, 1, NULL, 0),
                     MKD_EINVAL);
    assert_int_equal(mkd_safetensors_write("x", (const char *[]){"a"}, bads, 1, NULL, 0),
                     MKD_EINVAL);
    assert_message("x: tensor 'a' has no valid type and shape");
    assert_false(mkd_fs_exists("x"));
}

static void test_every_failing_allocation(void **state) {
    (void)state;
    float values[8] = {0};
    mkd_tensor t = {.dtype = MKD_F32, .shape = MKD_SHAPE(8), .data = values};
    const mkd_tensor *list[] = {&t};
    int status = MKD_ENOMEM;
    for (uint64_t nth = 1; status == MKD_ENOMEM; nth++) {
        mkd_alloc_fail_at(nth);
        status = mkd_safetensors_write("x", (const char *[]){"x"}, list, 1, NULL, 0);
        assert_true(status == 0 || !mkd_fs_exists("x"));
        assert_true(nth < 30);
    }
    assert_int_equal(status, 0);
    mkd_safetensors *file;
    status = MKD_ENOMEM;
    for (uint64_t nth = 1; status == MKD_ENOMEM; nth++) {
        mkd_alloc_fail_at(nth);
        // odd length: the data needs a copy
        status = parse(&file, "{" ENTRY("xy", "F32", "2", 0, 8) "}", 8);
        assert_true(nth < 30);
    }
    assert_int_equal(status, 0);
    mkd_safetensors_close(file);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(test_the_bytes_of_a_file),
        SCRATCH_TEST(test_round_trip_of_every_type),
        SCRATCH_TEST(test_empty_and_padded),
        SCRATCH_TEST(test_unaligned_data_is_copied),
        SCRATCH_TEST(test_broken_headers),
        SCRATCH_TEST(test_types_and_ranks_that_we_lack),
        SCRATCH_TEST(test_header_lengths_that_lie),
        SCRATCH_TEST(test_json_that_costs_is_refused_as_text),
        SCRATCH_TEST(test_write_refuses),
        SCRATCH_TEST(test_every_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
