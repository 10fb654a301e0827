#include "base/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

static pthread_mutex_t sink_mutex = PTHREAD_MUTEX_INITIALIZER;
static mkd_log_sink log_sink;
static void *log_payload;
static mkd_progress_sink progress_sink;
static void *progress_payload;

void mkd_log_set_sink(mkd_log_sink sink, void *payload) {
    log_sink = sink;
    log_payload = payload;
}

void mkd_log(mkd_log_level level, const char *fmt, ...) {
    if (!log_sink) {
        return;
    }
    char line[4096];
    va_list args;
    va_start(args, fmt);
    vsnprintf(line, sizeof line, fmt, args);
    va_end(args);
    pthread_mutex_lock(&sink_mutex);
    log_sink(log_payload, level, line);
    pthread_mutex_unlock(&sink_mutex);
}

void mkd_progress_set_sink(mkd_progress_sink sink, void *payload) {
    progress_sink = sink;
    progress_payload = payload;
}

void mkd_progress(const char *title, const char *unit, double done, double total,
                  const char *detail) {
    if (!progress_sink) {
        return;
    }
    // the same mutex as the log: a line must not land within a bar
    pthread_mutex_lock(&sink_mutex);
    progress_sink(progress_payload, title, unit, done, total, detail);
    pthread_mutex_unlock(&sink_mutex);
}
