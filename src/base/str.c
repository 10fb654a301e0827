#include "base/str.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/status.h"

static bool grow(mkd_str *s, size_t extra) {
    if (s->failed) {
        return false;
    }
    if (s->text && extra < s->capacity - s->length) {
        return true;
    }
    if (extra > SIZE_MAX / 4 || s->length > SIZE_MAX / 4) {
        s->failed = true;
        return false;
    }
    size_t capacity = s->capacity ? s->capacity * 2 : 64;
    if (capacity < s->length + extra + 1) {
        capacity = s->length + extra + 1;
    }
    char *text = mkd_realloc_array(s->text, capacity, 1);
    if (!text) {
        s->failed = true;
        return false;
    }
    s->text = text;
    s->capacity = capacity;
    return true;
}

void mkd_str_append_bytes(mkd_str *s, const char *bytes, size_t n) {
    if (grow(s, n)) {
        memcpy(s->text + s->length, bytes, n);
        s->length += n;
        s->text[s->length] = '\0';
    }
}

void mkd_str_append(mkd_str *s, const char *text) {
    mkd_str_append_bytes(s, text, strlen(text));
}

void mkd_str_printf(mkd_str *s, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    int length = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    if (length < 0) {
        s->failed = true;
        return;
    }
    if (grow(s, (size_t)length)) {
        va_start(args, fmt);
        vsnprintf(s->text + s->length, (size_t)length + 1, fmt, args);
        va_end(args);
        s->length += (size_t)length;
    }
}

void mkd_str_clear(mkd_str *s) {
    s->length = 0;
    s->failed = false;
    if (s->text) {
        s->text[0] = '\0';
    }
}

void mkd_str_free(mkd_str *s) {
    mkd_free(s->text);
    *s = (mkd_str){0};
}

int mkd_str_status(const mkd_str *s) {
    if (s->failed) {
        MKD_FAIL(MKD_ENOMEM, "out of memory: a string of more than %zu bytes", s->length);
    }
    return 0;
}

static locale_t c_locale;
static pthread_once_t c_locale_once = PTHREAD_ONCE_INIT;

