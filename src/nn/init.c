// First values of parameters.
//
// Every entry draws from its own stream, keyed by (seed, hash of its path), so its first value does
// not depend on which other entries exist or in which order they were declared.
//   KAIMING_UNIFORM  U(-b, b), b = 1/sqrt(fan_in): what PyTorch gives conv, linear and their biases
//   HE_NORMAL        N(0, 2/(kh kw O)): DLA's own initialization
//   BILINEAR         w[i][j] = (1-|i/f-c|)(1-|j/f-c|), f = ceil(k/2), c = (2f-1-f%2)/(2f): IDAUp's

#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "base/str.h"
#include "nn/store_private.h"

static int64_t fan_in_of(const mkd_entry *entry) {
    if (entry->init.fan_in > 0) {
        return entry->init.fan_in;
    }
    int64_t count = mkd_shape_count(&entry->shape);
    return entry->shape.rank > 1 && count > 0 ? count / entry->shape.at[0] : 1;
}

static void fill_bilinear(float *out, const mkd_entry *entry) {
    int64_t k = entry->shape.at[1];
    double f = ceil((double)k / 2);
    double c = (2 * f - 1 - fmod(f, 2)) / (2 * f);
    for (int64_t i = 0; i < (int64_t)entry->count; i++) {
        int64_t inner = i / entry->shape.at[3];
        double row = (double)(inner / k % k);
        double column = (double)(inner % k);
        out[i] = (float)((1 - fabs(row / f - c)) * (1 - fabs(column / f - c)));
    }
}

void mkd_store__initialize(float *out, const mkd_entry *entry, uint64_t seed) {
    mkd_rng rng = mkd_rng_at(seed, 0, mkd_hash64(entry->path, strlen(entry->path)), MKD_RNG_INIT);
    const mkd_init *init = &entry->init;
    double bound = init->a;
    switch (init->kind) {
    case MKD_INIT_BILINEAR:
        fill_bilinear(out, entry);
        return;
    case MKD_INIT_KAIMING_UNIFORM:
        bound = 1 / sqrt((double)fan_in_of(entry));
        break;
    case MKD_INIT_HE_NORMAL:
        bound = sqrt(2.0 / (double)(entry->shape.at[0] * entry->shape.at[1] * entry->shape.at[2]));
        break;
    case MKD_INIT_FIRST:
        memset(out, 0, entry->count * sizeof *out);
        out[0] = (float)init->a;
        return;
    case MKD_INIT_CONSTANT:
    case MKD_INIT_UNIFORM:
    case MKD_INIT_NORMAL:
        break;
    }
    bool is_normal = init->kind == MKD_INIT_NORMAL || init->kind == MKD_INIT_HE_NORMAL;
    for (size_t i = 0; i < entry->count; i++) {
        double value = init->kind == MKD_INIT_CONSTANT ? init->a
                       : is_normal                     ? bound * mkd_rng_normal(&rng)
                                                       : mkd_rng_range(&rng, -bound, bound);
        out[i] = (float)value;
    }
}
