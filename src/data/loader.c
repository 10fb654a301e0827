// A ring of batches. Batches have a running number q over all epochs; batch q lives in ring place q
// mod depth. Threads claim samples in order, (q, slot) after (q, slot - 1), as long as q's place is
// free; a place is free again when its batch was given out and the next one is asked for. All state
// is under one mutex, but samples are made outside it: a slot belongs to who claimed it.

#include "data/loader.h"

#include <pthread.h>
#include <string.h>

#include "base/alloc.h"
#include "base/rng.h"
#include "base/status.h"
#include "base/thread.h"

typedef struct place {
    mkd_batch batch;
    uint64_t first_position; // of the batch in its epoch's order
    size_t n_done;
    mkd_error error; // of the failed sample with the lowest slot
    size_t error_slot;
} place;

struct mkd_loader {
    mkd_loader_options options;
    mkd_make_sample make;
    void *payload;
    uint64_t batches_per_epoch, first, end; // `first`: running number of q = 0, from epoch 0
    mkd_thread *threads;
    struct worker *workers;

    pthread_mutex_t mutex;
    pthread_cond_t claimable, finished;
    bool stop;
    place *ring;
    size_t depth;
    uint64_t n_released, next_out; // batches whose places are free again; next to give out
    bool holding;                  // the caller uses batch next_out - 1
    uint64_t claim_batch;          // next sample to claim
    size_t claim_slot;
    int64_t *order; // of epoch `order_epoch`
    bool has_order;
    uint32_t order_epoch;
};

typedef struct worker {
    mkd_loader *loader;
    size_t index;
} worker;

void mkd_epoch_order(int64_t *out, size_t n_samples, bool shuffle, uint64_t seed, uint32_t epoch) {
    for (size_t i = 0; i < n_samples; i++) {
        out[i] = (int64_t)i;
    }
    if (shuffle) {
        mkd_rng rng = mkd_rng_at(seed, epoch, 0, MKD_RNG_SHUFFLE);
        mkd_rng_shuffle(&rng, out, n_samples);
    }
}

// Sets up the place of batch `q`: which samples it has. Under the mutex.
static void prepare(mkd_loader *l, uint64_t q) {
    const mkd_loader_options *o = &l->options;
    place *p = &l->ring[q % l->depth];
    mkd_batch *batch = &p->batch;
    batch->epoch = (uint32_t)((l->first + q) / l->batches_per_epoch);
    batch->number = (l->first + q) % l->batches_per_epoch;
    if (!l->has_order || l->order_epoch != batch->epoch) {
        mkd_epoch_order(l->order, o->n_samples, o->shuffle, o->seed, batch->epoch);
        l->order_epoch = batch->epoch;
        l->has_order = true;
    }
    p->first_position = (batch->number * o->n_ranks + o->rank) * o->batch_size;
    batch->n_live = 0;
    for (size_t i = 0; i < o->batch_size; i++) {
        bool live = p->first_position + i < o->n_samples;
        batch->indices[i] = live ? l->order[p->first_position + i] : -1;
        batch->n_live += live;
    }
    p->n_done = 0;
    p->error.code = 0;
}

// Takes the next sample to make, without waiting. Under the mutex.
static bool claim(mkd_sample *out, mkd_loader *l, size_t worker_index) {
    while (!l->stop && l->claim_batch < l->end && l->claim_batch < l->n_released + l->depth) {
        place *p = &l->ring[l->claim_batch % l->depth];
        if (l->claim_slot == 0) {
            prepare(l, l->claim_batch);
        }
        if (l->claim_slot == p->batch.n_live) {
            // a rank may have no sample of an epoch's last batch
            l->claim_batch++;
            l->claim_slot = 0;
            pthread_cond_signal(&l->finished);
            continue;
        }
        size_t slot = l->claim_slot++;
        *out = (mkd_sample){.batch = &p->batch,
                            .slot = slot,
                            .dataset_index = (size_t)p->batch.indices[slot],
                            .epoch = p->batch.epoch,
                            .position = p->first_position + slot,
                            .worker = worker_index};
        if (l->claim_slot == p->batch.n_live) {
            l->claim_batch++;
            l->claim_slot = 0;
        }
        return true;
    }
    return false;
}

