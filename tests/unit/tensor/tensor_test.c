#include "tests.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/status.h"
#include "tensor/tensor.h"

static void test_dtypes(void **state) {
    (void)state;
    static const struct {
        mkd_dtype dtype;
        const char *name;
        size_t bytes;
    } rows[] = {
        {MKD_F32, "f32", 4}, {MKD_F64, "f64", 8}, {MKD_BF16, "bf16", 2}, {MKD_F16, "f16", 2},
        {MKD_I8, "i8", 1},   {MKD_U8, "u8", 1},   {MKD_I16, "i16", 2},   {MKD_U16, "u16", 2},
        {MKD_I32, "i32", 4}, {MKD_I64, "i64", 8}, {MKD_BOOL, "bool", 1},
    };
    assert_int_equal(MKD_COUNT(rows), MKD_N_DTYPES);
    for (size_t i = 0; i < MKD_COUNT(rows); i++) {
        assert_string_equal(mkd_dtype_name(rows[i].dtype), rows[i].name);
        assert_int_equal(mkd_dtype_bytes(rows[i].dtype), rows[i].bytes);
    }
    assert_string_equal(mkd_dtype_name(MKD_N_DTYPES), "?");
    assert_int_equal(mkd_dtype_bytes((mkd_dtype)-1), 0);
}

static void test_shapes(void **state) {
    (void)state;
    char text[MKD_SHAPE_TEXT_BYTES];
    mkd_shape shape = MKD_SHAPE(2, 3, 4), scalar = mkd_shape_of(0, NULL);
    assert_int_equal(mkd_shape_count(&shape), 24);
    assert_int_equal(mkd_shape_count(&scalar), 1);
    assert_string_equal(mkd_shape_text(text, &shape), "[2,3,4]");
    assert_string_equal(mkd_shape_text(text, &scalar), "[]");
    mkd_shape same = MKD_SHAPE(2, 3, 4), other = MKD_SHAPE(2, 3, 5);
    assert_true(mkd_shape_equal(&shape, &same));
    assert_false(mkd_shape_equal(&shape, &other));
    assert_false(mkd_shape_equal(&shape, &scalar));

    mkd_shape empty = MKD_SHAPE(5, 0), negative = MKD_SHAPE(0, -1);
    mkd_shape huge = MKD_SHAPE(INT64_MAX, 2), hidden = MKD_SHAPE(0, INT64_MAX, 2);
    assert_int_equal(mkd_shape_count(&empty), 0);
    assert_int_equal(mkd_shape_count(&negative), -1);
    assert_int_equal(mkd_shape_count(&huge), -1);
    assert_int_equal(mkd_shape_count(&hidden), -1);

    mkd_shape longest = MKD_SHAPE(INT64_MIN, INT64_MIN, INT64_MIN, INT64_MIN, INT64_MIN, INT64_MIN);
    assert_int_equal(strlen(mkd_shape_text(text, &longest)), MKD_SHAPE_TEXT_BYTES - 1);
    mkd_shape none = mkd_shape_of(MKD_MAX_RANK + 1, longest.at);
    assert_int_equal(mkd_shape_count(&none), -1);
    assert_string_equal(mkd_shape_text(text, &none), "[?]");
}

static void test_new_and_free(void **state) {
    (void)state;
    mkd_tensor t;
    assert_int_equal(mkd_tensor_new(&t, MKD_I16, MKD_SHAPE(3, 5)), 0);
    assert_int_equal(mkd_tensor_bytes(&t), 30);
    assert_int_equal((uintptr_t)t.data % 64, 0);
    assert_int_equal(((int16_t *)t.data)[14], 0);
    mkd_tensor_free(&t);
    assert_null(t.data);
    mkd_tensor_free(&t);
    mkd_tensor_free(NULL);

    assert_int_equal(mkd_tensor_new(&t, MKD_F32, MKD_SHAPE(4, 0)), 0);
    assert_non_null(t.data);
    assert_int_equal(mkd_tensor_bytes(&t), 0);
    mkd_tensor_free(&t);
}

static void test_bad_shapes_are_refused(void **state) {
    (void)state;
    mkd_tensor t;
    assert_int_equal(mkd_tensor_new(&t, MKD_F32, MKD_SHAPE(2, -3)), MKD_EINVAL);
    assert_string_equal(
        mkd_error_last(),
        "tensor: found shape [2,-3] of f32, expected at most 6 extents of 0 or more "
        "and a size that fits in memory");
    assert_int_equal(mkd_tensor_new(&t, MKD_F64, MKD_SHAPE(INT64_MAX / 4)), MKD_EINVAL);
    assert_int_equal(mkd_tensor_new(&t, (mkd_dtype)99, MKD_SHAPE(1)), MKD_EINVAL);
    assert_string_equal(mkd_error_last(), "tensor: found element type 99, expected 0 to 10");
    mkd_alloc_fail_at(1);
    assert_int_equal(mkd_tensor_new(&t, MKD_F32, MKD_SHAPE(4)), MKD_ENOMEM);
    assert_null(t.data);
}

