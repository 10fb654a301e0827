/// The report on a set of runs: tables, comparison over seeds, curves, pictures.
#ifndef MKD_REPORT_PAGE_RUNS_H
#define MKD_REPORT_PAGE_RUNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/str.h"
#include "io/image.h"
#include "report/compare.h"
#include "report/curve.h"

#ifdef __cplusplus
extern "C" {
#endif

/// A final figure of a run.
typedef struct mkd_report_metric {
    mkd_compare_metric what;
    double value;
} mkd_report_metric;

/// A line of text about a run: "device" "2 CPU threads", "training time" "4:12".
typedef struct mkd_report_fact {
    const char *name, *text;
} mkd_report_fact;

/// A picture of a validation frame, such as mkd_overlay_picture gives.
typedef struct mkd_report_picture {
    const char *frame;      ///< pictures of one frame by several runs stand together
    const mkd_image *image; ///< RGB
    const char *caption;    ///< Nullable; the run's name is put in front
} mkd_report_picture;

/// What the page shows of a run. Nothing is owned.
typedef struct mkd_report_run {
    const char *name;
    const char *role; ///< "teacher", "plain", "distilled", or any other
    uint64_t seed;
    const char *config_text;         ///< Nullable
    const mkd_report_series *losses; ///< over steps, by name
    size_t n_losses;
    const mkd_report_series *scores; ///< over epochs, by name
    size_t n_scores;
    const mkd_report_series *curves; ///< precision (y) over recall (x), by name
    size_t n_curves;
    const mkd_report_metric *metrics;
    size_t n_metrics;
    const mkd_report_fact *facts;
    size_t n_facts;
    const mkd_report_picture *pictures;
    size_t n_pictures;
} mkd_report_run;

typedef struct mkd_report_options {
    const char *title;       ///< NULL: "monokd report"
    const char *subtitle;    ///< Nullable
    const char *base_role;   ///< role that differences are taken against; NULL: "plain"
    const char *step_label;  ///< x of losses; NULL: "step"
    const char *epoch_label; ///< x of scores; NULL: "epoch"
} mkd_report_options;

/// Compares the final figures of runs by role and seed. `*out_metrics` (all metrics in the order of
/// their first run; owned by the caller, mkd_free) must outlive `*out`.
int mkd_report_compare(mkd_compare *out, mkd_compare_metric **out_metrics,
                       const mkd_report_run *runs, size_t n_runs,
                       const char *base_role) MKD_NODISCARD;

/// Appends the whole HTML document. `options` Nullable. Errors: EINVAL without runs or for a run
/// without a name or a role, ENOMEM, and what drawing and encoding give.
int mkd_report_page(mkd_str *out, const mkd_report_run *runs, size_t n_runs,
                    const mkd_report_options *options) MKD_NODISCARD;
/// Writes it to a file, atomically.
int mkd_report_write(const char *path, const mkd_report_run *runs, size_t n_runs,
                     const mkd_report_options *options) MKD_NODISCARD;

#ifdef __cplusplus
}
#endif

#endif
