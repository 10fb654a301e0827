// Values of options: reading them from YAML nodes by the schema's type, and writing them again.

#include "base/config_impl.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/status.h"

static bool is_list(mkd_option_type type) {
    return type == MKD_OPTION_INTS || type == MKD_OPTION_FLOATS || type == MKD_OPTION_STRINGS;
}

// the type of a list's elements; other types are their own
static mkd_option_type element_type(mkd_option_type type) {
    switch (type) {
    case MKD_OPTION_INTS:
        return MKD_OPTION_INT;
    case MKD_OPTION_FLOATS:
        return MKD_OPTION_FLOAT;
    case MKD_OPTION_STRINGS:
        return MKD_OPTION_STRING;
    default:
        return type;
    }
}

static bool has_bounds(const mkd_option *option) {
    return option->minimum < 0 || option->minimum > 0 || option->maximum < 0 || option->maximum > 0;
}

static void append_bounds(mkd_str *out, const mkd_option *option) {
    // beyond these a bound only says "none on this side"
    bool from = option->minimum > -9e18, to = option->maximum < 9e18;
    if (!has_bounds(option)) {
        return;
    }
    if (from) {
        mkd_str_append(out, to ? " from " : " of at least ");
        mkd_str_append_f64(out, option->minimum);
    }
    if (to) {
        mkd_str_append(out, from ? " to " : " of at most ");
        mkd_str_append_f64(out, option->maximum);
    }
    if (option->unit && *option->unit && (from || to)) {
        mkd_str_printf(out, " %s", option->unit);
    }
}

static void append_choices(mkd_str *out, const char *choices) {
    mkd_str_append(out, "one of ");
    for (const char *p = choices; *p; p++) {
        if (*p == '|') {
            mkd_str_append(out, ", ");
        } else {
            mkd_str_append_bytes(out, p, 1);
        }
    }
}

void mkd_config__expected(mkd_str *out, const mkd_option *option) {
    static const char *const names[] = {
        [MKD_OPTION_BOOL] = "true or false",
        [MKD_OPTION_INT] = "an integer",
        [MKD_OPTION_FLOAT] = "a number",
        [MKD_OPTION_STRING] = "a text",
        [MKD_OPTION_PATH] = "a path",
        [MKD_OPTION_INTS] = "a list of integers",
        [MKD_OPTION_FLOATS] = "a list of numbers",
        [MKD_OPTION_STRINGS] = "a list of texts",
        [MKD_OPTION_CHOICE] = "one of the choices",
    };
    mkd_option_type element = element_type(option->type);
    if (option->type == MKD_OPTION_CHOICE) {
        append_choices(out, option->choices);
        return;
    }
    mkd_str_append(out, names[option->type]);
    if (element == MKD_OPTION_INT || element == MKD_OPTION_FLOAT) {
        append_bounds(out, option);
    }
}

void mkd_config__found(mkd_str *out, const mkd_yaml_node *node) {
    enum { SHOWN_BYTES = 60 };
    if (node->kind != MKD_YAML_SCALAR) {
        mkd_str_append(out, node->kind == MKD_YAML_MAPPING ? "a mapping" : "a list");
    } else if (mkd_yaml_is_null(node)) {
        mkd_str_append(out, "nothing");
    } else {
        size_t n = strlen(node->text);
        bool cut = n > SHOWN_BYTES;
        if (cut) {
            // not within a UTF-8 character
            for (n = SHOWN_BYTES; n && ((unsigned char)node->text[n] & 0xc0) == 0x80;) {
                n--;
            }
        }
        mkd_str_append(out, "'");
        mkd_str_append_bytes(out, node->text, n);
        mkd_str_append(out, cut ? "...'" : "'");
    }
}

void mkd_config__where(mkd_str *out, const char *file, int line) {
    mkd_str_append(out, file);
    if (line > 0) {
        mkd_str_printf(out, ":%d", line);
    }
}

