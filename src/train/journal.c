#include "train/journal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/status.h"
#include "base/thread.h"
#include "io/tfevents.h"
#include "train/run_folder.h"

struct mkd_journal {
    char *log_path, *eval_path;
    mkd_tfevents *events;
    int n_terms;
    char names[MKD_MAX_TERMS][32];
    mkd_journal_step sum; // of the steps since the last line
    int64_t n_steps;
    double since_s;
    int64_t last_evaluation; // step, -1: none
};

// the step of the last evaluation that is kept
static int find_last_evaluation(mkd_journal *j) {
    char *text = NULL;
    size_t bytes = 0;
    j->last_evaluation = -1;
    if (!mkd_fs_exists(j->eval_path)) {
        return 0;
    }
    MKD_TRY(mkd_fs_read(&text, &bytes, j->eval_path, (size_t)1 << 30));
    for (const char *line = text; line && *line;) {
        int64_t step = 0;
        if (mkd_run_line_step(&step, line)) {
            j->last_evaluation = step;
        }
        line = strchr(line, '\n');
        line = line ? line + 1 : NULL;
    }
    mkd_free(text);
    return 0;
}

int mkd_journal_open(mkd_journal **out, const char *run, int64_t last_step,
                     const mkd_loss_terms *terms) {
    mkd_journal *j = *out = mkd_alloc(sizeof *j);
    if (!j) {
        return MKD_ENOMEM;
    }
    j->log_path = mkd_run_file(run, MKD_RUN_LOG);
    j->eval_path = mkd_run_file(run, MKD_RUN_EVAL);
    int status = j->log_path && j->eval_path ? 0 : MKD_ENOMEM;
    MKD_GOTO(status);
    MKD_GOTO(mkd_run_trim_log(j->log_path, last_step));
    MKD_GOTO(mkd_run_trim_log(j->eval_path, last_step));
    MKD_GOTO(find_last_evaluation(j));
    MKD_GOTO(mkd_tfevents_open(&j->events, run));
    j->n_terms = terms->n;
    for (int i = 0; i < terms->n; i++) {
        snprintf(j->names[i], sizeof j->names[i], "%s", terms->at[i].name);
    }
    j->since_s = mkd_time_s();
done:
    if (status < 0) {
        mkd_journal_close(j);
        *out = NULL;
    }
    return status;
}

void mkd_journal_close(mkd_journal *j) {
    if (!j) {
        return;
    }
    if (j->events) {
        // what the file did not take is in the JSON lines too
        int ignored = mkd_tfevents_close(j->events);
        (void)ignored;
    }
    mkd_free(j->log_path);
    mkd_free(j->eval_path);
    mkd_free(j);
}

static void append_number(mkd_str *line, const char *name, double value) {
    mkd_str_printf(line, ", \"%s\": ", name);
    mkd_str_append_f64(line, value);
}

static int write_events(mkd_journal *j, const mkd_journal_step *mean) {
    char tag[64];
    double now_s = mkd_wall_time_s();
    MKD_TRY(mkd_tfevents_scalar(j->events, "loss/total", mean->step, mean->loss, now_s));
    MKD_TRY(mkd_tfevents_scalar(j->events, "rate", mean->step, mean->rate, now_s));
    for (int i = 0; i < j->n_terms; i++) {
        snprintf(tag, sizeof tag, "loss/%s", j->names[i]);
        MKD_TRY(mkd_tfevents_scalar(j->events, tag, mean->step, mean->terms[i], now_s));
    }
    return mkd_tfevents_flush(j->events);
}

static int write_line(mkd_journal *j) {
    mkd_journal_step mean = j->sum;
    double n = (double)j->n_steps;
    double now_s = mkd_time_s();
    mkd_str line = {0};
    mean.loss /= n;
    mean.gradient_norm /= n;
    mkd_str_printf(&line, "{\"step\": %" PRId64, mean.step);
    append_number(&line, "epoch", mean.epoch);
    append_number(&line, "rate", mean.rate);
    append_number(&line, "loss", mean.loss);
    append_number(&line, "gradient_norm", mean.gradient_norm);
    append_number(&line, "images_per_s", (double)mean.n_images / (now_s - j->since_s + 1e-9));
    mkd_str_append(&line, ", \"terms\": {");
    for (int i = 0; i < j->n_terms; i++) {
        mean.terms[i] /= n;
        mkd_str_printf(&line, "%s\"%s\": ", i ? ", " : "", j->names[i]);
        mkd_str_append_f64(&line, mean.terms[i]);
    }
    mkd_str_append(&line, "}}");
    int status = mkd_str_status(&line);
    MKD_GOTO(status);
    MKD_GOTO(mkd_fs_append_line(j->log_path, line.text));
    MKD_GOTO(write_events(j, &mean));
    j->sum = (mkd_journal_step){0};
    j->n_steps = 0;
    j->since_s = now_s;
done:
    mkd_str_free(&line);
    return status;
}

int mkd_journal_add(mkd_journal *j, const mkd_journal_step *step, bool flush) {
    j->n_steps++;
    j->sum.step = step->step;
    j->sum.epoch = step->epoch;
    j->sum.rate = step->rate;
    j->sum.loss += step->loss;
    j->sum.gradient_norm += step->gradient_norm;
    j->sum.n_images += step->n_images;
    for (int i = 0; i < j->n_terms; i++) {
        j->sum.terms[i] += step->terms[i];
    }
    return flush ? write_line(j) : 0;
}

int mkd_journal_evaluation(mkd_journal *j, const mkd_evaluation *e, int64_t step, uint32_t epoch) {
    mkd_str line = {0};
    mkd_str_printf(
        &line, "{\"step\": %" PRId64 ", \"epoch\": %" PRIu32 ", \"images_per_s\": ", step, epoch);
    mkd_str_append_f64(&line, e->images_per_s);
    mkd_str_append(&line, ", \"metrics\": {");
    int status = mkd_evaluation_json(&line, e);
    MKD_GOTO(status);
    mkd_str_append(&line, "}}");
    MKD_GOTO(mkd_str_status(&line));
    MKD_GOTO(mkd_fs_append_line(j->eval_path, line.text));
    for (size_t i = 0; i < e->n_reports; i++) {
        for (size_t k = 0; k < e->reports[i].n_numbers; k++) {
            char tag[128];
            const mkd_metric_number *number = &e->reports[i].numbers[k];
            snprintf(tag, sizeof tag, "eval/%s/%s", mkd_metrics()[i].name, number->name);
            MKD_GOTO(mkd_tfevents_scalar(j->events, tag, step, number->value, mkd_wall_time_s()));
        }
    }
    j->last_evaluation = step;
    MKD_GOTO(mkd_tfevents_flush(j->events));
done:
    mkd_str_free(&line);
    return status;
}

bool mkd_journal_has_evaluation(const mkd_journal *j, int64_t step) {
    return j->last_evaluation == step;
}
