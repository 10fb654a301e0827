// One step: the loader's batch into the plan's inputs, run (forward, losses, backward), the
// gradient's norm, one pass of the optimizer. A checkpoint holds parameters, statistics, optimizer
// states and the place in the epoch; batches and augmentations are pure functions of (seed, epoch,
// position), so nothing else needs to be kept for an exact resume.

#include "train/trainer.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/status.h"
#include "base/thread.h"
#include "comm/comm.h"
#include "data/cache.h"
#include "data/loader.h"
#include "train/checkpoint.h"
#include "train/evaluate.h"
#include "train/journal.h"
#include "train/run_folder.h"

typedef struct trainer {
    mkd_experiment experiment;
    mkd_run_folder run;
    mkd_comm *comm;
    mkd_dataset *train_set, *val_set;
    mkd_frame_cache *cache;
    mkd_loader *loader;
    mkd_step_graph step;
    mkd_journal *journal;
    mkd_schedule schedule;
    mkd_optimizer_options optimizer;
    mkd_progress_mark mark;
    char *checkpoint_path;
    double last_checkpoint_s;
    double last_loss;
} trainer;

static int make_sample(const mkd_sample *sample, void *payload) {
    trainer *t = payload;
    const mkd_settings *s = &t->experiment.settings;
    const mkd_frame *frame = NULL;
    mkd_frame scratch = {0};
    mkd_augmentation augmentation;
    mkd_sample_slots slots = {.fields = &t->step.fields};
    for (int i = 0; i < slots.fields->n; i++) {
        slots.data[i] = mkd_batch_slice(sample->batch, (size_t)i, sample->slot);
        memset(slots.data[i], 0, mkd_batch_slice_bytes(sample->batch, (size_t)i));
    }
    int status = mkd_frame_cache_get(&frame, &scratch, t->cache, sample->dataset_index);
    MKD_GOTO(status);
    const mkd_camera *camera = &frame->views[0].camera;
    mkd_canvas canvas = {.width_px = (int)s->model.width_px, .height_px = (int)s->model.height_px};
    MKD_GOTO(mkd_augment_draw(&augmentation, camera->width_px, camera->height_px, canvas,
                              &s->augment, (uint64_t)s->train.seed, sample->epoch,
                              sample->dataset_index));
    MKD_GOTO(mkd_experiment_encode(&slots, &t->experiment, frame, &augmentation, true));
done:
    mkd_frame_free(&scratch);
    return status;
}

static const char *sample_name(const void *payload, size_t index) {
    const trainer *t = payload;
    return mkd_dataset_id(t->train_set, index);
}

static int open_data(trainer *t) {
    const mkd_data_options *d = &t->experiment.settings.data;
    if (!d->root[0]) {
        MKD_FAIL(MKD_EINVAL, "data.root is empty: it must name the data set's folder");
    }
    MKD_TRY(mkd_dataset_open(&t->train_set, d->kind, d->root, d->train_split));
    size_t n = mkd_dataset_count(t->train_set);
    int64_t batch_size = t->experiment.settings.train.batch_size;
    if (n < (size_t)batch_size) {
        MKD_FAIL(MKD_EINVAL,
                 "%s: split \"%s\": found %zu frames, expected at least one batch: "
                 "train.batch_size is %" PRId64,
                 d->root, d->train_split, n, batch_size);
    }
    MKD_TRY(mkd_dataset_open(&t->val_set, d->kind, d->root, d->val_split));
    return mkd_frame_cache_new(&t->cache, t->train_set, mkd_experiment_reads(&t->experiment, true),
                               (size_t)d->cache_mb << 20);
}

static int open_loader(trainer *t) {
    const mkd_settings *s = &t->experiment.settings;
    mkd_loader_options options = {.n_samples = mkd_dataset_count(t->train_set),
                                  .batch_size = (size_t)s->train.batch_size,
                                  .n_workers = (size_t)s->data.workers,
                                  .seed = (uint64_t)s->train.seed,
                                  .shuffle = true,
                                  .drop_last = true, // a plan's batch has one size

                                  .start_epoch = t->mark.epoch,
                                  .start_batch = t->mark.batch,
                                  .end_epoch = (uint32_t)s->train.epochs,
                                  .rank = (size_t)mkd_comm_rank(t->comm),
                                  .n_ranks = (size_t)mkd_comm_size(t->comm),
                                  .sample_name = sample_name};
    return mkd_loader_open(&t->loader, &options, t->step.fields.at, (size_t)t->step.fields.n,
                           make_sample, t);
}

