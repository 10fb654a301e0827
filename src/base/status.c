#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static MKD_THREAD_LOCAL char last_message[MKD_ERROR_BYTES];

// A message is one line, whatever bytes a file name or a value brings in.
static void keep_one_line(char *message) {
    for (char *p = message; *p; p++) {
        if ((unsigned char)*p < 0x20 || *p == 0x7f) {
            *p = ' ';
        }
    }
}

int mkd_error_set(int code, const char *fmt, ...) {
    // format aside first: an argument may be the old message itself
    char message[MKD_ERROR_BYTES];
    va_list args;
    va_start(args, fmt);
    vsnprintf(message, sizeof message, fmt, args);
    va_end(args);
    keep_one_line(message);
    memcpy(last_message, message, sizeof message);
    return code;
}

int mkd_error_prefix(int code, const char *fmt, ...) {
    // prefix and separator go into one buffer; a message that outgrows it keeps its beginning
    char message[2 * MKD_ERROR_BYTES];
    va_list args;
    va_start(args, fmt);
    vsnprintf(message, MKD_ERROR_BYTES - 2, fmt, args);
    va_end(args);
    strcat(message, ": ");
    strcat(message, last_message);
    message[MKD_ERROR_BYTES - 1] = '\0';
    keep_one_line(message);
    memcpy(last_message, message, sizeof last_message);
    return code;
}

const char *mkd_error_last(void) {
    return last_message;
}

void mkd_error_clear(void) {
    last_message[0] = '\0';
}

void mkd_error_save(mkd_error *out, int code) {
    out->code = code;
    memcpy(out->message, last_message, sizeof out->message);
}

int mkd_error_restore(const mkd_error *saved) {
    memcpy(last_message, saved->message, sizeof last_message);
    return saved->code;
}

const char *mkd_status_name(int code) {
    static const char *const names[] = {
        "OK",           "EINVAL",  "ENOMEM", "EIO",       "EFORMAT",      "ENOTFOUND",
        "EUNSUPPORTED", "EDEVICE", "ECOMM",  "EDIVERGED", "EINTERRUPTED",
    };
    return code <= 0 && code >= MKD_EINTERRUPTED ? names[-code] : "?";
}
