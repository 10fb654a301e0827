// Evaluation runs the inference graph over a split, batch by batch. The loader's workers read and
// warp the coming frames meanwhile; the camera and the plain augmentation of a frame are kept
// beside its batch slot for decoding.

#include "train/evaluate.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/status.h"
#include "base/thread.h"
#include "data/kitti.h"
#include "data/loader.h"

typedef struct eval_job {
    mkd_experiment *experiment;
    const mkd_dataset *dataset;
    const mkd_step_graph *step;
    mkd_evaluation *result;
    mkd_frame_view *views; // [n_frames]
} eval_job;

static int make_sample(const mkd_sample *sample, void *payload) {
    eval_job *job = payload;
    mkd_frame frame = {0};
    mkd_sample_slots slots = {.fields = &job->step->fields};
    const mkd_model_options *model = &job->experiment->student.detector.model;
    unsigned reads = mkd_detector_reads(&job->experiment->student.detector) | MKD_READ_OBJECTS;
    size_t at = sample->dataset_index;
    mkd_frame_view *view = &job->views[at];
    for (int i = 0; i < slots.fields->n; i++) {
        slots.data[i] = mkd_batch_slice(sample->batch, (size_t)i, sample->slot);
    }
    int status = mkd_dataset_frame(&frame, job->dataset, at, reads);
    MKD_GOTO(status);
    view->camera = frame.views[0].camera;
    MKD_GOTO(mkd_augment_none(
        &view->plain, view->camera.width_px, view->camera.height_px,
        (mkd_canvas){.width_px = (int)model->width_px, .height_px = (int)model->height_px}));
    MKD_GOTO(mkd_experiment_encode(&slots, job->experiment, &frame, &view->plain, false));
    // the labels move into the result: frames are distinct, so no lock is needed
    job->result->labels[at] = frame.objects;
    frame.objects = (mkd_object_list){0};
done:
    mkd_frame_free(&frame);
    return status;
}

static const char *sample_name(const void *payload, size_t index) {
    const eval_job *job = payload;
    return mkd_dataset_id(job->dataset, index);
}

int mkd_detect_batch(mkd_object_list *out, const mkd_experiment *experiment,
                     const mkd_step_graph *step, const mkd_batch *batch,
                     const mkd_frame_view *views) {
    const mkd_detector *d = &experiment->student.detector;
    mkd_tensor heads[MKD_MAX_HEADS] = {{0}};
    int status = 0;
    for (int i = 0; i < step->fields.n; i++) {
        MKD_GOTO(mkd_plan_write(step->plan, mkd_find_input(step->graph, step->fields.at[i].name),
                                &batch->tensors[i]));
    }
    MKD_GOTO(mkd_plan_run(step->plan));
    for (int i = 0; i < step->detection.n_heads; i++) {
        MKD_GOTO(mkd_plan_read(&heads[i], step->plan, step->detection.heads[i].value));
    }
    for (size_t slot = 0; slot < batch->n_live; slot++) {
        const float *rows[MKD_MAX_HEADS] = {0};
        size_t at = (size_t)batch->indices[slot];
        for (int i = 0; i < step->detection.n_heads; i++) {
            size_t per_sample = (size_t)mkd_tensor_count(&heads[i]) / batch->batch_size;
            rows[i] = (const float *)heads[i].data + slot * per_sample;
        }
        MKD_GOTO(d->driver->decode(&out[at], d, rows, &views[at].plain, &views[at].camera));
    }
done:
    for (int i = 0; i < MKD_MAX_HEADS; i++) {
        mkd_tensor_free(&heads[i]);
    }
    return status;
}

static int run_all(eval_job *job, const char *title) {
    mkd_loader *loader = NULL;
    const mkd_settings *s = &job->experiment->settings;
    size_t n = job->result->n_frames;
    mkd_loader_options options = {.n_samples = n,
                                  .batch_size = (size_t)job->step->batch_size,
                                  .n_workers = (size_t)s->data.workers,
                                  .end_epoch = 1,
                                  .sample_name = sample_name};
    MKD_TRY(mkd_loader_open(&loader, &options, job->step->fields.at, (size_t)job->step->fields.n,
                            make_sample, job));
    size_t done_frames = 0;
    double start_s = mkd_time_s();
    int status = 0;
    for (;;) {
        const mkd_batch *batch = NULL;
        MKD_GOTO(mkd_loader_next(&batch, loader));
        if (!batch) {
            break;
        }
        MKD_GOTO(mkd_detect_batch(job->result->detections, job->experiment, job->step, batch,
                                  job->views));
        done_frames += batch->n_live;
        mkd_progress(title, "frame", (double)done_frames, (double)n, NULL);
        if (mkd_interrupt_requested()) {
            status = mkd_error_set(
                MKD_EINTERRUPTED,
                "evaluation stopped after %zu of %zu frames; the same command starts it again",
                done_frames, n);
            goto done;
        }
    }
    job->result->images_per_s = (double)n / (mkd_time_s() - start_s + 1e-9);
done:
    mkd_loader_close(loader);
    return status;
}