static int load_init(trainer *t) {
    const char *path = t->experiment.settings.train.init;
    if (!path[0]) {
        return 0;
    }
    mkd_load_report report = {0};
    int status = mkd_model_load(&report, t->experiment.student.store, path, false);
    if (status >= 0 && report.n_loaded == 0) {
        status =
            mkd_error_set(MKD_EINVAL, "train.init: %s has no tensor that the network has", path);
    } else if (status >= 0) {
        mkd_log(MKD_LOG_INFO,
                "started from %s: %d tensors loaded, %d of the network missing, %d "
                "of the file unused",
                path, report.n_loaded, report.n_missing, report.n_unexpected);
    }
    mkd_str_free(&report.text);
    return status;
}

// networks and where they start: a checkpoint, a file, or fresh values
static int open_networks(trainer *t) {
    mkd_store *store = t->experiment.student.store;
    MKD_TRY(mkd_experiment_build_training(&t->step, &t->experiment));
    MKD_TRY(mkd_optimizer_prepare(store, &t->optimizer));
    if (t->experiment.has_teacher) {
        MKD_TRY(
            mkd_run_load_weights(t->experiment.teacher.store, t->experiment.settings.teacher.run));
    }
    t->checkpoint_path = mkd_run_file(t->run.path, MKD_RUN_CHECKPOINT);
    if (!t->checkpoint_path) {
        return MKD_ENOMEM;
    }
    if (!mkd_fs_exists(t->checkpoint_path)) {
        return load_init(t);
    }
    MKD_TRY(mkd_checkpoint_load(&t->mark, store, t->checkpoint_path));
    mkd_log(MKD_LOG_INFO, "%s: resuming after step %" PRId64 " (epoch %u)", t->run.path,
            t->mark.step, t->mark.epoch + 1);
    return 0;
}

static int open_trainer(trainer *t, const mkd_config *config, const char *run) {
    MKD_TRY(mkd_experiment_open(&t->experiment, config));
    MKD_TRY(mkd_comm_open(&t->comm, "self"));
    MKD_TRY(open_data(t));
    MKD_TRY(mkd_run_folder_open(&t->run, run, config));
    t->schedule = mkd_settings_schedule(&t->experiment.settings);
    t->optimizer = mkd_settings_optimizer(&t->experiment.settings);
    MKD_TRY(open_networks(t));
    MKD_TRY(mkd_journal_open(&t->journal, run, t->mark.step, &t->step.terms));
    t->last_checkpoint_s = mkd_time_s();
    return 0;
}

static int save(trainer *t) {
    MKD_TRY(mkd_checkpoint_save(t->experiment.student.store, t->checkpoint_path, &t->mark));
    t->last_checkpoint_s = mkd_time_s();
    return 0;
}

static void close_trainer(trainer *t) {
    mkd_loader_close(t->loader);
    mkd_journal_close(t->journal);
    mkd_step_graph_free(&t->step);
    mkd_frame_cache_free(t->cache);
    mkd_dataset_close(t->train_set);
    mkd_dataset_close(t->val_set);
    mkd_comm_close(t->comm);
    mkd_experiment_close(&t->experiment);
    mkd_run_folder_close(&t->run);
    mkd_free(t->checkpoint_path);
}

static int diverged(const trainer *t, const char *what, double value) {
    const char *number = isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
    if (!mkd_fs_exists(t->checkpoint_path)) {
        MKD_FAIL(MKD_EDIVERGED,
                 "%s is %s at step %" PRId64 " (epoch %u): training diverged, before any "
                 "checkpoint was saved",
                 what, number, t->mark.step + 1, t->mark.epoch + 1);
    }
    MKD_FAIL(MKD_EDIVERGED,
             "%s is %s at step %" PRId64 " (epoch %u): training diverged; the checkpoint in %s is "
             "from before",
             what, number, t->mark.step + 1, t->mark.epoch + 1, t->run.path);
}

static int read_losses(trainer *t, double *total, double *terms) {
    const mkd_step_graph *s = &t->step;
    char name[64];
    MKD_TRY(mkd_plan_read_scalar(total, s->plan, mkd_find_output(s->graph, "loss")));
    for (int i = 0; i < s->terms.n; i++) {
        snprintf(name, sizeof name, "loss/%s", s->terms.at[i].name);
        MKD_TRY(mkd_plan_read_scalar(&terms[i], s->plan, mkd_find_output(s->graph, name)));
        if (!isfinite(terms[i])) {
            return diverged(t, name, terms[i]);
        }
    }
    return isfinite(*total) ? 0 : diverged(t, "the loss", *total);
}

