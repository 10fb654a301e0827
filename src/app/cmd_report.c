#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/report_run.h"
#include "app/settings.h"
#include "base/alloc.h"
#include "base/log.h"
#include "base/status.h"
#include "base/thread.h"

enum { FLAG_OUT, FLAG_TABLE, N_FLAGS };

static const mkd_flag flags[N_FLAGS] = {
    [FLAG_OUT] = {"-o", "FILE", "the page (default: report.html in the runs' common folder)"},
    [FLAG_TABLE] = {"--table", NULL, "print the comparison alone, write no page"},
};

typedef struct job {
    char **paths;
    const char **overrides;
    size_t n_overrides;
    mkd_run_summary *runs;
    mkd_report_run *views;
    size_t n_runs, n_read;
    char subtitle[160];
} job;

static void job_free(job *it) {
    for (size_t i = 0; i < it->n_read; i++) {
        mkd_run_summary_free(&it->runs[i]);
    }
    mkd_free(it->runs);
    mkd_free(it->views);
    mkd_free(it->paths);
    mkd_free(it->overrides);
}

static int sort_arguments(job *out, const mkd_args *args) {
    size_t n = args->n_positional;
    out->paths = mkd_alloc_array(n, sizeof *out->paths);
    out->overrides = mkd_alloc_array(n, sizeof *out->overrides);
    out->runs = mkd_alloc_array(n, sizeof *out->runs);
    out->views = mkd_alloc_array(n, sizeof *out->views);
    if (!out->paths || !out->overrides || !out->runs || !out->views) {
        return MKD_ENOMEM;
    }
    for (size_t i = 0; i < n; i++) {
        if (strchr(args->positional[i], '=')) {
            out->overrides[out->n_overrides++] = args->positional[i];
        } else {
            out->paths[out->n_runs++] = args->positional[i];
        }
    }
    if (out->n_runs == 0) {
        return mkd_cmd_usage("report: found no run folder, expected RUN... [KEY=VALUE ...]");
    }
    return 0;
}

// one run a role is enough to look at: the one with the lowest seed
static bool is_shown(const job *it, size_t run) {
    const mkd_run_summary *own = &it->runs[run];
    for (size_t i = 0; i < it->n_runs; i++) {
        const mkd_run_summary *other = &it->runs[i];
        if (i != run && strcmp(other->role, own->role) == 0 &&
            (other->settings.train.seed < own->settings.train.seed ||
             (other->settings.train.seed == own->settings.train.seed && i < run))) {
            return false;
        }
    }
    return true;
}

// two folders of one name are told apart by their paths
static void set_names(job *it) {
    for (size_t i = 0; i < it->n_runs; i++) {
        bool is_twin = false;
        for (size_t k = 0; k < it->n_runs; k++) {
            is_twin |= k != i && strcmp(it->runs[k].name, it->runs[i].name) == 0;
        }
        it->views[i].name = is_twin ? it->paths[i] : it->runs[i].name;
    }
}

// as one reads them: what may look at depth, what the others are measured by, then the others
static int role_rank(const char *role) {
    return strcmp(role, "teacher") == 0 ? 0 : strcmp(role, "plain") == 0 ? 1 : 2;
}

static int compare_views(const void *a, const void *b) {
    const mkd_report_run *x = a, *y = b;
    int order = role_rank(x->role) - role_rank(y->role);
    order = order ? order : strcmp(x->role, y->role);
    order = order ? order : (x->seed > y->seed) - (x->seed < y->seed);
    return order ? order : strcmp(x->name, y->name);
}

static bool finds_cars(const mkd_run_summary *run) {
    const mkd_string_list *classes = &run->settings.model.classes;
    for (size_t i = 0; i < classes->n; i++) {
        if (strcmp(classes->at[i], "Car") == 0) {
            return true;
        }
    }
    return false;
}

// KITTI's average precision has no number where nothing was detected. Left out of a mean, such a
// run would raise it: where others show that there was something to find, it counts as 0.
static void count_misses(job *it) {
    for (size_t i = 0; i < it->n_runs; i++) {
        mkd_run_summary *run = &it->runs[i];
        for (size_t m = 0; m < run->n_metrics && finds_cars(run); m++) {
            bool is_share = strcmp(run->metrics[m].what.unit, "%") == 0, others_have = false;
            for (size_t k = 0; k < it->n_runs; k++) {
                others_have |= m < it->runs[k].n_metrics && !isnan(it->runs[k].metrics[m].value);
            }
            if (is_share && others_have && isnan(run->metrics[m].value)) {
                run->metrics[m].value = 0;
            }
        }
    }
}

// what is the same of all runs is said once, not in a column
static void take_common_fact(job *it, const char *name) {
    char text[64];
    for (size_t i = 0; i < it->n_runs; i++) {
        const char *own = mkd_run_summary_fact(&it->runs[i], name);
        if (!own || (i > 0 && strcmp(text, own) != 0)) {
            return;
        }
        snprintf(text, sizeof text, "%s", own);
    }
    size_t used = strlen(it->subtitle);
    snprintf(it->subtitle + used, sizeof it->subtitle - used, ", %s %s", name, text);
    for (size_t i = 0; i < it->n_runs; i++) {
        mkd_run_summary_drop_fact(&it->runs[i], name);
    }
}

