/// Allocation: every byte of the library passes here, is counted, and can be told to fail.
#ifndef MKD_BASE_ALLOC_H
#define MKD_BASE_ALLOC_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Allocates `bytes` of zeroed memory, aligned to 64 bytes. A size of 0 gives a valid pointer.
/// @return NULL with MKD_ENOMEM's message set; free with mkd_free.
void *mkd_alloc(size_t bytes) MKD_NODISCARD;

/// Allocates `count` zeroed elements of `size` bytes; an overflowing product fails.
void *mkd_alloc_array(size_t count, size_t size) MKD_NODISCARD;

/// Resizes an allocation (NULL: a new one); the old contents up to the smaller size are kept, new
/// bytes are zero. On failure the old block is untouched and NULL is returned.
void *mkd_realloc_array(void *old, size_t count, size_t size) MKD_NODISCARD;

/// Frees what the functions above gave. NULL is allowed.
void mkd_free(void *memory);

/// Copy of `text` (NULL gives NULL).
char *mkd_strdup(const char *text) MKD_NODISCARD;

/// Counters since the start of the program, over all threads.
typedef struct mkd_alloc_counters {
    uint64_t n_allocations; ///< successful calls
    uint64_t live_blocks;
    uint64_t live_bytes;
    uint64_t peak_bytes;
} mkd_alloc_counters;

void mkd_alloc_count(mkd_alloc_counters *out);

/// Makes the `nth` following allocation of this thread (1 = the next) fail, once; 0 switches off.
/// For tests.
void mkd_alloc_fail_at(uint64_t nth);

/// An arena: many small blocks, freed at once. Names and nodes of a graph live in one.
typedef struct mkd_arena mkd_arena;

int mkd_arena_new(mkd_arena **out) MKD_NODISCARD;
void mkd_arena_free(mkd_arena *arena);

/// Zeroed, 16-byte aligned block that lives as long as the arena; NULL if memory is out.
void *mkd_arena_alloc(mkd_arena *arena, size_t bytes) MKD_NODISCARD;

/// Formatted string in the arena; NULL if memory is out.
char *mkd_arena_printf(mkd_arena *arena, const char *fmt, ...) MKD_PRINTF(2, 3) MKD_NODISCARD;

#ifdef __cplusplus
}
#endif

#endif
