/// Frames kept in memory, so that a small data set is decoded once.
#ifndef MKD_DATA_CACHE_H
#define MKD_DATA_CACHE_H

#include "data/dataset.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mkd_frame_cache mkd_frame_cache;

/// A cache over `dataset`, which must outlive it. `read` is what every frame is read with. Frames
/// are kept as they come until `max_bytes` are used; none is dropped for another, since an epoch
/// visits each of them once and any choice is as good. 0 bytes keep nothing.
int mkd_frame_cache_new(mkd_frame_cache **out, const mkd_dataset *dataset, unsigned read,
                        size_t max_bytes) MKD_NODISCARD;
void mkd_frame_cache_free(mkd_frame_cache *cache);

/// A frame: `*out` is the kept one, valid as long as the cache and not to be changed, or points to
/// `*scratch`, which the caller frees in both cases and after a failure. Thread-safe.
int mkd_frame_cache_get(const mkd_frame **out, mkd_frame *scratch, mkd_frame_cache *cache,
                        size_t index) MKD_NODISCARD;

typedef struct mkd_frame_cache_counters {
    size_t n_kept, bytes, n_hits, n_reads;
} mkd_frame_cache_counters;
void mkd_frame_cache_count(mkd_frame_cache_counters *out, mkd_frame_cache *cache);

/// Bytes that a frame owns.
size_t mkd_frame_bytes(const mkd_frame *frame);

#ifdef __cplusplus
}
#endif

#endif
