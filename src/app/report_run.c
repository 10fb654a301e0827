#include "app/report_run.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/status.h"
#include "io/safetensors.h"
#include "report/progress_text.h"
#include "train/run_folder.h"

// the figures that runs are compared by, and their names in eval.jsonl
static const struct {
    const char *key;
    mkd_compare_metric what;
    const char *curve; // its title over epochs
} figures[] = {
    {"metrics/car/3d/loose/R40/moderate",
     {"AP3D R40 Car moderate IoU 0.5", "%", false, 2},
     "AP3D R40 Car moderate IoU 0.5, %"},
    {"metrics/car/3d/strict/R40/moderate",
     {"AP3D R40 Car moderate IoU 0.7", "%", false, 2},
     "AP3D R40 Car moderate IoU 0.7, %"},
    {"metrics/car/bev/loose/R40/moderate",
     {"BEV R40 Car moderate IoU 0.5", "%", false, 2},
     "BEV R40 Car moderate IoU 0.5, %"},
    {"metrics/car/bev/strict/R40/moderate",
     {"BEV R40 Car moderate IoU 0.7", "%", false, 2},
     "BEV R40 Car moderate IoU 0.7, %"},
    {"metrics/depth_error/car/mean_abs_m",
     {"depth error of matched cars", "m", true, 3},
     "depth error of matched cars, m"},
};

static char *base_name(const char *path) {
    size_t end = strlen(path);
    while (end > 1 && path[end - 1] == '/') {
        end--;
    }
    size_t begin = end;
    while (begin > 0 && path[begin - 1] != '/') {
        begin--;
    }
    mkd_str name = {0};
    mkd_str_append_bytes(&name, path + begin, end - begin);
    return name.text;
}

static void set_role(mkd_run_summary *run) {
    const char *method = run->settings.distill.method;
    if (run->settings.model.sees == MKD_SEES_DEPTH) {
        snprintf(run->role, sizeof run->role, "teacher");
    } else if (method[0]) {
        snprintf(run->role, sizeof run->role, "distilled (%s)", method);
    } else {
        snprintf(run->role, sizeof run->role, "plain");
    }
}

static int read_log(mkd_run_log *out, const char *run, const char *name, const char *x_key) {
    char *path = mkd_run_file(run, name);
    if (!path) {
        return MKD_ENOMEM;
    }
    int status = mkd_run_log_read(out, path, x_key);
    mkd_free(path);
    return status;
}

static mkd_report_series series_of(const mkd_run_series *series, const char *name) {
    return (mkd_report_series){.name = name, .x = series->x, .y = series->y, .n = series->n};
}

static int set_series(mkd_run_summary *run) {
    run->losses = mkd_alloc_array(run->log.n_series, sizeof *run->losses);
    run->scores = mkd_alloc_array(MKD_COUNT(figures), sizeof *run->scores);
    run->metrics = mkd_alloc_array(MKD_COUNT(figures), sizeof *run->metrics);
    if (!run->losses || !run->scores || !run->metrics) {
        return MKD_ENOMEM;
    }
    for (size_t i = 0; i < run->log.n_series; i++) {
        const mkd_run_series *series = &run->log.series[i];
        if (strcmp(series->name, "loss") == 0) {
            run->losses[run->n_losses++] = series_of(series, "total");
        } else if (strncmp(series->name, "terms/", 6) == 0) {
            run->losses[run->n_losses++] = series_of(series, series->name + 6);
        }
    }
    for (size_t i = 0; i < MKD_COUNT(figures) && run->eval.n_lines > 0; i++) {
        const mkd_run_series *series = mkd_run_log_find(&run->eval, figures[i].key);
        mkd_report_metric *metric = &run->metrics[run->n_metrics++];
        *metric = (mkd_report_metric){.what = figures[i].what};
        if (!mkd_run_log_last(&metric->value, &run->eval, figures[i].key)) {
            metric->value = NAN; // nothing was found: no number, not 0
        }
        if (series) {
            run->scores[run->n_scores++] = series_of(series, figures[i].curve);
        }
    }
    return 0;
}

