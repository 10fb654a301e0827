// Writing a config out again, and its hash.

#include "base/config_impl.h"

#include <string.h>

#include "base/status.h"

typedef struct dumper {
    mkd_str *out;
    const mkd_config *config;
    bool with_origins, only_changed;
} dumper;

static bool is_shown(const dumper *d, const mkd_config__entry *entry) {
    return !d->only_changed || entry->origin != mkd_config__default;
}

static void append_value(const dumper *d, const mkd_config__entry *entry) {
    mkd_option_type type = entry->option->type;
    if (type == MKD_OPTION_STRING || type == MKD_OPTION_PATH || type == MKD_OPTION_CHOICE) {
        mkd_config__quote(d->out, entry->text);
    } else {
        mkd_str_append(d->out, entry->text);
    }
    if (d->with_origins) {
        mkd_str_append(d->out, " # ");
        // a file may have a line break in its name, which would end the comment
        for (const char *p = entry->origin; *p; p++) {
            bool control = (unsigned char)*p < 0x20 || *p == 0x7f;
            mkd_str_append_bytes(d->out, control ? "?" : p, 1);
        }
    }
    mkd_str_append(d->out, "\n");
}

// Was a shown key below the same child of `prefix` before entry `i`? Then its heading is done.
static bool is_done(const dumper *d, size_t i, size_t child_end) {
    const char *key = d->config->entries[i].key;
    for (size_t k = 0; k < i; k++) {
        const char *other = d->config->entries[k].key;
        if (is_shown(d, &d->config->entries[k]) && strncmp(other, key, child_end) == 0 &&
            other[child_end] == '.') {
            return true;
        }
    }
    return false;
}

// Writes all shown keys below the first `prefix_length` bytes of `of` (with the dot). Sections that
// share a parent are brought together whatever the schema's order, for a key may come but once.
static void append_level(const dumper *d, const char *of, size_t prefix_length, int indent) {
    for (size_t i = 0; i < d->config->n_entries; i++) {
        const mkd_config__entry *entry = &d->config->entries[i];
        if (strncmp(entry->key, of, prefix_length) != 0 || !is_shown(d, entry)) {
            continue;
        }
        const char *child = entry->key + prefix_length;
        size_t length = strcspn(child, ".");
        if (!child[length]) {
            mkd_str_printf(d->out, "%*s%s: ", indent, "", child);
            append_value(d, entry);
        } else if (!is_done(d, i, prefix_length + length)) {
            mkd_str_printf(d->out, "%*s%.*s:\n", indent, "", (int)length, child);
            append_level(d, entry->key, prefix_length + length + 1, indent + 2);
        }
    }
}

int mkd_config_dump(mkd_str *out, const mkd_config *config, bool with_origins, bool only_changed) {
    dumper d = {out, config, with_origins, only_changed};
    append_level(&d, "", 0, 0);
    // a dump of nothing is still a text
    mkd_str_append(out, "");
    return mkd_str_status(out);
}

// the finalizer of SplitMix64: spreads each key's hash before they are summed
static uint64_t mix(uint64_t x) {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

uint64_t mkd_config_hash(const mkd_config *config, const char *const *except) {
    uint64_t sum = 0;
    for (size_t i = 0; i < config->n_entries; i++) {
        const mkd_config__entry *entry = &config->entries[i];
        bool left_out = false;
        for (const char *const *prefix = except; prefix && *prefix && !left_out; prefix++) {
            left_out = mkd_config__is_below(entry->key, *prefix);
        }
        if (!left_out) {
            uint64_t key = mkd_hash64(entry->key, strlen(entry->key));
            uint64_t value = mkd_hash64(entry->text, strlen(entry->text));
            sum += mix(mix(key) + value);
        }
    }
    return mix(sum);
}
