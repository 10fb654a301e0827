#include "report/page_runs.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/status.h"
#include "report/html.h"
#include "report/theme.h"

enum {
    PLOT_WIDTH = 560,
    PLOT_HEIGHT = 330,
    CURVE_POINTS = 160,
    BAR_GROUPS_MAX = 6,
    NAMES_MAX = 256,
    JPEG_QUALITY = 88
};

typedef enum series_kind { LOSSES, SCORES, CURVES } series_kind;

typedef struct builder {
    mkd_page *page;
    const mkd_report_run *runs;
    size_t n_runs;
    const char *roles[MKD_SERIES_COLORS]; // those that plots can tell apart
    size_t n_roles;
    mkd_report_options options;
} builder;

static size_t series_of(const mkd_report_series **out, const mkd_report_run *run,
                        series_kind kind) {
    *out = kind == LOSSES ? run->losses : kind == SCORES ? run->scores : run->curves;
    return kind == LOSSES ? run->n_losses : kind == SCORES ? run->n_scores : run->n_curves;
}

static bool holds(const char *const *names, size_t n, const char *name) {
    for (size_t i = 0; i < n; i++) {
        if (!strcmp(names[i], name)) {
            return true;
        }
    }
    return false;
}

static size_t series_names(const char *names[NAMES_MAX], const builder *b, series_kind kind) {
    size_t n = 0;
    for (size_t r = 0; r < b->n_runs; r++) {
        const mkd_report_series *series;
        size_t n_series = series_of(&series, &b->runs[r], kind);
        for (size_t i = 0; i < n_series; i++) {
            if (n < NAMES_MAX && !holds(names, n, series[i].name)) {
                names[n++] = series[i].name;
            }
        }
    }
    return n;
}

// "distilled" stands for the first of "distilled (<method>)" too
static bool is_known(const builder *b, const char *role, const char *known) {
    size_t n = strlen(known);
    if (strncmp(role, known, n) || (role[n] && role[n] != ' ')) {
        return false;
    }
    for (size_t i = 0; i < b->n_roles && strcmp(b->roles[i], role); i++) {
        if (!strncmp(b->roles[i], known, n)) {
            return false;
        }
    }
    return true;
}

// the roles that everybody has keep their colors from report to report
static int color_of_role(const builder *b, const char *role) {
    static const char *const known[] = {"plain", "distilled", "teacher"};
    int next = (int)MKD_COUNT(known);
    for (size_t i = 0; i < MKD_COUNT(known); i++) {
        if (is_known(b, role, known[i])) {
            return (int)i;
        }
    }
    for (size_t i = 0; i < b->n_roles && strcmp(b->roles[i], role); i++) {
        bool has_own = false;
        for (size_t k = 0; k < MKD_COUNT(known); k++) {
            has_own |= is_known(b, b->roles[i], known[k]);
        }
        next += !has_own;
    }
    return next % MKD_SERIES_COLORS;
}

static int merge_role(mkd_curve *out, const builder *b, const char *role, const char *name,
                      series_kind kind) {
    *out = (mkd_curve){0};
    const mkd_report_series **found = mkd_alloc_array(b->n_runs, sizeof *found);
    if (!found) {
        return MKD_ENOMEM;
    }
    size_t n = 0;
    for (size_t r = 0; r < b->n_runs; r++) {
        const mkd_report_series *series;
        size_t n_series = series_of(&series, &b->runs[r], kind);
        for (size_t i = 0; i < n_series && !strcmp(b->runs[r].role, role); i++) {
            if (!strcmp(series[i].name, name)) {
                found[n++] = &series[i];
                break;
            }
        }
    }
    int status = mkd_curve_merge(out, found, n, CURVE_POINTS);
    mkd_free(found);
    return status;
}

// a loss that falls over more than two decades is read on a logarithmic axis alone
static bool wants_log(const mkd_curve *curves, size_t n) {
    double low = INFINITY, high = 0.0;
    for (size_t c = 0; c < n; c++) {
        for (size_t i = 0; i < curves[c].n; i++) {
            low = fmin(low, curves[c].mean[i]);
            high = fmax(high, curves[c].mean[i]);
        }
    }
    return low > 0.0 && high > 30.0 * low;
}

