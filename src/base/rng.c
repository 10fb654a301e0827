// How a stream is laid onto Philox 4x32-10 (64-bit key, 128-bit counter, 128 bits out per block):
//
//     key     = seed + purpose * 0x9E3779B97F4A7C15  (mod 2^64), low word first
//     counter = { block, epoch, low word of sample, high word of sample }
//
// `block` counts 0, 1, 2, ... within the stream and each block gives its four words in order. For
// one seed all streams are disjoint, as (purpose, epoch, sample) go in without loss. Two seeds
// share streams only if they differ by a multiple of that odd constant smaller than the number of
// purposes, which no seed a person writes does. Purpose 0 leaves the key equal to the seed, so that
// Random123's known answers can be tested through the public functions. Nothing here may ever
// change: results of all trainings depend on it, and a test holds the values.

#include "base/rng.h"

#include <math.h>

#include <Random123/philox.h>

mkd_rng mkd_rng_at(uint64_t seed, uint32_t epoch, uint64_t sample, mkd_rng_purpose purpose) {
    uint64_t key = seed + (uint64_t)purpose * 0x9E3779B97F4A7C15u;
    return (mkd_rng){
        .key = {(uint32_t)key, (uint32_t)(key >> 32)},
        .counter = {0, epoch, (uint32_t)sample, (uint32_t)(sample >> 32)},
        .used = 4,
    };
}

uint32_t mkd_rng_u32(mkd_rng *r) {
    if (r->used == 4) {
        philox4x32_ctr_t counter = {
            {r->counter[0], r->counter[1], r->counter[2], r->counter[3]},
        };
        philox4x32_key_t key = {{r->key[0], r->key[1]}};
        philox4x32_ctr_t block = philox4x32_R(10, counter, key);
        for (int i = 0; i < 4; i++) {
            r->block[i] = block.v[i];
        }
        r->counter[0]++;
        r->used = 0;
    }
    return r->block[r->used++];
}

double mkd_rng_uniform(mkd_rng *r) {
    uint64_t high = mkd_rng_u32(r) >> 5;
    uint64_t low = mkd_rng_u32(r) >> 6;
    return (double)(high << 26 | low) * 0x1p-53;
}

double mkd_rng_range(mkd_rng *r, double low, double high) {
    double value = low + (high - low) * mkd_rng_uniform(r);
    // rounding may reach the open end
    return value < high ? value : low;
}

// Lemire, "Fast Random Integer Generation in an Interval" (2019): the high word of x * n is uniform
// once the 2^32 mod n lowest values of the low word are drawn again.
uint32_t mkd_rng_below(mkd_rng *r, uint32_t n) {
    uint64_t product = (uint64_t)mkd_rng_u32(r) * n;
    if ((uint32_t)product < n) {
        uint32_t refused = (uint32_t)(0u - n) % n;
        while ((uint32_t)product < refused) {
            product = (uint64_t)mkd_rng_u32(r) * n;
        }
    }
    return (uint32_t)(product >> 32);
}

// sqrt(-2 ln u) cos(2 pi v). The sine half is dropped: kept, a draw would depend on its position.
double mkd_rng_normal(mkd_rng *r) {
    double u = 1.0 - mkd_rng_uniform(r);
    double v = mkd_rng_uniform(r);
    return sqrt(-2.0 * log(u)) * cos(6.283185307179586477 * v);
}

void mkd_rng_shuffle(mkd_rng *r, int64_t *items, size_t n) {
    for (size_t i = n; i > 1; i--) {
        size_t j = mkd_rng_below(r, (uint32_t)i);
        int64_t item = items[i - 1];
        items[i - 1] = items[j];
        items[j] = item;
    }
}
