#include "report/text.h"

#include <stdint.h>
#include <string.h>

size_t mkd_utf8_length(const char *text) {
    size_t n = 0;
    for (; *text; text++) {
        n += ((unsigned char)*text & 0xC0u) != 0x80u;
    }
    return n;
}

size_t mkd_utf8_sequence(const char *text) {
    unsigned char first = (unsigned char)text[0];
    if (first == 0) {
        return 0;
    }
    if (first < 0x80) {
        return 1;
    }
    size_t n = first >= 0xC2 && first < 0xE0   ? 2
               : first >= 0xE0 && first < 0xF0 ? 3
               : first >= 0xF0 && first < 0xF5 ? 4
                                               : 0;
    uint32_t point = n ? first & (0x7Fu >> n) : 0;
    for (size_t i = 1; i < n; i++) {
        unsigned char next = (unsigned char)text[i];
        if ((next & 0xC0) != 0x80) {
            return 0;
        }
        point = point << 6 | (next & 0x3Fu);
    }
    // no longer than needed, no surrogates, nothing above the last plane
    if ((n == 3 && point < 0x800) || (n == 4 && point < 0x10000) || point > 0x10FFFF ||
        (point >= 0xD800 && point < 0xE000)) {
        return 0;
    }
    return n;
}

void mkd_utf8_clean(char *out, size_t bytes, const char *text) {
    size_t used = 0;
    while (*text) {
        size_t n = mkd_utf8_sequence(text);
        size_t need = n ? n : 1;
        if (used + need + 1 > bytes) {
            break;
        }
        if (n) {
            memcpy(out + used, text, n);
        } else {
            out[used] = '?';
        }
        used += need;
        text += need;
    }
    if (bytes > 0) {
        out[used] = '\0';
    }
}

static const char *entity_of(char c) {
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

void mkd_html_escape(mkd_str *out, const char *text) {
    while (text && *text) {
        size_t n = mkd_utf8_sequence(text);
        const char *entity = entity_of(*text);
        unsigned char c = (unsigned char)*text;
        if (n == 0) {
            mkd_str_append(out, "\uFFFD");
            n = 1;
        } else if (entity) {
            mkd_str_append(out, entity);
        } else if ((c >= 0x20 && c != 0x7F) || c == '\t' || c == '\n') {
            mkd_str_append_bytes(out, text, n);
        }
        text += n;
    }
}