static void make_c_locale(void) {
    c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

// strtod and printf write the decimal point of the program's locale: switch this thread to "C"
static locale_t enter_c_locale(void) {
    pthread_once(&c_locale_once, make_c_locale);
    return c_locale ? uselocale(c_locale) : (locale_t)0;
}

static void leave_c_locale(locale_t old) {
    if (old) {
        uselocale(old);
    }
}

void mkd_str_append_f64(mkd_str *s, double value) {
    if (isnan(value)) {
        mkd_str_append(s, "nan");
        return;
    }
    if (isinf(value)) {
        mkd_str_append(s, value < 0 ? "-inf" : "inf");
        return;
    }
    char text[40];
    locale_t old = enter_c_locale();
    // integers in full: 100000 rather than 1e+05
    bool plain = fabs(value) < 1e15 && !(fabs(value - trunc(value)) > 0);
    if (plain) {
        snprintf(text, sizeof text, "%.0f", value);
    }
    for (int digits = 1; !plain && digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        double back = strtod(text, NULL);
        if (!(back < value) && !(back > value)) {
            break;
        }
    }
    leave_c_locale(old);
    mkd_str_append(s, text);
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static char lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool same_word(const char *text, const char *word) {
    while (*text && lower(*text) == *word) {
        text++;
        word++;
    }
    return !*text && !*word;
}

// [sign] digits [. digits] [e [sign] digits], with a digit before or after the point
static bool is_decimal(const char *text) {
    const char *p = text + (*text == '+' || *text == '-');
    size_t digits = 0;
    for (; is_digit(*p); p++) {
        digits++;
    }
    if (*p == '.') {
        for (p++; is_digit(*p); p++) {
            digits++;
        }
    }
    if (!digits) {
        return false;
    }
    if (*p == 'e' || *p == 'E') {
        p++;
        p += *p == '+' || *p == '-';
        if (!is_digit(*p)) {
            return false;
        }
        while (is_digit(*p)) {
            p++;
        }
    }
    return !*p;
}

bool mkd_parse_f64(double *out, const char *text) {
    const char *word = text + (*text == '+' || *text == '-');
    bool infinite = same_word(word, "inf") || same_word(word, "infinity");
    if (!infinite && !same_word(word, "nan") && !is_decimal(text)) {
        return false;
    }
    locale_t old = enter_c_locale();
    double value = strtod(text, NULL);
    leave_c_locale(old);
    if (isinf(value) && !infinite) {
        return false;
    }
    *out = value;
    return true;
}

bool mkd_parse_i64(int64_t *out, const char *text) {
    const char *p = text + (*text == '+' || *text == '-');
    if (!is_digit(*p)) {
        return false;
    }
    while (is_digit(*p)) {
        p++;
    }
    if (*p) {
        return false;
    }
    errno = 0;
    long long value = strtoll(text, NULL, 10);
    if (errno == ERANGE) {
        return false;
    }
    *out = value;
    return true;
}

bool mkd_parse_bool(bool *out, const char *text) {
    static const char *const words[] = {"false", "true", "no", "yes", "off", "on", "0", "1"};
    for (size_t i = 0; i < MKD_COUNT(words); i++) {
        if (same_word(text, words[i])) {
            *out = i % 2 == 1;
            return true;
        }
    }
    return false;
}

size_t mkd_split_fields(char **fields, size_t max_fields, char *line) {
    size_t n = 0;
    for (char *p = line;;) {
        p += strspn(p, " \t\r\n");
        if (!*p) {
            return n;
        }
        if (n < max_fields) {
            fields[n] = p;
        }
        n++;
        p += strcspn(p, " \t\r\n");
        if (*p) {
            *p++ = '\0';
        }
    }
}

// Levenshtein's recurrence D[i][j] = min(D[i-1][j] + 1, D[i][j-1] + 1, D[i-1][j-1] + (a_i != b_j)),
// kept as one row over the shorter name.
size_t mkd_edit_distance(const char *a, const char *b) {
    size_t rows = strlen(a), columns = strlen(b);
    while (rows && columns && *a == *b) {
        a++;
        b++;
        rows--;
        columns--;
    }
    while (rows && columns && a[rows - 1] == b[columns - 1]) {
        rows--;
        columns--;
    }
    if (rows < columns) {
        const char *other = a;
        a = b;
        b = other;
        size_t length = rows;
        rows = columns;
        columns = length;
    }
    size_t row[256];
    if (columns >= MKD_COUNT(row)) {
        return rows;
    }
    for (size_t j = 0; j <= columns; j++) {
        row[j] = j;
    }
    for (size_t i = 1; i <= rows; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= columns; j++) {
            size_t replaced = diagonal + (a[i - 1] != b[j - 1]);
            size_t shifted = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            diagonal = row[j];
            row[j] = replaced < shifted ? replaced : shifted;
        }
    }
    return row[columns];
}

const char *mkd_nearest_name(const char *name, const char *const *candidates, size_t n) {
    size_t length = strlen(name);
    size_t best = (length + 2) / 3 + 1;
    const char *nearest = NULL;
    for (size_t i = 0; i < n; i++) {
        size_t distance = mkd_edit_distance(name, candidates[i]);
        if (distance < best && (distance < length || !distance)) {
            best = distance;
            nearest = candidates[i];
        }
    }
    return nearest;
}

int mkd_unknown_name(const char *what, const char *name, const char *const *candidates, size_t n) {
    const char *nearest = mkd_nearest_name(name, candidates, n);
    if (!nearest) {
        MKD_FAIL(MKD_ENOTFOUND, "there is no %s '%s'", what, name);
    }
    MKD_FAIL(MKD_ENOTFOUND, "there is no %s '%s', the nearest is '%s'", what, name, nearest);
}

bool mkd_glob_match(const char *pattern, const char *text) {
    // on a mismatch the last star takes one more character; earlier stars never need to
    const char *star = NULL, *resume = NULL;
    while (*text) {
        if (*pattern == '*') {
            star = pattern++;
            resume = text;
        } else if (*pattern == *text) {
            pattern++;
            text++;
        } else if (star) {
            pattern = star + 1;
            text = ++resume;
        } else {
            return false;
        }
    }
    while (*pattern == '*') {
        pattern++;
    }
    return !*pattern;
}

uint64_t mkd_hash64(const void *bytes, size_t n) {
    const unsigned char *p = bytes;
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < n; i++) {
        hash = (hash ^ p[i]) * 0x100000001b3u;
    }
    return hash;
}
