/// Typed configuration: one schema serves YAML files, `key=value` overrides, defaults and help.
/// docs/configuration.md describes it for users.
///
/// A *section* ("train", "distill.monoskd") is a table of options that fills one plain C struct.
/// A *schema* is the list of all sections. A *config* holds a value for every key with its origin
/// (default, file:line, command line). Types come from the schema, never from YAML's own rules.
#ifndef MKD_BASE_CONFIG_H
#define MKD_BASE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/str.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MKD_OPTION_LIST_MAX 16

typedef enum mkd_option_type {
    MKD_OPTION_BOOL,   ///< bool
    MKD_OPTION_INT,    ///< int64_t
    MKD_OPTION_FLOAT,  ///< double
    MKD_OPTION_STRING, ///< const char * (owned by the config)
    MKD_OPTION_PATH,   ///< const char *; relative paths from a file are relative to the working
                       ///< folder, as on the command line
    MKD_OPTION_CHOICE, ///< int: index into `choices`
    MKD_OPTION_INTS,   ///< mkd_int_list
    MKD_OPTION_FLOATS, ///< mkd_float_list
    MKD_OPTION_STRINGS ///< mkd_string_list
} mkd_option_type;

typedef struct mkd_int_list {
    size_t n;
    int64_t at[MKD_OPTION_LIST_MAX];
} mkd_int_list;

typedef struct mkd_float_list {
    size_t n;
    double at[MKD_OPTION_LIST_MAX];
} mkd_float_list;

typedef struct mkd_string_list {
    size_t n;
    const char *at[MKD_OPTION_LIST_MAX];
} mkd_string_list;

typedef struct mkd_option {
    const char *key; ///< name within its section, e.g. "learning_rate"; NULL ends a table
    mkd_option_type type;
    size_t offset;            ///< offsetof the member in the section's struct
    const char *default_text; ///< as it would be written in YAML; "" is an empty string or list
    double minimum, maximum;  ///< inclusive, of INT(S) and FLOAT(S); both 0: no bounds; beyond
                              ///< +-9e18 (INFINITY, DBL_MAX): none on this side
    const char *choices;      ///< CHOICE: "a|b|c"
    const char *unit;         ///< "m", "px", "rad" or "" for help and errors
    const char *help;         ///< one sentence, lower case, no full stop
} mkd_option;

typedef struct mkd_section {
    const char *prefix; ///< "train", "distill.monoskd" or "" (keys at the top); NULL ends a schema
    const mkd_option *options;
    const char *help;
} mkd_section;

typedef struct mkd_config mkd_config;

/// Reads `path` (Nullable: only defaults) with its `base: [files]` (relative to the file, merged
/// first to last, then the file itself), then applies `overrides` ("a.b=c").
/// Errors: EINVAL or EFORMAT with "file:line: a.b: found X, expected Y"; an unknown key names the
/// nearest one. ENOTFOUND and EIO for files. `schema` ends with a NULL prefix and must outlive the
/// config; a defect of the schema itself (a default out of range) is EINVAL with "schema: ...".
int mkd_config_load(mkd_config **out, const mkd_section *schema, const char *path,
                    const char *const *overrides, size_t n_overrides) MKD_NODISCARD;
/// The same from `bytes` bytes of YAML in memory, which messages and origins call `name`; a `base`
/// is refused, as there is no folder to look in.
int mkd_config_parse(mkd_config **out, const mkd_section *schema, const char *name,
                     const char *text, size_t bytes, const char *const *overrides,
                     size_t n_overrides) MKD_NODISCARD;
void mkd_config_free(mkd_config *config);

/// Fills `*options` (the struct that belongs to section `prefix`). Strings live as long as config.
/// Errors: ENOTFOUND if the schema has no such section.
int mkd_config_get(void *options, const mkd_config *config, const char *prefix) MKD_NODISCARD;

/// "file:line", "command line" or "default" for a full key; NULL if there is no such key.
const char *mkd_config_origin(const mkd_config *config, const char *key);
/// The value's text for a full key ("train.epochs") in one canonical form (true, 0.0001,
/// [1, 2, 3]); NULL if there is no such key.
const char *mkd_config_text(const mkd_config *config, const char *key);

/// Appends the whole resolved config as YAML that loads again; with the origin of each value as a
/// comment if asked. `only_changed` leaves defaults out.
int mkd_config_dump(mkd_str *out, const mkd_config *config, bool with_origins,
                    bool only_changed) MKD_NODISCARD;
/// Appends help for the key `prefix` and all keys below it ("" for all): type, default, range,
/// meaning.
int mkd_config_help(mkd_str *out, const mkd_section *schema, const char *prefix) MKD_NODISCARD;
/// Hash over all keys and values (not origins, not the schema's order) but the keys in the
/// NULL-ended list `except` (Nullable) and those below them: "log" leaves out log and log.x, not
/// logic.
uint64_t mkd_config_hash(const mkd_config *config, const char *const *except);

#ifdef __cplusplus
}
#endif

#endif
