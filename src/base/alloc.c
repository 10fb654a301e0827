// Every block carries a 64-byte header with its size, so that live bytes can be counted and blocks
// resized without asking the C library what it really handed out.

#include "base/alloc.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"

enum { HEADER_BYTES = 64, ARENA_BLOCK_BYTES = 64 * 1024 };

typedef struct header {
    size_t bytes;
} header;

static atomic_uint_fast64_t n_allocations, live_blocks, live_bytes, peak_bytes;
static MKD_THREAD_LOCAL uint64_t fail_countdown;

static void count_up(size_t bytes) {
    atomic_fetch_add_explicit(&n_allocations, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&live_blocks, 1, memory_order_relaxed);
    uint_fast64_t live =
        atomic_fetch_add_explicit(&live_bytes, bytes, memory_order_relaxed) + bytes;
    uint_fast64_t peak = atomic_load_explicit(&peak_bytes, memory_order_relaxed);
    while (live > peak &&
           !atomic_compare_exchange_weak_explicit(&peak_bytes, &peak, live, memory_order_relaxed,
                                                  memory_order_relaxed)) {
    }
}

static void *raw_alloc(size_t bytes) {
    if (fail_countdown > 0 && --fail_countdown == 0) {
        mkd_error_set(MKD_ENOMEM, "out of memory: %zu bytes (failure asked for)", bytes);
        return NULL;
    }
    if (bytes > SIZE_MAX - 2 * HEADER_BYTES) {
        mkd_error_set(MKD_ENOMEM, "out of memory: %zu bytes", bytes);
        return NULL;
    }
    size_t whole = (bytes + HEADER_BYTES + 63) & ~(size_t)63;
    char *block = aligned_alloc(64, whole);
    if (!block) {
        mkd_error_set(MKD_ENOMEM, "out of memory: %zu bytes", bytes);
        return NULL;
    }
    ((header *)(void *)block)->bytes = bytes;
    count_up(bytes);
    return block + HEADER_BYTES;
}

void *mkd_alloc(size_t bytes) {
    void *memory = raw_alloc(bytes);
    if (memory) {
        memset(memory, 0, bytes);
    }
    return memory;
}

void *mkd_alloc_array(size_t count, size_t size) {
    if (size && count > SIZE_MAX / size) {
        mkd_error_set(MKD_ENOMEM, "out of memory: %zu elements of %zu bytes", count, size);
        return NULL;
    }
    return mkd_alloc(count * size);
}

void *mkd_realloc_array(void *old, size_t count, size_t size) {
    void *fresh = mkd_alloc_array(count, size);
    if (fresh && old) {
        size_t old_bytes = ((header *)(void *)((char *)old - HEADER_BYTES))->bytes;
        size_t keep = old_bytes < count * size ? old_bytes : count * size;
        memcpy(fresh, old, keep);
        mkd_free(old);
    }
    return fresh;
}

void mkd_free(void *memory) {
    if (!memory) {
        return;
    }
    char *block = (char *)memory - HEADER_BYTES;
    atomic_fetch_sub_explicit(&live_blocks, 1, memory_order_relaxed);
    atomic_fetch_sub_explicit(&live_bytes, ((header *)(void *)block)->bytes, memory_order_relaxed);
    free(block);
}

char *mkd_strdup(const char *text) {
    if (!text) {
        return NULL;
    }
    size_t bytes = strlen(text) + 1;
    char *copy = mkd_alloc(bytes);
    if (copy) {
        memcpy(copy, text, bytes);
    }
    return copy;
}

void mkd_alloc_count(mkd_alloc_counters *out) {
    out->n_allocations = atomic_load(&n_allocations);
    out->live_blocks = atomic_load(&live_blocks);
    out->live_bytes = atomic_load(&live_bytes);
    out->peak_bytes = atomic_load(&peak_bytes);
}

void mkd_alloc_fail_at(uint64_t nth) {
    fail_countdown = nth;
}

typedef struct arena_block {
    struct arena_block *next;
    size_t used, capacity;
    char *bytes;
} arena_block;

struct mkd_arena {
    arena_block *first;
};

int mkd_arena_new(mkd_arena **out) {
    *out = mkd_alloc(sizeof **out);
    return *out ? 0 : MKD_ENOMEM;
}

void mkd_arena_free(mkd_arena *arena) {
    if (!arena) {
        return;
    }
    arena_block *block = arena->first;
    while (block) {
        arena_block *next = block->next;
        mkd_free(block->bytes);
        mkd_free(block);
        block = next;
    }
    mkd_free(arena);
}

void *mkd_arena_alloc(mkd_arena *arena, size_t bytes) {
    if (bytes > SIZE_MAX - 16) {
        mkd_error_set(MKD_ENOMEM, "out of memory: %zu bytes", bytes);
        return NULL;
    }
    size_t need = (bytes + 15) & ~(size_t)15;
    arena_block *block = arena->first;
    if (!block || block->capacity - block->used < need) {
        size_t capacity = need > ARENA_BLOCK_BYTES ? need : ARENA_BLOCK_BYTES;
        block = mkd_alloc(sizeof *block);
        char *memory = block ? mkd_alloc(capacity) : NULL;
        if (!memory) {
            mkd_free(block);
            return NULL;
        }
        block->bytes = memory;
        block->capacity = capacity;
        if (arena->first && capacity > ARENA_BLOCK_BYTES) {
            // full at once: what is left of the first block stays in use
            block->next = arena->first->next;
            arena->first->next = block;
        } else {
            block->next = arena->first;
            arena->first = block;
        }
    }
    void *memory = block->bytes + block->used;
    block->used += need;
    return memory;
}

char *mkd_arena_printf(mkd_arena *arena, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    int length = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    if (length < 0) {
        mkd_error_set(MKD_ENOMEM, "cannot format '%s'", fmt);
        return NULL;
    }
    char *text = mkd_arena_alloc(arena, (size_t)length + 1);
    if (text) {
        va_start(args, fmt);
        vsnprintf(text, (size_t)length + 1, fmt, args);
        va_end(args);
    }
    return text;
}
