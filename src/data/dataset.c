#include "data/dataset.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/status.h"

#define MKD_DATASET(name) extern const mkd_dataset_driver mkd_dataset_##name;
#include "data/datasets/datasets.def"
#undef MKD_DATASET

#define MKD_DATASET(name) &mkd_dataset_##name,
static const mkd_dataset_driver *const drivers[] = {
#include "data/datasets/datasets.def"
    NULL};
#undef MKD_DATASET

struct mkd_dataset {
    const mkd_dataset_driver *driver;
    void *state;
};

const mkd_dataset_driver *const *mkd_dataset_drivers(void) {
    return drivers;
}

static int find_driver(const mkd_dataset_driver **out, const char *kind) {
    const char *names[MKD_COUNT(drivers)];
    size_t n = 0;
    for (; drivers[n]; n++) {
        if (!strcmp(drivers[n]->name, kind)) {
            *out = drivers[n];
            return 0;
        }
        names[n] = drivers[n]->name;
    }
    const char *nearest = mkd_nearest_name(kind, names, n);
    if (nearest) {
        MKD_FAIL(MKD_ENOTFOUND, "data set \"%s\": no such kind; did you mean \"%s\"?", kind,
                 nearest);
    }
    mkd_str all = {0};
    for (size_t i = 0; i < n; i++) {
        mkd_str_printf(&all, "%s%s", i ? ", " : "", names[i]);
    }
    mkd_error_set(MKD_ENOTFOUND, "data set \"%s\": no such kind, expected one of %s", kind,
                  all.text ? all.text : "?");
    mkd_str_free(&all);
    return MKD_ENOTFOUND;
}

int mkd_dataset_open(mkd_dataset **out, const char *kind, const char *root, const char *split) {
    *out = NULL;
    const mkd_dataset_driver *driver;
    MKD_TRY(find_driver(&driver, kind));
    mkd_dataset *dataset = mkd_alloc(sizeof *dataset);
    if (!dataset) {
        return MKD_ENOMEM;
    }
    dataset->driver = driver;
    int status = driver->open(&dataset->state, root, split);
    if (status == 0 && driver->count(dataset->state) == 0) {
        status = mkd_error_set(
            MKD_EINVAL, "%s: split \"%s\": found no frame, expected at least one", root, split);
        driver->close(dataset->state);
    }
    if (status < 0) {
        mkd_free(dataset);
        return status;
    }
    *out = dataset;
    return 0;
}

void mkd_dataset_close(mkd_dataset *dataset) {
    if (dataset) {
        dataset->driver->close(dataset->state);
        mkd_free(dataset);
    }
}

size_t mkd_dataset_count(const mkd_dataset *dataset) {
    return dataset->driver->count(dataset->state);
}

const char *mkd_dataset_id(const mkd_dataset *dataset, size_t index) {
    return dataset->driver->id(dataset->state, index);
}

int mkd_dataset_frame(mkd_frame *out, const mkd_dataset *dataset, size_t index, unsigned read) {
    memset(out, 0, sizeof *out);
    size_t n = mkd_dataset_count(dataset);
    if (index >= n) {
        MKD_FAIL(MKD_EINVAL, "frame: found index %zu, expected one below %zu", index, n);
    }
    return dataset->driver->frame(out, dataset->state, index, read);
}

int mkd_dataset_check(mkd_check_report *out, const mkd_dataset *dataset) {
    *out = (mkd_check_report){0};
    MKD_TRY(dataset->driver->check(out, dataset->state));
    return mkd_str_status(&out->text);
}

static void add_line(mkd_check_report *report, const char *kind, const char *fmt, va_list args) {
    char line[MKD_ERROR_BYTES];
    vsnprintf(line, sizeof line, fmt, args);
    mkd_str_printf(&report->text, "%s: %s\n", kind, line);
}

void mkd_check_error(mkd_check_report *report, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    add_line(report, "error", fmt, args);
    va_end(args);
    report->n_errors++;
}

void mkd_check_warning(mkd_check_report *report, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    add_line(report, "warning", fmt, args);
    va_end(args);
    report->n_warnings++;
}
