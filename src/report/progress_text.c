#include "report/progress_text.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/status.h"
#include "report/text.h"

enum { BAR_COLUMNS = 24, BAR_COLUMNS_MIN = 8, DETAIL_COLUMNS_MIN = 8 };

#define BOLD  "\033[1m"
#define DIM   "\033[2m"
#define CYAN  "\033[36m"
#define RESET "\033[0m"

void mkd_duration_append(mkd_str *out, double seconds) {
    if (!isfinite(seconds) || seconds < 0.0 || seconds > 1e9) {
        mkd_str_append(out, "?");
        return;
    }
    int64_t s = (int64_t)floor(seconds + 0.5);
    int days = (int)(s / 86400), hours = (int)(s / 3600 % 24);
    int minutes = (int)(s / 60 % 60), rest = (int)(s % 60);
    if (days > 0) {
        mkd_str_printf(out, "%dd %02d:%02d", days, hours, minutes);
    } else if (hours > 0) {
        mkd_str_printf(out, "%d:%02d:%02d", hours, minutes, rest);
    } else {
        mkd_str_printf(out, "%d:%02d", minutes, rest);
    }
}

static bool has_rate(const mkd_progress_state *state) {
    return isfinite(state->rate) && state->rate > 0.0;
}

// three digits; what is slower than one in ten seconds is told as seconds each
static void append_rate(mkd_str *out, const mkd_progress_state *state) {
    bool slow = state->rate < 0.1;
    double value = slow ? 1.0 / state->rate : state->rate;
    int decimals = value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
    if (slow) {
        mkd_str_printf(out, "%.*f s/%s", decimals, value, state->unit);
    } else {
        mkd_str_printf(out, "%.*f %s/s", decimals, value, state->unit);
    }
}

static double fraction_of(const mkd_progress_state *state) {
    double fraction = state->total > 0.0 ? state->done / state->total : 0.0;
    return fraction < 0.0 ? 0.0 : fraction > 1.0 ? 1.0 : fraction;
}

// 99.9 % must not read as finished
static int percent_of(const mkd_progress_state *state) {
    return (int)floor(100.0 * fraction_of(state) + 1e-9);
}

static double remaining_s(const mkd_progress_state *state) {
    return has_rate(state) ? (state->total - state->done) / state->rate : NAN;
}

static void append_figures(mkd_str *out, const mkd_progress_state *state) {
    if (state->total > 0.0) {
        mkd_str_printf(out, "%3d%%  %.0f/%.0f %s", percent_of(state), state->done, state->total,
                       state->unit);
    } else {
        mkd_str_printf(out, "%.0f %s", state->done, state->unit);
    }
    if (has_rate(state)) {
        mkd_str_append(out, "  ");
        append_rate(out, state);
    }
    mkd_str_append(out, "  ");
    mkd_duration_append(out, state->elapsed_s);
    if (state->total > 0.0 && state->done < state->total) {
        mkd_str_append(out, " < ");
        mkd_duration_append(out, remaining_s(state));
    }
}

static void append_repeated(mkd_str *out, const char *text, size_t n) {
    for (size_t i = 0; i < n; i++) {
        mkd_str_append(out, text);
    }
}

static void append_bar(mkd_str *out, double fraction, size_t columns, bool color) {
    size_t full = (size_t)((double)columns * fraction + 1e-9);
    if (color) {
        mkd_str_append(out, CYAN);
        append_repeated(out, "\u2501", full);
        mkd_str_append(out, RESET DIM);
        append_repeated(out, "\u2501", columns - full);
        mkd_str_append(out, RESET);
    } else {
        mkd_str_append(out, "[");
        append_repeated(out, "#", full);
        append_repeated(out, "-", columns - full);
        mkd_str_append(out, "]");
    }
}

// at most `columns` code points of `text`, the last one a mark that something is missing
static void append_cut(mkd_str *out, const char *text, size_t columns) {
    if (mkd_utf8_length(text) <= columns) {
        mkd_str_append(out, text);
        return;
    }
    const char *end = text;
    for (size_t n = 0; n + 1 < columns; n++) {
        end++;
        while (((unsigned char)*end & 0xC0u) == 0x80u) {
            end++;
        }
    }
    mkd_str_append_bytes(out, text, (size_t)(end - text));
    mkd_str_append(out, "~");
}

int mkd_progress_line(mkd_str *out, const mkd_progress_state *state, size_t width, bool color) {
    mkd_str figures = {0};
    append_figures(&figures, state);
    const char *detail = state->detail ? state->detail : "";
    size_t title_columns = mkd_utf8_length(state->title);
    size_t fixed = title_columns + 2 + figures.length;
    size_t detail_columns = *detail ? mkd_utf8_length(detail) + 2 : 0;
    size_t frame = color ? 0 : 2; // brackets
    size_t bar = state->total > 0.0 ? BAR_COLUMNS : 0;
    if (width > 0 && bar > 0) {
        size_t other = fixed + detail_columns + frame + 2;
        size_t room = width > other ? width - other : 0;
        bar = room >= BAR_COLUMNS ? BAR_COLUMNS : room >= BAR_COLUMNS_MIN ? room : 0;
    }
    mkd_str_append(out, color ? BOLD : "");
    mkd_str_append(out, state->title);
    mkd_str_append(out, color ? RESET "  " : "  ");
    if (bar > 0) {
        append_bar(out, fraction_of(state), bar, color);
        mkd_str_append(out, "  ");
        fixed += bar + frame + 2;
    }
    if (!figures.failed) {
        mkd_str_append(out, figures.text);
    }
    size_t room = width == 0 ? SIZE_MAX : width > fixed + 2 ? width - fixed - 2 : 0;
    if (*detail && (room >= DETAIL_COLUMNS_MIN || room >= mkd_utf8_length(detail))) {
        mkd_str_append(out, color ? "  " DIM : "  ");
        append_cut(out, detail, room);
        mkd_str_append(out, color ? RESET : "");
    }
    int status = mkd_str_status(&figures);
    mkd_str_free(&figures);
    return status < 0 ? status : mkd_str_status(out);
}

int mkd_progress_plain(mkd_str *out, const mkd_progress_state *state) {
    bool finished = state->total > 0.0 && state->done >= state->total;
    mkd_str_printf(out, "%s: %.0f", state->title, state->done);
    if (finished) {
        mkd_str_printf(out, " %s in ", state->unit);
        mkd_duration_append(out, state->elapsed_s);
        if (has_rate(state)) {
            mkd_str_append(out, " (");
            append_rate(out, state);
            mkd_str_append(out, ")");
        }
    } else {
        if (state->total > 0.0) {
            mkd_str_printf(out, "/%.0f %s (%d%%)", state->total, state->unit, percent_of(state));
        } else {
            mkd_str_printf(out, " %s", state->unit);
        }
        if (has_rate(state)) {
            mkd_str_append(out, ", ");
            append_rate(out, state);
        }
        mkd_str_append(out, ", elapsed ");
        mkd_duration_append(out, state->elapsed_s);
        if (state->total > 0.0 && has_rate(state)) {
            mkd_str_append(out, ", remaining ");
            mkd_duration_append(out, remaining_s(state));
        }
    }
    if (state->detail && *state->detail) {
        mkd_str_printf(out, ", %s", state->detail);
    }
    return mkd_str_status(out);
}
