// Tick placement after Heckbert, "Nice numbers for graph labels" (Graphics Gems, 1990): the step is
// the number of the form {1, 2, 5} * 10^k next to range / (target - 1). Unlike Heckbert's loose
// labels, a step that would give more than target + 2 ticks is replaced by the next larger one.

#include "report/ticks.h"

#include <math.h>
#include <stdio.h>

#include "base/status.h"

static double nice_step(double raw) {
    double power = pow(10.0, floor(log10(raw)));
    double fraction = raw / power;
    double nice = fraction < 1.5 ? 1.0 : fraction < 3.5 ? 2.0 : fraction < 7.5 ? 5.0 : 10.0;
    return nice * power;
}

static double next_step(double step) {
    double power = pow(10.0, floor(log10(step) + 1e-9));
    double fraction = step / power;
    return (fraction < 1.5 ? 2.0 : fraction < 3.5 ? 5.0 : 10.0) * power;
}

static int check_range(double low, double high) {
    if (!isfinite(low) || !isfinite(high) || low > high) {
        MKD_FAIL(MKD_EINVAL, "ticks: found range %g to %g, expected finite and rising", low, high);
    }
    return 0;
}

int mkd_ticks_linear(mkd_ticks *out, double low, double high, int target, bool tight) {
    *out = (mkd_ticks){0};
    MKD_TRY(check_range(low, high));
    if (target < 2) {
        target = 2;
    }
    // a range lost in rounding counts as empty
    double size = fabs(low) > fabs(high) ? fabs(low) : fabs(high);
    if (high - low <= 1e-12 * size) {
        double pad = size > 0.0 ? 0.5 * size : 1.0;
        low -= pad;
        high += pad;
    }
    double step = nice_step((high - low) / (target - 1));
    double first, last;
    for (;;) {
        first = tight ? ceil(low / step - 1e-9) : floor(low / step + 1e-9);
        last = tight ? floor(high / step + 1e-9) : ceil(high / step - 1e-9);
        if (last - first + 1 <= target + 2 && last - first + 1 <= MKD_TICKS_MAX) {
            break;
        }
        step = next_step(step);
    }
    for (double i = first; i <= last && out->n < MKD_TICKS_MAX; i += 1.0) {
        // + 0.0 turns a negative zero into a plain one
        out->at[out->n++] = i * step + 0.0;
    }
    out->step = step;
    out->minimum = tight ? low : first * step;
    out->maximum = tight ? high : last * step;
    return 0;
}

// rising numbers of {1, 2, 5} * 10^k counted by i; i = 0 is 1
static double nice_at(int i) {
    static const double mantissas[] = {1.0, 2.0, 5.0};
    int decade = i >= 0 ? i / 3 : -((2 - i) / 3);
    return mantissas[i - 3 * decade] * pow(10.0, decade);
}

int mkd_ticks_log(mkd_ticks *out, double low, double high, int target) {
    *out = (mkd_ticks){.log = true};
    MKD_TRY(check_range(low, high));
    if (low <= 0.0) {
        MKD_FAIL(MKD_EINVAL, "ticks: found lower bound %g on a logarithmic axis, expected > 0",
                 low);
    }
    int first = 3 * (int)floor(log10(low));
    int last = 3 * (int)ceil(log10(high)) + 3;
    while (nice_at(first + 1) <= low * (1.0 + 1e-9)) {
        first++;
    }
    while (nice_at(last - 1) >= high * (1.0 - 1e-9) && last - 1 > first) {
        last--;
    }
    // all of 1, 2, 5 if they fit; else every decade; else every 2nd, 3rd ... decade
    int stride = 1;
    int limit = target < 2 ? 2 : target > MKD_TICKS_MAX - 2 ? MKD_TICKS_MAX - 2 : target;
    while ((last - first) / stride + 1 > limit) {
        stride = stride < 3 ? 3 : stride + 3;
    }
    for (int i = first; i <= last && out->n < MKD_TICKS_MAX; i++) {
        if (i % stride == 0) {
            out->at[out->n++] = nice_at(i);
        }
    }
    out->minimum = nice_at(first);
    out->maximum = nice_at(last);
    return 0;
}

double mkd_ticks_place(const mkd_ticks *ticks, double value) {
    if (ticks->log) {
        return log(value / ticks->minimum) / log(ticks->maximum / ticks->minimum);
    }
    return (value - ticks->minimum) / (ticks->maximum - ticks->minimum);
}

static int decimals_of(double unit) {
    int decimals = (int)ceil(-log10(unit) - 1e-9);
    return decimals < 0 ? 0 : decimals;
}

void mkd_tick_text(char out[MKD_TICK_TEXT_BYTES], const mkd_ticks *ticks, double value) {
    double size = fabs(value);
    double unit = ticks->log ? size : ticks->step;
    double top =
        fabs(ticks->maximum) > fabs(ticks->minimum) ? fabs(ticks->maximum) : fabs(ticks->minimum);
    if (value == 0.0) {
        snprintf(out, MKD_TICK_TEXT_BYTES, "0");
    } else if (size >= 1e12 || (unit > 0.0 && unit < 1e-4)) {
        snprintf(out, MKD_TICK_TEXT_BYTES, "%.3g", value);
    } else if (top >= 1e4 && (ticks->log ? size >= 1e3 : unit >= 1.0)) {
        // one scale for the whole axis, so that labels compare at a glance
        double scale = (ticks->log ? size : top) >= 2e6 ? 1e6 : 1e3;
        int decimals = ticks->log ? 0 : decimals_of(unit / scale);
        snprintf(out, MKD_TICK_TEXT_BYTES, "%.*f%s", decimals, value / scale,
                 scale > 1e3 ? "M" : "k");
    } else {
        snprintf(out, MKD_TICK_TEXT_BYTES, "%.*f", decimals_of(unit), value);
    }
}
