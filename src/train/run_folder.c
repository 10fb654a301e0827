#include "train/run_folder.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/status.h"
#include "train/options.h"

static const size_t max_log_bytes = (size_t)1 << 30;

// values that may change between the parts of one training
static const char *const free_keys[] = {
    "train.run",     "train.threads", "train.log_every",  "train.checkpoint_every_s",
    "train.backend", "data.workers",  "train.eval_every", "data.root",
    "data.cache_mb", "eval",          "teacher.run",      NULL};

char *mkd_run_file(const char *run, const char *name) {
    return mkd_fs_join(run, name);
}

int mkd_run_split_name(mkd_str *out, const char *split) {
    const char *slash = strrchr(split, '/');
    const char *name = slash ? slash + 1 : split;
    const char *dot = strrchr(name, '.');
    mkd_str_append_bytes(out, name, slash && dot ? (size_t)(dot - name) : strlen(name));
    return mkd_str_status(out);
}

char *mkd_run_detections(const char *run, const char *split) {
    mkd_str path = {0};
    mkd_str_printf(&path, "%s/%s/", run, MKD_RUN_DETECTIONS);
    if (mkd_run_split_name(&path, split) < 0) {
        mkd_str_free(&path);
        return NULL;
    }
    return path.text;
}

int mkd_run_config(mkd_config **out, const char *run, const char *const *overrides,
                   size_t n_overrides) {
    *out = NULL;
    if (!mkd_fs_is_dir(run)) {
        MKD_FAIL(MKD_ENOTFOUND, "%s: there is no such run folder", run);
    }
    char *path = mkd_run_file(run, MKD_RUN_CONFIG);
    if (!path) {
        return MKD_ENOMEM;
    }
    int status = 0;
    if (!mkd_fs_exists(path)) {
        status = mkd_error_set(MKD_ENOTFOUND, "%s: found no %s, expected a run folder", run,
                               MKD_RUN_CONFIG);
    } else {
        status = mkd_config_load(out, mkd_settings_schema(), path, overrides, n_overrides);
    }
    mkd_free(path);
    return status;
}

static bool is_free(const char *key) {
    for (const char *const *f = free_keys; *f; f++) {
        size_t n = strlen(*f);
        if (strncmp(key, *f, n) == 0 && (key[n] == '\0' || key[n] == '.')) {
            return true;
        }
    }
    return false;
}

// the first key whose value counts and differs
static int compare(const mkd_config *old, const mkd_config *config, const char *run) {
    char key[128];
    for (const mkd_section *s = mkd_settings_schema(); s->prefix; s++) {
        for (const mkd_option *o = s->options; o->key; o++) {
            snprintf(key, sizeof key, "%s.%s", s->prefix, o->key);
            const char *a = mkd_config_text(old, key);
            const char *b = mkd_config_text(config, key);
            if (!is_free(key) && a && b && strcmp(a, b) != 0) {
                MKD_FAIL(MKD_EINVAL,
                         "%s holds a training with %s = '%s', this one has '%s'; choose another "
                         "train.run, or remove the folder",
                         run, key, a, b);
            }
        }
    }
    return 0;
}

// A folder in which nothing was learned yet, because its first start failed, takes any config.
static int has_weights(bool *out, const char *run) {
    char *model = mkd_run_file(run, MKD_RUN_MODEL);
    char *checkpoint = mkd_run_file(run, MKD_RUN_CHECKPOINT);
    int status = model && checkpoint ? 0 : MKD_ENOMEM;
    *out = status >= 0 && (mkd_fs_exists(model) || mkd_fs_exists(checkpoint));
    mkd_free(model);
    mkd_free(checkpoint);
    return status;
}

static int adopt_config(const mkd_run_folder *run, const mkd_config *config) {
    mkd_config *old = NULL;
    mkd_str text = {0};
    char *path = mkd_run_file(run->path, MKD_RUN_CONFIG);
    bool binds = false;
    int status = path ? has_weights(&binds, run->path) : MKD_ENOMEM;
    MKD_GOTO(status);
    if (binds && mkd_fs_exists(path)) {
        MKD_GOTO(mkd_run_config(&old, run->path, NULL, 0));
        MKD_GOTO(compare(old, config, run->path));
    }
    MKD_GOTO(mkd_config_dump(&text, config, true, false));
    MKD_GOTO(mkd_fs_write_atomic(path, text.text, text.length));
done:
    mkd_free(path);
    mkd_str_free(&text);
    mkd_config_free(old);
    return status;
}

int mkd_run_folder_open(mkd_run_folder *out, const char *path, const mkd_config *config) {
    char *lock = NULL;
    *out = (mkd_run_folder){.path = mkd_strdup(path)};
    int status = out->path ? mkd_fs_make_dirs(path) : MKD_ENOMEM;
    MKD_GOTO(status);
    lock = mkd_run_file(path, MKD_RUN_LOCK);
    if (!lock) {
        status = MKD_ENOMEM;
        goto done;
    }
    status = mkd_fs_lock(&out->lock, lock);
    if (status == MKD_EINVAL) {
        mkd_error_prefix(status, "another training uses this run folder");
    }
    MKD_GOTO(status);
    out->is_locked = true;
    MKD_GOTO(mkd_fs_sweep(path));
    MKD_GOTO(adopt_config(out, config));
done:
    mkd_free(lock);
    if (status < 0) {
        mkd_run_folder_close(out);
    }
    return status;
}

void mkd_run_folder_close(mkd_run_folder *run) {
    if (run->is_locked) {
        mkd_fs_unlock(run->lock);
    }
    mkd_free(run->path);
    *run = (mkd_run_folder){0};
}

bool mkd_run_line_step(int64_t *out, const char *line) {
    // functions of strings may look for the end of the whole text at every line
    static const char begin[] = "{\"step\": ";
    if (strncmp(line, begin, sizeof begin - 1) != 0) {
        return false;
    }
    char digits[24] = "";
    const char *from = line + sizeof begin - 1;
    for (size_t n = 0; n + 1 < sizeof digits && (from[n] == '-' || isdigit((unsigned char)from[n]));
         n++) {
        digits[n] = from[n];
    }
    return mkd_parse_i64(out, digits);
}

int mkd_run_trim_log(const char *path, int64_t last_step) {
    char *text = NULL;
    size_t bytes = 0;
    if (!mkd_fs_exists(path)) {
        return 0;
    }
    MKD_TRY(mkd_fs_read(&text, &bytes, path, max_log_bytes));
    size_t keep = 0;
    while (keep < bytes) {
        int64_t step = 0;
        const char *end = memchr(text + keep, '\n', bytes - keep);
        if (!end || !mkd_run_line_step(&step, text + keep) || step > last_step) {
            break;
        }
        keep = (size_t)(end - text) + 1;
    }
    int status = keep < bytes ? mkd_fs_write_atomic(path, text, keep) : 0;
    mkd_free(text);
    return status;
}
