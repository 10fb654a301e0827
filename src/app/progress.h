/// Progress and log lines on a terminal or in a log file: the program's sinks for base/log.h.
#ifndef MKD_APP_PROGRESS_H
#define MKD_APP_PROGRESS_H

#include <stdbool.h>
#include <stdio.h>

#include "base/log.h"

/// Where lines go and what is shown now. Zero-initialise through mkd_progress_view_init; belongs to
/// one output. The sinks are called under base/log's lock and need no other.
typedef struct mkd_progress_view {
    FILE *out;
    bool terminal, color;
    bool line_open; ///< a bar is on the screen, without a newline
    bool started;   ///< a title is being shown
    bool finished;  ///< it has reached its total
    bool said_any;  ///< plain lines: the current state was written
    char title[96], unit[32], detail[160];
    double done, total; ///< as last reported
    double start_s;     ///< when the title began
    double start_done;  ///< where it began (a resumed run does not begin at 0)
    double shown_s;     ///< when it was last written
} mkd_progress_view;

/// Shows on `out`: a bar if it is a terminal, plain lines otherwise; colors on a terminal unless
/// NO_COLOR is set or TERM is "dumb".
void mkd_progress_view_init(mkd_progress_view *view, FILE *out);

/// mkd_progress_sink; `payload` is the view. At most ten times a second on a terminal; otherwise at
/// most every ten seconds, and the first and last state of each title.
void mkd_progress_view_sink(void *payload, const char *title, const char *unit, double done,
                            double total, const char *detail);

/// mkd_log_sink; `payload` is the view. Writes a line above the bar; debug lines are dropped.
void mkd_progress_view_log(void *payload, mkd_log_level level, const char *line);

/// Ends an open bar with a newline; to be called before the program writes to the terminal itself.
void mkd_progress_view_end(mkd_progress_view *view);

#endif
