// Loading: defaults, then base files first to last, then the file itself, then overrides. As every
// key is typed and lists are replaced whole, merging is nothing but setting keys in that order.

#include "base/config_impl.h"

#include <string.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "base/status.h"

enum { MAX_FILES = 64, MAX_BASE_DEPTH = 16 };

// Fails with "<where>: <key>: found <node>, expected <expected>".
static int refuse_node(const mkd_yaml_node *node, const char *key, const char *expected) {
    mkd_str found = {0}, where = {0};
    mkd_config__found(&found, node);
    mkd_config__where(&where, node->file, node->line);
    int status = MKD_ENOMEM;
    if (!found.failed && !where.failed) {
        status = mkd_error_set(MKD_EINVAL, "%s: %s%sfound %s, expected %s", where.text, key,
                               *key ? ": " : "", found.text, expected);
    }
    mkd_str_free(&found);
    mkd_str_free(&where);
    return status;
}

static int refuse_section(const mkd_config *config, const mkd_yaml_node *node, const char *key) {
    mkd_str expected = {0};
    mkd_str_append(&expected, "a section with ");
    mkd_config__children(&expected, config, key);
    int status = expected.failed ? MKD_ENOMEM : refuse_node(node, key, expected.text);
    mkd_str_free(&expected);
    return status;
}

static int refuse_unknown(const mkd_config *config, const char *file, int line, const char *key) {
    mkd_str where = {0};
    mkd_config__where(&where, file, line);
    int status = where.failed ? MKD_ENOMEM : mkd_config__unknown(config, where.text, key);
    mkd_str_free(&where);
    return status;
}

// Sets all keys of a mapping that stands at `prefix`. The recursion ends with the schema: a name
// that leads to no key is refused.
static int apply_mapping(mkd_config *config, const mkd_yaml_node *mapping, const char *prefix) {
    if (mapping->kind != MKD_YAML_MAPPING) {
        return mkd_yaml_is_null(mapping) ? 0 : refuse_section(config, mapping, prefix);
    }
    for (const mkd_yaml_item *item = mapping->first; item; item = item->next) {
        if (!*prefix && strcmp(item->key, "base") == 0) {
            continue;
        }
        if (strchr(item->key, '.')) {
            MKD_FAIL(
                MKD_EINVAL,
                "%s:%d: found the key '%s', expected names without a dot, one nested in the other",
                mapping->file, item->key_line, item->key);
        }
        const char *key =
            mkd_arena_printf(config->arena, "%s%s%s", prefix, *prefix ? "." : "", item->key);
        if (!key) {
            return MKD_ENOMEM;
        }
        mkd_config__entry *entry = mkd_config__find(config, key);
        if (entry) {
            MKD_TRY(mkd_config__set(config, entry, item->value));
        } else if (*item->key && mkd_config__is_prefix(config, key)) {
            MKD_TRY(apply_mapping(config, item->value, key));
        } else {
            return refuse_unknown(config, mapping->file, item->key_line, key);
        }
    }
    return 0;
}

static int check_root(const mkd_yaml_node *root) {
    return root->kind == MKD_YAML_MAPPING ? 0 : refuse_node(root, "", "keys with values");
}

typedef struct loader {
    mkd_config *config;
    int n_files; ///< read so far: bases of bases must not multiply
    int depth;
    struct open_file {
        const char *path;
        dev_t device;
        ino_t inode;
    } open[MAX_BASE_DEPTH]; ///< the file being read and those whose base it is
} loader;

static int enter_file(loader *l, const char *path) {
    struct stat info;
    if (stat(path, &info) != 0) {
        // reading it says why
        info = (struct stat){0};
    }
    for (int i = 0; i < l->depth && info.st_ino; i++) {
        if (l->open[i].device == info.st_dev && l->open[i].inode == info.st_ino) {
            MKD_FAIL(MKD_EINVAL, "%s is its own base, expected no circle", l->open[i].path);
        }
    }
    if (l->depth == MAX_BASE_DEPTH) {
        MKD_FAIL(MKD_EINVAL, "found more than %d bases of bases, expected fewer", MAX_BASE_DEPTH);
    }
    if (l->n_files++ >= MAX_FILES) {
        MKD_FAIL(MKD_EINVAL, "found more than %d files, expected fewer", MAX_FILES);
    }
    l->open[l->depth++] = (struct open_file){path, info.st_dev, info.st_ino};
    return 0;
}

static int read_tree(mkd_yaml_node **out, mkd_config *config, const char *path) {
    char *text;
    size_t bytes;
    MKD_TRY(mkd_fs_read(&text, &bytes, path, MKD_YAML_MAX_BYTES));
    int status = mkd_yaml_parse(out, config->arena, path, text, bytes);
    mkd_free(text);
    return status < 0 ? status : check_root(*out);
}

// The path of a base, relative to the folder of the file that names it.
static int base_path(const char **out, mkd_config *config, const mkd_yaml_node *node) {
    if (node->kind != MKD_YAML_SCALAR || !*node->text || mkd_yaml_is_null(node)) {
        return refuse_node(node, "base", "the path of a file or a list of them");
    }
    const char *slash = strrchr(node->file, '/');
    if (node->text[0] == '/' || !slash) {
        *out = node->text;
        return 0;
    }
    *out = mkd_arena_printf(config->arena, "%.*s/%s", (int)(slash - node->file), node->file,
                            node->text);
    return *out ? 0 : MKD_ENOMEM;
}

