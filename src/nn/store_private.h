// The inside of a model store, shared by its table, its files and initialization.
#ifndef MKD_NN_STORE_PRIVATE_H
#define MKD_NN_STORE_PRIVATE_H

#include "base/alloc.h"
#include "base/status.h"
#include "nn/store.h"

enum { STORE_MAX_STATES = 8, STORE_ALIGN_ELEMENTS = 16 };

struct mkd_store {
    mkd_backend *backend;
    mkd_arena *arena;
    mkd_entry *entries;
    int n_entries, capacity;
    int *table; // open hash of paths: entry index + 1, 0 empty
    size_t table_size;
    size_t flat_count, buffer_count;
    mkd_buffer *values, *gradients, *buffers;
    struct {
        const char *name;
        mkd_buffer *memory;
    } states[STORE_MAX_STATES];
    int n_states;
};

void mkd_store__initialize(float *out, const mkd_entry *entry, uint64_t seed);

#endif
