/// What the tests of layer io share: an empty folder per test, whole files, leaks.
#ifndef MKD_TESTS_IO_SCRATCH_H
#define MKD_TESTS_IO_SCRATCH_H

#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/status.h"
#include "tests.h"

static char scratch_home[4096];
static uint64_t scratch_live_blocks;

static inline uint64_t live_blocks(void) {
    mkd_alloc_counters counters;
    mkd_alloc_count(&counters);
    return counters.live_blocks;
}

/// cmocka set-up: goes into an empty folder.
static inline int enter_scratch(void **state) {
    (void)state;
    char folder[] = "io_test.XXXXXX";
    if (!getcwd(scratch_home, sizeof scratch_home) || !mkdtemp(folder) || chdir(folder) != 0) {
        return -1;
    }
    scratch_live_blocks = live_blocks();
    return 0;
}

/// cmocka tear-down: removes it; a block that the test did not free fails it.
static inline int leave_scratch(void **state) {
    (void)state;
    char folder[4096];
    mkd_alloc_fail_at(0);
    uint64_t live = live_blocks();
    if (!getcwd(folder, sizeof folder) || chdir(scratch_home) != 0 ||
        mkd_fs_remove_tree(folder) < 0) {
        return -1;
    }
    if (live != scratch_live_blocks) {
        print_error("%llu blocks before the test, %llu after\n",
                    (unsigned long long)scratch_live_blocks, (unsigned long long)live);
        return -1;
    }
    return 0;
}

#define SCRATCH_TEST(function)                                                                     \
    cmocka_unit_test_setup_teardown(function, enter_scratch, leave_scratch)

#define IO_DATA(name) MKD_SOURCE_DIR "/tests/data/io/" name

/// The last message must be `expected`.
#define assert_message(expected) assert_string_equal(mkd_error_last(), expected)

static inline char *read_whole(size_t *n_bytes, const char *path) {
    char *bytes;
    assert_int_equal(mkd_fs_read(&bytes, n_bytes, path, 1 << 24), 0);
    return bytes;
}

#endif
