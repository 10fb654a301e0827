// op_table MODE [--row PATTERN] [--backend PATTERN]: one table of operator calls, several
// questions.
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/status.h"
#include "table.h"

static const struct mode {
    const char *name;
    int (*run)(const settings *s);
    const char *help;
} modes[] = {
    {"agree", mode_agree, "every row on every backend against ref in f64, gradients too"},
    {"gradient", mode_gradient, "autodiff in f64 against central differences"},
    {"support", mode_support, "operator x backend x element type"},
    {"speed", mode_speed, "milliseconds of the large rows (or of --row)"},
};

// fallbacks to ref are the business of mode support
static void quiet(void *payload, mkd_log_level level, const char *line) {
    (void)payload;
    (void)level;
    (void)line;
}

static int usage(void) {
    fprintf(stderr, "usage: op_table MODE [--row PATTERN] [--backend PATTERN]\n\n");
    for (size_t i = 0; i < MKD_COUNT(modes); i++) {
        fprintf(stderr, "  %-10s %s\n", modes[i].name, modes[i].help);
    }
    fprintf(stderr, "\nPATTERN: a title such as \"conv2d (1x1)\", * stands for any characters\n");
    return 2;
}

int main(int argc, char **argv) {
    settings s = {0};
    const struct mode *mode = NULL;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--row") == 0 && i + 1 < argc) {
            s.pattern = argv[++i];
        } else if (strcmp(argv[i], "--backend") == 0 && i + 1 < argc) {
            s.backend = argv[++i];
        } else {
            for (size_t k = 0; k < MKD_COUNT(modes); k++) {
                mode = strcmp(argv[i], modes[k].name) == 0 ? &modes[k] : mode;
            }
        }
    }
    if (!mode) {
        return usage();
    }
    mkd_log_set_sink(quiet, NULL);
    int status = mode->run(&s);
    if (status < 0) {
        fprintf(stderr, "op_table: %s\n", mkd_error_last());
    }
    return status != 0;
}
