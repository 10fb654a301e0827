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

static void on_signal(int number) {
    mkd_interrupt_request();
    signal(number, SIG_DFL);
}

void mkd_catch_interrupts(void) {
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
}
