#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/settings.h"
#include "base/str.h"
#include "train/trainer.h"
#include "tensor/backend.h"
#include "train/options.h"
#include "base/status.h"

// train.run, or runs/<name of the config file without folder and ending>
static int run_path(mkd_str *out, const mkd_config *config, const char *config_path) {
    mkd_train_options options;
    MKD_TRY(mkd_config_get(&options, config, "train"));
    if (options.run[0]) {
        mkd_str_append(out, options.run);
        return mkd_str_status(out);
    }
    const char *name = strrchr(config_path, '/') ? strrchr(config_path, '/') + 1 : config_path;
    const char *end = strrchr(name, '.') ? strrchr(name, '.') : name + strlen(name);
    mkd_str_printf(out, "runs/%.*s", (int)(end - name), name);
    return mkd_str_status(out);
}

// where the time went, if MKD_PROFILE asked for it
static int print_profile(void) {
    mkd_str text = {0};
    if (!getenv("MKD_PROFILE")) {
        return 0;
    }
    int status = mkd_profile_format(&text);
    if (status >= 0) {
        fprintf(stderr, "%s", text.text);
    }
    mkd_str_free(&text);
    return status;
}

int mkd_cmd_train(int argc, char **argv) {
    mkd_args args;
    mkd_config *config = NULL;
    mkd_str run = {0};
    mkd_train_result result;
    int status = mkd_args_parse(&args, NULL, 0, argc, argv);
    if (status != 0) {
        return status;
    }
    if (args.help) {
        mkd_cmd_print_help("train", NULL, 0);
        return 0;
    }
    if (args.n_positional < 1 || strchr(args.positional[0], '=')) {
        return mkd_cmd_usage("found no config, expected CONFIG [KEY=VALUE ...]");
    }
    status = mkd_overrides_check(&args, 1);
    if (status != 0) {
        return status;
    }
    MKD_GOTO(mkd_settings_load(&config, args.positional[0], &args, 1));
    MKD_GOTO(run_path(&run, config, args.positional[0]));
    mkd_catch_interrupts();
    MKD_GOTO(mkd_train(&result, config, run.text));
    if (result.was_finished) {
        printf("%s: finished before, %" PRId64 " steps\n", run.text, result.steps);
    } else {
        printf("%s: trained, %" PRId64 " steps, %.1f images/s\n", run.text, result.steps,
               result.images_per_s);
    }
    MKD_GOTO(print_profile());
done:
    mkd_str_free(&run);
    mkd_config_free(config);
    return status;
}
