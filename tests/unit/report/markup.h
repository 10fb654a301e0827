/// A small checker for the HTML and SVG that we write: tags balance, attributes are quoted, no bare
/// ampersand, every id once.
#ifndef MKD_TESTS_MARKUP_H
#define MKD_TESTS_MARKUP_H

#include "tests.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

enum { MARKUP_DEPTH = 64, MARKUP_IDS = 4096, MARKUP_NAME = 40 };

typedef struct markup {
    char open[MARKUP_DEPTH][MARKUP_NAME];
    int depth;
    const char *ids[MARKUP_IDS];
    size_t id_lengths[MARKUP_IDS];
    int n_ids;
} markup;

static bool markup_is_void(const char *name) {
    static const char *const names[] = {"meta", "img", "br", "hr", "link", "input"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (!strcmp(names[i], name)) {
            return true;
        }
    }
    return false;
}

static void markup_check_entity(const char *at) {
    size_t n = strspn(at + 1, "#abcdefghijklmnopqrstuvwxyz0123456789");
    if (n == 0 || at[1 + n] != ';') {
        fail_msg("bare ampersand at: %.40s", at);
    }
}

static void markup_take_id(markup *m, const char *value, size_t length) {
    for (int i = 0; i < m->n_ids; i++) {
        if (m->id_lengths[i] == length && !memcmp(m->ids[i], value, length)) {
            fail_msg("id twice: %.*s", (int)length, value);
        }
    }
    assert_true(m->n_ids < MARKUP_IDS);
    m->ids[m->n_ids] = value;
    m->id_lengths[m->n_ids++] = length;
}

// attributes up to '>'; returns the place behind it
static const char *markup_attributes(markup *m, const char *at, bool *closed) {
    *closed = false;
    for (;;) {
        at += strspn(at, " \n\t");
        if (*at == '/' || *at == '>') {
            *closed = *at == '/';
            at += *closed;
            assert_int_equal(*at, '>');
            return at + 1;
        }
        const char *name = at;
        at += strcspn(at, "= >\n");
        size_t length = (size_t)(at - name);
        if (length == 0 || *at != '=' || at[1] != '"') {
            fail_msg("attribute without a quoted value: %.40s", name);
        }
        const char *value = at + 2;
        const char *end = strchr(value, '"');
        assert_non_null(end);
        for (const char *c = value; c < end; c++) {
            assert_int_not_equal(*c, '<');
            if (*c == '&') {
                markup_check_entity(c);
            }
        }
        if (length == 2 && !memcmp(name, "id", 2)) {
            markup_take_id(m, value, (size_t)(end - value));
        }
        at = end + 1;
    }
}

static void markup_check(const char *text) {
    static markup m;
    memset(&m, 0, sizeof m);
    const char *at = text;
    if (!strncmp(at, "<!DOCTYPE html>", 15)) {
        at += 15;
    }
    while (*at) {
        if (*at == '&') {
            markup_check_entity(at);
        }
        if (*at != '<') {
            assert_int_not_equal(*at, '>' * (m.depth == 0 || strcmp(m.open[m.depth - 1], "style")));
            at++;
            continue;
        }
        bool closing = at[1] == '/';
        const char *name = at + 1 + closing;
        size_t length = strcspn(name, " />\n");
        char tag[MARKUP_NAME] = "";
        assert_true(length > 0 && length < sizeof tag && isalpha((unsigned char)*name));
        memcpy(tag, name, length);
        bool closed;
        at = markup_attributes(&m, name + length, &closed);
        if (closing) {
            if (m.depth == 0 || strcmp(m.open[m.depth - 1], tag)) {
                fail_msg("</%s> closes <%s>", tag, m.depth ? m.open[m.depth - 1] : "nothing");
            }
            m.depth--;
        } else if (!closed && !markup_is_void(tag)) {
            assert_true(m.depth < MARKUP_DEPTH);
            memcpy(m.open[m.depth++], tag, sizeof tag);
        }
    }
    assert_int_equal(m.depth, 0);
}

#endif
