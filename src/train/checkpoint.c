#include "train/checkpoint.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/status.h"
#include "io/safetensors.h"
#include "train/run_folder.h"

static const char format_name[] = "monokd checkpoint 1";

int mkd_checkpoint_save(mkd_store *store, const char *path, const mkd_progress_mark *mark) {
    char step[32];
    char epoch[32];
    char batch[32];
    snprintf(step, sizeof step, "%" PRId64, mark->step);
    snprintf(epoch, sizeof epoch, "%" PRIu32, mark->epoch);
    snprintf(batch, sizeof batch, "%" PRIu64, mark->batch);
    const char *const pairs[] = {"monokd", format_name, "step",  step,
                                 "epoch",  epoch,       "batch", batch};
    return mkd_store_save(store, path, NULL, true, pairs, MKD_COUNT(pairs) / 2);
}

static int read_number(int64_t *out, const mkd_safetensors *file, const char *key,
                       const char *path) {
    const char *text = mkd_safetensors_metadata(file, key);
    if (!text || !mkd_parse_i64(out, text) || *out < 0) {
        MKD_FAIL(MKD_EFORMAT, "%s: metadata %s is %s, expected a number", path, key,
                 text ? text : "missing");
    }
    return 0;
}

static int read_mark(mkd_progress_mark *out, const char *path) {
    mkd_safetensors *file = NULL;
    int64_t epoch = 0;
    int64_t batch = 0;
    int status = mkd_safetensors_open(&file, path);
    MKD_GOTO(status);
    const char *name = mkd_safetensors_metadata(file, "monokd");
    if (!name || strcmp(name, format_name) != 0) {
        status = mkd_error_set(MKD_EFORMAT, "%s: found %s, expected a file of '%s'", path,
                               name ? name : "no format name", format_name);
        goto done;
    }
    MKD_GOTO(read_number(&out->step, file, "step", path));
    MKD_GOTO(read_number(&epoch, file, "epoch", path));
    MKD_GOTO(read_number(&batch, file, "batch", path));
    out->epoch = (uint32_t)epoch;
    out->batch = (uint64_t)batch;
done:
    mkd_safetensors_close(file);
    return status;
}

int mkd_checkpoint_load(mkd_progress_mark *out, mkd_store *store, const char *path) {
    mkd_load_report report = {0};
    MKD_TRY(read_mark(out, path));
    int status = mkd_store_load(&report, store, path, true, true);
    mkd_str_free(&report.text);
    return status;
}

int mkd_model_save(mkd_store *store, const char *path) {
    const char *const pairs[] = {"monokd", "monokd model 1"};
    return mkd_store_save(store, path, "distill.", false, pairs, MKD_COUNT(pairs) / 2);
}

int mkd_model_load(mkd_load_report *report, mkd_store *store, const char *path, bool strict) {
    return mkd_store_load(report, store, path, false, strict);
}

int mkd_run_load_weights(mkd_store *store, const char *run) {
    mkd_load_report report = {0};
    char *model = mkd_run_file(run, MKD_RUN_MODEL);
    char *checkpoint = mkd_run_file(run, MKD_RUN_CHECKPOINT);
    int status = model && checkpoint ? 0 : MKD_ENOMEM;
    MKD_GOTO(status);
    const char *path = mkd_fs_exists(model) ? model : checkpoint;
    if (!mkd_fs_exists(path)) {
        status = mkd_error_set(MKD_ENOTFOUND, "%s has neither %s nor %s: nothing was trained yet",
                               run, MKD_RUN_MODEL, MKD_RUN_CHECKPOINT);
        goto done;
    }
    MKD_GOTO(mkd_model_load(&report, store, path, true));
done:
    mkd_str_free(&report.text);
    mkd_free(model);
    mkd_free(checkpoint);
    return status;
}
