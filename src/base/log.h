/// Log sink. The library hands lines to a sink that the program sets; without one they are dropped.
#ifndef MKD_BASE_LOG_H
#define MKD_BASE_LOG_H

#include "base/compiler.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum mkd_log_level { MKD_LOG_DEBUG, MKD_LOG_INFO, MKD_LOG_WARN } mkd_log_level;

typedef void (*mkd_log_sink)(void *payload, mkd_log_level level, const char *line);

/// Sets the program's sink (NULL: none). Not to be called while other threads log. A sink is called
/// by one thread at a time and must not log itself.
void mkd_log_set_sink(mkd_log_sink sink, void *payload);

/// Thread-safe: lines of several threads do not mix. A line is cut at 4095 bytes.
void mkd_log(mkd_log_level level, const char *fmt, ...) MKD_PRINTF(2, 3);

/// Progress of long work, shown by the program as a bar or as plain lines.
/// `done` of `total` units ("frame", "step"); `detail` is a short text such as the loss, or NULL.
typedef void (*mkd_progress_sink)(void *payload, const char *title, const char *unit, double done,
                                  double total, const char *detail);
void mkd_progress_set_sink(mkd_progress_sink sink, void *payload);
/// Thread-safe. A title is finished when `done` reaches `total`.
void mkd_progress(const char *title, const char *unit, double done, double total,
                  const char *detail);

#ifdef __cplusplus
}
#endif

#endif