// "file:line: key: found X, expected Y"; `index` >= 0 names an element of a list
static int refuse(const mkd_option *option, const char *key, long index,
                  const mkd_yaml_node *node) {
    mkd_str message = {0};
    mkd_config__where(&message, node->file, node->line);
    mkd_str_printf(&message, ": %s", key);
    if (index >= 0) {
        mkd_str_printf(&message, "[%ld]", index);
    }
    mkd_str_append(&message, ": found ");
    mkd_config__found(&message, node);
    mkd_str_append(&message, ", expected ");
    mkd_option element = *option;
    if (index >= 0) {
        element.type = element_type(option->type);
    }
    mkd_config__expected(&message, &element);
    bool text = element.type == MKD_OPTION_STRING || element.type == MKD_OPTION_PATH;
    if (text && node->kind == MKD_YAML_SCALAR && !mkd_yaml_is_null(node)) {
        // files are checked by the parser: this came from a command line
        mkd_str_append(&message, " in UTF-8");
    }
    int status = mkd_str_status(&message);
    if (!status) {
        status = mkd_error_set(MKD_EINVAL, "%s", message.text);
    }
    mkd_str_free(&message);
    return status;
}

static bool within(const mkd_option *option, double value) {
    return !has_bounds(option) || (value >= option->minimum && value <= option->maximum);
}

static bool find_choice(int *out, const char *choices, const char *text) {
    size_t length = strlen(text);
    int index = 0;
    for (const char *p = choices;; index++) {
        size_t n = strcspn(p, "|");
        if (n == length && memcmp(p, text, n) == 0) {
            *out = index;
            return true;
        }
        if (!p[n]) {
            return false;
        }
        p += n + 1;
    }
}

// Length of the UTF-8 character at `p` with its code point, or 0 if it is none.
static size_t utf8_next(uint32_t *code, const char *p) {
    const unsigned char *s = (const unsigned char *)p;
    static const uint32_t lowest[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t n = s[0] < 0x80                    ? 1
               : s[0] >= 0xc2 && s[0] <= 0xdf ? 2
               : (s[0] & 0xf0) == 0xe0        ? 3
               : s[0] >= 0xf0 && s[0] <= 0xf4 ? 4
                                              : 0;
    if (n < 2) {
        *code = s[0];
        return n;
    }
    *code = s[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80) {
            return 0;
        }
        *code = *code << 6 | (s[i] & 0x3fu);
    }
    bool surrogate = *code >= 0xd800 && *code <= 0xdfff;
    return *code < lowest[n] || *code > 0x10ffff || surrogate ? 0 : n;
}

static bool is_utf8(const char *text) {
    uint32_t code;
    while (*text) {
        size_t n = utf8_next(&code, text);
        if (!n) {
            return false;
        }
        text += n;
    }
    return true;
}

// Reads a scalar of element type `type`; false if the text is no such value.
static bool read_scalar(mkd_config__value *out, const mkd_option *option, mkd_option_type type,
                        const mkd_yaml_node *node) {
    if (node->kind != MKD_YAML_SCALAR || mkd_yaml_is_null(node)) {
        return false;
    }
    switch (type) {
    case MKD_OPTION_BOOL:
        return mkd_parse_bool(&out->truth, node->text);
    case MKD_OPTION_INT:
        return mkd_parse_i64(&out->integer, node->text) && within(option, (double)out->integer);
    case MKD_OPTION_FLOAT:
        return mkd_parse_f64(&out->number, node->text) && isfinite(out->number) &&
               within(option, out->number);
    case MKD_OPTION_CHOICE:
        return find_choice(&out->choice, option->choices, node->text);
    default:
        out->text = node->text;
        return is_utf8(node->text);
    }
}

