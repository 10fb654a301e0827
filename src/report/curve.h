/// Several runs' records of one figure, merged into one curve with a band.
#ifndef MKD_REPORT_CURVE_H
#define MKD_REPORT_CURVE_H

#include <stddef.h>

#include "base/compiler.h"

#ifdef __cplusplus
extern "C" {
#endif

/// A record over steps, epochs or recall. Points whose x does not rise or whose y is NaN are
/// skipped.
typedef struct mkd_report_series {
    const char *name;
    const double *x, *y; ///< [n]
    size_t n;
} mkd_report_series;

typedef struct mkd_curve {
    double *x;    ///< [n], rising; owned
    double *mean; ///< [n] over the series that cover x; owned
    double *low;  ///< [n] lowest of them; owned
    double *high; ///< [n] highest of them; owned
    size_t n;
    size_t n_series; ///< that had a point at all
} mkd_curve;

/// Merges series: at each x of any of them the mean, lowest and highest of those that cover it,
/// linearly interpolated between their own points. If a series is longer than `max_points`, all are
/// first averaged over `max_points` equal stretches of x. Errors: ENOMEM.
int mkd_curve_merge(mkd_curve *out, const mkd_report_series *const *series, size_t n_series,
                    size_t max_points) MKD_NODISCARD;
void mkd_curve_free(mkd_curve *curve);

#ifdef __cplusplus
}
#endif

#endif
