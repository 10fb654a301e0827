/// Response distillation: the student's heads imitate the teacher's where objects are.
#ifndef MKD_DISTILL_RESPONSE_H
#define MKD_DISTILL_RESPONSE_H

#include "distill/method.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Heads that the loss reads; NULL-ended.
extern const char *const mkd_response_heads[];

/// The input "distill.foreground" [H/4, W/4, 1]: 1 within the Gaussian square of a trained object.
/// In the form of a method's hooks; there are no options.
void mkd_response_fields(mkd_field_list *out, const mkd_detector *student, const void *options);
int mkd_response_encode(const mkd_sample_slots *out, const mkd_detector *student,
                        const mkd_scene *scene, const void *options);

/// Sum over the heads of mean |S - T|: offset_2d and size_2d over the foreground's cells;
/// offset_3d, size_3d and depth (its logit, without the uncertainty) over the objects' own cells;
/// for heading, there too, KL(T || S) of the bins per bin and L1 of the residual at the true bin. 0
/// without objects. Reads the targets "target.index", "target.mask" and "target.heading_bin".
mkd_value mkd_response_loss(const mkd_distillation *d);

#ifdef __cplusplus
}
#endif

#endif
