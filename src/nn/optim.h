/// Optimizers, gradient clipping and moving averages, on flat arrays and on whole stores.
///
/// All sums and updates have a fixed order for any number of threads.
#ifndef MKD_NN_OPTIM_H
#define MKD_NN_OPTIM_H

#include "nn/store.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum mkd_optimizer_kind {
    MKD_OPTIMIZER_SGD,
    MKD_OPTIMIZER_ADAM,          ///< decay is L2 added to the gradient
    MKD_OPTIMIZER_ADAMW,         ///< decoupled: w *= 1 - rate * decay before the step
    MKD_OPTIMIZER_MONODETR_ADAMW ///< MonoDETR's own: decay inside the bias-corrected step
} mkd_optimizer_kind;

/// Zeroed fields count as: beta1 0.9, beta2 0.999, epsilon 1e-8.
typedef struct mkd_optimizer_options {
    mkd_optimizer_kind kind;
    double beta1, beta2, epsilon;
    double weight_decay;
    double momentum, dampening; ///< SGD
    bool nesterov;              ///< SGD
    bool amsgrad;               ///< ADAM, ADAMW
    bool decay_before;          ///< ADAM: decay like ADAMW but by rate * decay * w first (fastai)
} mkd_optimizer_options;

/// One step on `n` weights, in place.
/// @param w, dw       weights and gradients
/// @param m, v, v_max states, zero before the first step. SGD uses m (momentum's buffer) alone;
///                    v_max is used with amsgrad alone; unused ones may be NULL
/// @param scale       factor on the gradients (clipping), 1 for none
/// @param step        1 for the first
void mkd_optimizer_update(float *w, const float *dw, float *m, float *v, float *v_max, size_t n,
                          const mkd_optimizer_options *options, double rate, double decay,
                          double scale, int64_t step);

/// One step on all parameters of a store with rate_factor > 0: rate * rate_factor, weight decay for
/// entries marked `decayed`. States are kept in the store as "m", "v", "v_max".
int mkd_optimizer_step(mkd_store *store, const mkd_optimizer_options *options, double rate,
                       double scale, int64_t step) MKD_NODISCARD;
/// Makes the states that mkd_optimizer_step will use, so that a checkpoint can be loaded into them.
int mkd_optimizer_prepare(mkd_store *store, const mkd_optimizer_options *options) MKD_NODISCARD;

typedef enum mkd_clip_kind {
    MKD_CLIP_NORM,     ///< L2 norm of all gradients together
    MKD_CLIP_NORM_MAX, ///< largest absolute value of all together
    MKD_CLIP_VALUE     ///< each value to [-limit, limit]
} mkd_clip_kind;

/// Norm of n arrays together: L2, or the largest absolute value.
double mkd_gradient_norm(const float *const *gradients, const size_t *counts, int n,
                         mkd_clip_kind kind);
/// min(1, limit / (norm + 1e-6)): the factor that clips a gradient of this norm.
double mkd_clip_factor(double norm, double limit);
/// Clips in place; @return the norm before.
double mkd_clip_gradients(float *const *gradients, const size_t *counts, int n, mkd_clip_kind kind,
                          double limit);

/// ema = decay * ema + (1 - decay) * w; the first update copies.
void mkd_ema_update(float *ema, const float *w, size_t n, double decay, bool is_first);

#ifdef __cplusplus
}
#endif

#endif