// scores that are all 0 would get an axis with negative numbers
static bool all_zero(const mkd_curve *curves, size_t n) {
    for (size_t c = 0; c < n; c++) {
        for (size_t i = 0; i < curves[c].n; i++) {
            if (curves[c].low[i] != 0.0 || curves[c].high[i] != 0.0) {
                return false;
            }
        }
    }
    return true;
}

static int add_curve_plot(const builder *b, const char *name, series_kind kind) {
    mkd_curve curves[MKD_SERIES_COLORS] = {0};
    mkd_plot_series series[MKD_SERIES_COLORS] = {0};
    char names[MKD_SERIES_COLORS][96];
    size_t n = 0;
    int status = 0;
    for (size_t r = 0; r < b->n_roles; r++) {
        mkd_curve *curve = &curves[n];
        MKD_GOTO(merge_role(curve, b, b->roles[r], name, kind));
        if (curve->n_series == 0) {
            mkd_curve_free(curve);
            continue;
        }
        snprintf(names[n], sizeof names[n], curve->n_series > 1 ? "%s (%zu seeds)" : "%s",
                 b->roles[r], curve->n_series);
        bool band = curve->n_series > 1;
        series[n] = (mkd_plot_series){.name = names[n],
                                      .x = curve->x,
                                      .y = curve->mean,
                                      .low = band ? curve->low : NULL,
                                      .high = band ? curve->high : NULL,
                                      .n = curve->n,
                                      .color = color_of_role(b, b->roles[r]),
                                      .dashed = !strcmp(b->roles[r], "teacher"),
                                      .markers = kind == SCORES && curve->n <= 20};
        n++;
    }
    mkd_plot plot = {.title = name,
                     .x.label = kind == LOSSES ? b->options.step_label : b->options.epoch_label,
                     .y.log = kind == LOSSES && wants_log(curves, n),
                     .y.maximum = all_zero(curves, n) ? 1.0 : 0.0,
                     .series = series,
                     .n_series = n};
    if (kind == CURVES) {
        plot = mkd_plot_precision_recall(name, series, n);
    }
    mkd_page_plot(b->page, &plot, PLOT_WIDTH, PLOT_HEIGHT, NULL);
done:
    for (size_t c = 0; c < MKD_SERIES_COLORS; c++) {
        mkd_curve_free(&curves[c]);
    }
    return status;
}

static int add_curves(const builder *b, series_kind kind, const char *title, const char *text) {
    const char *names[NAMES_MAX];
    size_t n = series_names(names, b, kind);
    if (n == 0) {
        return 0;
    }
    mkd_page_section(b->page, title);
    mkd_page_text(b->page, text);
    for (size_t i = 0; i < n; i++) {
        MKD_TRY(add_curve_plot(b, names[i], kind));
    }
    return 0;
}

static size_t find_metric(const mkd_compare_metric *metrics, size_t n, const char *name) {
    size_t i = 0;
    while (i < n && strcmp(metrics[i].name, name)) {
        i++;
    }
    return i;
}

static size_t union_of_metrics(mkd_compare_metric *metrics, const mkd_report_run *runs,
                               size_t n_runs) {
    size_t n = 0;
    for (size_t r = 0; r < n_runs; r++) {
        for (size_t i = 0; i < runs[r].n_metrics; i++) {
            const mkd_compare_metric *what = &runs[r].metrics[i].what;
            if (find_metric(metrics, n, what->name) == n) {
                metrics[n++] = *what;
            }
        }
    }
    return n;
}

int mkd_report_compare(mkd_compare *out, mkd_compare_metric **out_metrics,
                       const mkd_report_run *runs, size_t n_runs, const char *base_role) {
    *out = (mkd_compare){0};
    int status = MKD_ENOMEM;
    size_t capacity = 0;
    for (size_t r = 0; r < n_runs; r++) {
        capacity += runs[r].n_metrics;
    }
    mkd_compare_metric *metrics = mkd_alloc_array(capacity, sizeof *metrics);
    mkd_compare_run *rows = mkd_alloc_array(n_runs, sizeof *rows);
    size_t n = metrics ? union_of_metrics(metrics, runs, n_runs) : 0;
    double *values = mkd_alloc_array(n_runs * n, sizeof *values);
    *out_metrics = metrics;
    if (!metrics || !rows || !values) {
        goto done;
    }
    for (size_t r = 0; r < n_runs; r++) {
        for (size_t m = 0; m < n; m++) {
            values[r * n + m] = NAN;
        }
        for (size_t i = 0; i < runs[r].n_metrics; i++) {
            size_t m = find_metric(metrics, n, runs[r].metrics[i].what.name);
            values[r * n + m] = runs[r].metrics[i].value;
        }
        rows[r] = (mkd_compare_run){runs[r].role, runs[r].seed, values + r * n};
    }
    status = mkd_compare_runs(out, rows, n_runs, metrics, n, base_role);
done:
    mkd_free(rows);
    mkd_free(values);
    if (status < 0) {
        mkd_free(metrics);
        *out_metrics = NULL;
    }
    return status;
}

