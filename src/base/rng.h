/// Counter-based random numbers (Philox 4x32-10 of Random123: Salmon et al., SC 2011).
///
/// A stream is a pure function of its key, so what is drawn depends neither on the number of
/// threads nor on what was drawn before elsewhere. Not shared between threads.
#ifndef MKD_BASE_RNG_H
#define MKD_BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// What the numbers are for; part of the key. Append only: the order is part of every result.
typedef enum mkd_rng_purpose {
    MKD_RNG_TEST = 0,
    MKD_RNG_INIT,    ///< parameter initialisation; sample = hash of the path
    MKD_RNG_SHUFFLE, ///< order of an epoch
    MKD_RNG_AUGMENT, ///< augmentation of a sample
    MKD_RNG_DROPOUT,
    MKD_RNG_SYNTH, ///< the synthetic data set; sample = frame
    MKD_RNG_BOOTSTRAP
} mkd_rng_purpose;

typedef struct mkd_rng {
    uint32_t key[2];
    uint32_t counter[4];
    uint32_t block[4];
    unsigned used; ///< words of `block` already given out
} mkd_rng;

/// Starts the stream (seed, epoch, sample, purpose). A stream has 2^34 words before it repeats.
mkd_rng mkd_rng_at(uint64_t seed, uint32_t epoch, uint64_t sample, mkd_rng_purpose purpose);

uint32_t mkd_rng_u32(mkd_rng *r);
/// Uniform in [0, 1), 53 bits.
double mkd_rng_uniform(mkd_rng *r);
/// Uniform in [low, high), or `low` if they are equal.
double mkd_rng_range(mkd_rng *r, double low, double high);
/// Uniform integer in [0, n), unbiased; n > 0.
uint32_t mkd_rng_below(mkd_rng *r, uint32_t n);
/// Normal with mean 0 and standard deviation 1 (Box-Muller). Always takes four words.
double mkd_rng_normal(mkd_rng *r);
/// Fisher-Yates; n < 2^32.
void mkd_rng_shuffle(mkd_rng *r, int64_t *items, size_t n);

#ifdef __cplusplus
}
#endif

#endif
