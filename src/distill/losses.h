/// Losses between feature maps, shared by the methods. S is the student's, T the teacher's map,
/// both [N,H,W,C]; all give scalars, means over the batch where nothing else is said.
#ifndef MKD_DISTILL_LOSSES_H
#define MKD_DISTILL_LOSSES_H

#include "distill/method.h"

#ifdef __cplusplus
extern "C" {
#endif

/// mean (S - T)^2.
mkd_value mkd_loss_l2(mkd_graph *g, mkd_value student, mkd_value teacher);

/// Scene-level affinity: with F the [H W, C] matrix of a sample and G = F F^T the similarities of
/// all pairs of places, mean |G_S - G_T|. `cosine`: columns of F have unit length.
mkd_value mkd_loss_affinity(mkd_graph *g, mkd_value student, mkd_value teacher, bool cosine);

/// 1 - corr(S, ranks of T): ranks over all channels and places of a sample, ties averaged; one
/// correlation over the batch. 0 gradient (and loss 1) where S or T is constant.
mkd_value mkd_loss_spearman(mkd_graph *g, mkd_value student, mkd_value teacher);

/// Bilinear reduction (half-pixel centers, no anti-aliasing) to height x width; as it is if it
/// fits.
mkd_value mkd_reduce_map(mkd_graph *g, mkd_value map, int64_t height, int64_t width);

#ifdef __cplusplus
}
#endif

#endif