static void test_transpose(void **state) {
    (void)state;
    // every element width; element value = its linear index
    static const mkd_dtype dtypes[] = {MKD_U8, MKD_I16, MKD_I32, MKD_I64};
    static const int order[] = {0, 3, 1, 2};
    for (size_t d = 0; d < MKD_COUNT(dtypes); d++) {
        mkd_tensor wide, in, out, back;
        assert_int_equal(mkd_tensor_new(&wide, MKD_I64, MKD_SHAPE(2, 3, 4, 5)), 0);
        for (int64_t i = 0; i < 120; i++) {
            ((int64_t *)wide.data)[i] = i;
        }
        assert_int_equal(mkd_tensor_convert(&in, &wide, dtypes[d]), 0);
        assert_int_equal(mkd_tensor_transpose(&out, &in, order), 0);
        mkd_shape expected = MKD_SHAPE(2, 5, 3, 4);
        assert_true(mkd_shape_equal(&out.shape, &expected));
        assert_int_equal(mkd_tensor_convert(&back, &out, MKD_I64), 0);
        const int64_t *at = back.data;
        for (int64_t n = 0; n < 2; n++) {
            for (int64_t c = 0; c < 5; c++) {
                for (int64_t y = 0; y < 3; y++) {
                    for (int64_t x = 0; x < 4; x++) {
                        assert_int_equal(*at++, ((n * 3 + y) * 4 + x) * 5 + c);
                    }
                }
            }
        }
        mkd_tensor_free(&wide);
        mkd_tensor_free(&in);
        mkd_tensor_free(&out);
        mkd_tensor_free(&back);
    }
}

static void test_transpose_edges(void **state) {
    (void)state;
    float value = 7;
    mkd_tensor scalar = {.dtype = MKD_F32, .data = &value}, out;
    assert_int_equal(mkd_tensor_transpose(&out, &scalar, NULL), 0);
    assert_memory_equal(out.data, &value, sizeof value);
    mkd_tensor_free(&out);

    mkd_tensor empty = {.dtype = MKD_F32, .shape = MKD_SHAPE(3, 0), .data = &value};
    assert_int_equal(mkd_tensor_transpose(&out, &empty, (int[]){1, 0}), 0);
    assert_int_equal(out.shape.at[1], 3);
    mkd_tensor_free(&out);

    assert_int_equal(mkd_tensor_transpose(&out, &empty, (int[]){1, 1}), MKD_EINVAL);
    assert_string_equal(mkd_error_last(),
                        "transpose: found axis 1 at place 1, expected each of 0 to 1 once");
    assert_int_equal(mkd_tensor_transpose(&out, &empty, (int[]){0, 2}), MKD_EINVAL);
}

/// Converts one double to `dtype` and gives it back as a double.
static double through(mkd_dtype dtype, double value) {
    mkd_tensor in = {.dtype = MKD_F64, .data = &value}, mid, back;
    assert_int_equal(mkd_tensor_convert(&mid, &in, dtype), 0);
    assert_int_equal(mkd_tensor_convert(&back, &mid, MKD_F64), 0);
    double result = *(double *)back.data;
    mkd_tensor_free(&mid);
    mkd_tensor_free(&back);
    return result;
}

static void check_through(mkd_dtype dtype, double value, double expected) {
    double found = through(dtype, value);
    if (memcmp(&found, &expected, sizeof found) != 0) {
        fail_msg("%a through %s: found %a, expected %a", value, mkd_dtype_name(dtype), found,
                 expected);
    }
}

static void test_convert_reals(void **state) {
    (void)state;
    for (mkd_dtype dtype = 0; dtype < MKD_N_DTYPES; dtype++) {
        check_through(dtype, 0, 0);
        check_through(dtype, 1, 1);
    }
    check_through(MKD_BF16, 1 + 0x1p-8, 1);                    // tie to even
    check_through(MKD_BF16, 1 + 3 * 0x1p-8, 1 + 0x1p-6);       // tie to even, upward
    check_through(MKD_BF16, 1 + 0x1p-8 + 0x1p-40, 1 + 0x1p-7); // one rounding, not two
    check_through(MKD_BF16, -(1 + 0x1p-8 + 0x1p-40), -(1 + 0x1p-7));
    check_through(MKD_BF16, 3.4e38, (double)INFINITY);
    check_through(MKD_F16, 65504, 65504);
    check_through(MKD_F16, 65519.99999999, 65504);
    check_through(MKD_F16, 65520, (double)INFINITY);
    check_through(MKD_F16, 0x1p-24, 0x1p-24);
    check_through(MKD_F16, -0x1p-25, -0.0); // tie to even
    check_through(MKD_F16, 0x1.8p-25, 0x1p-24);
    check_through(MKD_F16, 0x1p-14 - 0x1p-24, 0x1p-14 - 0x1p-24); // largest subnormal
    check_through(MKD_F16, 1e300, (double)INFINITY);
    check_through(MKD_F32, 0.1, (double)0.1f);
    check_through(MKD_F64, 0.1, 0.1);
    static const mkd_dtype reals[] = {MKD_F32, MKD_F64, MKD_F16, MKD_BF16};
    for (size_t i = 0; i < MKD_COUNT(reals); i++) {
        assert_true(isnan(through(reals[i], (double)NAN)));
        check_through(reals[i], -(double)INFINITY, -(double)INFINITY);
        check_through(reals[i], -0.0, -0.0);
    }
}