static int score(mkd_evaluation *e) {
    for (const mkd_metric *m = mkd_metrics(); m->name; m++) {
        e->n_reports++;
    }
    e->reports = mkd_alloc_array(e->n_reports, sizeof *e->reports);
    if (!e->reports) {
        return MKD_ENOMEM;
    }
    for (size_t i = 0; i < e->n_reports; i++) {
        MKD_TRY(mkd_metrics()[i].report(&e->reports[i], e->detections, e->labels, e->n_frames));
    }
    return 0;
}

static int prepare(mkd_evaluation *out, const mkd_dataset *dataset) {
    size_t n = mkd_dataset_count(dataset);
    *out = (mkd_evaluation){.n_frames = n};
    out->ids = mkd_alloc_array(n, sizeof *out->ids);
    out->detections = mkd_alloc_array(n, sizeof *out->detections);
    out->labels = mkd_alloc_array(n, sizeof *out->labels);
    if (!out->ids || !out->detections || !out->labels) {
        return MKD_ENOMEM;
    }
    for (size_t i = 0; i < n; i++) {
        snprintf(out->ids[i], sizeof out->ids[i], "%s", mkd_dataset_id(dataset, i));
    }
    return 0;
}

int mkd_evaluate(mkd_evaluation *out, mkd_experiment *experiment, const mkd_dataset *dataset,
                 const char *title) {
    mkd_step_graph step = {0};
    eval_job job = {.experiment = experiment, .dataset = dataset, .step = &step, .result = out};
    int status = prepare(out, dataset);
    MKD_GOTO(status);
    job.views = mkd_alloc_array(out->n_frames, sizeof *job.views);
    status = job.views ? 0 : MKD_ENOMEM;
    MKD_GOTO(status);
    MKD_GOTO(
        mkd_experiment_build_inference(&step, experiment, experiment->settings.eval.batch_size));
    MKD_GOTO(run_all(&job, title));
    for (size_t i = 0; i < out->n_frames && !out->labeled; i++) {
        out->labeled = out->labels[i].n > 0;
    }
    if (out->labeled) {
        MKD_GOTO(score(out));
    }
done:
    mkd_step_graph_free(&step);
    mkd_free(job.views);
    if (status < 0) {
        mkd_evaluation_free(out);
    }
    return status;
}

void mkd_evaluation_free(mkd_evaluation *e) {
    for (size_t i = 0; i < e->n_frames; i++) {
        if (e->detections) {
            mkd_object_list_free(&e->detections[i]);
        }
        if (e->labels) {
            mkd_object_list_free(&e->labels[i]);
        }
    }
    for (size_t i = 0; i < e->n_reports && e->reports; i++) {
        mkd_metric_report_free(&e->reports[i]);
    }
    mkd_free(e->ids);
    mkd_free(e->detections);
    mkd_free(e->labels);
    mkd_free(e->reports);
    *e = (mkd_evaluation){0};
}

int mkd_evaluation_write(const mkd_evaluation *e, const char *folder) {
    MKD_TRY(mkd_fs_make_dirs(folder));
    MKD_TRY(mkd_fs_sweep(folder));
    mkd_str text = {0};
    mkd_str path = {0};
    int status = 0;
    for (size_t i = 0; i < e->n_frames; i++) {
        mkd_str_clear(&text);
        mkd_str_clear(&path);
        mkd_str_printf(&path, "%s/%s.txt", folder, e->ids[i]);
        MKD_GOTO(mkd_str_status(&path));
        MKD_GOTO(mkd_kitti_format_objects(&text, &e->detections[i], true, 17));
        MKD_GOTO(mkd_fs_write_atomic(path.text, text.text ? text.text : "", text.length));
    }
done:
    mkd_str_free(&text);
    mkd_str_free(&path);
    return status;
}

int mkd_evaluation_json(mkd_str *out, const mkd_evaluation *e) {
    bool first = true;
    for (size_t i = 0; i < e->n_reports; i++) {
        // the first metric's names stand alone, as papers quote them
        const char *prefix = i == 0 ? "" : mkd_metrics()[i].name;
        for (size_t k = 0; k < e->reports[i].n_numbers; k++) {
            const mkd_metric_number *number = &e->reports[i].numbers[k];
            mkd_str_printf(out, "%s\"%s%s%s\": ", first ? "" : ", ", prefix, i == 0 ? "" : "/",
                           number->name);
            mkd_str_append_f64(out, number->value);
            first = false;
        }
    }
    return mkd_str_status(out);
}

bool mkd_evaluation_number(double *out, const mkd_evaluation *e, const char *name) {
    for (size_t i = 0; i < e->n_reports; i++) {
        size_t n = strlen(mkd_metrics()[i].name);
        bool is_own = i > 0 && strncmp(name, mkd_metrics()[i].name, n) == 0 && name[n] == '/';
        if ((i == 0 && mkd_metric_number_find(out, &e->reports[i], name)) ||
            (is_own && mkd_metric_number_find(out, &e->reports[i], name + n + 1))) {
            return true;
        }
    }
    return false;
}
