#include "report/base64.h"

#include <stdint.h>

enum { GROUPS_AT_ONCE = 256 };

void mkd_base64_append(mkd_str *out, const void *bytes, size_t n_bytes) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *in = bytes;
    char text[4 * GROUPS_AT_ONCE];
    size_t used = 0;
    for (size_t i = 0; i < n_bytes; i += 3) {
        size_t left = n_bytes - i;
        uint32_t word = (uint32_t)in[i] << 16;
        word |= left > 1 ? (uint32_t)in[i + 1] << 8 : 0;
        word |= left > 2 ? in[i + 2] : 0;
        text[used++] = digits[word >> 18];
        text[used++] = digits[word >> 12 & 63];
        text[used++] = left > 1 ? digits[word >> 6 & 63] : '=';
        text[used++] = left > 2 ? digits[word & 63] : '=';
        if (used == sizeof text) {
            mkd_str_append_bytes(out, text, used);
            used = 0;
        }
    }
    mkd_str_append_bytes(out, text, used);
}