// the values of one metric by the runs of a role, for the points over a bar
static size_t single_values(double *out, const builder *b, const char *role, const char *metric) {
    size_t n = 0;
    for (size_t r = 0; r < b->n_runs; r++) {
        for (size_t i = 0; i < b->runs[r].n_metrics && !strcmp(b->runs[r].role, role); i++) {
            if (!strcmp(b->runs[r].metrics[i].what.name, metric)) {
                out[n++] = b->runs[r].metrics[i].value;
            }
        }
    }
    return n;
}

typedef struct bar_chart {
    mkd_plot_series series[MKD_SERIES_COLORS];
    mkd_plot_bar bars[BAR_GROUPS_MAX * MKD_SERIES_COLORS];
    const char *groups[BAR_GROUPS_MAX];
    size_t n_series, n_groups;
    double *points; // [groups, series, runs]
} bar_chart;

static void add_bar_group(bar_chart *chart, const builder *b, const mkd_compare *compare,
                          size_t metric) {
    size_t g = chart->n_groups++;
    chart->groups[g] = compare->metrics[metric].name;
    for (size_t s = 0; s < chart->n_series; s++) {
        const mkd_compare_row *row = compare->rows;
        while (strcmp(row->role, b->roles[s])) {
            row++;
        }
        double *points = chart->points + (g * chart->n_series + s) * b->n_runs;
        size_t n = single_values(points, b, row->role, compare->metrics[metric].name);
        chart->bars[g * chart->n_series + s] = (mkd_plot_bar){.value = row->stats[metric].mean,
                                                              .error = row->stats[metric].sd,
                                                              .points = n > 1 ? points : NULL,
                                                              .n_points = n};
    }
}

static const char *unit_of(const mkd_compare_metric *metric) {
    return metric->unit ? metric->unit : "";
}

// one chart for each unit, and for each six metrics of it
static int add_bars(const builder *b, const mkd_compare *compare) {
    bar_chart chart = {.n_series = b->n_roles};
    chart.points = mkd_alloc_array(BAR_GROUPS_MAX * b->n_roles * b->n_runs, sizeof *chart.points);
    bool *drawn = mkd_alloc_array(compare->n_metrics, sizeof *drawn);
    for (size_t s = 0; s < b->n_roles; s++) {
        chart.series[s].name = b->roles[s];
        chart.series[s].color = color_of_role(b, b->roles[s]);
    }
    for (size_t first = 0; chart.points && drawn && first < compare->n_metrics; first++) {
        chart.n_groups = 0;
        const char *unit = unit_of(&compare->metrics[first]);
        for (size_t m = first; m < compare->n_metrics && chart.n_groups < BAR_GROUPS_MAX; m++) {
            if (!drawn[m] && !strcmp(unit_of(&compare->metrics[m]), unit)) {
                add_bar_group(&chart, b, compare, m);
                drawn[m] = true;
            }
        }
        mkd_plot plot = {.y.label = *unit ? unit : NULL,
                         .series = chart.series,
                         .n_series = chart.n_series,
                         .bars = chart.bars,
                         .group_names = chart.groups,
                         .n_groups = chart.n_groups};
        if (chart.n_groups > 0) {
            mkd_page_plot(b->page, &plot, PLOT_WIDTH, PLOT_HEIGHT, NULL);
        }
    }
    int status = chart.points && drawn ? 0 : MKD_ENOMEM;
    mkd_free(chart.points);
    mkd_free(drawn);
    return status;
}

