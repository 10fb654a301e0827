// Config from files: bases, and what may go wrong with them. Values are config_test.c's.

#include "tests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/status.h"

#include "unit/base/config_schema.h"

static train_options train_of(mkd_config *config) {
    train_options train;
    assert_int_equal(mkd_config_get(&train, config, "train"), 0);
    return train;
}

// each test works in an empty folder of its own
static char home[4096];

static int enter_folder(void **state) {
    (void)state;
    char folder[] = "config_test.XXXXXX";
    return getcwd(home, sizeof home) && mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int leave_folder(void **state) {
    (void)state;
    char folder[4096];
    return getcwd(folder, sizeof folder) && chdir(home) == 0 ? mkd_fs_remove_tree(folder) : -1;
}

static void write_text(const char *path, const char *text) {
    assert_int_equal(mkd_fs_write_atomic(path, text, strlen(text)), 0);
}

static mkd_config *load(const char *path) {
    mkd_config *config;
    if (mkd_config_load(&config, test_schema, path, NULL, 0) < 0) {
        fail_msg("%s", mkd_error_last());
    }
    return config;
}

static void refuse_file(const char *path, int code, const char *expected) {
    mkd_config *config;
    int status = mkd_config_load(&config, test_schema, path, NULL, 0);
    assert_string_equal(mkd_error_last(), expected);
    assert_int_equal(status, code);
}

static void test_bases_are_merged_in_order(void **state) {
    (void)state;
    assert_int_equal(mkd_fs_make_dirs("sub/deep"), 0);
    write_text("root.yaml", "train: {epochs: 1, name: root, milestones: [1, 2, 3], out: root}\n");
    write_text("sub/a.yaml", "base: ../root.yaml\ntrain: {epochs: 2, name: a}\n");
    write_text("sub/b.yaml", "train:\n  epochs: 3\n  milestones: [9]\n");
    write_text("sub/deep/main.yaml", "train: {learning_rate: 1, out: null}\n"
                                     "base: [../a.yaml, ../b.yaml]\n");
    mkd_config *config = load("sub/deep/main.yaml");
    train_options train = train_of(config);
    assert_int_equal(train.epochs, 3);
    assert_string_equal(train.name, "a");
    assert_int_equal(train.milestones.n, 1);
    assert_float_equal(train.learning_rate, 1, 0);
    assert_string_equal(train.out, "runs/demo");
    assert_string_equal(mkd_config_origin(config, "train.epochs"), "sub/deep/../b.yaml:2");
    assert_string_equal(mkd_config_origin(config, "train.name"), "sub/deep/../a.yaml:2");
    mkd_config_free(config);
    // one base by two ways is no circle
    write_text("twice.yaml", "base: [sub/a.yaml, root.yaml]\n");
    config = load("twice.yaml");
    assert_int_equal(train_of(config).epochs, 1);
    mkd_config_free(config);
    write_text("none.yaml", "base: []\ntrain: {epochs: 4}\n");
    config = load("none.yaml");
    assert_int_equal(train_of(config).epochs, 4);
    mkd_config_free(config);
}

static void test_wrong_bases(void **state) {
    (void)state;
    write_text("a.yaml", "# a\nbase: b.yaml\n");
    write_text("b.yaml", "base: [a.yaml]\n");
    write_text("self.yaml", "base: ./self.yaml\n");
    write_text("missing.yaml", "train: {epochs: 1}\nbase:\n- none.yaml\n");
    write_text("type.yaml", "base: {a: b}\n");
    write_text("types.yaml", "base: [[a.yaml]]\n");
    write_text("wrong.yaml", "train: {epochs: x}\n");
    write_text("uses_wrong.yaml", "base: wrong.yaml\n");
    refuse_file("a.yaml", MKD_EINVAL,
                "a.yaml:2: base: b.yaml:1: base: a.yaml is its own base, expected no circle");
    refuse_file("self.yaml", MKD_EINVAL,
                "self.yaml:1: base: self.yaml is its own base, expected no circle");
    refuse_file("missing.yaml", MKD_ENOTFOUND,
                "missing.yaml:3: base: none.yaml: cannot open: No such file or directory");
    refuse_file(
        "type.yaml", MKD_EINVAL,
        "type.yaml:1: base: found a mapping, expected the path of a file or a list of them");
    refuse_file("types.yaml", MKD_EINVAL,
                "types.yaml:1: base: found a list, expected the path of a file or a list of them");
    refuse_file("uses_wrong.yaml", MKD_EINVAL,
                "uses_wrong.yaml:1: base: wrong.yaml:1: train.epochs: found 'x', expected an "
                "integer from 1 to 100000");
    refuse_file("none.yaml", MKD_ENOTFOUND, "none.yaml: cannot open: No such file or directory");
    refuse_file(".", MKD_EINVAL, ".: found a folder, expected a file");
}

static void test_bases_do_not_multiply(void **state) {
    (void)state;
    // each file names the next twice: 2^12 reads if nobody counted
    for (int i = 0; i < 12; i++) {
        char path[32], text[64];
        snprintf(path, sizeof path, "%d.yaml", i);
        snprintf(text, sizeof text, "base: [%d.yaml, %d.yaml]\n", i + 1, i + 1);
        write_text(path, text);
    }
    write_text("12.yaml", "seed: 1\n");
    mkd_config *config;
    assert_int_equal(mkd_config_load(&config, test_schema, "0.yaml", NULL, 0), MKD_EINVAL);
    assert_non_null(strstr(mkd_error_last(), "found more than 64 files, expected fewer"));
    for (int i = 0; i < 17; i++) {
        char path[32], text[64];
        snprintf(path, sizeof path, "%d.yaml", i);
        snprintf(text, sizeof text, "base: %d.yaml\n", i + 1);
        write_text(path, text);
    }
    assert_int_equal(mkd_config_load(&config, test_schema, "0.yaml", NULL, 0), MKD_EINVAL);
    assert_non_null(strstr(mkd_error_last(), "found more than 16 bases of bases, expected fewer"));
}

static void test_failing_allocations(void **state) {
    (void)state;
    write_text("base.yaml", "train: {classes: [a, b]}\n");
    write_text("a.yaml", "base: base.yaml\ntrain: {epochs: 3}\n");
    const char *override = "train.mean=[1, 2]";
    mkd_alloc_counters before, after;
    mkd_alloc_count(&before);
    for (uint64_t nth = 1;; nth++) {
        mkd_config *config;
        mkd_alloc_fail_at(nth);
        int status = mkd_config_load(&config, test_schema, "a.yaml", &override, 1);
        mkd_alloc_fail_at(0);
        if (!status) {
            mkd_config_free(config);
            assert_true(nth > 20);
            break;
        }
        assert_int_equal(status, MKD_ENOMEM);
    }
    mkd_alloc_count(&after);
    assert_int_equal(after.live_blocks, before.live_blocks);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, enter_folder, leave_folder)

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_bases_are_merged_in_order),
        IN_FOLDER(test_wrong_bases),
        IN_FOLDER(test_bases_do_not_multiply),
        IN_FOLDER(test_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
