// Deterministic values from names: word i of a name is mix(fnv1a64(name) + (i + 1) gamma), the
// output function of splitmix64; values are its top 24 bits.
#include "parity.h"

#include <math.h>
#include <string.h>

#include "base/status.h"

uint64_t parity_word(uint64_t hash, uint64_t i) {
    uint64_t z = hash + (i + 1) * 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

double parity_uniform(uint64_t hash, uint64_t i) {
    return (double)(parity_word(hash, i) >> 40) * 0x1p-24;
}

int64_t parity_sample_index(uint64_t hash, uint64_t i, int64_t n) {
    return (int64_t)(parity_word(hash, i) % (uint64_t)n);
}

uint64_t parity_sample_hash(const char *name) {
    char key[1024];
    int n = snprintf(key, sizeof key, "%s#sample", name);
    return mkd_hash64(key, (size_t)n);
}

int parity_fill(mkd_tensor *out, const char *key, mkd_shape shape, double low, double high) {
    MKD_TRY(mkd_tensor_new(out, MKD_F32, shape));
    uint64_t hash = mkd_hash64(key, strlen(key));
    int64_t n = mkd_tensor_count(out);
    for (int64_t i = 0; i < n; i++) {
        ((float *)out->data)[i] = (float)(low + (high - low) * parity_uniform(hash, (uint64_t)i));
    }
    return 0;
}

static bool ends_in(const char *text, const char *end) {
    size_t n = strlen(text);
    size_t m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

int parity_fill_parameter(mkd_tensor *out, const char *prefix, const char *name, mkd_shape shape) {
    mkd_str key = {0};
    mkd_str_printf(&key, "%s/%s", prefix, name);
    int status = mkd_str_status(&key);
    if (status < 0) {
        goto done;
    }
    if (ends_in(name, "num_batches_tracked")) {
        status = mkd_tensor_new(out, MKD_I64, shape);
    } else if (shape.rank >= 2) {
        double fan_in = 1;
        for (int i = 1; i < shape.rank; i++) {
            fan_in *= (double)shape.at[i];
        }
        double bound = sqrt(3 / fan_in);
        status = parity_fill(out, key.text, shape, -bound, bound);
    } else if (ends_in(name, "running_var") || ends_in(name, ".weight")) {
        status = parity_fill(out, key.text, shape, 0.8, 1.2);
    } else {
        status = parity_fill(out, key.text, shape, -0.1, 0.1);
    }
done:
    mkd_str_free(&key);
    return status;
}
