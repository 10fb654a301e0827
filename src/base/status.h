/// Status codes and the thread-local error message.
///
/// Every function that can fail returns an `int`: 0 is success, a negative `mkd_status` is failure.
/// The message says what was found, what was expected, and where. The library never prints.
#ifndef MKD_BASE_STATUS_H
#define MKD_BASE_STATUS_H

#include "base/compiler.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum mkd_status {
    MKD_OK = 0,
    MKD_EINVAL = -1,       ///< an argument or a configuration value is not allowed
    MKD_ENOMEM = -2,       ///< an allocation failed
    MKD_EIO = -3,          ///< the operating system could not read or write
    MKD_EFORMAT = -4,      ///< a file's content is not what its format asks for
    MKD_ENOTFOUND = -5,    ///< a file, a name or a key does not exist
    MKD_EUNSUPPORTED = -6, ///< valid, but this build or version cannot do it
    MKD_EDEVICE = -7,      ///< an accelerator failed
    MKD_ECOMM = -8,        ///< another rank failed
    MKD_EDIVERGED = -9,    ///< a loss or a weight is NaN or infinite
    MKD_EINTERRUPTED = -10 ///< stopped on request (SIGINT, SIGTERM)
} mkd_status;

#define MKD_ERROR_BYTES 1024

/// A saved error: carries code and message from one thread to another.
typedef struct mkd_error {
    int code; ///< 0 or a negative mkd_status
    char message[MKD_ERROR_BYTES];
} mkd_error;

/// Sets this thread's message and returns `code`. One line, no final full stop or newline.
/// Call it through MKD_FAIL; every failure passes here, so one breakpoint shows the first one.
int mkd_error_set(int code, const char *fmt, ...) MKD_PRINTF(2, 3);

/// Puts "<context>: " in front of this thread's message and returns `code` unchanged.
int mkd_error_prefix(int code, const char *fmt, ...) MKD_PRINTF(2, 3);

/// This thread's last message; "" if nothing failed. Valid until the next failure in this thread.
const char *mkd_error_last(void);

void mkd_error_clear(void);

/// Copies this thread's message together with `code` (as a failing function returned it).
void mkd_error_save(mkd_error *out, int code);

/// Makes a saved error this thread's and returns its code.
int mkd_error_restore(const mkd_error *saved);

/// "EFORMAT" for MKD_EFORMAT, "OK" for 0, "?" for anything else.
const char *mkd_status_name(int code);

/// Returns `code` from the calling function with a message.
#define MKD_FAIL(code, ...) return mkd_error_set((code), __VA_ARGS__)

/// Forwards a failure of `expression` to the caller (for functions with nothing to clean up).
#define MKD_TRY(expression)                                                                        \
    do {                                                                                           \
        int mkd_try_status_ = (expression);                                                        \
        if (mkd_try_status_ < 0) {                                                                 \
            return mkd_try_status_;                                                                \
        }                                                                                          \
    } while (0)

/// Jumps to `done` with `status` set if `expression` fails. The function owns `int status`.
#define MKD_GOTO(expression)                                                                       \
    do {                                                                                           \
        status = (expression);                                                                     \
        if (status < 0) {                                                                          \
            goto done;                                                                             \
        }                                                                                          \
    } while (0)

#ifdef __cplusplus
}
#endif

#endif