// share of the method's losses that is on: 1 after the warm-up
static float distill_scale(const trainer *t, double epoch) {
    double warmup = t->experiment.settings.distill.warmup_epochs;
    return epoch < warmup ? (float)(epoch / warmup) : 1.0f;
}

static int write_inputs(trainer *t, const mkd_batch *batch, double epoch) {
    const mkd_step_graph *s = &t->step;
    for (int i = 0; i < s->fields.n; i++) {
        MKD_TRY(mkd_plan_write(s->plan, mkd_find_input(s->graph, s->fields.at[i].name),
                               &batch->tensors[i]));
    }
    if (s->distill_scale.id >= 0) {
        float scale = distill_scale(t, epoch);
        mkd_tensor tensor = {.dtype = MKD_F32, .data = &scale};
        MKD_TRY(mkd_plan_write(s->plan, s->distill_scale, &tensor));
    }
    return 0;
}

static int update(trainer *t, double rate, double *norm) {
    mkd_store *store = t->experiment.student.store;
    const mkd_optim_options *o = &t->experiment.settings.optim;
    const float *gradients = mkd_store_gradients(store)->host;
    size_t count = mkd_store_flat_count(store);
    *norm = mkd_gradient_norm(&gradients, &count, 1, MKD_CLIP_NORM);
    if (!isfinite(*norm)) {
        return diverged(t, "the gradient's norm", *norm);
    }
    double scale = o->clip_norm > 0 ? mkd_clip_factor(*norm, o->clip_norm) : 1;
    return mkd_optimizer_step(store, &t->optimizer, rate, scale, t->mark.step + 1);
}

static int train_step(trainer *t, const mkd_batch *batch) {
    mkd_journal_step entry = {0};
    double batches = (double)mkd_loader_batches_per_epoch(t->loader);
    entry.epoch = (double)batch->epoch + (double)batch->number / batches;
    entry.rate = mkd_schedule_rate(&t->schedule, entry.epoch);
    MKD_TRY(write_inputs(t, batch, entry.epoch));
    MKD_TRY(mkd_plan_run(t->step.plan));
    MKD_TRY(read_losses(t, &entry.loss, entry.terms));
    MKD_TRY(update(t, entry.rate, &entry.gradient_norm));
    t->mark.step++;
    t->mark.epoch = batch->epoch;
    t->mark.batch = batch->number + 1;
    if (t->mark.batch == (uint64_t)batches) {
        t->mark.epoch++;
        t->mark.batch = 0;
    }
    entry.step = t->mark.step;
    entry.n_images = (int64_t)batch->n_live;
    t->last_loss = entry.loss;
    int64_t every = t->experiment.settings.train.log_every;
    return mkd_journal_add(t->journal, &entry, t->mark.step % every == 0);
}

// what the trained network found stays in the run folder, for reports and other scorers
static int write_detections(const trainer *t, const mkd_evaluation *e) {
    char *folder = mkd_run_detections(t->run.path, t->experiment.settings.data.val_split);
    int status = folder ? mkd_evaluation_write(e, folder) : MKD_ENOMEM;
    mkd_free(folder);
    return status;
}

static int evaluate_epoch(trainer *t) {
    mkd_evaluation e = {0};
    int status = mkd_evaluate(&e, &t->experiment, t->val_set, "evaluate");
    if (status == MKD_EINTERRUPTED) {
        mkd_error_set(status,
                      "stopped in the evaluation after step %" PRId64
                      "; the same command goes on from there (%s)",
                      t->mark.step, t->run.path);
    }
    MKD_GOTO(status);
    if (t->mark.epoch == (uint32_t)t->experiment.settings.train.epochs) {
        MKD_GOTO(write_detections(t, &e));
    }
    MKD_GOTO(mkd_journal_evaluation(t->journal, &e, t->mark.step, t->mark.epoch));
    double ap = 0;
    if (mkd_evaluation_number(&ap, &e, "car/3d/loose/R40/moderate")) {
        mkd_log(MKD_LOG_INFO, "epoch %u: AP3D R40 of Car moderate at IoU 0.5 is %.2f",
                t->mark.epoch, ap);
    }
done:
    mkd_evaluation_free(&e);
    return status;
}

