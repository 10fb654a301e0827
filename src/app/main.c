#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "app/cmd.h"
#include "app/progress.h"
#include "base/log.h"
#include "base/status.h"
#include "base/str.h"
#include "tensor/backend.h"

static const mkd_cmd commands[] = {
#define MKD_COMMAND(name, arguments, summary) {#name, arguments, summary, mkd_cmd_##name},
#include "app/cmds.def"
#undef MKD_COMMAND
};

static const mkd_cmd *find_command(const char *name) {
    for (size_t i = 0; i < MKD_COUNT(commands); i++) {
        if (strcmp(commands[i].name, name) == 0) {
            return &commands[i];
        }
    }
    return NULL;
}

static void print_usage(FILE *to) {
    fputs("usage: monokd COMMAND ...\n\n", to);
    for (size_t i = 0; i < MKD_COUNT(commands); i++) {
        fprintf(to, "  %-10s %s\n", commands[i].name, commands[i].summary);
    }
    fprintf(to, "  %-10s %s\n", "help", "this list, or `monokd help COMMAND`");
    fprintf(to, "  %-10s %s\n", "--version", "the program's version");
}

void mkd_cmd_print_help(const char *name, const mkd_flag *flags, size_t n_flags) {
    const mkd_cmd *command = find_command(name);
    printf("usage: monokd %s %s\n\n%s\n", name, command->arguments, command->summary);
    for (size_t i = 0; i < n_flags; i++) {
        char flag[64];
        snprintf(flag, sizeof flag, "%s%s%s", flags[i].name, flags[i].value ? " " : "",
                 flags[i].value ? flags[i].value : "");
        printf("%s  %-24s %s\n", i == 0 ? "\n" : "", flag, flags[i].help);
    }
}

static int unknown_command(const char *name) {
    const char *names[MKD_COUNT(commands)];
    for (size_t i = 0; i < MKD_COUNT(commands); i++) {
        names[i] = commands[i].name;
    }
    const char *near = mkd_nearest_name(name, names, MKD_COUNT(commands));
    return mkd_cmd_usage("unknown command '%s'%s%s%s", name, near ? ", did you mean '" : "",
                         near ? near : "", near ? "'?" : "");
}

static int run(int argc, char **argv) {
    if (argc < 2) {
        print_usage(stderr);
        return mkd_cmd_usage("found no command");
    }
    const char *name = argv[1];
    if (strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        if (argc < 3) {
            print_usage(stdout);
            return 0;
        }
        const mkd_cmd *command = find_command(argv[2]);
        char help[] = "--help";
        return command ? command->run(2, (char *[]){argv[2], help, NULL})
                       : unknown_command(argv[2]);
    }
    if (strcmp(name, "--version") == 0) {
        puts("monokd " MKD_VERSION);
        return 0;
    }
    const mkd_cmd *command = find_command(name);
    return command ? command->run(argc - 1, argv + 1) : unknown_command(name);
}

static int exit_status(int status) {
    switch (status) {
    case MKD_OK:
        return MKD_EXIT_OK;
    case MKD_CMD_USAGE:
        return MKD_EXIT_USAGE;
    case MKD_EINTERRUPTED:
        return MKD_EXIT_INTERRUPTED;
    default:
        return MKD_EXIT_FAILURE;
    }
}

int main(int argc, char **argv) {
    // beyond `ulimit -f` a write shall fail and be reported, as on a full disk
    signal(SIGXFSZ, SIG_IGN);
    mkd_backend_calm_threads(argv);
    mkd_progress_view view;
    mkd_progress_view_init(&view, stderr);
    mkd_log_set_sink(mkd_progress_view_log, &view);
    mkd_progress_set_sink(mkd_progress_view_sink, &view);
    int status = run(argc, argv);
    mkd_progress_view_end(&view);
    // what is still in the buffer must reach its file too: a full disk is a failure
    if ((fflush(stdout) != 0 || ferror(stdout)) && status == 0) {
        status = mkd_error_set(MKD_EIO, "cannot write to standard output");
    }
    if (status != 0) {
        fprintf(stderr, "monokd: %s\n", mkd_error_last());
    }
    return exit_status(status);
}
