/// Where time goes: drivers hand in the seconds of each node.
#ifndef MKD_TENSOR_PROFILE_H
#define MKD_TENSOR_PROFILE_H

#include "tensor/ops.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Switched on by mkd_profile_enable or the environment variable MKD_PROFILE (not empty, not 0).
bool mkd_profile_enabled(void);
/// Adds a run of a node. `implementation` is a short word such as "ref" or oneDNN's own name.
/// Thread-safe. A sample that finds no memory is dropped.
void mkd_profile_add(mkd_op op, const char *implementation, const char *node, double seconds);

#ifdef __cplusplus
}
#endif

#endif
