/// Loader: worker threads that make the samples of coming batches while the current one is used.
///
/// What a batch holds depends on (seed, epoch, number of the batch) alone, not on the number of
/// workers, so a run can go on at any batch and see the same data.
#ifndef MKD_DATA_LOADER_H
#define MKD_DATA_LOADER_H

#include <stdbool.h>

#include "data/batch.h"

#ifdef __cplusplus
extern "C" {
#endif

/// One sample to be made.
typedef struct mkd_sample {
    const mkd_batch *batch; ///< its slices `slot` are to be written, all of them, nothing else
    size_t slot;
    size_t dataset_index;
    uint32_t epoch;
    uint64_t position; ///< in the epoch's order, over all ranks
    size_t worker;     ///< 0..n_workers: the thread, for scratch memory of its own
} mkd_sample;

/// Makes a sample; called by several threads at once.
typedef int (*mkd_make_sample)(const mkd_sample *sample, void *payload);

typedef struct mkd_loader_options {
    size_t n_samples;  ///< of the data set
    size_t batch_size; ///< of this rank
    size_t n_workers;  ///< threads beside the caller; 0: all is made in mkd_loader_next
    size_t n_ahead;    ///< batches made ahead of the one in use; 0 stands for 2
    uint64_t seed;
    bool shuffle;
    bool drop_last; ///< leave out samples that do not fill a batch (of all ranks)
    uint32_t start_epoch;
    uint64_t start_batch; ///< within start_epoch; for going on
    uint32_t end_epoch;   ///< first epoch that is not loaded; 0: no end
    size_t rank, n_ranks; ///< this rank's part of each batch; n_ranks 0 stands for 1
    /// Names a sample in errors (a frame's id). Nullable. Thread-safe.
    const char *(*sample_name)(const void *payload, size_t dataset_index);
} mkd_loader_options;

typedef struct mkd_loader mkd_loader;

/// Starts the workers. `fields` are copied; `payload` goes to `make` and `sample_name`.
/// Errors: EINVAL for sizes of 0, a start behind the epoch's end, or drop_last with too few
/// samples.
int mkd_loader_open(mkd_loader **out, const mkd_loader_options *options,
                    const mkd_batch_field *fields, size_t n_fields, mkd_make_sample make,
                    void *payload) MKD_NODISCARD;
/// Stops after the samples at work; NULL is allowed.
void mkd_loader_close(mkd_loader *loader);

uint64_t mkd_loader_batches_per_epoch(const mkd_loader *loader);

/// The next batch, valid until the next call; NULL at the end. While it is not ready the caller
/// makes samples too. A sample that failed fails its batch, once, with its name (the first such
/// sample's, in the batch's order); the call after that goes on with the batch behind it.
int mkd_loader_next(const mkd_batch **out, mkd_loader *loader) MKD_NODISCARD;

/// Makes one sample of a coming batch in the calling thread, for filling gaps of other work.
/// @return whether there was one to make
bool mkd_loader_help(mkd_loader *loader);

/// The order in which epoch `epoch` visits the samples: `out` [n_samples].
void mkd_epoch_order(int64_t *out, size_t n_samples, bool shuffle, uint64_t seed, uint32_t epoch);

#ifdef __cplusplus
}
#endif

#endif
