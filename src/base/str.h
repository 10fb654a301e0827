/// Strings: a growing buffer, splitting and strict number parsing, nearest name.
#ifndef MKD_BASE_STR_H
#define MKD_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

#ifdef __cplusplus
extern "C" {
#endif

/// A growing string. Zero-initialise; failure to grow is sticky and reported by mkd_str_status.
typedef struct mkd_str {
    char *text;    ///< always NUL-terminated once something was appended; may be NULL before
    size_t length; ///< without the NUL
    size_t capacity;
    bool failed; ///< an allocation failed; later appends do nothing
} mkd_str;

void mkd_str_append(mkd_str *s, const char *text);
void mkd_str_append_bytes(mkd_str *s, const char *bytes, size_t n);
void mkd_str_printf(mkd_str *s, const char *fmt, ...) MKD_PRINTF(2, 3);
/// Appends the shortest decimal text that mkd_parse_f64 reads back as the same value ("0.1",
/// "1e-07", "nan", "-inf"), whatever the program's locale.
void mkd_str_append_f64(mkd_str *s, double value);
void mkd_str_clear(mkd_str *s);
void mkd_str_free(mkd_str *s);
/// 0, or MKD_ENOMEM if any append failed.
int mkd_str_status(const mkd_str *s) MKD_NODISCARD;

/// Whole-string number parsing in the C locale: decimal, no leading or trailing blanks, no overflow
/// (a float too small for a double is rounded). "nan", "inf" and "infinity" in any case are parsed;
/// callers refuse them where they make no sense. `*out` is untouched on failure.
/// @return true if all of `text` is a number.
bool mkd_parse_f64(double *out, const char *text);
bool mkd_parse_i64(int64_t *out, const char *text);
/// true/false, yes/no, on/off, 1/0; upper or lower case.
bool mkd_parse_bool(bool *out, const char *text);

/// Splits `line` in place at blanks and tabs (a final CR or LF counts as blank).
/// @return number of fields found, which may exceed `max_fields` (only that many are stored).
size_t mkd_split_fields(char **fields, size_t max_fields, char *line);

/// Levenshtein distance of two names, in bytes. Where both differ over more than 255 bytes, the
/// upper bound (the longer length) is given instead.
size_t mkd_edit_distance(const char *a, const char *b);

/// The candidate nearest to `name` (the first of equals), or NULL if none is near enough to be a
/// slip of the pen: more than a third of the letters of `name` differ.
const char *mkd_nearest_name(const char *name, const char *const *candidates, size_t n);

/// Fails with MKD_ENOTFOUND: "there is no <what> '<name>', the nearest is '<candidate>'" (the
/// latter if one is near enough). For lookups in tables.
int mkd_unknown_name(const char *what, const char *name, const char *const *candidates, size_t n);

/// True if `text` matches `pattern`, in which `*` stands for any characters.
bool mkd_glob_match(const char *pattern, const char *text);

/// 64-bit FNV-1a of `n` bytes.
uint64_t mkd_hash64(const void *bytes, size_t n);

#ifdef __cplusplus
}
#endif

#endif
