/// Base64 of RFC 4648 with padding, for pictures inside a page.
#ifndef MKD_REPORT_BASE64_H
#define MKD_REPORT_BASE64_H

#include <stddef.h>

#include "base/str.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Appends the encoded bytes; a failed allocation shows in mkd_str_status.
void mkd_base64_append(mkd_str *out, const void *bytes, size_t n_bytes);

#ifdef __cplusplus
}
#endif

#endif
