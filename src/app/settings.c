#include "app/settings.h"

#include <signal.h>
#include <string.h>

#include "base/thread.h"
#include "train/options.h"

int mkd_overrides_check(const mkd_args *args, size_t first) {
    for (size_t i = first; i < args->n_positional; i++) {
        if (!strchr(args->positional[i], '=')) {
            return mkd_cmd_usage("found '%s', expected KEY=VALUE", args->positional[i]);
        }
    }
    return 0;
}

int mkd_settings_load(mkd_config **out, const char *path, const mkd_args *args, size_t first) {
    return mkd_config_load(out, mkd_settings_schema(), path,
                           (const char *const *)args->positional + first,
                           args->n_positional - first);
}

int mkd_run_arguments(mkd_args *out, const mkd_flag *flags, size_t n_flags, int argc, char **argv) {
    int status = mkd_args_parse(out, flags, n_flags, argc, argv);
    if (status != 0) {
        return status;
    }
    if (out->help) {
        mkd_cmd_print_help(argv[0], flags, n_flags);
        return 0;
    }
    if (out->n_positional < 1 || strchr(out->positional[0], '=')) {
        return mkd_cmd_usage("%s: found no run folder, expected RUN [KEY=VALUE ...]", argv[0]);
    }
    return mkd_overrides_check(out, 1);
}

static void on_signal(int number) {
    mkd_interrupt_request();
    signal(number, SIG_DFL);
}

void mkd_catch_interrupts(void) {
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
}
