/// The commands of `monokd`: a table (cmds.def), and what their sources share.
#ifndef MKD_APP_CMD_H
#define MKD_APP_CMD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"

#ifdef __cplusplus
extern "C" {
#endif

/// The program's exit status. Interrupted: stopped by SIGINT or SIGTERM with its work saved, as far
/// as the message says; 128 + SIGINT, as shells have it.
enum { MKD_EXIT_OK = 0, MKD_EXIT_FAILURE = 1, MKD_EXIT_USAGE = 2, MKD_EXIT_INTERRUPTED = 130 };

/// What a command returns, beside 0 and a negative mkd_status: the command line was wrong (the
/// message says how). A failure's message is printed by main, as "monokd: <message>".
enum { MKD_CMD_USAGE = 1 };

typedef struct mkd_cmd {
    const char *name, *arguments, *summary;
    int (*run)(int argc, char **argv); ///< argv[0] is the command's name
} mkd_cmd;

#define MKD_COMMAND(name, arguments, summary) int mkd_cmd_##name(int argc, char **argv);
#include "app/cmds.def"
#undef MKD_COMMAND

/// An option of a command line.
typedef struct mkd_flag {
    const char *name;  ///< "--frames"
    const char *value; ///< what its value is called in help; NULL: a switch
    const char *help;  ///< lower case, no full stop
} mkd_flag;

enum { MKD_FLAGS_MAX = 32 };

typedef struct mkd_args {
    /// By index of the flag: its value, "" for a switch that is there, NULL for one that is not.
    const char *flags[MKD_FLAGS_MAX];
    char **positional; ///< the other arguments, in argv's own memory
    size_t n_positional;
    bool help; ///< --help or -h was among them
} mkd_args;

/// Sorts argv[1..] into `--flag value`, `--flag=value` and the others; all behind `--` are others.
/// @return 0, or MKD_CMD_USAGE for an unknown flag (names the nearest), a missing or a needless
/// value
int mkd_args_parse(mkd_args *out, const mkd_flag *flags, size_t n_flags, int argc,
                   char **argv) MKD_NODISCARD;

/// Prints "usage: monokd <name> <arguments>", the command's summary and its flags.
void mkd_cmd_print_help(const char *name, const mkd_flag *flags, size_t n_flags);

/// Sets the message and returns MKD_CMD_USAGE.
int mkd_cmd_usage(const char *fmt, ...) MKD_PRINTF(1, 2);

#ifdef __cplusplus
}
#endif

#endif
