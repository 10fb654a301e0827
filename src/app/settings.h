/// What commands that take a config or a run folder share.
#ifndef MKD_APP_SETTINGS_H
#define MKD_APP_SETTINGS_H

#include "app/cmd.h"
#include "base/config.h"

#ifdef __cplusplus
extern "C" {
#endif

/// The positional arguments from `first` on, all of the form KEY=VALUE.
/// @return 0, or MKD_CMD_USAGE naming the one that is not
int mkd_overrides_check(const mkd_args *args, size_t first) MKD_NODISCARD;

/// Loads the YAML file `path` (Nullable: defaults) with the overrides from `first` on.
int mkd_settings_load(mkd_config **out, const char *path, const mkd_args *args,
                      size_t first) MKD_NODISCARD;

/// For commands of the form RUN [KEY=VALUE ...]: parses, prints the help if that is asked for, and
/// checks the overrides. @return 0, or MKD_CMD_USAGE
int mkd_run_arguments(mkd_args *out, const mkd_flag *flags, size_t n_flags, int argc,
                      char **argv) MKD_NODISCARD;

/// SIGINT and SIGTERM ask the work to stop at the next good moment; a second one kills.
void mkd_catch_interrupts(void);

#ifdef __cplusplus
}
#endif

#endif