static int read_list(mkd_config__value *out, const mkd_option *option, const char *key,
                     const mkd_yaml_node *node) {
    if (node->n_items > MKD_OPTION_LIST_MAX) {
        mkd_str where = {0};
        mkd_config__where(&where, node->file, node->line);
        int status = mkd_str_status(&where);
        if (!status) {
            status = mkd_error_set(MKD_EINVAL, "%s: %s: found %zu elements, expected at most %d",
                                   where.text, key, node->n_items, MKD_OPTION_LIST_MAX);
        }
        mkd_str_free(&where);
        return status;
    }
    size_t n = 0;
    for (const mkd_yaml_item *item = node->first; item; item = item->next, n++) {
        mkd_config__value element = {0};
        mkd_option_type type = element_type(option->type);
        if (!read_scalar(&element, option, type, item->value)) {
            return refuse(option, key, (long)n, item->value);
        }
        if (type == MKD_OPTION_INT) {
            out->integers.at[n] = element.integer;
        } else if (type == MKD_OPTION_FLOAT) {
            out->numbers.at[n] = element.number;
        } else {
            out->texts.at[n] = element.text;
        }
    }
    if (option->type == MKD_OPTION_INTS) {
        out->integers.n = n;
    } else if (option->type == MKD_OPTION_FLOATS) {
        out->numbers.n = n;
    } else {
        out->texts.n = n;
    }
    return 0;
}

static mkd_yaml_node *text_node(mkd_arena *arena, const char *file, int line, const char *text,
                                size_t length) {
    mkd_yaml_node *node = mkd_arena_alloc(arena, sizeof *node);
    char *copy = node ? mkd_arena_alloc(arena, length + 1) : NULL;
    if (!copy) {
        return NULL;
    }
    memcpy(copy, text, length);
    // an empty text stands for itself here; only the word null resets
    *node = (mkd_yaml_node){
        .kind = MKD_YAML_SCALAR, .file = file, .line = line, .text = copy, .plain = length > 0};
    return node;
}

// "1, 2,3" as a list of its parts without the blanks around them
static int split_commas(mkd_yaml_node **out, mkd_arena *arena, const char *file, int line,
                        const char *text) {
    mkd_yaml_node *list = mkd_arena_alloc(arena, sizeof *list);
    if (!list) {
        return MKD_ENOMEM;
    }
    *list = (mkd_yaml_node){.kind = MKD_YAML_SEQUENCE, .file = file, .line = line};
    *out = list;
    mkd_yaml_item **tail = &list->first;
    if (!text[strspn(text, " \t")]) {
        return 0;
    }
    for (const char *p = text;;) {
        size_t part = strcspn(p, ",");
        size_t begin = strspn(p, " \t"), end = part;
        begin = begin < part ? begin : part;
        while (end > begin && strchr(" \t", p[end - 1])) {
            end--;
        }
        mkd_yaml_item *item = mkd_arena_alloc(arena, sizeof *item);
        mkd_yaml_node *value = item ? text_node(arena, file, line, p + begin, end - begin) : NULL;
        if (!value) {
            return MKD_ENOMEM;
        }
        item->value = value;
        *tail = item;
        tail = &item->next;
        list->n_items++;
        if (!p[part]) {
            return 0;
        }
        p += part + 1;
    }
}

int mkd_config__value_read(mkd_config__value *out, mkd_arena *arena, const mkd_option *option,
                           const char *key, const mkd_yaml_node *node) {
    // unused bytes stay zero: values are compared and hashed by their text, copied whole
    *out = (mkd_config__value){.texts = {0}};
    if (!is_list(option->type)) {
        return read_scalar(out, option, option->type, node) ? 0 : refuse(option, key, -1, node);
    }
    if (node->kind == MKD_YAML_MAPPING) {
        return refuse(option, key, -1, node);
    }
    if (node->kind == MKD_YAML_SEQUENCE) {
        return read_list(out, option, key, node);
    }
    mkd_yaml_node *list;
    MKD_TRY(split_commas(&list, arena, node->file, node->line, node->text));
    return read_list(out, option, key, list);
}

int mkd_config__node_of_text(mkd_yaml_node **out, mkd_arena *arena, const mkd_option *option,
                             const char *key, const char *source, const char *text) {
    bool quoted = text[0] == '"' || text[0] == '\'';
    if (!quoted && !(is_list(option->type) && text[0] == '[')) {
        *out = text_node(arena, source, 0, text, strlen(text));
        return *out ? 0 : MKD_ENOMEM;
    }
    int status = mkd_yaml_parse(out, arena, source, text, strlen(text));
    if (status == MKD_EFORMAT) {
        MKD_FAIL(MKD_EINVAL, "%s: %s: found %s, expected %s that YAML can read", source, key, text,
                 quoted ? "a text in quotes" : "a list");
    }
    MKD_TRY(status);
    // lines would only confuse: there is no file
    (*out)->line = 0;
    for (mkd_yaml_item *item = (*out)->first; item; item = item->next) {
        item->value->line = 0;
    }
    return 0;
}

