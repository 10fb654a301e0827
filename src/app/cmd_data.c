#include <stdio.h>
#include <string.h>

#include "app/settings.h"
#include "base/alloc.h"
#include "base/config.h"
#include "base/status.h"
#include "base/str.h"
#include "data/dataset.h"
#include "data/synth.h"

enum { OVERRIDES_MAX = 64 };

// "frames=10" becomes "synth.frames=10"
static int prefix_overrides(char *out[OVERRIDES_MAX], char **words, size_t n) {
    for (size_t i = 0; i < n; i++) {
        mkd_str text = {0};
        mkd_str_printf(&text, "synth.%s", words[i]);
        MKD_TRY(mkd_str_status(&text));
        out[i] = text.text;
    }
    return MKD_OK;
}

static int read_options(mkd_config **config, mkd_synth_options *out, char **words, size_t n) {
    char *overrides[OVERRIDES_MAX] = {NULL};
    int status = prefix_overrides(overrides, words, n);
    if (status >= 0) {
        status = mkd_config_load(config, mkd_synth_schema, NULL, (const char *const *)overrides, n);
    }
    if (status >= 0) {
        status = mkd_config_get(out, *config, "synth");
    }
    for (size_t i = 0; i < n; i++) {
        mkd_free(overrides[i]);
    }
    return status;
}

static int print_synth_help(void) {
    mkd_str text = {0};
    mkd_cmd_print_help("data", NULL, 0);
    int status = mkd_config_help(&text, mkd_synth_schema, "");
    if (status >= 0) {
        printf("\noptions of data synth ROOT [KEY=VALUE ...], without the prefix `synth.`:\n\n%s",
               text.text ? text.text : "");
    }
    mkd_str_free(&text);
    return status;
}

static int synth(int argc, char **argv) {
    mkd_args args;
    int status = mkd_args_parse(&args, NULL, 0, argc, argv);
    if (status != 0) {
        return status;
    }
    if (args.help) {
        return print_synth_help();
    }
    if (args.n_positional < 1 || strchr(args.positional[0], '=')) {
        return mkd_cmd_usage("data synth: found no folder, expected ROOT [KEY=VALUE ...]");
    }
    const size_t n = args.n_positional - 1;
    for (size_t i = 1; i <= n; i++) {
        if (!strchr(args.positional[i], '=') || n > OVERRIDES_MAX) {
            return mkd_cmd_usage("data synth: found '%s', expected up to %d KEY=VALUE",
                                 args.positional[i], (int)OVERRIDES_MAX);
        }
    }
    mkd_config *config = NULL;
    mkd_synth_options options;
    MKD_GOTO(read_options(&config, &options, args.positional + 1, n));
    mkd_catch_interrupts();
    MKD_GOTO(mkd_synth_write(args.positional[0], &options));
    printf("%s: %lld frames\n", args.positional[0], (long long)options.frames);
done:
    mkd_config_free(config);
    return status;
}

static int check(int argc, char **argv) {
    enum { FLAG_SPLIT, FLAG_KIND, N_FLAGS };
    static const mkd_flag flags[N_FLAGS] = {
        [FLAG_SPLIT] = {"--split", "NAME", "the image set to check (default: trainval)"},
        [FLAG_KIND] = {"--kind", "NAME", "the data set's kind (default: kitti)"},
    };
    mkd_args args;
    int status = mkd_args_parse(&args, flags, N_FLAGS, argc, argv);
    if (status != 0) {
        return status;
    }
    if (args.help) {
        mkd_cmd_print_help("data", flags, N_FLAGS);
        return MKD_OK;
    }
    if (args.n_positional != 1) {
        return mkd_cmd_usage("data check: found %zu folders, expected one", args.n_positional);
    }
    const char *split = args.flags[FLAG_SPLIT] ? args.flags[FLAG_SPLIT] : "trainval";
    const char *kind = args.flags[FLAG_KIND] ? args.flags[FLAG_KIND] : "kitti";
    mkd_dataset *dataset = NULL;
    mkd_check_report report = {.n_errors = 0};
    MKD_GOTO(mkd_dataset_open(&dataset, kind, args.positional[0], split));
    MKD_GOTO(mkd_dataset_check(&report, dataset));
    fputs(report.text.text ? report.text.text : "", stdout);
    printf("%zu frames, %zu errors, %zu warnings\n", report.n_frames, report.n_errors,
           report.n_warnings);
    if (report.n_errors > 0) {
        status = mkd_error_set(MKD_EFORMAT, "%s: found %zu errors, expected none",
                               args.positional[0], report.n_errors);
    }
done:
    mkd_str_free(&report.text);
    mkd_dataset_close(dataset);
    return status;
}

int mkd_cmd_data(int argc, char **argv) {
    static const struct {
        const char *name;
        int (*run)(int argc, char **argv);
    } actions[] = {{"synth", synth}, {"check", check}};
    const char *names[MKD_COUNT(actions)];
    for (size_t i = 0; i < MKD_COUNT(actions); i++) {
        names[i] = actions[i].name;
        if (argc > 1 && strcmp(argv[1], actions[i].name) == 0) {
            return actions[i].run(argc - 1, argv + 1);
        }
    }
    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        mkd_cmd_print_help("data", NULL, 0);
        return MKD_OK;
    }
    const char *found = argc > 1 ? argv[1] : "nothing";
    const char *near = mkd_nearest_name(found, names, MKD_COUNT(names));
    return mkd_cmd_usage("data: found '%s', expected synth or check%s%s%s", found,
                         near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "");
}
