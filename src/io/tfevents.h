/// Curves for TensorBoard: scalars in an event file.
#ifndef MKD_IO_TFEVENTS_H
#define MKD_IO_TFEVENTS_H

#include <stdint.h>

#include "base/compiler.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mkd_tfevents mkd_tfevents;

/// Begins a new file events.out.tfevents.<time>.<host>.<process>.<n> in an existing folder; one per
/// process start, TensorBoard joins them. Errors: EIO, ENOTFOUND, ENOMEM.
int mkd_tfevents_open(mkd_tfevents **out, const char *folder) MKD_NODISCARD;
/// Adds one point of the curve `tag` ("loss/depth"), UTF-8.
int mkd_tfevents_scalar(mkd_tfevents *events, const char *tag, int64_t step, double value,
                        double wall_time_s) MKD_NODISCARD;
/// Hands what was added to the system: after each epoch, and every half minute or so.
int mkd_tfevents_flush(mkd_tfevents *events) MKD_NODISCARD;
/// Path of the file; lives as long as `events`.
const char *mkd_tfevents_path(const mkd_tfevents *events);
/// Flushes and frees in any case. NULL is allowed (and no error).
int mkd_tfevents_close(mkd_tfevents *events) MKD_NODISCARD;

#ifdef __cplusplus
}
#endif

#endif
