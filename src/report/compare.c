// A run with distillation and one without share initialization, order of samples and augmentation
// when they share the seed, so their difference varies less than either of them. For seeds
// s = 1..n that both roles have, d_s = distilled_s - plain_s, and we tell
//     mean(d) = sum d_s / n,   sd(d) = sqrt(sum (d_s - mean(d))^2 / (n - 1)),
// the sample standard deviation of one difference, not the standard error of the mean.

#include "report/compare.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/status.h"

mkd_stat mkd_stat_of(const double *values, size_t n) {
    mkd_stat stat = {0, NAN, NAN};
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) {
        if (!isnan(values[i])) {
            sum += values[i];
            stat.n++;
        }
    }
    if (stat.n == 0) {
        return stat;
    }
    stat.mean = sum / (double)stat.n;
    if (stat.n < 2) {
        return stat;
    }
    double squares = 0.0;
    for (size_t i = 0; i < n; i++) {
        if (!isnan(values[i])) {
            squares += (values[i] - stat.mean) * (values[i] - stat.mean);
        }
    }
    stat.sd = sqrt(squares / (double)(stat.n - 1));
    return stat;
}

static bool is_first_of_role(const mkd_compare_run *runs, size_t i) {
    for (size_t k = 0; k < i; k++) {
        if (!strcmp(runs[k].role, runs[i].role)) {
            return false;
        }
    }
    return true;
}

// mean over the runs of `role` with `seed`; NaN if there is none
static double value_at_seed(const mkd_compare_run *runs, size_t n_runs, const char *role,
                            uint64_t seed, size_t metric) {
    double sum = 0.0;
    size_t n = 0;
    for (size_t i = 0; i < n_runs; i++) {
        if (runs[i].seed == seed && !strcmp(runs[i].role, role) && !isnan(runs[i].values[metric])) {
            sum += runs[i].values[metric];
            n++;
        }
    }
    return n ? sum / (double)n : NAN;
}

static bool is_first_of_seed(const mkd_compare_run *runs, size_t i) {
    for (size_t k = 0; k < i; k++) {
        if (runs[k].seed == runs[i].seed && !strcmp(runs[k].role, runs[i].role)) {
            return false;
        }
    }
    return true;
}

static void fill_row(mkd_compare_row *row, double *scratch, const mkd_compare *compare,
                     const mkd_compare_run *runs, size_t n_runs) {
    for (size_t m = 0; m < compare->n_metrics; m++) {
        size_t n = 0;
        for (size_t i = 0; i < n_runs; i++) {
            if (strcmp(runs[i].role, row->role)) {
                continue;
            }
            if (!row->is_difference) {
                scratch[n++] = runs[i].values[m];
            } else if (is_first_of_seed(runs, i)) {
                uint64_t seed = runs[i].seed;
                scratch[n++] = value_at_seed(runs, n_runs, row->role, seed, m) -
                               value_at_seed(runs, n_runs, compare->base, seed, m);
            }
        }
        row->stats[m] = mkd_stat_of(scratch, n);
    }
}

static int add_row(mkd_compare *compare, const char *role, bool is_difference) {
    mkd_compare_row *row = &compare->rows[compare->n_rows++];
    row->role = role;
    row->is_difference = is_difference;
    row->stats = mkd_alloc_array(compare->n_metrics, sizeof *row->stats);
    row->best = mkd_alloc_array(compare->n_metrics, sizeof *row->best);
    return row->stats && row->best ? 0 : MKD_ENOMEM;
}

// a row that competes for the best value: not a difference, not the teacher
static bool competes(const mkd_compare_row *row) {
    return !row->is_difference && strcmp(row->role, "teacher");
}

static void mark_best(mkd_compare *compare) {
    for (size_t m = 0; m < compare->n_metrics; m++) {
        mkd_compare_row *best = NULL;
        size_t n = 0;
        for (size_t r = 0; r < compare->n_rows; r++) {
            mkd_compare_row *row = &compare->rows[r];
            if (!competes(row) || row->stats[m].n == 0) {
                continue;
            }
            n++;
            bool better = best && (compare->metrics[m].lower_is_better
                                       ? row->stats[m].mean < best->stats[m].mean
                                       : row->stats[m].mean > best->stats[m].mean);
            best = !best || better ? row : best;
        }
        if (n > 1) {
            best->best[m] = true;
        }
    }
}

