#include "eval/metric.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/status.h"

static const mkd_metric metrics[] = {
#define MKD_METRIC(name, summary) {#name, summary, mkd_##name##_report},
#include "eval/metrics.def"
#undef MKD_METRIC
    {NULL, NULL, NULL},
};

const mkd_metric *mkd_metrics(void) {
    return metrics;
}

int mkd_metric_find(const mkd_metric **out, const char *name) {
    const char *names[MKD_COUNT(metrics)];
    size_t n = MKD_COUNT(metrics) - 1;
    for (size_t i = 0; i < n; i++) {
        names[i] = metrics[i].name;
        if (strcmp(name, names[i]) == 0) {
            *out = &metrics[i];
            return 0;
        }
    }
    const char *near = mkd_nearest_name(name, names, n);
    MKD_FAIL(MKD_ENOTFOUND, "metric: found '%s', expected one of those in `monokd list`%s%s%s",
             name, near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "");
}

bool mkd_metric_number_find(double *out, const mkd_metric_report *report, const char *name) {
    for (size_t i = 0; i < report->n_numbers; i++) {
        if (strcmp(report->numbers[i].name, name) == 0) {
            *out = report->numbers[i].value;
            return true;
        }
    }
    return false;
}

int mkd_metric_number_add(mkd_metric_report *report, double value, const char *fmt, ...) {
    enum { STEP = 64 };
    if (report->n_numbers % STEP == 0) {
        mkd_metric_number *grown =
            mkd_realloc_array(report->numbers, report->n_numbers + STEP, sizeof *report->numbers);
        if (!grown) {
            return MKD_ENOMEM;
        }
        report->numbers = grown;
    }
    mkd_metric_number *number = &report->numbers[report->n_numbers++];
    va_list args;
    va_start(args, fmt);
    vsnprintf(number->name, sizeof number->name, fmt, args);
    va_end(args);
    number->value = value;
    return 0;
}

void mkd_metric_report_free(mkd_metric_report *report) {
    mkd_str_free(&report->json);
    mkd_str_free(&report->text);
    mkd_free(report->numbers);
    *report = (mkd_metric_report){0};
}