// Makes a claimed sample; enters and leaves with the mutex held.
static void make_sample(mkd_loader *l, const mkd_sample *sample) {
    mkd_error error = {0};
    pthread_mutex_unlock(&l->mutex);
    int status = l->make(sample, l->payload);
    if (status < 0) {
        if (l->options.sample_name) {
            const char *name = l->options.sample_name(l->payload, sample->dataset_index);
            status = mkd_error_prefix(status, "frame %s", name);
        }
        mkd_error_save(&error, status);
    }
    pthread_mutex_lock(&l->mutex);
    place *p = (place *)(void *)((char *)(uintptr_t)sample->batch - offsetof(place, batch));
    if (status < 0 && (p->error.code == 0 || sample->slot < p->error_slot)) {
        p->error = error;
        p->error_slot = sample->slot;
    }
    p->n_done++;
    if (p->n_done == p->batch.n_live) {
        pthread_cond_signal(&l->finished);
    }
}

static void *work(void *argument) {
    worker *w = argument;
    mkd_loader *l = w->loader;
    pthread_mutex_lock(&l->mutex);
    while (!l->stop && l->claim_batch < l->end) {
        mkd_sample sample;
        if (claim(&sample, l, w->index)) {
            make_sample(l, &sample);
        } else if (!l->stop && l->claim_batch < l->end) {
            pthread_cond_wait(&l->claimable, &l->mutex);
        }
    }
    pthread_mutex_unlock(&l->mutex);
    return NULL;
}

// Whether all samples of batch `q` are claimed and made. Under the mutex.
static bool is_ready(const mkd_loader *l, uint64_t q) {
    const place *p = &l->ring[q % l->depth];
    return l->claim_batch > q && p->n_done == p->batch.n_live;
}

static void release(mkd_loader *l) {
    l->n_released++;
    l->holding = false;
    pthread_cond_broadcast(&l->claimable);
}

static void clear_rest(const mkd_batch *batch) {
    for (size_t f = 0; f < batch->n_fields; f++) {
        size_t bytes = mkd_batch_slice_bytes(batch, f);
        memset((char *)batch->tensors[f].data + batch->n_live * bytes, 0,
               (batch->batch_size - batch->n_live) * bytes);
    }
}

int mkd_loader_next(const mkd_batch **out, mkd_loader *loader) {
    mkd_loader *l = loader;
    int status = 0;
    *out = NULL;
    pthread_mutex_lock(&l->mutex);
    if (l->holding) {
        release(l);
    }
    if (l->next_out < l->end) {
        while (!is_ready(l, l->next_out)) {
            // also samples of later batches: the wait may grow by one sample, but no core idles
            mkd_sample sample;
            if (claim(&sample, l, l->options.n_workers)) {
                make_sample(l, &sample);
            } else if (!is_ready(l, l->next_out)) {
                pthread_cond_wait(&l->finished, &l->mutex);
            }
        }
        place *p = &l->ring[l->next_out++ % l->depth];
        l->holding = true;
        if (p->error.code < 0) {
            status = mkd_error_restore(&p->error);
            release(l);
        } else {
            clear_rest(&p->batch);
            *out = &p->batch;
        }
    }
    pthread_mutex_unlock(&l->mutex);
    return status;
}

bool mkd_loader_help(mkd_loader *loader) {
    mkd_sample sample;
    pthread_mutex_lock(&loader->mutex);
    bool found = claim(&sample, loader, loader->options.n_workers);
    if (found) {
        make_sample(loader, &sample);
    }
    pthread_mutex_unlock(&loader->mutex);
    return found;
}

uint64_t mkd_loader_batches_per_epoch(const mkd_loader *loader) {
    return loader->batches_per_epoch;
}

