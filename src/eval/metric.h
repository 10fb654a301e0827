/// Metrics: what is computed from detections and labels, found by name.
///
/// A new one is a file <name>.c with `mkd_<name>_report` and a line in metrics.def.
#ifndef MKD_EVAL_METRIC_H
#define MKD_EVAL_METRIC_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "base/str.h"
#include "data/frame.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MKD_METRIC_NAME_MAX 64

/// One figure under a name such as "car/3d/strict/R40/moderate", for logs and curves.
typedef struct mkd_metric_number {
    char name[MKD_METRIC_NAME_MAX];
    double value;
} mkd_metric_number;

typedef struct mkd_metric_report {
    mkd_str json; ///< one JSON value, full precision, no newline at its end
    mkd_str text; ///< aligned table for people
    mkd_metric_number *numbers;
    size_t n_numbers;
} mkd_metric_report;

typedef struct mkd_metric {
    const char *name, *summary;
    /// `detections[i]` and `labels[i]` belong to frame i. Fills a zeroed report; after a failure
    /// the caller frees what is there. Errors: ENOMEM.
    int (*report)(mkd_metric_report *out, const mkd_object_list *detections,
                  const mkd_object_list *labels, size_t n_frames);
} mkd_metric;

#define MKD_METRIC(name, summary)                                                                  \
    int mkd_##name##_report(mkd_metric_report *out, const mkd_object_list *detections,             \
                            const mkd_object_list *labels, size_t n_frames) MKD_NODISCARD;
#include "eval/metrics.def"
#undef MKD_METRIC

/// All metrics; ended by one with a NULL name.
const mkd_metric *mkd_metrics(void);

/// Errors: ENOTFOUND; the message names the nearest one.
int mkd_metric_find(const mkd_metric **out, const char *name) MKD_NODISCARD;

/// @return false if the report has no number of that name.
bool mkd_metric_number_find(double *out, const mkd_metric_report *report, const char *name);

/// For metrics: appends a number whose name is formatted.
int mkd_metric_number_add(mkd_metric_report *report, double value, const char *fmt, ...)
    MKD_PRINTF(3, 4) MKD_NODISCARD;

/// Frees what the report owns and zeroes it.
void mkd_metric_report_free(mkd_metric_report *report);

#ifdef __cplusplus
}
#endif

#endif
