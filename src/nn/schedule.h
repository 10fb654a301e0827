/// Learning rates over time, as pure functions of the step, in double.
#ifndef MKD_NN_SCHEDULE_H
#define MKD_NN_SCHEDULE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// eta_min + (rate - eta_min)(1 + cos(pi i / n)) / 2
double mkd_rate_cosine(double rate, double minimum, double i, double n);
/// start + (rate - start) min(i, n) / n
double mkd_rate_linear_warmup(double rate, double start, double i, double n);
/// start + (rate - start)(1 - cos(pi i / n)) / 2, `rate` from n on: the warm-up of MonoDLE's family
double mkd_rate_cosine_warmup(double rate, double start, double i, double n);
/// rate * gamma^(number of milestones <= i)
double mkd_rate_multistep(double rate, double gamma, const int64_t *milestones, size_t n_milestones,
                          double i);
/// PyTorch's OneCycleLR with cosine annealing and two phases.
double mkd_rate_onecycle(double rate, double i, double total, double share_up, double div,
                         double final_div);

/// fastai's one cycle: rate and momentum. Phase 1 has int(share_up * total) steps.
/// `final_rate` is absolute ("low/1e4" is rate / div / 1e4).
void mkd_onecycle_fastai(double *out_rate, double *out_momentum, double rate,
                         const double momenta[2], double i, int64_t total, double share_up,
                         double div, double final_rate);

typedef enum mkd_schedule_kind {
    MKD_SCHEDULE_CONSTANT,
    MKD_SCHEDULE_STEP,
    MKD_SCHEDULE_COSINE
} mkd_schedule_kind;

/// A whole training's schedule, in units of epochs (fractions allowed).
typedef struct mkd_schedule {
    mkd_schedule_kind kind;
    double rate;          ///< after the warm-up
    double epochs;        ///< length of the training
    double warmup_epochs; ///< cosine warm-up from rate * warmup_factor
    double warmup_factor;
    double minimum_factor;  ///< COSINE ends at rate * minimum_factor
    int64_t milestones[16]; ///< STEP: epochs
    size_t n_milestones;
    double gamma; ///< STEP
} mkd_schedule;

/// The rate at `epoch` (0 at the start, `epochs` at the end).
double mkd_schedule_rate(const mkd_schedule *schedule, double epoch);

#ifdef __cplusplus
}
#endif

#endif