static int load_file(loader *l, const char *path) {
    MKD_TRY(enter_file(l, path));
    mkd_yaml_node *root = NULL;
    MKD_TRY(read_tree(&root, l->config, path));
    const mkd_yaml_node *base = mkd_yaml_find(root, "base");
    if (base && !mkd_yaml_is_null(base)) {
        // one name stands for a list of one
        mkd_yaml_item single = {.value = (mkd_yaml_node *)(uintptr_t)base};
        const mkd_yaml_item *item = base->kind == MKD_YAML_SEQUENCE ? base->first : &single;
        for (; item; item = item->next) {
            const char *next = NULL;
            MKD_TRY(base_path(&next, l->config, item->value));
            int status = load_file(l, next);
            if (status < 0) {
                return mkd_error_prefix(status, "%s:%d: base", item->value->file,
                                        item->value->line);
            }
        }
    }
    l->depth--;
    return apply_mapping(l->config, root, "");
}

static int apply_override(mkd_config *config, const char *text) {
    const char *equals = strchr(text, '=');
    if (!equals || equals == text) {
        MKD_FAIL(MKD_EINVAL, "%s: found '%s', expected key=value", mkd_config__command_line, text);
    }
    const char *key = mkd_arena_printf(config->arena, "%.*s", (int)(equals - text), text);
    if (!key) {
        return MKD_ENOMEM;
    }
    mkd_config__entry *entry = mkd_config__find(config, key);
    if (entry) {
        mkd_yaml_node *node;
        MKD_TRY(mkd_config__node_of_text(&node, config->arena, entry->option, key,
                                         mkd_config__command_line, equals + 1));
        return mkd_config__set(config, entry, node);
    }
    if (mkd_config__is_prefix(config, key)) {
        mkd_yaml_node node = {
            .kind = MKD_YAML_SCALAR, .file = mkd_config__command_line, .text = equals + 1};
        return refuse_section(config, &node, key);
    }
    return mkd_config__unknown(config, mkd_config__command_line, key);
}

static int apply_overrides(mkd_config *config, const char *const *overrides, size_t n) {
    for (size_t i = 0; i < n; i++) {
        MKD_TRY(apply_override(config, overrides[i]));
    }
    return 0;
}

int mkd_config_load(mkd_config **out, const mkd_section *schema, const char *path,
                    const char *const *overrides, size_t n_overrides) {
    *out = NULL;
    mkd_config *config;
    MKD_TRY(mkd_config__new(&config, schema));
    int status = 0;
    if (path) {
        loader l = {.config = config};
        // names in nodes and origins live as long as the config
        const char *copy = mkd_arena_printf(config->arena, "%s", path);
        MKD_GOTO(copy ? load_file(&l, copy) : MKD_ENOMEM);
    }
    MKD_GOTO(apply_overrides(config, overrides, n_overrides));
    *out = config;
    config = NULL;
done:
    mkd_config_free(config);
    return status;
}

int mkd_config_parse(mkd_config **out, const mkd_section *schema, const char *name,
                     const char *text, size_t bytes, const char *const *overrides,
                     size_t n_overrides) {
    *out = NULL;
    mkd_config *config;
    MKD_TRY(mkd_config__new(&config, schema));
    int status = 0;
    const char *file = mkd_arena_printf(config->arena, "%s", name);
    mkd_yaml_node *root = NULL;
    MKD_GOTO(file ? mkd_yaml_parse(&root, config->arena, file, text, bytes) : MKD_ENOMEM);
    MKD_GOTO(check_root(root));
    const mkd_yaml_node *base = mkd_yaml_find(root, "base");
    if (base) {
        MKD_GOTO(refuse_node(base, "base", "no base outside a file"));
    }
    MKD_GOTO(apply_mapping(config, root, ""));
    MKD_GOTO(apply_overrides(config, overrides, n_overrides));
    *out = config;
    config = NULL;
done:
    mkd_config_free(config);
    return status;
}

int mkd_config_get(void *options, const mkd_config *config, const char *prefix) {
    bool found = false;
    for (const mkd_section *s = config->schema; s->prefix && !found; s++) {
        found = strcmp(s->prefix, prefix) == 0;
    }
    if (!found) {
        MKD_FAIL(MKD_ENOTFOUND, "config: found no section '%s' in the schema", prefix);
    }
    for (size_t i = 0; i < config->n_entries; i++) {
        const mkd_config__entry *entry = &config->entries[i];
        if (strcmp(entry->section->prefix, prefix) == 0) {
            memcpy((char *)options + entry->option->offset, &entry->value,
                   mkd_config__value_bytes(entry->option->type));
        }
    }
    return 0;
}

const char *mkd_config_origin(const mkd_config *config, const char *key) {
    const mkd_config__entry *entry = mkd_config__find(config, key);
    return entry ? entry->origin : NULL;
}

const char *mkd_config_text(const mkd_config *config, const char *key) {
    const mkd_config__entry *entry = mkd_config__find(config, key);
    return entry ? entry->text : NULL;
}