static int compare_doubles(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static char *next_fact(mkd_run_summary *run, const char *name) {
    char *text = run->fact_text[run->n_facts];
    run->facts[run->n_facts++] = (mkd_report_fact){name, text};
    return text;
}

// the median speed, as a line that spans an evaluation is slower; and the sum of the lines' times
static int set_speed(mkd_run_summary *run) {
    const mkd_run_series *speed = mkd_run_log_find(&run->log, "images_per_s");
    if (!speed || speed->n == 0) {
        return 0;
    }
    double time_s = 0, last_step = 0;
    double *sorted = mkd_alloc_array(speed->n, sizeof *sorted);
    mkd_str text = {0};
    if (!sorted) {
        return MKD_ENOMEM;
    }
    for (size_t i = 0; i < speed->n; i++) {
        double images = (speed->x[i] - last_step) * (double)run->settings.train.batch_size;
        time_s += speed->y[i] > 0 ? images / speed->y[i] : 0;
        last_step = speed->x[i];
        sorted[i] = speed->y[i];
    }
    qsort(sorted, speed->n, sizeof *sorted, compare_doubles);
    snprintf(next_fact(run, "images/s"), sizeof run->fact_text[0], "%.1f", sorted[speed->n / 2]);
    mkd_duration_append(&text, time_s);
    snprintf(next_fact(run, "time"), sizeof run->fact_text[0], "%s", text.text ? text.text : "");
    mkd_free(sorted);
    int status = mkd_str_status(&text);
    mkd_str_free(&text);
    return status;
}

static bool ends_with(const char *text, const char *end) {
    size_t n = strlen(text), n_end = strlen(end);
    return n >= n_end && strcmp(text + n - n_end, end) == 0;
}

// numbers that are trained: all of the saved network but what batch norms count
static int set_parameters(mkd_run_summary *run) {
    mkd_safetensors *file = NULL;
    char *path = mkd_run_file(run->path, MKD_RUN_MODEL);
    int64_t n = 0;
    int status = path ? 0 : MKD_ENOMEM;
    if (status < 0 || !mkd_fs_exists(path)) {
        goto done;
    }
    MKD_GOTO(mkd_safetensors_open(&file, path));
    for (size_t i = 0; i < mkd_safetensors_count(file); i++) {
        const char *name = mkd_safetensors_name(file, i);
        mkd_tensor tensor;
        MKD_GOTO(mkd_safetensors_view(&tensor, file, i));
        if (!ends_with(name, ".running_mean") && !ends_with(name, ".running_var") &&
            !ends_with(name, ".num_batches_tracked")) {
            n += mkd_tensor_count(&tensor);
        }
    }
    if (n < 1000000) {
        snprintf(next_fact(run, "parameters"), sizeof run->fact_text[0], "%.1f k",
                 (double)n * 1e-3);
    } else {
        snprintf(next_fact(run, "parameters"), sizeof run->fact_text[0], "%.2f M",
                 (double)n * 1e-6);
    }
done:
    mkd_safetensors_close(file);
    mkd_free(path);
    return status;
}

static int set_facts(mkd_run_summary *run) {
    const mkd_model_options *m = &run->settings.model;
    snprintf(next_fact(run, "network"), sizeof run->fact_text[0], "%.24s %" PRId64 "\u00d7%" PRId64,
             m->backbone, m->width_px, m->height_px);
    double steps = run->log.n_lines > 0 ? run->log.last_x : 0, evaluated = 0;
    if (mkd_run_log_last(&evaluated, &run->eval, "step")) {
        steps = fmax(steps, evaluated); // a log need not end with the last step
    }
    snprintf(next_fact(run, "steps"), sizeof run->fact_text[0], "%.0f", steps);
    MKD_TRY(set_speed(run));
    return set_parameters(run);
}

int mkd_run_summary_read(mkd_run_summary *out, const char *path, const char *const *overrides,
                         size_t n_overrides) {
    *out = (mkd_run_summary){.path = path, .name = base_name(path)};
    int status = out->name ? 0 : MKD_ENOMEM;
    MKD_GOTO(status);
    MKD_GOTO(mkd_run_config(&out->config, path, overrides, n_overrides));
    MKD_GOTO(mkd_settings_get(&out->settings, out->config));
    MKD_GOTO(mkd_config_dump(&out->config_text, out->config, true, false));
    set_role(out);
    MKD_GOTO(read_log(&out->log, path, MKD_RUN_LOG, "step"));
    MKD_GOTO(read_log(&out->eval, path, MKD_RUN_EVAL, "epoch"));
    MKD_GOTO(set_series(out));
    MKD_GOTO(set_facts(out));
done:
    if (status < 0) {
        mkd_run_summary_free(out);
    }
    return status;
}

const char *mkd_run_summary_fact(const mkd_run_summary *run, const char *name) {
    for (size_t i = 0; i < run->n_facts; i++) {
        if (strcmp(run->facts[i].name, name) == 0) {
            return run->facts[i].text;
        }
    }
    return NULL;
}

void mkd_run_summary_drop_fact(mkd_run_summary *run, const char *name) {
    size_t kept = 0;
    for (size_t i = 0; i < run->n_facts; i++) {
        if (strcmp(run->facts[i].name, name) != 0) {
            run->facts[kept++] = run->facts[i];
        }
    }
    run->n_facts = kept;
}

mkd_report_run mkd_run_summary_view(const mkd_run_summary *run) {
    return (mkd_report_run){.name = run->name,
                            .role = run->role,
                            .seed = (uint64_t)run->settings.train.seed,
                            .config_text = run->config_text.text,
                            .losses = run->losses,
                            .n_losses = run->n_losses,
                            .scores = run->scores,
                            .n_scores = run->n_scores,
                            .curves = run->curves,
                            .n_curves = run->n_curves,
                            .metrics = run->metrics,
                            .n_metrics = run->n_metrics,
                            .facts = run->facts,
                            .n_facts = run->n_facts,
                            .pictures = run->pictures,
                            .n_pictures = run->n_pictures};
}

void mkd_run_summary_free(mkd_run_summary *run) {
    for (size_t i = 0; i < run->n_frames; i++) {
        if (run->labels) {
            mkd_object_list_free(&run->labels[i]);
        }
        if (run->detections) {
            mkd_object_list_free(&run->detections[i]);
        }
    }
    for (size_t i = 0; i < run->n_pictures; i++) {
        mkd_image_free(&run->images[i]);
    }
    mkd_free(run->labels);
    mkd_free(run->detections);
    mkd_free(run->pictures);
    mkd_free(run->images);
    mkd_free(run->ids);
    mkd_free(run->losses);
    mkd_free(run->scores);
    mkd_free(run->metrics);
    mkd_free(run->name);
    mkd_str_free(&run->config_text);
    mkd_run_log_free(&run->log);
    mkd_run_log_free(&run->eval);
    mkd_dataset_close(run->dataset);
    mkd_config_free(run->config);
    *run = (mkd_run_summary){0};
}