static int add_comparison(const builder *b, const mkd_compare *compare) {
    if (compare->n_metrics == 0) {
        return 0;
    }
    mkd_table table = {0};
    mkd_page_section(b->page, "Comparison");
    int status = mkd_compare_table_by_metric(&table, compare);
    if (status >= 0) {
        bool paired = compare->rows[compare->n_rows - 1].is_difference;
        mkd_page_table(b->page, &table,
                       paired ? "Mean \u00b1 standard deviation over the seeds. A difference is "
                                "taken seed by seed, then averaged: its deviation is that of the "
                                "single differences. Bold: the best student."
                              : "Mean \u00b1 standard deviation over the seeds. Bold: the best "
                                "student.");
        status = add_bars(b, compare);
    }
    mkd_table_free(&table);
    return status;
}

static const char *fact_of(const mkd_report_run *run, const char *name) {
    for (size_t i = 0; i < run->n_facts; i++) {
        if (!strcmp(run->facts[i].name, name)) {
            return run->facts[i].text;
        }
    }
    return "-";
}

static size_t fact_names(const char *names[NAMES_MAX], const builder *b) {
    size_t n = 0;
    for (size_t r = 0; r < b->n_runs; r++) {
        for (size_t i = 0; i < b->runs[r].n_facts; i++) {
            if (n < NAMES_MAX && !holds(names, n, b->runs[r].facts[i].name)) {
                names[n++] = b->runs[r].facts[i].name;
            }
        }
    }
    return n;
}

static void add_metric_cell(mkd_table *table, const mkd_report_run *run,
                            const mkd_compare_metric *metric) {
    for (size_t i = 0; i < run->n_metrics; i++) {
        if (!strcmp(run->metrics[i].what.name, metric->name) && !isnan(run->metrics[i].value)) {
            mkd_table_printf(table, "%.*f", metric->decimals, run->metrics[i].value);
            return;
        }
    }
    mkd_table_add(table, "-");
}

static void add_runs(const builder *b, const mkd_compare *compare) {
    const char *facts[NAMES_MAX];
    size_t n_facts = fact_names(facts, b);
    mkd_table table = {0};
    mkd_page_section(b->page, "Runs");
    mkd_table_column_add(&table, "run", MKD_COLUMN_TEXT);
    mkd_table_column_add(&table, "role", MKD_COLUMN_TEXT);
    mkd_table_column_add(&table, "seed", MKD_COLUMN_NUMBER);
    for (size_t m = 0; m < compare->n_metrics; m++) {
        mkd_table_column_add(&table, compare->metrics[m].name, MKD_COLUMN_NUMBER);
    }
    for (size_t f = 0; f < n_facts; f++) {
        mkd_table_column_add(&table, facts[f], MKD_COLUMN_NUMBER);
    }
    for (size_t r = 0; r < b->n_runs; r++) {
        const mkd_report_run *run = &b->runs[r];
        mkd_table_row_begin(&table, false);
        mkd_table_add(&table, run->name);
        mkd_table_add(&table, run->role);
        mkd_table_printf(&table, "%llu", (unsigned long long)run->seed);
        for (size_t m = 0; m < compare->n_metrics; m++) {
            add_metric_cell(&table, run, &compare->metrics[m]);
        }
        for (size_t f = 0; f < n_facts; f++) {
            mkd_table_add(&table, fact_of(run, facts[f]));
        }
    }
    mkd_page_table(b->page, &table, NULL);
    mkd_table_free(&table);
}

static void add_pictures_of_frame(const builder *b, const char *frame) {
    char text[256];
    snprintf(text, sizeof text, "Frame %s", frame);
    mkd_page_heading(b->page, text);
    for (size_t r = 0; r < b->n_runs; r++) {
        for (size_t i = 0; i < b->runs[r].n_pictures; i++) {
            const mkd_report_picture *picture = &b->runs[r].pictures[i];
            if (strcmp(picture->frame, frame)) {
                continue;
            }
            bool more = picture->caption && *picture->caption;
            snprintf(text, sizeof text, "%s%s%s", b->runs[r].name, more ? " \u00b7 " : "",
                     more ? picture->caption : "");
            mkd_page_image(b->page, picture->image, JPEG_QUALITY, text);
        }
    }
}

