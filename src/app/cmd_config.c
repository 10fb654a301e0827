#include <stdio.h>
#include <string.h>

#include "app/settings.h"
#include "base/fs.h"
#include "base/status.h"
#include "train/options.h"
#include "train/run_folder.h"

enum { FLAG_CHANGED, FLAG_KEYS, FLAG_PLAIN, N_FLAGS };

static const mkd_flag flags[N_FLAGS] = {
    [FLAG_CHANGED] = {"--changed", NULL, "only what is not at its default"},
    [FLAG_KEYS] = {"--help-keys", NULL,
                   "type, range, default and meaning of all keys, or of those below [PREFIX]"},
    [FLAG_PLAIN] = {"--plain", NULL, "without the comments that say where values come from"},
};

static int print_keys(const mkd_args *args) {
    if (args->n_positional > 1) {
        return mkd_cmd_usage("config: --help-keys: found %zu prefixes, expected at most one",
                             args->n_positional);
    }
    const char *prefix = args->n_positional ? args->positional[0] : "";
    mkd_str text = {0};
    int status = mkd_config_help(&text, mkd_settings_schema(), prefix);
    if (status >= 0 && text.length == 0) {
        status = mkd_error_set(MKD_ENOTFOUND,
                               "config: found no key '%s' and none below it; `monokd config "
                               "--help-keys` lists all",
                               prefix);
    }
    if (status >= 0) {
        fputs(text.text, stdout);
    }
    mkd_str_free(&text);
    return status;
}

// a config file, the config of a run folder, or the defaults alone
static int load(mkd_config **out, const mkd_args *args, bool has_path) {
    const char *path = has_path ? args->positional[0] : NULL;
    size_t first = has_path ? 1 : 0;
    if (path && mkd_fs_is_dir(path)) {
        return mkd_run_config(out, path, (const char *const *)args->positional + first,
                              args->n_positional - first);
    }
    return mkd_settings_load(out, path, args, first);
}

int mkd_cmd_config(int argc, char **argv) {
    mkd_args args;
    mkd_config *config = NULL;
    mkd_str text = {0};
    int status = mkd_args_parse(&args, flags, N_FLAGS, argc, argv);
    if (status != 0) {
        return status;
    }
    if (args.help) {
        mkd_cmd_print_help(argv[0], flags, N_FLAGS);
        return 0;
    }
    if (args.flags[FLAG_KEYS]) {
        return print_keys(&args);
    }
    bool has_path = args.n_positional > 0 && !strchr(args.positional[0], '=');
    status = mkd_overrides_check(&args, has_path ? 1 : 0);
    if (status != 0) {
        return status;
    }
    MKD_GOTO(load(&config, &args, has_path));
    MKD_GOTO(
        mkd_config_dump(&text, config, !args.flags[FLAG_PLAIN], args.flags[FLAG_CHANGED] != NULL));
    fputs(text.text ? text.text : "", stdout);
done:
    mkd_str_free(&text);
    mkd_config_free(config);
    return status;
}