static void test_convert_to_integers(void **state) {
    (void)state;
    check_through(MKD_I8, 127.9, 127);
    check_through(MKD_I8, 300, 127);
    check_through(MKD_I8, -300, -128);
    check_through(MKD_U8, -5, 0);
    check_through(MKD_U8, 255.5, 255);
    check_through(MKD_I16, -32769, -32768);
    check_through(MKD_U16, 70000, 65535);
    check_through(MKD_I32, 1e10, INT32_MAX);
    check_through(MKD_I64, -1e30, (double)INT64_MIN);
    check_through(MKD_I64, -1.75, -1);
    check_through(MKD_I32, (double)NAN, 0);
    check_through(MKD_BOOL, (double)NAN, 1);
    check_through(MKD_BOOL, 0.25, 1);
    check_through(MKD_BOOL, -0.0, 0);
}

static void test_integers_keep_every_bit(void **state) {
    (void)state;
    int64_t value = INT64_MAX - 1;
    mkd_tensor in = {.dtype = MKD_I64, .data = &value}, out;
    assert_int_equal(mkd_tensor_convert(&out, &in, MKD_I64), 0);
    assert_true(*(int64_t *)out.data == INT64_MAX - 1);
    mkd_tensor_free(&out);
    assert_int_equal(mkd_tensor_convert(&out, &in, MKD_I32), 0);
    assert_int_equal(*(int32_t *)out.data, INT32_MAX);
    mkd_tensor_free(&out);
    static const struct {
        mkd_dtype dtype;
        int64_t low, high;
    } ranges[] = {{MKD_I8, INT8_MIN, INT8_MAX},    {MKD_U8, 0, UINT8_MAX},
                  {MKD_I16, INT16_MIN, INT16_MAX}, {MKD_U16, 0, UINT16_MAX},
                  {MKD_I32, INT32_MIN, INT32_MAX}, {MKD_BOOL, 1, 1}};
    for (size_t i = 0; i < MKD_COUNT(ranges); i++) {
        int64_t ends[2] = {INT64_MIN, INT64_MAX};
        mkd_tensor wide = {.dtype = MKD_I64, .shape = MKD_SHAPE(2), .data = ends}, back;
        assert_int_equal(mkd_tensor_convert(&out, &wide, ranges[i].dtype), 0);
        assert_int_equal(mkd_tensor_convert(&back, &out, MKD_I64), 0);
        assert_true(((int64_t *)back.data)[0] == ranges[i].low);
        assert_true(((int64_t *)back.data)[1] == ranges[i].high);
        mkd_tensor_free(&out);
        mkd_tensor_free(&back);
    }
}

static void test_half_round_trips_all_bits(void **state) {
    (void)state;
    for (uint32_t bits = 0; bits < 0x10000; bits++) {
        float half = mkd_f32_from_f16((uint16_t)bits), brain = mkd_f32_from_bf16((uint16_t)bits);
        if (isnan(half)) {
            assert_true(isnan(mkd_f32_from_f16(mkd_f16_from_f32(half))));
        } else {
            assert_int_equal(mkd_f16_from_f32(half), bits);
        }
        if (isnan(brain)) {
            assert_true(isnan(mkd_f32_from_bf16(mkd_bf16_from_f32(brain))));
        } else {
            assert_int_equal(mkd_bf16_from_f32(brain), bits);
        }
    }
}

static void test_convert_long_arrays(void **state) {
    (void)state;
    mkd_tensor in, out;
    assert_int_equal(mkd_tensor_new(&in, MKD_F32, MKD_SHAPE(1300)), 0);
    for (int i = 0; i < 1300; i++) {
        ((float *)in.data)[i] = (float)i;
    }
    assert_int_equal(mkd_tensor_convert(&out, &in, MKD_I16), 0);
    for (int i = 0; i < 1300; i++) {
        assert_int_equal(((int16_t *)out.data)[i], i);
    }
    mkd_tensor_free(&out);
    mkd_alloc_fail_at(1);
    assert_int_equal(mkd_tensor_convert(&out, &in, MKD_I16), MKD_ENOMEM);
    mkd_tensor_free(&in);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dtypes),
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_new_and_free),
        cmocka_unit_test(test_bad_shapes_are_refused),
        cmocka_unit_test(test_transpose),
        cmocka_unit_test(test_transpose_edges),
        cmocka_unit_test(test_convert_reals),
        cmocka_unit_test(test_convert_to_integers),
        cmocka_unit_test(test_integers_keep_every_bit),
        cmocka_unit_test(test_half_round_trips_all_bits),
        cmocka_unit_test(test_convert_long_arrays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
