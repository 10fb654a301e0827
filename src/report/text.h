/// UTF-8 and HTML text.
#ifndef MKD_REPORT_TEXT_H
#define MKD_REPORT_TEXT_H

#include <stddef.h>

#include "base/str.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Number of code points of a UTF-8 text.
size_t mkd_utf8_length(const char *text);
/// Bytes of the well-formed UTF-8 sequence at the start of `text` (1 to 4); 0 if there is none.
size_t mkd_utf8_sequence(const char *text);
/// Copies at most `bytes` - 1 bytes of `text`, whole sequences alone; '?' for a byte that belongs
/// to none.
void mkd_utf8_clean(char *out, size_t bytes, const char *text);

/// Appends text so that it stands for itself in HTML and in quoted attributes: & < > " ' are
/// escaped, control characters dropped (not tab and newline), broken UTF-8 becomes U+FFFD.
/// NULL appends nothing.
void mkd_html_escape(mkd_str *out, const char *text);

#ifdef __cplusplus
}
#endif

#endif
