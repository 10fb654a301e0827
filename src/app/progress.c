#include "app/progress.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/str.h"
#include "base/thread.h"
#include "report/progress_text.h"
#include "report/text.h"

static const double TERMINAL_PERIOD_S = 0.1, PLAIN_PERIOD_S = 10.0;

void mkd_progress_view_init(mkd_progress_view *view, FILE *out) {
    const char *term = getenv("TERM"), *no_color = getenv("NO_COLOR");
    bool dumb = !term || !strcmp(term, "dumb");
    *view = (mkd_progress_view){.out = out};
    view->terminal = isatty(fileno(out)) && !dumb;
    view->color = view->terminal && !(no_color && *no_color);
}

// asked for each time: the window may have been resized
static size_t columns_of(FILE *out) {
    struct winsize size;
    if (ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col >= 20) {
        // the last column stays free, or the cursor would wrap
        return (size_t)size.ws_col - 1;
    }
    return 79;
}

// a newline from a file name or a config must not break the line
static void copy_text(char *out, size_t bytes, const char *text) {
    mkd_utf8_clean(out, bytes, text ? text : "");
    for (; *out; out++) {
        *out = (unsigned char)*out < 0x20 || *out == 0x7f ? ' ' : *out;
    }
}

static void write_state(mkd_progress_view *view, double now_s) {
    double elapsed_s = now_s - view->start_s;
    double worked = view->done - view->start_done;
    mkd_progress_state state = {
        .title = view->title,
        .unit = view->unit,
        .done = view->done,
        .total = view->total,
        .elapsed_s = elapsed_s,
        .rate = elapsed_s > 0.0 && worked > 0.0 ? worked / elapsed_s : NAN,
        .detail = view->detail,
    };
    mkd_str line = {0};
    int status = view->terminal
                     ? mkd_progress_line(&line, &state, columns_of(view->out), view->color)
                     : mkd_progress_plain(&line, &state);
    if (status >= 0 && view->terminal) {
        fprintf(view->out, "\r%s\033[K%s", line.text, view->finished ? "\n" : "");
        view->line_open = !view->finished;
    } else if (status >= 0) {
        fprintf(view->out, "%s\n", line.text);
    }
    fflush(view->out);
    mkd_str_free(&line);
    view->shown_s = now_s;
    view->said_any = true;
}

void mkd_progress_view_end(mkd_progress_view *view) {
    // plain lines: the last state is said, also that of work that stopped early
    if (view->started && !view->finished && !view->said_any) {
        write_state(view, mkd_time_s());
    }
    if (view->line_open) {
        fputs("\n", view->out);
        fflush(view->out);
    }
    view->line_open = false;
    view->started = false;
}

static void begin(mkd_progress_view *view, const char *title, double done, double now_s) {
    mkd_progress_view_end(view);
    snprintf(view->title, sizeof view->title, "%s", title);
    view->started = true;
    view->finished = false;
    view->said_any = false;
    view->start_s = now_s;
    view->start_done = done;
    view->shown_s = -INFINITY;
}

void mkd_progress_view_sink(void *payload, const char *title, const char *unit, double done,
                            double total, const char *detail) {
    mkd_progress_view *view = payload;
    double now_s = mkd_time_s();
    char name[sizeof view->title];
    copy_text(name, sizeof name, title);
    bool restarted = view->finished && done < view->done;
    if (!view->started || restarted || strcmp(view->title, name)) {
        begin(view, name, done, now_s);
    } else if (view->finished) {
        return;
    }
    copy_text(view->unit, sizeof view->unit, unit);
    copy_text(view->detail, sizeof view->detail, detail);
    view->done = done;
    view->total = total;
    view->finished = total > 0.0 && done >= total;
    view->said_any = false;
    double period_s = view->terminal ? TERMINAL_PERIOD_S : PLAIN_PERIOD_S;
    if (view->finished || now_s - view->shown_s >= period_s) {
        write_state(view, now_s);
    }
}

void mkd_progress_view_log(void *payload, mkd_log_level level, const char *line) {
    mkd_progress_view *view = payload;
    if (level == MKD_LOG_DEBUG) {
        return;
    }
    const char *mark = level == MKD_LOG_WARN ? "warning: " : "";
    if (view->line_open) {
        fputs("\r\033[K", view->out);
    }
    if (view->color && level == MKD_LOG_WARN) {
        fprintf(view->out, "\033[33m%s\033[0m%s\n", mark, line);
    } else {
        fprintf(view->out, "%s%s\n", mark, line);
    }
    // the bar comes back below the line
    if (view->line_open) {
        write_state(view, mkd_time_s());
    }
    fflush(view->out);
}
