#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "app/cmd.h"
#include "base/status.h"
#include "base/str.h"

int mkd_cmd_usage(const char *fmt, ...) {
    char message[MKD_ERROR_BYTES];
    va_list args;
    va_start(args, fmt);
    vsnprintf(message, sizeof message, fmt, args);
    va_end(args);
    mkd_error_set(MKD_EINVAL, "%s", message);
    return MKD_CMD_USAGE;
}

/// Index of the flag that `text` names (up to `length`), or n_flags.
static size_t find_flag(const mkd_flag *flags, size_t n_flags, const char *text, size_t length) {
    size_t i = 0;
    while (i < n_flags &&
           (strncmp(flags[i].name, text, length) != 0 || flags[i].name[length] != '\0')) {
        i++;
    }
    return i;
}

static int unknown_flag(const mkd_flag *flags, size_t n_flags, const char *command,
                        const char *text) {
    const char *names[MKD_FLAGS_MAX];
    for (size_t i = 0; i < n_flags; i++) {
        names[i] = flags[i].name;
    }
    const char *near = mkd_nearest_name(text, names, n_flags);
    return mkd_cmd_usage("%s: unknown option '%s'%s%s%s", command, text,
                         near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static int take_flag(mkd_args *out, const mkd_flag *flags, size_t n_flags, int argc, char **argv,
                     int *at) {
    char *text = argv[*at], *equals = strchr(text, '=');
    size_t length = equals ? (size_t)(equals - text) : strlen(text);
    size_t i = find_flag(flags, n_flags, text, length);
    if (i == n_flags) {
        return unknown_flag(flags, n_flags, argv[0], text);
    }
    if (!flags[i].value) {
        if (equals) {
            return mkd_cmd_usage("%s: %s takes no value, found '%s'", argv[0], flags[i].name,
                                 equals + 1);
        }
        out->flags[i] = "";
        return 0;
    }
    if (!equals && *at + 1 >= argc) {
        return mkd_cmd_usage("%s: %s needs a value (%s)", argv[0], flags[i].name, flags[i].value);
    }
    out->flags[i] = equals ? equals + 1 : argv[++*at];
    return 0;
}

int mkd_args_parse(mkd_args *out, const mkd_flag *flags, size_t n_flags, int argc, char **argv) {
    *out = (mkd_args){.positional = argv + 1};
    bool only_positional = false;
    for (int i = 1; i < argc; i++) {
        char *text = argv[i];
        if (only_positional || text[0] != '-' || text[1] == '\0') {
            out->positional[out->n_positional++] = text;
        } else if (strcmp(text, "--") == 0) {
            only_positional = true;
        } else if (strcmp(text, "--help") == 0 || strcmp(text, "-h") == 0) {
            out->help = true;
        } else {
            int status = take_flag(out, flags, n_flags, argc, argv, &i);
            if (status != 0) {
                return status;
            }
        }
    }
    return 0;
}
