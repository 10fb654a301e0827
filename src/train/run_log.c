#include "train/run_log.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/status.h"

static const size_t max_bytes = (size_t)1 << 30;

enum { NAME_BYTES = 160 };

static int grow(void **array, size_t n, size_t *capacity, size_t size) {
    if (n < *capacity) {
        return 0;
    }
    size_t wanted = *capacity ? 2 * *capacity : 16;
    void *larger = mkd_realloc_array(*array, wanted, size);
    if (!larger) {
        return MKD_ENOMEM;
    }
    *array = larger;
    *capacity = wanted;
    return 0;
}

static int add_point(mkd_run_series *series, double x, double y) {
    size_t capacity = series->capacity;
    void *xs = series->x, *ys = series->y;
    int status = grow(&xs, series->n, &capacity, sizeof(double));
    series->x = xs;
    MKD_TRY(status);
    MKD_TRY(grow(&ys, series->n, &series->capacity, sizeof(double)));
    series->y = ys;
    series->x[series->n] = x;
    series->y[series->n++] = y;
    return 0;
}

// `guess`: the place of the name in the line before, where it nearly always is again
static int find_or_add(mkd_run_series **out, mkd_run_log *log, const char *name, size_t guess) {
    for (size_t i = 0; i < log->n_series; i++) {
        size_t at = (guess + i) % log->n_series;
        if (strcmp(log->series[at].name, name) == 0) {
            *out = &log->series[at];
            return 0;
        }
    }
    void *series = log->series;
    int status = grow(&series, log->n_series, &log->capacity, sizeof *log->series);
    log->series = series;
    MKD_TRY(status);
    *out = &log->series[log->n_series];
    **out = (mkd_run_series){.name = mkd_strdup(name)};
    if (!(*out)->name) {
        return MKD_ENOMEM;
    }
    log->n_series++;
    return 0;
}

static int add_numbers(mkd_run_log *log, const json_t *object, const char *prefix, double x,
                       size_t *next) {
    char name[NAME_BYTES];
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)object, key, value) {
        mkd_run_series *series = NULL;
        snprintf(name, sizeof name, "%s%s%s", prefix, *prefix ? "/" : "", key);
        if (json_is_object(value) && !*prefix) {
            MKD_TRY(add_numbers(log, value, name, x, next));
        } else if (json_is_number(value)) {
            MKD_TRY(find_or_add(&series, log, name, *next));
            MKD_TRY(add_point(series, x, json_number_value(value)));
            *next = (size_t)(series - log->series) + 1;
        }
    }
    return 0;
}

static int read_line(mkd_run_log *log, const char *line, size_t length, const char *path,
                     size_t number, const char *x_key) {
    json_error_t error;
    size_t next = 0;
    json_t *object = json_loadb(line, length, JSON_REJECT_DUPLICATES, &error);
    if (!object) {
        MKD_FAIL(MKD_EFORMAT, "%s:%zu: found %s, expected a JSON object", path, number, error.text);
    }
    const json_t *x = json_object_get(object, x_key);
    int status = 0;
    if (!json_is_number(x)) {
        status = mkd_error_set(MKD_EFORMAT, "%s:%zu: found no number \"%s\", expected one", path,
                               number, x_key);
    } else {
        log->last_x = json_number_value(x);
        log->n_lines++;
        status = add_numbers(log, object, "", log->last_x, &next);
    }
    json_decref(object);
    return status;
}

int mkd_run_log_read(mkd_run_log *out, const char *path, const char *x_key) {
    *out = (mkd_run_log){0};
    char *text = NULL;
    size_t bytes = 0, number = 1;
    if (!mkd_fs_exists(path)) {
        return 0;
    }
    MKD_TRY(mkd_fs_read(&text, &bytes, path, max_bytes));
    int status = 0;
    for (size_t at = 0; at < bytes && status >= 0; number++) {
        const char *end = memchr(text + at, '\n', bytes - at);
        if (!end) {
            break;
        }
        size_t length = (size_t)(end - text) - at;
        status = read_line(out, text + at, length, path, number, x_key);
        at += length + 1;
    }
    mkd_free(text);
    return status;
}

void mkd_run_log_free(mkd_run_log *log) {
    for (size_t i = 0; i < log->n_series; i++) {
        mkd_free(log->series[i].name);
        mkd_free(log->series[i].x);
        mkd_free(log->series[i].y);
    }
    mkd_free(log->series);
    *log = (mkd_run_log){0};
}

const mkd_run_series *mkd_run_log_find(const mkd_run_log *log, const char *name) {
    for (size_t i = 0; i < log->n_series; i++) {
        if (strcmp(log->series[i].name, name) == 0) {
            return &log->series[i];
        }
    }
    return NULL;
}

bool mkd_run_log_last(double *out, const mkd_run_log *log, const char *name) {
    const mkd_run_series *series = mkd_run_log_find(log, name);
    if (!series || series->n == 0 || series->x[series->n - 1] < log->last_x) {
        return false;
    }
    *out = series->y[series->n - 1];
    return true;
}
