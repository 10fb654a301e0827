// Scratch files for the tests of the data layer.
#ifndef MKD_DATA_TESTS_H
#define MKD_DATA_TESTS_H

#include "tests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"

#define DATA_TESTS_PATH 512

// Path of `name` in a scratch folder of this process, made if need be.
static inline void data_tests_path(char out[DATA_TESTS_PATH], const char *name) {
    int length = snprintf(out, DATA_TESTS_PATH, "data-tests-%ld/%s", (long)getpid(), name);
    assert_true(length > 0 && length < DATA_TESTS_PATH);
    char *folder = mkd_fs_dirname(out);
    assert_non_null(folder);
    assert_int_equal(mkd_fs_make_dirs(folder), 0);
    mkd_free(folder);
}

static inline void data_tests_write(char out[DATA_TESTS_PATH], const char *name, const void *data,
                                    size_t bytes) {
    data_tests_path(out, name);
    assert_int_equal(mkd_fs_write_atomic(out, data, bytes), 0);
}

// Group tear-down: removes the scratch folder.
static inline int data_tests_clean(void **state) {
    (void)state;
    char folder[DATA_TESTS_PATH];
    snprintf(folder, sizeof folder, "data-tests-%ld", (long)getpid());
    return mkd_fs_is_dir(folder) ? mkd_fs_remove_tree(folder) : 0;
}

#endif
