#include "tests.h"

#include <math.h>
#include <string.h>

#include "base/rng.h"

static void check_words(mkd_rng r, const uint32_t expected[4]) {
    for (int i = 0; i < 4; i++) {
        assert_int_equal(mkd_rng_u32(&r), expected[i]);
    }
}

// Random123's kat_vectors, philox4x32 10
static void test_philox_known_answers(void **state) {
    (void)state;
    check_words(mkd_rng_at(0, 0, 0, MKD_RNG_TEST),
                (uint32_t[]){0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
    mkd_rng ones = {.key = {0xffffffff, 0xffffffff},
                    .counter = {0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
                    .used = 4};
    check_words(ones, (uint32_t[]){0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
    mkd_rng pi = {.key = {0xa4093822, 0x299f31d0},
                  .counter = {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
                  .used = 4};
    check_words(pi, (uint32_t[]){0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

// These values may never change: every training depends on them.
static void test_streams_are_fixed(void **state) {
    (void)state;
    check_words(mkd_rng_at(1, 2, 3, MKD_RNG_INIT),
                (uint32_t[]){0xa8d42e25, 0x5e3b68b4, 0x21bdc96a, 0x9a1d49a2});
    check_words(mkd_rng_at(UINT64_MAX, 4, UINT64_C(0x123456789abcdef0), MKD_RNG_AUGMENT),
                (uint32_t[]){0x65bfdf3b, 0xc6532da7, 0x4e0b206c, 0xb87e0484});
    mkd_rng r = mkd_rng_at(7, 0, 0, MKD_RNG_TEST);
    assert_float_equal(mkd_rng_uniform(&r), 0.95459712855631274, 1e-16);
    assert_float_equal(mkd_rng_normal(&r), -0.41064897399311517, 1e-14);
    assert_int_equal(mkd_rng_below(&r, 1000), 171);
    int64_t items[] = {0, 1, 2, 3, 4, 5, 6, 7};
    mkd_rng_shuffle(&r, items, 8);
    assert_memory_equal(items, ((int64_t[]){2, 5, 1, 3, 4, 6, 0, 7}), sizeof items);
}

static void test_streams_differ_in_each_part_of_the_key(void **state) {
    (void)state;
    mkd_rng streams[] = {
        mkd_rng_at(1, 1, 1, MKD_RNG_TEST),
        mkd_rng_at(2, 1, 1, MKD_RNG_TEST),
        mkd_rng_at(UINT64_C(1) << 32 | 1, 1, 1, MKD_RNG_TEST),
        mkd_rng_at(1, 2, 1, MKD_RNG_TEST),
        mkd_rng_at(1, 1, 2, MKD_RNG_TEST),
        mkd_rng_at(1, 1, UINT64_C(1) << 32 | 1, MKD_RNG_TEST),
        mkd_rng_at(1, 1, 1, MKD_RNG_BOOTSTRAP),
    };
    uint32_t first[7];
    for (size_t i = 0; i < 7; i++) {
        first[i] = mkd_rng_u32(&streams[i]);
        for (size_t j = 0; j < i; j++) {
            assert_int_not_equal(first[i], first[j]);
        }
    }
}

static void test_uniform_and_normal_moments(void **state) {
    (void)state;
    enum { N = 200000 };
    mkd_rng r = mkd_rng_at(3, 0, 0, MKD_RNG_TEST);
    double sum = 0, squares = 0, lowest = 1, highest = 0;
    for (int i = 0; i < N; i++) {
        double u = mkd_rng_uniform(&r);
        assert_true(u >= 0 && u < 1);
        sum += u;
        squares += u * u;
        lowest = fmin(lowest, u);
        highest = fmax(highest, u);
    }
    // five standard errors: 5 * sqrt(1/12/N) and 5 * sqrt(4/45/N)
    assert_float_equal(sum / N, 0.5, 0.0033);
    assert_float_equal(squares / N, 1.0 / 3, 0.0034);
    assert_true(lowest < 1e-4 && highest > 1 - 1e-4);

    double moments[5] = {0};
    int n_tail = 0;
    for (int i = 0; i < N; i++) {
        double x = mkd_rng_normal(&r);
        assert_true(isfinite(x));
        for (int k = 1; k <= 4; k++) {
            moments[k] += pow(x, k) / N;
        }
        n_tail += fabs(x) > 1.959963985;
    }
    assert_float_equal(moments[1], 0, 0.012);
    assert_float_equal(moments[2], 1, 0.016);
    assert_float_equal(moments[3], 0, 0.044);
    assert_float_equal(moments[4], 3, 0.11);
    assert_float_equal((double)n_tail / N, 0.05, 0.0025);
}

static void test_below_is_even(void **state) {
    (void)state;
    enum { N = 60000, SIDES = 6 };
    mkd_rng r = mkd_rng_at(4, 0, 0, MKD_RNG_TEST);
    int counts[SIDES] = {0};
    for (int i = 0; i < N; i++) {
        counts[mkd_rng_below(&r, SIDES)]++;
    }
    double chi2 = 0;
    for (int i = 0; i < SIDES; i++) {
        double difference = counts[i] - (double)N / SIDES;
        chi2 += difference * difference / ((double)N / SIDES);
    }
    // 99.9 % point with 5 degrees of freedom
    assert_true(chi2 < 20.5);
    assert_int_equal(mkd_rng_below(&r, 1), 0);
}

static void test_below_refuses_what_would_bias(void **state) {
    (void)state;
    // for n = 3 * 2^30 a plain scaling gives every third value twice as often as the others
    enum { N = 30000 };
    mkd_rng r = mkd_rng_at(5, 0, 0, MKD_RNG_TEST);
    int counts[3] = {0};
    for (int i = 0; i < N; i++) {
        uint32_t value = mkd_rng_below(&r, UINT32_C(3) << 30);
        assert_true(value < UINT32_C(3) << 30);
        counts[value % 3]++;
    }
    for (int i = 0; i < 3; i++) {
        assert_in_range(counts[i], N / 3 - 420, N / 3 + 420);
    }
}

static void test_range(void **state) {
    (void)state;
    mkd_rng r = mkd_rng_at(6, 0, 0, MKD_RNG_TEST);
    double sum = 0;
    for (int i = 0; i < 10000; i++) {
        double x = mkd_rng_range(&r, -2, 6);
        assert_true(x >= -2 && x < 6);
        sum += x;
    }
    assert_float_equal(sum / 10000, 2, 0.12);
    assert_float_equal(mkd_rng_range(&r, 1.5, 1.5), 1.5, 0);
    // the two neighbors leave nothing between: the open end is never reached
    for (int i = 0; i < 100; i++) {
        assert_float_equal(mkd_rng_range(&r, 1, nextafter(1, 2)), 1, 0);
    }
}

static void test_shuffle_is_a_fair_permutation(void **state) {
    (void)state;
    int places[4][4] = {{0}};
    for (uint64_t trial = 0; trial < 12000; trial++) {
        mkd_rng r = mkd_rng_at(8, 0, trial, MKD_RNG_SHUFFLE);
        int64_t items[4] = {0, 1, 2, 3};
        mkd_rng_shuffle(&r, items, 4);
        unsigned seen = 0;
        for (int i = 0; i < 4; i++) {
            seen |= 1u << items[i];
            places[i][items[i]]++;
        }
        assert_int_equal(seen, 15);
    }
    for (int i = 0; i < 16; i++) {
        assert_in_range(places[i / 4][i % 4], 3000 - 240, 3000 + 240);
    }
    mkd_rng r = mkd_rng_at(8, 0, 0, MKD_RNG_SHUFFLE);
    mkd_rng_shuffle(&r, NULL, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_philox_known_answers),
        cmocka_unit_test(test_streams_are_fixed),
        cmocka_unit_test(test_streams_differ_in_each_part_of_the_key),
        cmocka_unit_test(test_uniform_and_normal_moments),
        cmocka_unit_test(test_below_is_even),
        cmocka_unit_test(test_below_refuses_what_would_bias),
        cmocka_unit_test(test_range),
        cmocka_unit_test(test_shuffle_is_a_fair_permutation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
