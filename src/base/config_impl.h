/// What the config_*.c files share; not for others.
#ifndef MKD_BASE_CONFIG_IMPL_H
#define MKD_BASE_CONFIG_IMPL_H

#include "base/alloc.h"
#include "base/config.h"
#include "base/yaml.h"

#ifdef __cplusplus
extern "C" {
#endif

/// The value of an option in the very form that the section's struct holds.
typedef union mkd_config__value {
    bool truth;
    int64_t integer;
    double number;
    const char *text;
    int choice;
    mkd_int_list integers;
    mkd_float_list numbers;
    mkd_string_list texts;
} mkd_config__value;

typedef struct mkd_config__entry {
    const char *key; ///< full: "train.epochs"
    const mkd_section *section;
    const mkd_option *option;
    mkd_config__value value;
    const char *text;   ///< the value in canonical form
    const char *origin; ///< MKD_CONFIG__DEFAULT (that pointer), "file:line" or "command line"
} mkd_config__entry;

struct mkd_config {
    mkd_arena *arena;
    const mkd_section *schema;
    mkd_config__entry *entries; ///< in the schema's order
    size_t n_entries;
};

extern const char mkd_config__default[];      ///< "default"
extern const char mkd_config__command_line[]; ///< "command line"

// config_value.c

/// Appends what `option` expects: "an integer from 1 to 100000", "one of a, b, c".
void mkd_config__expected(mkd_str *out, const mkd_option *option);
/// Appends what a node holds, for an error: "'ten'", "a list", "a mapping", "nothing".
void mkd_config__found(mkd_str *out, const mkd_yaml_node *node);
/// "file:line", or the name of the source alone where there are no lines.
void mkd_config__where(mkd_str *out, const char *file, int line);
/// Reads the value of `option` from a node. The message of EINVAL begins with where the node
/// stands.
int mkd_config__value_read(mkd_config__value *out, mkd_arena *arena, const mkd_option *option,
                           const char *key, const mkd_yaml_node *node);
/// Makes a node of a text that stands alone (an override, a default): taken as it is for a scalar
/// option unless it begins with a quote; "[a, b]" or "a, b" for a list. `source` is what messages
/// and the origin say.
int mkd_config__node_of_text(mkd_yaml_node **out, mkd_arena *arena, const mkd_option *option,
                             const char *key, const char *source, const char *text);
/// Appends the canonical form of a value: a plain text, or a YAML flow list.
void mkd_config__value_text(mkd_str *out, const mkd_option *option, const mkd_config__value *v);
/// Number of bytes of the value in the section's struct.
size_t mkd_config__value_bytes(mkd_option_type type);
/// Appends a text as a YAML scalar, with quotes where they are needed.
void mkd_config__quote(mkd_str *out, const char *text);

// config_schema.c

/// A config with every key of the schema at its default.
/// Errors: EINVAL if the schema itself is wrong (a default out of its range, a key twice, ...).
int mkd_config__new(mkd_config **out, const mkd_section *schema);
mkd_config__entry *mkd_config__find(const mkd_config *config, const char *key);
/// True if `name` is `prefix` or a name below it ("a.b" of "a"); every name is below "".
bool mkd_config__is_below(const char *name, const char *prefix);
/// True if some key lies below `prefix`.
bool mkd_config__is_prefix(const mkd_config *config, const char *prefix);
/// Puts an entry back to its default.
int mkd_config__reset(mkd_config *config, mkd_config__entry *entry);
/// Sets an entry from a node; null resets it.
int mkd_config__set(mkd_config *config, mkd_config__entry *entry, const mkd_yaml_node *node);
/// EINVAL with the nearest key, or with those that there are.
int mkd_config__unknown(const mkd_config *config, const char *where, const char *key);
/// Appends the names directly below `prefix`, at most a dozen: "epochs, learning_rate".
void mkd_config__children(mkd_str *out, const mkd_config *config, const char *prefix);

#ifdef __cplusplus
}
#endif

#endif