static int gather(job *it, bool table_only) {
    for (size_t i = 0; i < it->n_runs; i++) {
        MKD_TRY(mkd_run_summary_read(&it->runs[i], it->paths[i], it->overrides, it->n_overrides));
        it->n_read++;
    }
    for (size_t i = 0; i < it->n_runs && !table_only; i++) {
        if (mkd_interrupt_requested()) {
            MKD_FAIL(MKD_EINTERRUPTED, "report: stopped after %zu of %zu runs", i, it->n_runs);
        }
        MKD_TRY(mkd_run_summary_add_curves(&it->runs[i]));
        if (is_shown(it, i)) {
            MKD_TRY(mkd_run_summary_add_pictures(&it->runs[i]));
        }
        mkd_progress("report", "run", (double)(i + 1), (double)it->n_runs, NULL);
    }
    count_misses(it);
    snprintf(it->subtitle, sizeof it->subtitle, "%zu run%s", it->n_runs,
             it->n_runs == 1 ? "" : "s");
    take_common_fact(it, "network");
    take_common_fact(it, "parameters");
    for (size_t i = 0; i < it->n_runs; i++) {
        it->views[i] = mkd_run_summary_view(&it->runs[i]);
    }
    set_names(it);
    qsort(it->views, it->n_runs, sizeof *it->views, compare_views);
    return 0;
}

// bytes of `path` without its last part and the slashes around it
static size_t parent_length(const char *path) {
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/') {
        n--;
    }
    while (n > 0 && path[n - 1] != '/') {
        n--;
    }
    while (n > 1 && path[n - 1] == '/') {
        n--;
    }
    return n;
}

// report.html in the folder that all runs are below
static int default_path(mkd_str *out, const job *it) {
    const char *first = it->paths[0];
    size_t common = parent_length(first);
    for (size_t i = 1; i < it->n_runs; i++) {
        const char *path = it->paths[i];
        size_t length = parent_length(path), same = 0;
        while (same < common && same < length && first[same] == path[same]) {
            same++;
        }
        // whole parts alone: "a/runs" and "a/runs2" meet in "a"
        bool ends_first = same == common || first[same] == '/';
        bool ends_path = same == length || path[same] == '/';
        while (same > 0 && !(ends_first && ends_path)) {
            same--;
            ends_first = ends_path = first[same] == '/';
        }
        common = same;
    }
    mkd_str_append_bytes(out, first, common);
    // neither part of a relative path, nor the root's slash twice
    bool needs_slash = common > 0 ? first[common - 1] != '/' : first[0] == '/';
    mkd_str_printf(out, "%sreport.html", needs_slash ? "/" : "");
    return mkd_str_status(out);
}

static int write_page(const job *it, const char *path) {
    mkd_str file = {0};
    mkd_report_options options = {.subtitle = it->subtitle};
    int status = 0;
    if (path) {
        mkd_str_append(&file, path);
    } else {
        MKD_GOTO(default_path(&file, it));
    }
    MKD_GOTO(mkd_str_status(&file));
    MKD_GOTO(mkd_report_write(file.text, it->views, it->n_runs, &options));
    printf("%s: %zu run%s\n\n", file.text, it->n_runs, it->n_runs == 1 ? "" : "s");
done:
    mkd_str_free(&file);
    return status;
}

static int print_table(const job *it) {
    mkd_compare compare = {0};
    mkd_compare_metric *metrics = NULL;
    mkd_table table = {0};
    mkd_str text = {0};
    int status = mkd_report_compare(&compare, &metrics, it->views, it->n_runs, "plain");
    MKD_GOTO(status);
    if (compare.n_metrics == 0) {
        puts("no run has been evaluated yet");
        goto done;
    }
    MKD_GOTO(mkd_compare_table_by_metric(&table, &compare));
    MKD_GOTO(mkd_table_format(&text, &table, false));
    fputs(text.text, stdout);
done:
    mkd_str_free(&text);
    mkd_table_free(&table);
    mkd_compare_free(&compare);
    mkd_free(metrics);
    return status;
}

int mkd_cmd_report(int argc, char **argv) {
    mkd_args args;
    job it = {0};
    int status = mkd_args_parse(&args, flags, N_FLAGS, argc, argv);
    if (status != 0) {
        return status;
    }
    if (args.help) {
        mkd_cmd_print_help(argv[0], flags, N_FLAGS);
        return 0;
    }
    mkd_catch_interrupts();
    status = sort_arguments(&it, &args);
    if (status != 0) {
        goto done;
    }
    MKD_GOTO(gather(&it, args.flags[FLAG_TABLE] != NULL));
    if (!args.flags[FLAG_TABLE]) {
        MKD_GOTO(write_page(&it, args.flags[FLAG_OUT]));
    }
    MKD_GOTO(print_table(&it));
done:
    job_free(&it);
    return status;
}
