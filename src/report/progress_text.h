/// The text of a progress display: pure functions of its state.
#ifndef MKD_REPORT_PROGRESS_TEXT_H
#define MKD_REPORT_PROGRESS_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "base/str.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mkd_progress_state {
    const char *title;
    const char *unit;   ///< singular: "frame", "step"
    double done, total; ///< units; total 0 is unknown
    double elapsed_s;
    double rate;        ///< units a second; 0 or NaN is unknown
    const char *detail; ///< Nullable
} mkd_progress_state;

/// Appends one line without newline, e.g.
/// "train  [#########-----------]  45%  90/200 step  3.2 step/s  0:28 < 0:34  loss 1.25".
/// On a line of `width` columns (0: unlimited) the bar shrinks first, then the detail is cut.
/// `color` uses ANSI escapes and a bar of block characters.
int mkd_progress_line(mkd_str *out, const mkd_progress_state *state, size_t width,
                      bool color) MKD_NODISCARD;

/// Appends one line for logs: no bar, no escapes, e.g.
/// "train: 90/200 step (45%), 3.2 step/s, elapsed 0:28, remaining 0:34, loss 1.25"; a finished one:
/// "train: 200 step in 1:02 (3.2 step/s), loss 1.1".
int mkd_progress_plain(mkd_str *out, const mkd_progress_state *state) MKD_NODISCARD;

/// Appends "0:05", "12:34", "1:02:03" or "2d 03:04" for a time in seconds; "?" if it is not finite.
void mkd_duration_append(mkd_str *out, double seconds);

#ifdef __cplusplus
}
#endif

#endif
