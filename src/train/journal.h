/// The journal of a training: losses and figures as JSON lines and TensorBoard events.
#ifndef MKD_TRAIN_JOURNAL_H
#define MKD_TRAIN_JOURNAL_H

#include "train/evaluate.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mkd_journal mkd_journal;

typedef struct mkd_journal_step {
    int64_t step;
    double epoch, rate, loss, gradient_norm;
    double terms[MKD_MAX_TERMS]; ///< in the order of the loss terms
    int64_t n_images;
} mkd_journal_step;

/// Opens the logs of a run folder and drops what they say about steps after `last_step`.
int mkd_journal_open(mkd_journal **out, const char *run, int64_t last_step,
                     const mkd_loss_terms *terms) MKD_NODISCARD;
void mkd_journal_close(mkd_journal *journal);

/// Adds a step to the running means; with `flush` writes them as one line and starts new ones.
int mkd_journal_add(mkd_journal *journal, const mkd_journal_step *step, bool flush) MKD_NODISCARD;
/// One line with every figure.
int mkd_journal_evaluation(mkd_journal *journal, const mkd_evaluation *evaluation, int64_t step,
                           uint32_t epoch) MKD_NODISCARD;
bool mkd_journal_has_evaluation(const mkd_journal *journal, int64_t step);

#ifdef __cplusplus
}
#endif

#endif
