/// What a report shows of a run folder, gathered from its logs, its detections and its data set.
#ifndef MKD_APP_REPORT_RUN_H
#define MKD_APP_REPORT_RUN_H

#include "data/dataset.h"
#include "report/page_runs.h"
#include "train/options.h"
#include "train/run_log.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { MKD_REPORT_FACTS = 6, MKD_REPORT_CURVES = 4 };

typedef struct mkd_run_summary {
    const char *path; ///< of the caller
    char *name;       ///< the folder's own
    char role[64];    ///< "teacher", "plain", "distilled (<method>)"
    mkd_config *config;
    mkd_settings settings;
    mkd_str config_text;
    mkd_run_log log, eval;
    mkd_report_series *losses, *scores, curves[MKD_REPORT_CURVES];
    double recall[41], precision[MKD_REPORT_CURVES][41];
    size_t n_losses, n_scores, n_curves;
    mkd_report_metric *metrics; ///< none if the run was not evaluated
    size_t n_metrics;
    mkd_report_fact facts[MKD_REPORT_FACTS];
    char fact_text[MKD_REPORT_FACTS][64];
    size_t n_facts;
    // of the last evaluation's split, empty if it or the detections cannot be read
    mkd_dataset *dataset;
    mkd_object_list *labels, *detections;
    size_t n_frames;
    mkd_report_picture *pictures;
    mkd_image *images;
    char (*ids)[MKD_FRAME_ID_MAX];
    size_t n_pictures;
} mkd_run_summary;

/// Reads config and logs: name, role, figures, losses and facts. Errors: ENOTFOUND for a folder
/// that does not exist or holds no run; EFORMAT for a broken log.
int mkd_run_summary_read(mkd_run_summary *out, const char *path, const char *const *overrides,
                         size_t n_overrides) MKD_NODISCARD;
/// Adds what needs the data set: curves of precision over recall from the stored detections. Where
/// data set or detections are missing, nothing is added and one line of the log says why.
int mkd_run_summary_add_curves(mkd_run_summary *run) MKD_NODISCARD;
/// Adds up to eval.max_pictures pictures, of frames spread evenly over the split, after
/// mkd_run_summary_add_curves.
int mkd_run_summary_add_pictures(mkd_run_summary *run) MKD_NODISCARD;
/// The text of a fact ("network", "parameters"), or NULL.
const char *mkd_run_summary_fact(const mkd_run_summary *run, const char *name);
void mkd_run_summary_drop_fact(mkd_run_summary *run, const char *name);
/// As the page wants it; borrows everything.
mkd_report_run mkd_run_summary_view(const mkd_run_summary *run);
void mkd_run_summary_free(mkd_run_summary *run);

#ifdef __cplusplus
}
#endif

#endif
