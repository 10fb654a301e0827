// The schema as a flat list of full keys: defaults, lookup, help, and what to say about unknown
// keys.

#include "base/config_impl.h"

#include <string.h>

#include "base/status.h"

const char mkd_config__default[] = "default";
const char mkd_config__command_line[] = "command line";

bool mkd_config__is_below(const char *name, const char *prefix) {
    size_t n = strlen(prefix);
    return !n || (strncmp(name, prefix, n) == 0 && (!name[n] || name[n] == '.'));
}

bool mkd_config__is_prefix(const mkd_config *config, const char *prefix) {
    for (size_t i = 0; i < config->n_entries; i++) {
        if (mkd_config__is_below(config->entries[i].key, prefix)) {
            return true;
        }
    }
    return false;
}

mkd_config__entry *mkd_config__find(const mkd_config *config, const char *key) {
    for (size_t i = 0; i < config->n_entries; i++) {
        if (strcmp(config->entries[i].key, key) == 0) {
            return &config->entries[i];
        }
    }
    return NULL;
}

static int assign(mkd_config *config, mkd_config__entry *entry, const mkd_yaml_node *node) {
    mkd_config__value value;
    MKD_TRY(mkd_config__value_read(&value, config->arena, entry->option, entry->key, node));
    mkd_str text = {0};
    mkd_config__value_text(&text, entry->option, &value);
    char *copy = NULL;
    if (!text.failed) {
        copy = mkd_arena_printf(config->arena, "%s", text.text ? text.text : "");
    }
    mkd_str_free(&text);
    if (!copy) {
        return MKD_ENOMEM;
    }
    entry->value = value;
    entry->text = copy;
    return 0;
}

int mkd_config__reset(mkd_config *config, mkd_config__entry *entry) {
    const mkd_option *option = entry->option;
    const char *text = option->default_text ? option->default_text : "";
    mkd_yaml_node *node;
    MKD_TRY(mkd_config__node_of_text(&node, config->arena, option, entry->key, mkd_config__default,
                                     text));
    MKD_TRY(assign(config, entry, node));
    entry->origin = mkd_config__default;
    return 0;
}

int mkd_config__set(mkd_config *config, mkd_config__entry *entry, const mkd_yaml_node *node) {
    if (mkd_yaml_is_null(node)) {
        return mkd_config__reset(config, entry);
    }
    MKD_TRY(assign(config, entry, node));
    entry->origin =
        node->line ? mkd_arena_printf(config->arena, "%s:%d", node->file, node->line) : node->file;
    return entry->origin ? 0 : MKD_ENOMEM;
}

static bool is_name(const char *name) {
    return *name && !name[strspn(name, "abcdefghijklmnopqrstuvwxyz"
                                       "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")];
}

// Defects of the program's own tables: named once here rather than met as odd behavior later.
static int check_entry(const mkd_config *config, const mkd_config__entry *entry) {
    const mkd_option *option = entry->option;
    if (!is_name(option->key) || strcmp(entry->key, "base") == 0) {
        MKD_FAIL(MKD_EINVAL,
                 "schema: found the key '%s', expected letters, digits and _, not 'base'",
                 entry->key);
    }
    if (option->type == MKD_OPTION_CHOICE && (!option->choices || !*option->choices)) {
        MKD_FAIL(MKD_EINVAL, "schema: %s: found no choices, expected \"a|b\"", entry->key);
    }
    for (const mkd_config__entry *other = config->entries; other != entry; other++) {
        if (mkd_config__is_below(other->key, entry->key) ||
            mkd_config__is_below(entry->key, other->key)) {
            MKD_FAIL(MKD_EINVAL,
                     "schema: found the key %s beside %s, expected it once, and not above "
                     "another",
                     entry->key, other->key);
        }
    }
    return 0;
}

