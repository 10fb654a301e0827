/// Adapters: small learned maps from the student's features to the teacher's space.
#ifndef MKD_DISTILL_ADAPTER_H
#define MKD_DISTILL_ADAPTER_H

#include "distill/method.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum mkd_adapter_kind {
    MKD_ADAPTER_NONE,  ///< none where the channels agree, else POINT
    MKD_ADAPTER_POINT, ///< conv 1x1
    MKD_ADAPTER_BLOCK  ///< conv 3x3, ReLU, conv 1x1: MonoSKD's and MonoDistill's
} mkd_adapter_kind;

/// `name` becomes part of the parameters' paths ("distill.<name>.0.weight").
/// @return [N,H,W,channels]
mkd_value mkd_adapt(mkd_graph *g, mkd_value student_map, const char *name, mkd_adapter_kind kind,
                    int channels);

#ifdef __cplusplus
}
#endif

#endif