int mkd_compare_runs(mkd_compare *out, const mkd_compare_run *runs, size_t n_runs,
                     const mkd_compare_metric *metrics, size_t n_metrics, const char *base) {
    int status = 0;
    *out = (mkd_compare){.metrics = metrics, .n_metrics = n_metrics, .base = base};
    double *scratch = mkd_alloc_array(n_runs, sizeof *scratch);
    out->rows = mkd_alloc_array(2 * n_runs, sizeof *out->rows);
    if (!scratch || !out->rows) {
        status = MKD_ENOMEM;
        goto done;
    }
    bool has_base = false;
    for (size_t i = 0; i < n_runs; i++) {
        has_base |= !strcmp(runs[i].role, base);
        if (is_first_of_role(runs, i)) {
            MKD_GOTO(add_row(out, runs[i].role, false));
        }
    }
    size_t n_roles = out->n_rows;
    for (size_t r = 0; has_base && r < n_roles; r++) {
        if (competes(&out->rows[r]) && strcmp(out->rows[r].role, base)) {
            MKD_GOTO(add_row(out, out->rows[r].role, true));
        }
    }
    for (size_t r = 0; r < out->n_rows; r++) {
        fill_row(&out->rows[r], scratch, out, runs, n_runs);
    }
    mark_best(out);
done:
    mkd_free(scratch);
    if (status < 0) {
        mkd_compare_free(out);
    }
    return status;
}

void mkd_compare_free(mkd_compare *compare) {
    for (size_t r = 0; r < compare->n_rows; r++) {
        mkd_free(compare->rows[r].stats);
        mkd_free(compare->rows[r].best);
    }
    mkd_free(compare->rows);
    *compare = (mkd_compare){0};
}

void mkd_stat_text(char *out, size_t bytes, const mkd_stat *stat, int decimals, bool sign) {
    if (stat->n == 0) {
        snprintf(out, bytes, "-");
        return;
    }
    int used = snprintf(out, bytes, sign ? "%+.*f" : "%.*f", decimals, stat->mean);
    if (stat->n > 1 && used > 0 && (size_t)used < bytes) {
        snprintf(out + used, bytes - (size_t)used, " \u00b1 %.*f", decimals, stat->sd);
    }
}

static void add_stat(mkd_table *out, const mkd_compare *compare, const mkd_compare_row *row,
                     size_t metric) {
    char text[64];
    mkd_stat_text(text, sizeof text, &row->stats[metric], compare->metrics[metric].decimals,
                  row->is_difference);
    mkd_table_add(out, text);
    if (row->best[metric]) {
        mkd_table_mark_strong(out);
    }
}

static void role_title(char *out, size_t bytes, const mkd_compare *compare,
                       const mkd_compare_row *row) {
    if (row->is_difference) {
        snprintf(out, bytes, "%s - %s", row->role, compare->base);
    } else {
        snprintf(out, bytes, "%s", row->role);
    }
}

static void metric_title(char *out, size_t bytes, const mkd_compare_metric *metric) {
    const char *unit = metric->unit ? metric->unit : "";
    snprintf(out, bytes, "%s%s%s %s", metric->name, *unit ? ", " : "", unit,
             metric->lower_is_better ? "\u2193" : "\u2191");
}

static size_t most_seeds(const mkd_compare *compare, const mkd_compare_row *row) {
    size_t n = 0;
    for (size_t m = 0; m < compare->n_metrics; m++) {
        n = row->stats[m].n > n ? row->stats[m].n : n;
    }
    return n;
}

int mkd_compare_table(mkd_table *out, const mkd_compare *compare) {
    char text[160];
    mkd_table_column_add(out, "role", MKD_COLUMN_TEXT);
    mkd_table_column_add(out, "seeds", MKD_COLUMN_NUMBER);
    for (size_t m = 0; m < compare->n_metrics; m++) {
        metric_title(text, sizeof text, &compare->metrics[m]);
        mkd_table_column_add(out, text, MKD_COLUMN_NUMBER);
    }
    bool in_differences = false;
    for (size_t r = 0; r < compare->n_rows; r++) {
        const mkd_compare_row *row = &compare->rows[r];
        mkd_table_row_begin(out, row->is_difference && !in_differences);
        in_differences = row->is_difference;
        role_title(text, sizeof text, compare, row);
        mkd_table_add(out, text);
        mkd_table_printf(out, "%zu", most_seeds(compare, row));
        for (size_t m = 0; m < compare->n_metrics; m++) {
            add_stat(out, compare, row, m);
        }
    }
    return mkd_table_status(out);
}

int mkd_compare_table_by_metric(mkd_table *out, const mkd_compare *compare) {
    char text[160];
    mkd_table_column_add(out, "metric", MKD_COLUMN_TEXT);
    for (size_t r = 0; r < compare->n_rows; r++) {
        role_title(text, sizeof text, compare, &compare->rows[r]);
        mkd_table_column_add(out, text, MKD_COLUMN_NUMBER);
    }
    mkd_table_row_begin(out, false);
    mkd_table_add(out, "seeds");
    for (size_t r = 0; r < compare->n_rows; r++) {
        mkd_table_printf(out, "%zu", most_seeds(compare, &compare->rows[r]));
    }
    for (size_t m = 0; m < compare->n_metrics; m++) {
        mkd_table_row_begin(out, m == 0);
        metric_title(text, sizeof text, &compare->metrics[m]);
        mkd_table_add(out, text);
        for (size_t r = 0; r < compare->n_rows; r++) {
            add_stat(out, compare, &compare->rows[r], m);
        }
    }
    return mkd_table_status(out);
}
