/// cmocka with the headers it wants before it, and what our unit tests share.
#ifndef MKD_TESTS_H
#define MKD_TESTS_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cmocka.h>

/// Path of a file or folder of the developers' data: below $MKD_SHARED, else ../shared beside the
/// checkout. Where it does not exist the calling test is skipped with a line that says so.
static inline void tests_shared_path(char *out, size_t bytes, const char *relative) {
    const char *root = getenv("MKD_SHARED");
    struct stat info;
    snprintf(out, bytes, "%s/%s", root ? root : MKD_SOURCE_DIR "/../shared", relative);
    if (stat(out, &info) != 0) {
        print_message("skipped: found no %s (MKD_SHARED names another folder)\n", out);
        skip();
    }
}

/// Fails unless `found` is within `tolerance` of `expected` (cmocka compares in float only).
#define assert_near(found, expected, tolerance)                                                    \
    tests_assert_near((found), (expected), (tolerance), #found, __FILE__, __LINE__)

static inline void tests_assert_near(double found, double expected, double tolerance,
                                     const char *what, const char *file, int line) {
    if (!(fabs(found - expected) <= tolerance)) {
        print_error("%s: found %.17g, expected %.17g within %g\n", what, found, expected,
                    tolerance);
        _fail(file, line);
    }
}

#endif
