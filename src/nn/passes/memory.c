// Offsets for values of known lifetime: the largest block first, each at the lowest place that is
// free during its whole life (greedy by size, Pisarchyk and Lee 2020, "Efficient memory management
// for deep neural net inference"). In practice within a few percent of the lower bound.

#include <stdlib.h>

#include "nn/lower_private.h"

typedef struct order {
    size_t bytes;
    int index;
} order;

static int by_size(const void *a, const void *b) {
    const order *x = a;
    const order *y = b;
    if (x->bytes != y->bytes) {
        return x->bytes < y->bytes ? 1 : -1;
    }
    return x->index - y->index;
}

static size_t lowest_free(const memory_block *blocks, const int *placed, int n_placed,
                          const memory_block *block) {
    // `placed` is sorted by offset: walk the gaps between blocks that live at the same time
    size_t at = 0;
    for (int i = 0; i < n_placed; i++) {
        const memory_block *other = &blocks[placed[i]];
        if (other->last < block->first || other->first > block->last) {
            continue;
        }
        if (other->offset >= at + block->bytes) {
            break;
        }
        size_t end = other->offset + other->bytes;
        at = end > at ? end : at;
    }
    return at;
}

static int largest_sum(size_t *out, const memory_block *blocks, int n, int n_nodes) {
    size_t largest = 0;
    size_t *alive = mkd_alloc_array((size_t)n_nodes + 2, sizeof *alive);
    if (!alive) {
        return MKD_ENOMEM;
    }
    for (int i = 0; i < n; i++) {
        alive[blocks[i].first] += blocks[i].bytes;
        alive[blocks[i].last + 1] -= blocks[i].bytes; // wraps around, and back in the sum
    }
    size_t sum = 0;
    for (int i = 0; i <= n_nodes; i++) {
        sum += alive[i];
        largest = sum > largest ? sum : largest;
    }
    mkd_free(alive);
    *out = largest;
    return 0;
}

int mkd_memory__plan(size_t *total, size_t *lower_bound, memory_block *blocks, int n, int n_nodes) {
    *total = 0;
    order *sorted = mkd_alloc_array((size_t)n, sizeof *sorted);
    int *placed = mkd_alloc_array((size_t)n, sizeof *placed);
    int status = sorted && placed ? 0 : MKD_ENOMEM;
    MKD_GOTO(status);
    for (int i = 0; i < n; i++) {
        blocks[i].bytes = (blocks[i].bytes + 63) & ~(size_t)63;
        sorted[i] = (order){blocks[i].bytes, i};
    }
    qsort(sorted, (size_t)n, sizeof *sorted, by_size);
    for (int i = 0; i < n; i++) {
        memory_block *block = &blocks[sorted[i].index];
        block->offset = lowest_free(blocks, placed, i, block);
        size_t end = block->offset + block->bytes;
        *total = end > *total ? end : *total;
        int at = i;
        for (; at > 0 && blocks[placed[at - 1]].offset > block->offset; at--) {
            placed[at] = placed[at - 1];
        }
        placed[at] = sorted[i].index;
    }
    MKD_GOTO(largest_sum(lower_bound, blocks, n, n_nodes));
done:
    mkd_free(sorted);
    mkd_free(placed);
    return status;
}
