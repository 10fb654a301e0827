#include "tests.h"

#include <stdbool.h>
#include <string.h>

#include "base/alloc.h"
#include "base/status.h"

static bool all_zero(const char *bytes, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (bytes[i]) {
            return false;
        }
    }
    return true;
}

static void test_blocks_are_zero_and_aligned(void **state) {
    (void)state;
    static const size_t sizes[] = {0, 1, 63, 64, 65, 100000};
    for (size_t i = 0; i < MKD_COUNT(sizes); i++) {
        char *block = mkd_alloc(sizes[i]);
        assert_non_null(block);
        assert_int_equal((uintptr_t)block % 64, 0);
        assert_true(all_zero(block, sizes[i]));
        memset(block, 0xff, sizes[i]);
        mkd_free(block);
    }
    mkd_free(NULL);
}

static void test_counters(void **state) {
    (void)state;
    mkd_alloc_counters before, during, after;
    mkd_alloc_count(&before);
    char *a = mkd_alloc(1000);
    char *b = mkd_alloc_array(10, 50);
    mkd_alloc_count(&during);
    assert_int_equal(during.n_allocations, before.n_allocations + 2);
    assert_int_equal(during.live_blocks, before.live_blocks + 2);
    assert_int_equal(during.live_bytes, before.live_bytes + 1500);
    assert_true(during.peak_bytes >= during.live_bytes);
    mkd_free(a);
    mkd_free(b);
    mkd_alloc_count(&after);
    assert_int_equal(after.n_allocations, during.n_allocations);
    assert_int_equal(after.live_blocks, before.live_blocks);
    assert_int_equal(after.live_bytes, before.live_bytes);
    assert_int_equal(after.peak_bytes, during.peak_bytes);
}

static void test_overflow_is_refused(void **state) {
    (void)state;
    // hidden from the compiler, which would warn
    volatile size_t huge = SIZE_MAX;
    assert_null(mkd_alloc(huge));
    assert_string_equal(mkd_error_last(), "out of memory: 18446744073709551615 bytes");
    assert_null(mkd_alloc_array(huge / 2, 3));
    assert_string_equal(mkd_error_last(), "out of memory: 9223372036854775807 elements of 3 bytes");
    char *block = mkd_strdup("kept");
    assert_null(mkd_realloc_array(block, huge, 2));
    assert_string_equal(block, "kept");
    mkd_free(block);
    void *none = mkd_alloc_array(huge, 0);
    assert_non_null(none);
    mkd_free(none);
}

static void test_realloc_keeps_and_zeroes(void **state) {
    (void)state;
    char *block = mkd_realloc_array(NULL, 4, 1);
    memcpy(block, "abcd", 4);
    block = mkd_realloc_array(block, 200, 2);
    assert_memory_equal(block, "abcd", 4);
    assert_true(all_zero(block + 4, 396));
    block = mkd_realloc_array(block, 2, 1);
    assert_memory_equal(block, "ab", 2);
    // bytes cut off do not come back
    block = mkd_realloc_array(block, 4, 1);
    assert_memory_equal(block, "ab\0\0", 4);
    mkd_free(block);
}

static void test_strdup(void **state) {
    (void)state;
    assert_null(mkd_strdup(NULL));
    char *copy = mkd_strdup("text");
    assert_string_equal(copy, "text");
    mkd_free(copy);
}

static void test_failure_on_request(void **state) {
    (void)state;
    mkd_alloc_fail_at(2);
    void *first = mkd_alloc(8);
    assert_non_null(first);
    assert_null(mkd_alloc(9));
    assert_string_equal(mkd_error_last(), "out of memory: 9 bytes (failure asked for)");
    void *third = mkd_alloc(8);
    assert_non_null(third);
    mkd_free(third);
    mkd_alloc_fail_at(1);
    assert_null(mkd_realloc_array(first, 100, 1));
    mkd_alloc_fail_at(1);
    mkd_alloc_fail_at(0);
    first = mkd_realloc_array(first, 100, 1);
    assert_non_null(first);
    mkd_free(first);
}

static void test_arena(void **state) {
    (void)state;
    mkd_alloc_counters before, after;
    mkd_alloc_count(&before);
    mkd_arena *arena;
    assert_int_equal(mkd_arena_new(&arena), 0);
    char *blocks[300];
    for (size_t i = 0; i < MKD_COUNT(blocks); i++) {
        size_t bytes = i * 7;
        blocks[i] = mkd_arena_alloc(arena, bytes);
        assert_non_null(blocks[i]);
        assert_int_equal((uintptr_t)blocks[i] % 16, 0);
        assert_true(all_zero(blocks[i], bytes));
        memset(blocks[i], (int)(i & 0x7f), bytes);
    }
    char *large = mkd_arena_alloc(arena, 1000000);
    assert_true(all_zero(large, 1000000));
    memset(large, 1, 1000000);
    // nobody wrote over anybody
    for (size_t i = 0; i < MKD_COUNT(blocks); i++) {
        for (size_t j = 0; j < i * 7; j++) {
            assert_int_equal(blocks[i][j], i & 0x7f);
        }
    }
    assert_string_equal(mkd_arena_printf(arena, "%s.%d", "level", 2), "level.2");
    mkd_arena_free(arena);
    mkd_arena_free(NULL);
    mkd_alloc_count(&after);
    assert_int_equal(after.live_blocks, before.live_blocks);
}

static void test_a_large_block_leaves_the_small_ones_together(void **state) {
    (void)state;
    mkd_arena *arena;
    assert_int_equal(mkd_arena_new(&arena), 0);
    char *before = mkd_arena_alloc(arena, 16);
    assert_non_null(mkd_arena_alloc(arena, 1000000));
    char *after = mkd_arena_alloc(arena, 16);
    assert_ptr_equal(after, before + 16);
    mkd_arena_free(arena);
}

static void test_arena_failures(void **state) {
    (void)state;
    mkd_arena *arena;
    mkd_alloc_fail_at(1);
    assert_int_equal(mkd_arena_new(&arena), MKD_ENOMEM);
    assert_int_equal(mkd_arena_new(&arena), 0);
    for (uint64_t nth = 1; nth <= 2; nth++) {
        mkd_alloc_fail_at(nth);
        assert_null(mkd_arena_alloc(arena, 10));
        mkd_alloc_fail_at(nth);
        assert_null(mkd_arena_printf(arena, "x"));
    }
    volatile size_t huge = SIZE_MAX;
    assert_null(mkd_arena_alloc(arena, huge));
    assert_non_null(mkd_arena_alloc(arena, 10));
    mkd_arena_free(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks_are_zero_and_aligned),
        cmocka_unit_test(test_counters),
        cmocka_unit_test(test_overflow_is_refused),
        cmocka_unit_test(test_realloc_keeps_and_zeroes),
        cmocka_unit_test(test_strdup),
        cmocka_unit_test(test_failure_on_request),
        cmocka_unit_test(test_arena),
        cmocka_unit_test(test_a_large_block_leaves_the_small_ones_together),
        cmocka_unit_test(test_arena_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
