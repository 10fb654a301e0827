#include "report/curve.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/status.h"

// one series with rising x and finite y
typedef struct track {
    double *x, *y;
    size_t n;
} track;

typedef struct span {
    double low, high;
} span;

static int copy_clean(track *out, const mkd_report_series *series) {
    out->x = mkd_alloc_array(series->n, sizeof *out->x);
    out->y = mkd_alloc_array(series->n, sizeof *out->y);
    if (!out->x || !out->y) {
        return MKD_ENOMEM;
    }
    for (size_t i = 0; i < series->n; i++) {
        bool rises = out->n == 0 || series->x[i] > out->x[out->n - 1];
        if (isfinite(series->x[i]) && isfinite(series->y[i]) && rises) {
            out->x[out->n] = series->x[i];
            out->y[out->n++] = series->y[i];
        }
    }
    return 0;
}

// replaces the track by its means over n_bins equal parts of the span; empty parts are left out.
// Works in place: a part's first point never lies before the part's place.
static void average(track *t, span all, size_t n_bins) {
    double width = (all.high - all.low) / (double)n_bins;
    size_t n = 0;
    for (size_t i = 0; i < t->n;) {
        size_t bin = (size_t)((t->x[i] - all.low) / width);
        bin = bin < n_bins ? bin : n_bins - 1;
        double end = bin + 1 < n_bins ? all.low + width * (double)(bin + 1) : INFINITY;
        double sum = 0.0;
        size_t first = i;
        do {
            sum += t->y[i++];
        } while (i < t->n && t->x[i] < end);
        t->x[n] = all.low + width * ((double)bin + 0.5);
        t->y[n++] = sum / (double)(i - first);
    }
    t->n = n;
}

static int compare_f64(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

// value at x, or NaN outside; `at` remembers the place between calls with rising x
static double value_at(const track *t, size_t *at, double x) {
    if (t->n == 0 || x < t->x[0] || x > t->x[t->n - 1]) {
        return NAN;
    }
    while (*at + 1 < t->n && t->x[*at + 1] <= x) {
        (*at)++;
    }
    if (*at + 1 == t->n) {
        return t->y[*at];
    }
    double f = (x - t->x[*at]) / (t->x[*at + 1] - t->x[*at]);
    return t->y[*at] + f * (t->y[*at + 1] - t->y[*at]);
}

static int take_all_x(mkd_curve *out, const track *tracks, size_t n_tracks) {
    size_t capacity = 0, n = 0;
    for (size_t s = 0; s < n_tracks; s++) {
        capacity += tracks[s].n;
    }
    out->x = mkd_alloc_array(capacity, sizeof *out->x);
    out->mean = mkd_alloc_array(capacity, sizeof *out->mean);
    out->low = mkd_alloc_array(capacity, sizeof *out->low);
    out->high = mkd_alloc_array(capacity, sizeof *out->high);
    if (!out->x || !out->mean || !out->low || !out->high) {
        return MKD_ENOMEM;
    }
    for (size_t s = 0; s < n_tracks; s++) {
        for (size_t i = 0; i < tracks[s].n; i++) {
            out->x[n++] = tracks[s].x[i];
        }
    }
    qsort(out->x, n, sizeof *out->x, compare_f64);
    for (size_t i = 0; i < n; i++) {
        if (out->n == 0 || out->x[i] > out->x[out->n - 1]) {
            out->x[out->n++] = out->x[i];
        }
    }
    return 0;
}

static int merge_tracks(mkd_curve *out, const track *tracks, size_t n_tracks) {
    MKD_TRY(take_all_x(out, tracks, n_tracks));
    size_t *at = mkd_alloc_array(n_tracks, sizeof *at);
    if (!at) {
        return MKD_ENOMEM;
    }
    for (size_t i = 0; i < out->n; i++) {
        double sum = 0.0, low = INFINITY, high = -INFINITY;
        size_t n = 0;
        for (size_t s = 0; s < n_tracks; s++) {
            double y = value_at(&tracks[s], &at[s], out->x[i]);
            if (!isnan(y)) {
                sum += y;
                low = fmin(low, y);
                high = fmax(high, y);
                n++;
            }
        }
        out->mean[i] = sum / (double)n;
        out->low[i] = low;
        out->high[i] = high;
    }
    mkd_free(at);
    return 0;
}

int mkd_curve_merge(mkd_curve *out, const mkd_report_series *const *series, size_t n_series,
                    size_t max_points) {
    int status = 0;
    *out = (mkd_curve){0};
    span all = {INFINITY, -INFINITY};
    size_t longest = 0;
    track *tracks = mkd_alloc_array(n_series, sizeof *tracks);
    if (!tracks) {
        return MKD_ENOMEM;
    }
    for (size_t s = 0; s < n_series; s++) {
        MKD_GOTO(copy_clean(&tracks[s], series[s]));
        if (tracks[s].n > 0) {
            all.low = fmin(all.low, tracks[s].x[0]);
            all.high = fmax(all.high, tracks[s].x[tracks[s].n - 1]);
            longest = tracks[s].n > longest ? tracks[s].n : longest;
            out->n_series++;
        }
    }
    for (size_t s = 0; longest > max_points && max_points > 0 && s < n_series; s++) {
        average(&tracks[s], all, max_points);
    }
    status = merge_tracks(out, tracks, n_series);
done:
    for (size_t s = 0; s < n_series; s++) {
        mkd_free(tracks[s].x);
        mkd_free(tracks[s].y);
    }
    mkd_free(tracks);
    if (status < 0) {
        mkd_curve_free(out);
    }
    return status;
}

void mkd_curve_free(mkd_curve *curve) {
    mkd_free(curve->x);
    mkd_free(curve->mean);
    mkd_free(curve->low);
    mkd_free(curve->high);
    *curve = (mkd_curve){0};
}