static void add_pictures(const builder *b) {
    const char *frames[NAMES_MAX];
    size_t n = 0;
    for (size_t r = 0; r < b->n_runs; r++) {
        for (size_t i = 0; i < b->runs[r].n_pictures; i++) {
            const char *frame = b->runs[r].pictures[i].frame;
            if (n < NAMES_MAX && !holds(frames, n, frame)) {
                frames[n++] = frame;
            }
        }
    }
    if (n == 0) {
        return;
    }
    mkd_page_section(b->page, "Pictures");
    mkd_page_text(b->page, "Ground truth in green and blue, predictions in orange and red with "
                           "their scores; the front of a box is filled. On the right the same "
                           "from above: the line out of a box shows where it faces.");
    for (size_t i = 0; i < n; i++) {
        add_pictures_of_frame(b, frames[i]);
    }
}

static void add_configurations(const builder *b) {
    bool any = false;
    for (size_t r = 0; r < b->n_runs; r++) {
        if (!b->runs[r].config_text) {
            continue;
        }
        if (!any) {
            mkd_page_section(b->page, "Configurations");
        }
        any = true;
        mkd_page_details(b->page, b->runs[r].name, b->runs[r].config_text);
    }
}

static int build(builder *b) {
    mkd_compare compare = {0};
    mkd_compare_metric *metrics = NULL;
    MKD_TRY(mkd_report_compare(&compare, &metrics, b->runs, b->n_runs, b->options.base_role));
    int status = 0;
    MKD_GOTO(add_comparison(b, &compare));
    add_runs(b, &compare);
    MKD_GOTO(add_curves(b, SCORES, "Scores over training",
                        "Lines are means over the seeds; the band reaches from the lowest to the "
                        "highest of them."));
    MKD_GOTO(add_curves(b, CURVES, "Precision and recall",
                        "Of the final models, averaged over the seeds."));
    MKD_GOTO(add_curves(b, LOSSES, "Losses",
                        "Training losses by name, averaged over short stretches of steps and over "
                        "the seeds; the band reaches from the lowest to the highest seed."));
    add_pictures(b);
    add_configurations(b);
done:
    mkd_compare_free(&compare);
    mkd_free(metrics);
    return status;
}

static int check(const mkd_report_run *runs, size_t n_runs) {
    if (n_runs == 0) {
        MKD_FAIL(MKD_EINVAL, "report: found no run, expected at least one");
    }
    for (size_t r = 0; r < n_runs; r++) {
        if (!runs[r].name || !runs[r].role) {
            MKD_FAIL(MKD_EINVAL, "report: found run %zu without %s, expected name and role", r,
                     runs[r].name ? "a role" : "a name");
        }
    }
    return 0;
}

static builder builder_of(mkd_page *page, const mkd_report_run *runs, size_t n_runs,
                          const mkd_report_options *options) {
    builder b = {.page = page, .runs = runs, .n_runs = n_runs};
    b.options = options ? *options : (mkd_report_options){0};
    b.options.title = b.options.title ? b.options.title : "monokd report";
    b.options.base_role = b.options.base_role ? b.options.base_role : "plain";
    b.options.step_label = b.options.step_label ? b.options.step_label : "step";
    b.options.epoch_label = b.options.epoch_label ? b.options.epoch_label : "epoch";
    for (size_t r = 0; r < n_runs; r++) {
        if (b.n_roles < MKD_SERIES_COLORS && !holds(b.roles, b.n_roles, runs[r].role)) {
            b.roles[b.n_roles++] = runs[r].role;
        }
    }
    return b;
}

int mkd_report_page(mkd_str *out, const mkd_report_run *runs, size_t n_runs,
                    const mkd_report_options *options) {
    MKD_TRY(check(runs, n_runs));
    mkd_page page;
    builder b = builder_of(&page, runs, n_runs, options);
    mkd_page_begin(&page, b.options.title, b.options.subtitle);
    int status = build(&b);
    if (status >= 0) {
        status = mkd_page_finish(out, &page);
    }
    mkd_page_free(&page);
    return status;
}

int mkd_report_write(const char *path, const mkd_report_run *runs, size_t n_runs,
                     const mkd_report_options *options) {
    mkd_str text = {0};
    int status = mkd_report_page(&text, runs, n_runs, options);
    if (status >= 0) {
        status = mkd_fs_write_atomic(path, text.text, text.length);
    }
    mkd_str_free(&text);
    return status;
}
