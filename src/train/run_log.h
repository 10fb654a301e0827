/// Reading the logs of a run folder (log.jsonl, eval.jsonl) as series of numbers by name.
#ifndef MKD_TRAIN_RUN_LOG_H
#define MKD_TRAIN_RUN_LOG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"

#ifdef __cplusplus
extern "C" {
#endif

/// The values of one name, in the order of the lines that have it.
typedef struct mkd_run_series {
    char *name;    ///< "loss", "terms/heatmap", "metrics/car/3d/loose/R40/moderate"
    double *x, *y; ///< [n]
    size_t n, capacity;
} mkd_run_series;

typedef struct mkd_run_log {
    mkd_run_series *series; ///< in the order in which the lines bring them up
    size_t n_series, capacity;
    size_t n_lines;
    double last_x; ///< of the last line
} mkd_run_log;

/// Reads a file of one JSON object a line. Every number of it is a point of the series of its name
/// over the number `x_key` ("step", "epoch"), those of an object within under "object/name". A
/// missing file is an empty log, and a last line without its newline (a training may be writing it)
/// is left out. Errors: EFORMAT with path and line; ENOMEM. The caller frees, also after a failure.
int mkd_run_log_read(mkd_run_log *out, const char *path, const char *x_key) MKD_NODISCARD;
void mkd_run_log_free(mkd_run_log *log);

/// NULL if there is none.
const mkd_run_series *mkd_run_log_find(const mkd_run_log *log, const char *name);
/// The value that the last line has under a name.
/// @return false if the last line does not have it
bool mkd_run_log_last(double *out, const mkd_run_log *log, const char *name);

#ifdef __cplusplus
}
#endif

#endif