// Fills what stands for a default, and computes the range of running numbers.
static int plan(mkd_loader *l) {
    mkd_loader_options *o = &l->options;
    o->n_ranks = o->n_ranks ? o->n_ranks : 1;
    o->n_ahead = o->n_ahead ? o->n_ahead : 2;
    l->depth = o->n_ahead + 1;
    if (o->n_samples == 0 || o->batch_size == 0 || o->rank >= o->n_ranks) {
        MKD_FAIL(MKD_EINVAL,
                 "loader: found %zu samples, batch size %zu, rank %zu of %zu, expected above 0 and "
                 "a rank below their number",
                 o->n_samples, o->batch_size, o->rank, o->n_ranks);
    }
    uint64_t whole = (uint64_t)o->batch_size * o->n_ranks;
    l->batches_per_epoch = o->n_samples / whole + (!o->drop_last && o->n_samples % whole > 0);
    if (l->batches_per_epoch == 0) {
        MKD_FAIL(MKD_EINVAL,
                 "loader: found %zu samples, expected at least %llu to fill one batch of all ranks",
                 o->n_samples, (unsigned long long)whole);
    }
    if (o->start_batch > l->batches_per_epoch) {
        MKD_FAIL(MKD_EINVAL, "loader: found start at batch %llu, expected at most %llu",
                 (unsigned long long)o->start_batch, (unsigned long long)l->batches_per_epoch);
    }
    l->first = o->start_epoch * l->batches_per_epoch + o->start_batch;
    uint64_t end = o->end_epoch * l->batches_per_epoch;
    l->end = o->end_epoch == 0 ? UINT64_MAX : end > l->first ? end - l->first : 0;
    return 0;
}

static int allocate(mkd_loader *l, const mkd_batch_field *fields, size_t n_fields) {
    size_t n_workers = l->options.n_workers;
    l->ring = mkd_alloc_array(l->depth, sizeof *l->ring);
    l->order = mkd_alloc_array(l->options.n_samples, sizeof *l->order);
    l->threads = mkd_alloc_array(n_workers, sizeof *l->threads);
    l->workers = mkd_alloc_array(n_workers, sizeof *l->workers);
    if (!l->ring || !l->order || !l->threads || !l->workers) {
        return MKD_ENOMEM;
    }
    for (size_t i = 0; i < l->depth; i++) {
        MKD_TRY(mkd_batch_new(&l->ring[i].batch, fields, n_fields, l->options.batch_size));
    }
    return 0;
}

int mkd_loader_open(mkd_loader **out, const mkd_loader_options *options,
                    const mkd_batch_field *fields, size_t n_fields, mkd_make_sample make,
                    void *payload) {
    int status = 0;
    *out = NULL;
    mkd_loader *l = mkd_alloc(sizeof *l);
    if (!l) {
        return MKD_ENOMEM;
    }
    l->options = *options;
    l->make = make;
    l->payload = payload;
    // with default attributes these cannot fail on the systems we build for
    pthread_mutex_init(&l->mutex, NULL);
    pthread_cond_init(&l->claimable, NULL);
    pthread_cond_init(&l->finished, NULL);
    MKD_GOTO(plan(l));
    MKD_GOTO(allocate(l, fields, n_fields));
    for (size_t i = 0; i < options->n_workers; i++) {
        l->workers[i] = (worker){l, i};
        MKD_GOTO(mkd_thread_start(&l->threads[i], work, &l->workers[i]));
    }
    *out = l;
done:
    if (status < 0) {
        mkd_loader_close(l);
    }
    return status;
}

void mkd_loader_close(mkd_loader *loader) {
    mkd_loader *l = loader;
    if (!l) {
        return;
    }
    pthread_mutex_lock(&l->mutex);
    l->stop = true;
    pthread_cond_broadcast(&l->claimable);
    pthread_mutex_unlock(&l->mutex);
    for (size_t i = 0; l->threads && i < l->options.n_workers; i++) {
        mkd_thread_join(&l->threads[i]);
    }
    for (size_t i = 0; l->ring && i < l->depth; i++) {
        mkd_batch_free(&l->ring[i].batch);
    }
    pthread_cond_destroy(&l->finished);
    pthread_cond_destroy(&l->claimable);
    pthread_mutex_destroy(&l->mutex);
    mkd_free(l->workers);
    mkd_free(l->threads);
    mkd_free(l->order);
    mkd_free(l->ring);
    mkd_free(l);
}