static int add_entries(mkd_config *config) {
    size_t n = 0;
    for (const mkd_section *s = config->schema; s->prefix; s++) {
        for (const mkd_option *o = s->options; o->key; o++) {
            mkd_config__entry *entry = &config->entries[n++];
            entry->section = s;
            entry->option = o;
            entry->key =
                mkd_arena_printf(config->arena, "%s%s%s", s->prefix, *s->prefix ? "." : "", o->key);
            if (!entry->key) {
                return MKD_ENOMEM;
            }
            MKD_TRY(check_entry(config, entry));
            int status = mkd_config__reset(config, entry);
            if (status < 0) {
                return mkd_error_prefix(status, "schema");
            }
        }
    }
    return 0;
}

int mkd_config__new(mkd_config **out, const mkd_section *schema) {
    *out = NULL;
    mkd_config *config = mkd_alloc(sizeof *config);
    if (!config) {
        return MKD_ENOMEM;
    }
    int status = 0;
    config->schema = schema;
    for (const mkd_section *s = schema; s->prefix; s++) {
        for (const mkd_option *o = s->options; o->key; o++) {
            config->n_entries++;
        }
    }
    MKD_GOTO(mkd_arena_new(&config->arena));
    config->entries = mkd_alloc_array(config->n_entries, sizeof *config->entries);
    if (!config->entries) {
        status = MKD_ENOMEM;
        goto done;
    }
    MKD_GOTO(add_entries(config));
    *out = config;
    config = NULL;
done:
    mkd_config_free(config);
    return status;
}

void mkd_config_free(mkd_config *config) {
    if (config) {
        mkd_arena_free(config->arena);
        mkd_free(config->entries);
        mkd_free(config);
    }
}

// the name of `key` directly below `prefix`, as a length; 0 if it is not below
static size_t child_length(const char **child, const char *key, const char *prefix) {
    if (!mkd_config__is_below(key, prefix) || strcmp(key, prefix) == 0) {
        return 0;
    }
    *child = key + strlen(prefix) + (*prefix != '\0');
    return strcspn(*child, ".");
}

// Names directly below `prefix`, each once, in the schema's order; an array to free.
static int list_children(const char ***out, size_t *n, const mkd_config *config, mkd_arena *arena,
                         const char *prefix) {
    *n = 0;
    *out = mkd_alloc_array(config->n_entries + 1, sizeof **out);
    if (!*out) {
        return MKD_ENOMEM;
    }
    for (size_t i = 0; i < config->n_entries; i++) {
        const char *child = NULL;
        size_t length = child_length(&child, config->entries[i].key, prefix);
        bool known = !length;
        for (size_t k = 0; k < *n && !known; k++) {
            known = strlen((*out)[k]) == length && memcmp((*out)[k], child, length) == 0;
        }
        if (!known) {
            (*out)[*n] = mkd_arena_printf(arena, "%.*s", (int)length, child);
            if (!(*out)[*n]) {
                mkd_free(*out);
                *out = NULL;
                return MKD_ENOMEM;
            }
            ++*n;
        }
    }
    return 0;
}

void mkd_config__children(mkd_str *out, const mkd_config *config, const char *prefix) {
    enum { SHOWN = 12 };
    const char **names;
    size_t n;
    if (list_children(&names, &n, config, config->arena, prefix) < 0) {
        out->failed = true;
        return;
    }
    for (size_t i = 0; i < n && i < SHOWN; i++) {
        mkd_str_printf(out, "%s%s", i ? ", " : "", names[i]);
    }
    if (n > SHOWN) {
        mkd_str_printf(out, " and %zu more", n - SHOWN);
    }
    mkd_free(names);
}

// the full key whose own name is nearest to `name`, in whatever section
static const char *nearest_anywhere(const mkd_config *config, const char *name) {
    const char *nearest = NULL;
    for (size_t i = 0; i < config->n_entries; i++) {
        const char *const candidates[] = {nearest ? strrchr(nearest, '.') + 1 : "",
                                          config->entries[i].option->key};
        // the first of equals stays; "" is never near
        const char *better = mkd_nearest_name(name, candidates, 2);
        if (better == candidates[1] && strchr(config->entries[i].key, '.')) {
            nearest = config->entries[i].key;
        }
    }
    return nearest;
}

