/// Comparison of runs over seeds: mean and standard deviation by role, paired differences.
#ifndef MKD_REPORT_COMPARE_H
#define MKD_REPORT_COMPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "report/table.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Mean and sample standard deviation (divisor n - 1) of the values that are not NaN.
typedef struct mkd_stat {
    size_t n;
    double mean; ///< NaN if n is 0
    double sd;   ///< NaN if n is below 2
} mkd_stat;

mkd_stat mkd_stat_of(const double *values, size_t n);

typedef struct mkd_compare_metric {
    const char *name; ///< "AP3D@0.7 Car moderate"
    const char *unit; ///< "%", "m" or ""
    bool lower_is_better;
    int decimals;
} mkd_compare_metric;

/// One run's final figures.
typedef struct mkd_compare_run {
    const char *role; ///< "teacher", "plain", "distilled", or any other
    uint64_t seed;
    const double *values; ///< one a metric; NaN where the run has none
} mkd_compare_run;

/// One line of the comparison: a role, or a role minus the base role seed by seed.
typedef struct mkd_compare_row {
    const char *role;   ///< of the caller's runs
    bool is_difference; ///< role - base, over the seeds that both have
    mkd_stat *stats;    ///< one a metric, owned
    bool *best;         ///< one a metric, owned: the best mean of the students (no differences)
} mkd_compare_row;

typedef struct mkd_compare {
    const mkd_compare_metric *metrics; ///< the caller's
    size_t n_metrics;
    const char *base;      ///< the caller's
    mkd_compare_row *rows; ///< roles in the order of their first run, then differences; owned
    size_t n_rows;
} mkd_compare;

/// Compares runs by role. Differences are taken against role `base` ("plain") for every other role
/// but "teacher", which is trained for another input. The pair of a run is the base's run with the
/// same seed; runs of one role with the same seed count as their mean in a difference.
/// Strings and metrics must outlive the result. Errors: ENOMEM.
int mkd_compare_runs(mkd_compare *out, const mkd_compare_run *runs, size_t n_runs,
                     const mkd_compare_metric *metrics, size_t n_metrics,
                     const char *base) MKD_NODISCARD;
void mkd_compare_free(mkd_compare *compare);

/// Fills an empty table, a row a role: number of seeds, and "mean ± sd" a metric (differences with
/// their sign); the best student's mean is strong. Arrows say which direction is better.
int mkd_compare_table(mkd_table *out, const mkd_compare *compare) MKD_NODISCARD;

/// The same with a row a metric and a column a role, for many metrics.
int mkd_compare_table_by_metric(mkd_table *out, const mkd_compare *compare) MKD_NODISCARD;

/// "12.34 ± 0.56", "12.34" without a deviation, "-" without a value; `sign` shows a plus.
void mkd_stat_text(char *out, size_t bytes, const mkd_stat *stat, int decimals, bool sign);

#ifdef __cplusplus
}
#endif

#endif
