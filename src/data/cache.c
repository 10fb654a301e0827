#include "data/cache.h"

#include <pthread.h>
#include <string.h>

#include "base/alloc.h"
#include "base/status.h"

struct mkd_frame_cache {
    const mkd_dataset *dataset;
    unsigned read;
    size_t max_bytes;
    pthread_mutex_t mutex;
    mkd_frame **frames; // [count of the data set], NULL where not kept
    mkd_frame_cache_counters counters;
};

size_t mkd_frame_bytes(const mkd_frame *frame) {
    size_t bytes = sizeof *frame + frame->objects.n * sizeof *frame->objects.at +
                   frame->points.n * 4 * sizeof *frame->points.at;
    for (int i = 0; i < frame->n_views; i++) {
        const mkd_image *image = &frame->views[i].image;
        const mkd_depth_map *depth = &frame->views[i].depth;
        if (image->pixels) {
            bytes += (size_t)image->width_px * (size_t)image->height_px * (size_t)image->channels;
        }
        if (depth->depth_m) {
            bytes += (size_t)depth->width_px * (size_t)depth->height_px * sizeof *depth->depth_m;
        }
    }
    return bytes;
}

int mkd_frame_cache_new(mkd_frame_cache **out, const mkd_dataset *dataset, unsigned read,
                        size_t max_bytes) {
    *out = NULL;
    mkd_frame_cache *cache = mkd_alloc(sizeof *cache);
    if (!cache) {
        return MKD_ENOMEM;
    }
    cache->dataset = dataset;
    cache->read = read;
    cache->max_bytes = max_bytes;
    cache->frames = mkd_alloc_array(mkd_dataset_count(dataset), sizeof *cache->frames);
    if (!cache->frames) {
        mkd_free(cache);
        return MKD_ENOMEM;
    }
    pthread_mutex_init(&cache->mutex, NULL);
    *out = cache;
    return 0;
}

void mkd_frame_cache_free(mkd_frame_cache *cache) {
    if (!cache) {
        return;
    }
    for (size_t i = 0; i < mkd_dataset_count(cache->dataset); i++) {
        mkd_frame_free(cache->frames[i]);
        mkd_free(cache->frames[i]);
    }
    pthread_mutex_destroy(&cache->mutex);
    mkd_free(cache->frames);
    mkd_free(cache);
}

// Moves a frame that was just read into the cache if there is room. Without memory for it the frame
// is simply not kept. @return the kept frame, or NULL
static const mkd_frame *keep(mkd_frame *frame, mkd_frame_cache *cache, size_t index) {
    size_t bytes = mkd_frame_bytes(frame);
    mkd_frame *kept = bytes <= cache->max_bytes ? mkd_alloc(sizeof *kept) : NULL;
    pthread_mutex_lock(&cache->mutex);
    bool room = bytes <= cache->max_bytes - cache->counters.bytes;
    if (kept && room && !cache->frames[index]) {
        *kept = *frame;
        *frame = (mkd_frame){0};
        cache->frames[index] = kept;
        cache->counters.bytes += bytes;
        cache->counters.n_kept++;
        kept = NULL;
    }
    const mkd_frame *found = cache->frames[index];
    pthread_mutex_unlock(&cache->mutex);
    mkd_free(kept);
    return found;
}

int mkd_frame_cache_get(const mkd_frame **out, mkd_frame *scratch, mkd_frame_cache *cache,
                        size_t index) {
    memset(scratch, 0, sizeof *scratch);
    *out = scratch;
    if (index < mkd_dataset_count(cache->dataset)) {
        pthread_mutex_lock(&cache->mutex);
        const mkd_frame *found = cache->frames[index];
        cache->counters.n_hits += found != NULL;
        cache->counters.n_reads += found == NULL;
        pthread_mutex_unlock(&cache->mutex);
        if (found) {
            *out = found;
            return 0;
        }
    }
    MKD_TRY(mkd_dataset_frame(scratch, cache->dataset, index, cache->read));
    const mkd_frame *kept = keep(scratch, cache, index);
    *out = kept ? kept : scratch;
    return 0;
}

void mkd_frame_cache_count(mkd_frame_cache_counters *out, mkd_frame_cache *cache) {
    pthread_mutex_lock(&cache->mutex);
    *out = cache->counters;
    pthread_mutex_unlock(&cache->mutex);
}
