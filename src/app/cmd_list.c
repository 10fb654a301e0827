// Every kind fills a table of name, summary and citation from its registry. Optimizers and
// schedules are choices of one key each: their names come from the schema, so none can be missing.

#include <stdio.h>
#include <string.h>

#include "app/cmd.h"
#include "base/status.h"
#include "data/dataset.h"
#include "distill/method.h"
#include "eval/metric.h"
#include "report/table.h"
#include "tensor/backend.h"
#include "train/options.h"

enum { FLAG_LONG, FLAG_VERBOSE, N_FLAGS };

static const mkd_flag flags[N_FLAGS] = {
    [FLAG_LONG] = {"--long", NULL, "with the papers of detectors and methods"},
    [FLAG_VERBOSE] = {"-v", NULL, "the same"},
};

typedef struct listing {
    mkd_table table;
    bool with_citations;
} listing;

static void add(listing *out, const char *name, const char *summary, const char *citation) {
    mkd_table_row_begin(&out->table, false);
    mkd_table_add(&out->table, name);
    mkd_table_add(&out->table, summary ? summary : "");
    // below its summary: beside it, lines would be wider than screens
    if (out->with_citations && citation) {
        mkd_table_row_begin(&out->table, false);
        mkd_table_add(&out->table, "");
        mkd_table_add(&out->table, citation);
    }
}

static void list_detectors(listing *out) {
    for (const mkd_detector_driver *const *d = mkd_detectors(); *d; d++) {
        add(out, (*d)->name, (*d)->summary, (*d)->citation);
    }
}

static void list_backbones(listing *out) {
    for (const mkd_backbone *const *b = mkd_backbones(); *b; b++) {
        add(out, (*b)->name, (*b)->summary, NULL);
    }
}

static void list_methods(listing *out) {
    for (const mkd_method *const *m = mkd_methods(); *m; m++) {
        add(out, (*m)->name, (*m)->summary, (*m)->citation);
    }
}

static void list_datasets(listing *out) {
    for (const mkd_dataset_driver *const *d = mkd_dataset_drivers(); *d; d++) {
        add(out, (*d)->name, (*d)->summary, NULL);
    }
}

static void list_metrics(listing *out) {
    for (const mkd_metric *m = mkd_metrics(); m->name; m++) {
        add(out, m->name, m->summary, NULL);
    }
}

static void list_backends(listing *out) {
    for (const mkd_backend_driver *const *b = mkd_backend_drivers(); *b; b++) {
        char summary[160];
        snprintf(summary, sizeof summary, "%s%s", (*b)->summary,
                 (*b)->score() > 0 ? "" : " (not on this machine)");
        add(out, (*b)->name, summary, NULL);
    }
}

static const char *const summaries[][2] = {
    {"sgd", "stochastic gradient descent with momentum"},
    {"adam", "Adam, decay added to the gradient"},
    {"adamw", "Adam, decay apart from the gradient"},
    {"monodetr_adamw", "MonoDETR's own, decay within the corrected step"},
    {"constant", "one rate after the warm-up"},
    {"step", "lower by schedule.gamma at each of schedule.milestones"},
    {"cosine", "falls to schedule.minimum_factor along half a cosine"},
};

static const mkd_option *find_kind(const char *section) {
    for (const mkd_section *s = mkd_settings_schema(); s->prefix; s++) {
        for (const mkd_option *o = s->options; strcmp(s->prefix, section) == 0 && o->key; o++) {
            if (strcmp(o->key, "kind") == 0) {
                return o;
            }
        }
    }
    return NULL;
}

static void list_choices(listing *out, const char *section) {
    const mkd_option *option = find_kind(section);
    for (const char *at = option ? option->choices : ""; *at;) {
        char name[64];
        size_t length = strcspn(at, "|");
        const char *summary = NULL;
        snprintf(name, sizeof name, "%.*s", (int)length, at);
        for (size_t i = 0; i < MKD_COUNT(summaries); i++) {
            summary = strcmp(summaries[i][0], name) == 0 ? summaries[i][1] : summary;
        }
        add(out, name, summary, NULL);
        at += length + (at[length] == '|');
    }
}

static void list_optimizers(listing *out) {
    list_choices(out, "optim");
}

static void list_schedules(listing *out) {
    list_choices(out, "schedule");
}

static const struct {
    const char *name, *key; // the key that takes such a name
    void (*list)(listing *out);
} kinds[] = {
    {"detectors", "model.detector", list_detectors},
    {"backbones", "model.backbone", list_backbones},
    {"methods", "distill.method", list_methods},
    {"datasets", "data.kind", list_datasets},
    {"metrics", NULL, list_metrics},
    {"backends", "train.backend", list_backends},
    {"optimizers", "optim.kind", list_optimizers},
    {"schedules", "schedule.kind", list_schedules},
};

static int print_kind(size_t kind, bool with_citations) {
    listing out = {.with_citations = with_citations};
    char title[96];
    mkd_str text = {0};
    snprintf(title, sizeof title, kinds[kind].key ? "%s (%s)" : "%s", kinds[kind].name,
             kinds[kind].key);
    mkd_table_column_add(&out.table, title, MKD_COLUMN_TEXT);
    mkd_table_column_add(&out.table, "what it is", MKD_COLUMN_TEXT);
    kinds[kind].list(&out);
    int status = mkd_table_format(&text, &out.table, false);
    if (status >= 0) {
        fputs(text.text ? text.text : "", stdout);
    }
    mkd_str_free(&text);
    mkd_table_free(&out.table);
    return status;
}

static int unknown_kind(const char *found) {
    const char *names[MKD_COUNT(kinds)];
    mkd_str all = {0};
    for (size_t i = 0; i < MKD_COUNT(kinds); i++) {
        names[i] = kinds[i].name;
        mkd_str_printf(&all, "%s%s", i ? ", " : "", names[i]);
    }
    const char *near = mkd_nearest_name(found, names, MKD_COUNT(names));
    int status =
        mkd_cmd_usage("list: found '%s', expected one of %s%s%s%s", found, all.text ? all.text : "",
                      near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    mkd_str_free(&all);
    return status;
}

int mkd_cmd_list(int argc, char **argv) {
    mkd_args args;
    int status = mkd_args_parse(&args, flags, N_FLAGS, argc, argv);
    if (status != 0) {
        return status;
    }
    if (args.help) {
        mkd_cmd_print_help(argv[0], flags, N_FLAGS);
        return 0;
    }
    if (args.n_positional > 1) {
        return mkd_cmd_usage("list: found %zu kinds, expected one, or none for all",
                             args.n_positional);
    }
    const char *wanted = args.n_positional ? args.positional[0] : NULL;
    bool with_citations = args.flags[FLAG_LONG] || args.flags[FLAG_VERBOSE], any = false;
    for (size_t i = 0; i < MKD_COUNT(kinds); i++) {
        if (!wanted || strcmp(wanted, kinds[i].name) == 0) {
            fputs(any ? "\n" : "", stdout);
            MKD_TRY(print_kind(i, with_citations));
            any = true;
        }
    }
    return any ? 0 : unknown_kind(wanted);
}