// Appends the key that was probably meant. `parent` is the longest known part of `key`, the first
// unknown name follows it, then perhaps `rest`.
static bool append_nearest(mkd_str *out, const mkd_config *config, const char *parent,
                           const char *name, const char *rest) {
    const char **children;
    size_t n;
    if (list_children(&children, &n, config, config->arena, parent) < 0) {
        out->failed = true;
        return false;
    }
    const char *nearest = mkd_nearest_name(name, children, n);
    if (nearest) {
        mkd_str_printf(out, "%s%s%s%s", parent, *parent ? "." : "", nearest, rest);
    }
    mkd_free(children);
    if (!nearest) {
        const char *last = strrchr(rest, '.');
        nearest = nearest_anywhere(config, last ? last + 1 : name);
        mkd_str_append(out, nearest ? nearest : "");
    }
    return nearest != NULL;
}

int mkd_config__unknown(const mkd_config *config, const char *where, const char *key) {
    // split key into the known parent, the first unknown name and what follows it
    size_t known = 0;
    char *parent = NULL;
    for (;;) {
        size_t begin = known ? known + 1 : 0;
        size_t end = begin + strcspn(key + begin, ".");
        char *longer = mkd_arena_printf(config->arena, "%.*s", (int)end, key);
        parent = mkd_arena_printf(config->arena, "%.*s", (int)known, key);
        if (!longer || !parent) {
            return MKD_ENOMEM;
        }
        if (!key[end] || !*longer || !mkd_config__is_prefix(config, longer)) {
            break;
        }
        known = end;
    }
    const char *name = key + known + (known > 0);
    size_t length = strcspn(name, ".");
    char *first = mkd_arena_printf(config->arena, "%.*s", (int)length, name);
    if (!first) {
        return MKD_ENOMEM;
    }
    mkd_str message = {0};
    mkd_str_printf(&message, "%s: found the unknown key %s, ", where, key);
    size_t before = message.length;
    mkd_str_append(&message, "did you mean ");
    if (mkd_config__find(config, parent)) {
        message.length = before;
        mkd_str_printf(&message, "expected no name below %s", parent);
    } else if (append_nearest(&message, config, parent, first, name + length)) {
        mkd_str_append(&message, "?");
    } else if (!message.failed) {
        message.length = before;
        mkd_str_printf(&message, "expected one of %s%s", parent, *parent ? ".{" : "");
        mkd_config__children(&message, config, parent);
        mkd_str_append(&message, *parent ? "}" : "");
    }
    int status = mkd_str_status(&message);
    if (!status) {
        status = mkd_error_set(MKD_EINVAL, "%s", message.text);
    }
    mkd_str_free(&message);
    return status;
}

int mkd_config_help(mkd_str *out, const mkd_section *schema, const char *prefix) {
    mkd_config *config;
    MKD_TRY(mkd_config__new(&config, schema));
    const mkd_section *section = NULL;
    for (size_t i = 0; i < config->n_entries; i++) {
        const mkd_config__entry *entry = &config->entries[i];
        if (!mkd_config__is_below(entry->key, prefix)) {
            continue;
        }
        if (entry->section != section) {
            mkd_str_append(out, section ? "\n" : "");
            section = entry->section;
            mkd_str_printf(out, "%s: %s\n", *section->prefix ? section->prefix : "(top)",
                           section->help ? section->help : "");
        }
        mkd_str_printf(out, "  %s: ", entry->key);
        mkd_config__expected(out, entry->option);
        mkd_str_append(out, "; default ");
        bool text =
            entry->option->type == MKD_OPTION_STRING || entry->option->type == MKD_OPTION_PATH;
        if (text) {
            mkd_config__quote(out, entry->text);
        } else {
            mkd_str_append(out, entry->text);
        }
        mkd_str_printf(out, "\n      %s\n", entry->option->help ? entry->option->help : "");
    }
    mkd_config_free(config);
    return mkd_str_status(out);
}
