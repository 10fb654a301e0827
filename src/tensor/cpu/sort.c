// Sorting along the last axis: radix sort, 4 passes of 8 bits, of keys with their indices. A
// float's bits, with all of them turned for negative numbers and the sign alone for others, order
// like the number. Zeros of both signs share a key, and so do all NaN, the largest. Falling order
// turns all bits of the key, which keeps the order of equal values. Rows are dealt out to threads.
#include <math.h>
#include <string.h>

#include "tensor/cpu/cpu.h"
#include "tensor/ref/ref.h"

typedef struct pair {
    uint32_t key, index;
} pair;

typedef struct sorting {
    const float *x;
    float *values; // or ranks
    int64_t *indices;
    int64_t n, k; // elements of a row, and how many of them are wanted
    bool descending;
    pair *scratch; // [thread][2][n]
} sorting;

size_t mkd_cpu__sort_scratch(const mkd_call *call) {
    const mkd_shape *shape = &call->in[0].shape;
    return (size_t)(mkd_cpu__threads() * 2 * shape->at[shape->rank - 1]) * sizeof(pair);
}

static uint32_t key_of(float value, bool descending) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint32_t key = bits & 0x80000000u ? ~bits : bits | 0x80000000u;
    if ((bits & 0x7fffffffu) == 0) {
        key = 0x80000000u;
    } else if ((bits & 0x7fffffffu) > 0x7f800000u) {
        key = 0xffffffffu;
    }
    return descending ? ~key : key;
}

// the pairs of a row in order; `pairs` has room for 2 n
static const pair *sorted(pair *pairs, const float *x, int64_t n, bool descending) {
    int64_t count[4][256] = {{0}};
    pair *from = pairs;
    pair *to = pairs + n;
    for (int64_t i = 0; i < n; i++) {
        uint32_t key = key_of(x[i], descending);
        from[i] = (pair){key, (uint32_t)i};
        for (int d = 0; d < 4; d++) {
            count[d][key >> (8 * d) & 255]++;
        }
    }
    for (int d = 0; d < 4; d++) {
        int64_t begin = 0;
        bool is_one_digit = false;
        for (int v = 0; v < 256; v++) {
            int64_t here = count[d][v];
            is_one_digit = is_one_digit || here == n;
            count[d][v] = begin;
            begin += here;
        }
        if (is_one_digit) {
            continue;
        }
        for (int64_t i = 0; i < n; i++) {
            to[count[d][from[i].key >> (8 * d) & 255]++] = from[i];
        }
        pair *swapped = from;
        from = to;
        to = swapped;
    }
    return from;
}

static void select_rows(const void *task, int64_t begin, int64_t end, int thread) {
    const sorting *s = task;
    for (int64_t row = begin; row < end; row++) {
        const float *x = s->x + row * s->n;
        const pair *order = sorted(s->scratch + thread * 2 * s->n, x, s->n, s->descending);
        for (int64_t i = 0; i < s->k; i++) {
            if (s->values) {
                s->values[row * s->k + i] = x[order[i].index];
            }
            if (s->indices) {
                s->indices[row * s->k + i] = (int64_t)order[i].index;
            }
        }
    }
}

static void rank_rows(const void *task, int64_t begin, int64_t end, int thread) {
    const sorting *s = task;
    for (int64_t row = begin; row < end; row++) {
        const pair *order = sorted(s->scratch + thread * 2 * s->n, s->x + row * s->n, s->n, false);
        float *y = s->values + row * s->n;
        for (int64_t first = 0, last; first < s->n; first = last) {
            last = first + 1;
            while (last < s->n && order[last].key == order[first].key) {
                last++;
            }
            // places first .. last-1 hold ranks first+1 .. last
            float rank = (float)(0.5 * (double)(first + 1 + last));
            for (int64_t i = first; i < last; i++) {
                y[order[i].index] = rank;
            }
        }
    }
}

static void run(const mkd_call *call, void *scratch, mkd_cpu_body body, int64_t k,
                bool descending) {
    const mkd_shape *shape = &call->in[0].shape;
    sorting s = {.x = call->in[0].data,
                 .values = call->out[0].data,
                 .indices = call->out[1].data,
                 .n = shape->at[shape->rank - 1],
                 .k = k,
                 .descending = descending,
                 .scratch = scratch};
    mkd_cpu__parallel(body, &s, mkd_ref__extent(shape, 0, shape->rank - 1), 1);
}

void mkd_cpu__sort(const mkd_call *call, void *scratch) {
    const mkd_shape *shape = &call->in[0].shape;
    run(call, scratch, select_rows, shape->at[shape->rank - 1], call->attributes->descending);
}

void mkd_cpu__topk(const mkd_call *call, void *scratch) {
    run(call, scratch, select_rows, call->attributes->size, true);
}

void mkd_cpu__rank(const mkd_call *call, void *scratch) {
    run(call, scratch, rank_rows, 0, false);
}