void mkd_config__quote(mkd_str *out, const char *text) {
    static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-";
    mkd_yaml_node plain = {.kind = MKD_YAML_SCALAR, .text = text, .plain = true};
    bool truth;
    double number;
    // what other readers of YAML would take for a number or a truth value is quoted too
    if (!mkd_yaml_is_null(&plain) && !text[strspn(text, safe)] && text[0] != '-' &&
        !mkd_parse_bool(&truth, text) && !mkd_parse_f64(&number, text)) {
        mkd_str_append(out, text);
        return;
    }
    mkd_str_append(out, "\"");
    uint32_t code;
    for (const char *p = text; *p;) {
        size_t n = utf8_next(&code, p);
        // control characters, line breaks of Unicode and what YAML forbids in a file
        bool escape = code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x2028 ||
                      code == 0x2029 || code == 0xfeff || code == 0xfffe || code == 0xffff;
        if (code == '"' || code == '\\') {
            mkd_str_append(out, "\\");
        }
        if (code == '\n' || code == '\t') {
            mkd_str_append(out, code == '\n' ? "\\n" : "\\t");
        } else if (escape) {
            mkd_str_printf(out, "\\u%04x", (unsigned)code);
        } else {
            mkd_str_append_bytes(out, p, n ? n : 1);
        }
        p += n ? n : 1;
    }
    mkd_str_append(out, "\"");
}

static void append_list(mkd_str *out, const mkd_option *option, const mkd_config__value *v) {
    size_t n = option->type == MKD_OPTION_INTS     ? v->integers.n
               : option->type == MKD_OPTION_FLOATS ? v->numbers.n
                                                   : v->texts.n;
    mkd_str_append(out, "[");
    for (size_t i = 0; i < n; i++) {
        mkd_str_append(out, i ? ", " : "");
        if (option->type == MKD_OPTION_INTS) {
            mkd_str_printf(out, "%lld", (long long)v->integers.at[i]);
        } else if (option->type == MKD_OPTION_FLOATS) {
            mkd_str_append_f64(out, v->numbers.at[i]);
        } else {
            mkd_config__quote(out, v->texts.at[i]);
        }
    }
    mkd_str_append(out, "]");
}

void mkd_config__value_text(mkd_str *out, const mkd_option *option, const mkd_config__value *v) {
    switch (option->type) {
    case MKD_OPTION_BOOL:
        mkd_str_append(out, v->truth ? "true" : "false");
        break;
    case MKD_OPTION_INT:
        mkd_str_printf(out, "%lld", (long long)v->integer);
        break;
    case MKD_OPTION_FLOAT:
        mkd_str_append_f64(out, v->number);
        break;
    case MKD_OPTION_CHOICE: {
        const char *p = option->choices;
        for (int i = 0; i < v->choice; i++) {
            p += strcspn(p, "|") + 1;
        }
        mkd_str_append_bytes(out, p, strcspn(p, "|"));
        break;
    }
    case MKD_OPTION_STRING:
    case MKD_OPTION_PATH:
        mkd_str_append(out, v->text);
        break;
    default:
        append_list(out, option, v);
        break;
    }
}

size_t mkd_config__value_bytes(mkd_option_type type) {
    static const size_t bytes[] = {
        [MKD_OPTION_BOOL] = sizeof(bool),
        [MKD_OPTION_INT] = sizeof(int64_t),
        [MKD_OPTION_FLOAT] = sizeof(double),
        [MKD_OPTION_STRING] = sizeof(const char *),
        [MKD_OPTION_PATH] = sizeof(const char *),
        [MKD_OPTION_CHOICE] = sizeof(int),
        [MKD_OPTION_INTS] = sizeof(mkd_int_list),
        [MKD_OPTION_FLOATS] = sizeof(mkd_float_list),
        [MKD_OPTION_STRINGS] = sizeof(mkd_string_list),
    };
    return bytes[type];
}