static bool evaluation_is_due(const trainer *t) {
    const mkd_train_options *o = &t->experiment.settings.train;
    return t->mark.batch == 0 && t->mark.epoch > 0 &&
           (t->mark.epoch % (uint32_t)o->eval_every == 0 || t->mark.epoch == (uint32_t)o->epochs) &&
           !mkd_journal_has_evaluation(t->journal, t->mark.step);
}

// what happens between two steps: checkpoint, evaluation, a wish to stop
static int between_steps(trainer *t) {
    const mkd_train_options *o = &t->experiment.settings.train;
    bool stop = mkd_interrupt_requested();
    bool epoch_ends = evaluation_is_due(t);
    bool late = mkd_time_s() - t->last_checkpoint_s >= o->checkpoint_every_s;
    if (stop || epoch_ends || late) {
        MKD_TRY(save(t));
    }
    if (epoch_ends && !stop) {
        MKD_TRY(evaluate_epoch(t));
    }
    if (stop) {
        MKD_FAIL(MKD_EINTERRUPTED,
                 "stopped after step %" PRId64 "; the same command goes on from there (%s)",
                 t->mark.step, t->run.path);
    }
    return 0;
}

static int run_steps(trainer *t, mkd_train_result *out, int64_t total_steps) {
    double start_s = mkd_time_s();
    for (;;) {
        const mkd_batch *batch = NULL;
        char detail[96];
        MKD_TRY(mkd_loader_next(&batch, t->loader));
        if (!batch) {
            break;
        }
        MKD_TRY(train_step(t, batch));
        out->steps_now++;
        snprintf(detail, sizeof detail, "epoch %u/%" PRId64 "  loss %.3f", batch->epoch + 1,
                 t->experiment.settings.train.epochs, t->last_loss);
        mkd_progress("train", "step", (double)t->mark.step, (double)total_steps, detail);
        MKD_TRY(between_steps(t));
    }
    double elapsed_s = mkd_time_s() - start_s;
    double n_images = (double)(out->steps_now * t->experiment.settings.train.batch_size);
    out->images_per_s = elapsed_s > 0 ? n_images / elapsed_s : 0;
    return 0;
}

static int finish(trainer *t) {
    char *model = mkd_run_file(t->run.path, MKD_RUN_MODEL);
    if (!model) {
        return MKD_ENOMEM;
    }
    int status = mkd_model_save(t->experiment.student.store, model);
    mkd_free(model);
    return status;
}

// A checkpoint knows its place as step and as batch of an epoch; both must mean the same.
static int check_mark(const trainer *t, uint64_t batches) {
    int64_t expected = (int64_t)(t->mark.epoch * batches + t->mark.batch);
    if (t->mark.step != expected) {
        MKD_FAIL(MKD_EINVAL,
                 "%s: found step %" PRId64 " at batch %" PRIu64 " of epoch %" PRIu32
                 ", expected step %" PRId64 " with %zu frames: was the training split changed?",
                 t->checkpoint_path, t->mark.step, t->mark.batch, t->mark.epoch + 1, expected,
                 mkd_dataset_count(t->train_set));
    }
    return 0;
}

static int train_all(trainer *t, mkd_train_result *out) {
    const mkd_train_options *o = &t->experiment.settings.train;
    uint64_t batches = mkd_dataset_count(t->train_set) / (size_t)o->batch_size;
    MKD_TRY(check_mark(t, batches));
    int64_t total_steps = o->epochs * (int64_t)batches;
    out->was_finished = t->mark.epoch >= (uint32_t)o->epochs;
    if (!out->was_finished) {
        MKD_TRY(open_loader(t));
        // a kill between the checkpoint of an epoch's end and its evaluation left that one out
        if (evaluation_is_due(t)) {
            MKD_TRY(evaluate_epoch(t));
        }
        MKD_TRY(run_steps(t, out, total_steps));
    } else if (evaluation_is_due(t)) {
        MKD_TRY(evaluate_epoch(t));
    }
    return finish(t);
}

int mkd_train(mkd_train_result *out, const mkd_config *config, const char *run) {
    *out = (mkd_train_result){0};
    trainer *t = mkd_alloc(sizeof *t);
    if (!t) {
        return MKD_ENOMEM;
    }
    int status = open_trainer(t, config, run);
    if (status >= 0) {
        status = train_all(t, out);
    }
    out->steps = t->mark.step;
    out->last_loss = t->last_loss;
    close_trainer(t);
    mkd_free(t);
    return status;
}
