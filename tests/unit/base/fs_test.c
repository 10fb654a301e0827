#include "tests.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/status.h"

// each test works in an empty folder of its own
static char home[4096];

static int enter_folder(void **state) {
    (void)state;
    char folder[] = "fs_test.XXXXXX";
    if (!getcwd(home, sizeof home) || !mkdtemp(folder) || chdir(folder) != 0) {
        return -1;
    }
    return 0;
}

static int leave_folder(void **state) {
    (void)state;
    char folder[4096];
    if (!getcwd(folder, sizeof folder) || chdir(home) != 0) {
        return -1;
    }
    return mkd_fs_remove_tree(folder);
}

static void write_text(const char *path, const char *text) {
    assert_int_equal(mkd_fs_write_atomic(path, text, strlen(text)), 0);
}

static void check_text(const char *path, const char *expected) {
    char *text;
    size_t bytes;
    assert_int_equal(mkd_fs_read(&text, &bytes, path, 1 << 20), 0);
    assert_string_equal(text, expected);
    assert_int_equal(bytes, strlen(expected));
    mkd_free(text);
}

// number of entries, hidden ones included
static size_t n_entries(void) {
    FILE *pipe = popen("ls -A | wc -l", "r");
    size_t n = 0;
    assert_int_equal(fscanf(pipe, "%zu", &n), 1);
    pclose(pipe);
    return n;
}

static void test_write_and_read_back(void **state) {
    (void)state;
    write_text("a.txt", "hello\n");
    check_text("a.txt", "hello\n");
    write_text("a.txt", "");
    check_text("a.txt", "");
    assert_int_equal(n_entries(), 1);
}

static void test_read_refuses(void **state) {
    (void)state;
    char *text;
    size_t bytes;
    assert_int_equal(mkd_fs_read(&text, &bytes, "none", 10), MKD_ENOTFOUND);
    assert_string_equal(mkd_error_last(), "none: cannot open: No such file or directory");
    assert_null(text);
    assert_int_equal(mkd_fs_read(&text, &bytes, ".", 10), MKD_EINVAL);
    assert_string_equal(mkd_error_last(), ".: found a folder, expected a file");
    write_text("a.txt", "hello");
    assert_int_equal(mkd_fs_read(&text, &bytes, "a.txt", 4), MKD_EFORMAT);
    assert_string_equal(mkd_error_last(), "a.txt: found 5 bytes, expected at most 4");
    assert_int_equal(mkd_fs_read(&text, &bytes, "a.txt", 5), 0);
    mkd_free(text);
    assert_int_equal(mkd_fs_read(&text, &bytes, "a.txt/b", 5), MKD_ENOTFOUND);
    mkd_alloc_fail_at(1);
    assert_int_equal(mkd_fs_read(&text, &bytes, "a.txt", 5), MKD_ENOMEM);
    assert_null(text);
}

static void test_read_streams_files_without_a_size(void **state) {
    (void)state;
    char *text;
    size_t bytes;
    assert_int_equal(mkd_fs_read(&text, &bytes, "/proc/self/status", 1 << 20), 0);
    assert_true(bytes > 100 && strlen(text) == bytes);
    mkd_free(text);
    assert_int_equal(mkd_fs_read(&text, &bytes, "/proc/self/status", 10), MKD_EFORMAT);
    assert_string_equal(mkd_error_last(),
                        "/proc/self/status: found more than 10 bytes, expected no more");
    // never ends, has to be cut
    assert_int_equal(mkd_fs_read(&text, &bytes, "/dev/zero", 300000), MKD_EFORMAT);
}

static void test_streamed_write_appears_at_commit(void **state) {
    (void)state;
    write_text("a.bin", "old");
    mkd_fs_writer *w;
    assert_int_equal(mkd_fs_writer_open(&w, "a.bin"), 0);
    assert_int_equal(mkd_fs_writer_write(w, "ne", 2), 0);
    check_text("a.bin", "old");
    assert_int_equal(n_entries(), 2);
    mkd_fs_list list;
    assert_int_equal(mkd_fs_list_dir(&list, ".", ""), 0);
    assert_int_equal(list.n, 1);
    mkd_fs_list_free(&list);
    assert_int_equal(mkd_fs_writer_write(w, "w", 1), 0);
    assert_int_equal(mkd_fs_writer_commit(w), 0);
    check_text("a.bin", "new");
    assert_int_equal(n_entries(), 1);
}

static void test_abort_leaves_the_old_file(void **state) {
    (void)state;
    write_text("a.bin", "old");
    mkd_fs_writer *w;
    assert_int_equal(mkd_fs_writer_open(&w, "a.bin"), 0);
    assert_int_equal(mkd_fs_writer_write(w, "new", 3), 0);
    mkd_fs_writer_abort(w);
    mkd_fs_writer_abort(NULL);
    check_text("a.bin", "old");
    assert_int_equal(n_entries(), 1);
}

static void test_two_writers_of_one_file_do_not_meet(void **state) {
    (void)state;
    mkd_fs_writer *a, *b;
    assert_int_equal(mkd_fs_writer_open(&a, "x"), 0);
    assert_int_equal(mkd_fs_writer_open(&b, "x"), 0);
    assert_int_equal(mkd_fs_writer_write(a, "first", 5), 0);
    assert_int_equal(mkd_fs_writer_write(b, "second", 6), 0);
    assert_int_equal(mkd_fs_writer_commit(a), 0);
    check_text("x", "first");
    assert_int_equal(mkd_fs_writer_commit(b), 0);
    check_text("x", "second");
}

static void test_writer_refuses(void **state) {
    (void)state;
    mkd_fs_writer *w;
    assert_int_equal(mkd_fs_writer_open(&w, "none/a"), MKD_ENOTFOUND);
    assert_string_equal(mkd_error_last(), "none/a: cannot write: No such file or directory");
    assert_null(w);
    assert_int_equal(mkd_fs_write_atomic("/proc/monokd", "x", 1), MKD_ENOTFOUND);
    assert_int_equal(mkd_fs_make_dirs("folder"), 0);
    assert_int_equal(mkd_fs_write_atomic("folder", "x", 1), MKD_EINVAL);
    assert_string_equal(mkd_error_last(), "folder: found a folder, expected a file");
    for (uint64_t nth = 1; nth <= 6; nth++) {
        mkd_alloc_fail_at(nth);
        assert_int_equal(mkd_fs_writer_open(&w, "a"), MKD_ENOMEM);
        assert_null(w);
    }
    mkd_alloc_fail_at(0);
    assert_int_equal(n_entries(), 1);
}

static void test_a_device_is_written_in_place(void **state) {
    (void)state;
    assert_int_equal(mkd_fs_write_atomic("/dev/full", "x", 1), MKD_EIO);
    assert_string_equal(mkd_error_last(), "/dev/full: cannot write: No space left on device");
    struct stat info;
    assert_int_equal(stat("/dev/full", &info), 0);
    assert_true(S_ISCHR(info.st_mode));
    assert_int_equal(mkd_fs_write_atomic("/dev/null", "x", 1), 0);
    assert_int_equal(stat("/dev/null", &info), 0);
    assert_true(S_ISCHR(info.st_mode));
}

// A limit on the file size stands for a full disk. It stays low for good (a child process).
static int write_beyond_limit(void) {
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit limit = {1000, 1000};
    char bytes[2000] = {'x'};
    mkd_fs_writer *w;
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0 || mkd_fs_writer_open(&w, "a.bin") != 0) {
        return 1;
    }
    if (mkd_fs_writer_write(w, bytes, 600) != 0 || mkd_fs_writer_write(w, bytes, 600) != MKD_EIO ||
        strcmp(mkd_error_last(), "a.bin: cannot write: File too large") != 0) {
        return 2;
    }
    // gone before the writer is, and no later call makes it whole
    if (n_entries() != 2 || mkd_fs_writer_write(w, bytes, 1) != MKD_EIO) {
        return 3;
    }
    mkd_error_clear();
    if (mkd_fs_writer_commit(w) != MKD_EIO ||
        strcmp(mkd_error_last(), "a.bin: cannot write: File too large") != 0) {
        return 4;
    }
    memset(bytes, 'y', sizeof bytes);
    bytes[990] = '\0';
    if (mkd_fs_append_line("log.txt", bytes) != MKD_EIO) {
        return 5;
    }
    bytes[900] = '\0';
    return mkd_fs_append_line("log.txt", bytes) == 0 ? 0 : 6;
}

static void test_a_full_disk_leaves_nothing_half_written(void **state) {
    (void)state;
    write_text("a.bin", "old");
    assert_int_equal(mkd_fs_append_line("log.txt", "0123456789"), 0);
    pid_t child = fork();
    if (child == 0) {
        _exit(write_beyond_limit());
    }
    int result;
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_true(WIFEXITED(result));
    assert_int_equal(WEXITSTATUS(result), 0);
    check_text("a.bin", "old");
    char *text;
    size_t bytes;
    assert_int_equal(mkd_fs_read(&text, &bytes, "log.txt", 2000), 0);
    assert_int_equal(bytes, 11 + 901);
    assert_memory_equal(text, "0123456789\nyy", 13);
    mkd_free(text);
    assert_int_equal(n_entries(), 2);
}

static void test_permissions_and_links_are_kept(void **state) {
    (void)state;
    write_text("a", "1");
    assert_int_equal(chmod("a", 0640), 0);
    assert_int_equal(symlink("a", "link"), 0);
    write_text("link", "2");
    check_text("a", "2");
    struct stat info;
    assert_int_equal(lstat("link", &info), 0);
    assert_true(S_ISLNK(info.st_mode));
    assert_int_equal(stat("a", &info), 0);
    assert_int_equal(info.st_mode & 0777, 0640);
}

static void test_the_longest_name_can_be_written(void **state) {
    (void)state;
    char name[256];
    memset(name, 'n', 255);
    name[255] = '\0';
    write_text(name, "x");
    check_text(name, "x");
}

static void test_map(void **state) {
    (void)state;
    mkd_fs_map map;
    write_text("a", "hello");
    assert_int_equal(mkd_fs_map_open(&map, "a"), 0);
    assert_int_equal(map.bytes, 5);
    assert_memory_equal(map.data, "hello", 5);
    // replacing the file does not disturb who maps the old one
    write_text("a", "");
    assert_memory_equal(map.data, "hello", 5);
    mkd_fs_map_close(&map);
    assert_int_equal(mkd_fs_map_open(&map, "a"), 0);
    assert_int_equal(map.bytes, 0);
    assert_non_null(map.data);
    mkd_fs_map_close(&map);
    mkd_fs_map_close(&map);
    assert_int_equal(mkd_fs_map_open(&map, "none"), MKD_ENOTFOUND);
    assert_int_equal(mkd_fs_map_open(&map, "."), MKD_EINVAL);
    assert_int_equal(mkd_fs_map_open(&map, "/dev/null"), MKD_EINVAL);
    assert_string_equal(mkd_error_last(), "/dev/null: found a device or a pipe, expected a file");
}

static void test_append_line(void **state) {
    (void)state;
    assert_int_equal(mkd_fs_append_line("log", "one"), 0);
    assert_int_equal(mkd_fs_append_line("log", "two"), 0);
    check_text("log", "one\ntwo\n");
    assert_int_equal(mkd_fs_append_line("none/log", "x"), MKD_ENOTFOUND);
    assert_string_equal(mkd_error_last(), "none/log: cannot write: No such file or directory");
    assert_int_equal(mkd_fs_append_line("/dev/full", "x"), MKD_EIO);
    assert_string_equal(mkd_error_last(), "/dev/full: cannot write: No space left on device");
}

static void test_folders(void **state) {
    (void)state;
    assert_int_equal(mkd_fs_make_dirs("a//b/c/"), 0);
    assert_int_equal(mkd_fs_make_dirs("a/b/c"), 0);
    assert_true(mkd_fs_is_dir("a/b/c"));
    write_text("a/file", "x");
    assert_true(mkd_fs_exists("a/file"));
    assert_false(mkd_fs_is_dir("a/file"));
    assert_false(mkd_fs_exists("a/none"));
    assert_int_equal(mkd_fs_make_dirs("a/file/b"), MKD_EIO);
    assert_string_equal(mkd_error_last(), "a/file: cannot make the folder: File exists");
    assert_int_equal(mkd_fs_make_dirs(""), MKD_EINVAL);
    char *cwd = getcwd(NULL, 0);
    char *whole = mkd_fs_join(cwd, "d/e");
    assert_int_equal(mkd_fs_make_dirs(whole), 0);
    assert_true(mkd_fs_is_dir("d/e"));
    mkd_free(whole);
    free(cwd);
}

static void test_remove_tree_does_not_follow_links(void **state) {
    (void)state;
    assert_int_equal(mkd_fs_make_dirs("kept/deep"), 0);
    assert_int_equal(mkd_fs_make_dirs("gone/a/b"), 0);
    write_text("kept/deep/file", "x");
    write_text("gone/a/.hidden", "x");
    assert_int_equal(symlink("../kept", "gone/link"), 0);
    assert_int_equal(symlink("kept", "direct"), 0);
    assert_int_equal(mkd_fs_remove_tree("gone"), 0);
    assert_int_equal(mkd_fs_remove_tree("direct"), 0);
    assert_false(mkd_fs_exists("gone"));
    check_text("kept/deep/file", "x");
    assert_int_equal(n_entries(), 1);
    assert_int_equal(mkd_fs_remove_tree("gone"), MKD_ENOTFOUND);
    assert_string_equal(mkd_error_last(), "gone: cannot remove: No such file or directory");
    assert_int_equal(mkd_fs_remove_tree("kept/deep/file"), 0);
    assert_int_equal(mkd_fs_remove("kept"), MKD_EIO);
    assert_string_equal(mkd_error_last(), "kept: cannot remove: Directory not empty");
    assert_int_equal(mkd_fs_remove("kept/deep"), 0);
    assert_int_equal(mkd_fs_remove("kept"), 0);
    assert_int_equal(mkd_fs_remove("kept"), MKD_ENOTFOUND);
}

static void test_list_dir(void **state) {
    (void)state;
    static const char *const names[] = {"b.txt", "a.txt", "c.png", ".hidden.txt", "txt"};
    for (size_t i = 0; i < 5; i++) {
        write_text(names[i], "");
    }
    mkd_fs_list list;
    assert_int_equal(mkd_fs_list_dir(&list, ".", ".txt"), 0);
    assert_int_equal(list.n, 2);
    assert_string_equal(list.names[0], "a.txt");
    assert_string_equal(list.names[1], "b.txt");
    mkd_fs_list_free(&list);
    assert_int_equal(mkd_fs_list_dir(&list, ".", ""), 0);
    assert_int_equal(list.n, 4);
    mkd_fs_list_free(&list);
    assert_int_equal(mkd_fs_list_dir(&list, ".", ".jpg"), 0);
    assert_int_equal(list.n, 0);
    mkd_fs_list_free(&list);
    assert_int_equal(mkd_fs_list_dir(&list, "none", ""), MKD_ENOTFOUND);
    assert_string_equal(mkd_error_last(),
                        "none: cannot open the folder: No such file or directory");
    mkd_alloc_fail_at(3);
    assert_int_equal(mkd_fs_list_dir(&list, ".", ""), MKD_ENOMEM);
    assert_int_equal(list.n, 0);
}

static void check_path(char *path, const char *expected) {
    assert_string_equal(path, expected);
    mkd_free(path);
}

static void test_join_and_dirname(void **state) {
    (void)state;
    check_path(mkd_fs_join("a", "b"), "a/b");
    check_path(mkd_fs_join("a/", "b"), "a/b");
    check_path(mkd_fs_join("/", "b"), "/b");
    check_path(mkd_fs_join("a", "/b"), "/b");
    check_path(mkd_fs_join("", "b"), "b");
    check_path(mkd_fs_dirname("a/b"), "a");
    check_path(mkd_fs_dirname("a/b//"), "a");
    check_path(mkd_fs_dirname("a//b"), "a");
    check_path(mkd_fs_dirname("a"), ".");
    check_path(mkd_fs_dirname(""), ".");
    check_path(mkd_fs_dirname("/a"), "/");
    check_path(mkd_fs_dirname("/"), "/");
}

static void test_lock(void **state) {
    (void)state;
    int a, b;
    assert_int_equal(mkd_fs_lock(&a, "lock"), 0);
    assert_int_equal(mkd_fs_lock(&b, "lock"), MKD_EINVAL);
    assert_int_equal(b, -1);
    char expected[64];
    snprintf(expected, sizeof expected, "lock: in use by process %ld", (long)getpid());
    assert_string_equal(mkd_error_last(), expected);
    mkd_fs_unlock(a);
    assert_int_equal(mkd_fs_lock(&b, "lock"), 0);
    mkd_fs_unlock(b);
    mkd_fs_unlock(-1);
    assert_int_equal(mkd_fs_lock(&b, "none/lock"), MKD_ENOTFOUND);
}

// leaves a temporary file of an atomic write that never ended
static void write_and_die(const char *path) {
    pid_t child = fork();
    if (child == 0) {
        mkd_fs_writer *w;
        bool begun = mkd_fs_writer_open(&w, path) == 0 && mkd_fs_writer_write(w, "part", 4) == 0;
        _exit(begun ? 0 : 1);
    }
    int result;
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_int_equal(result, 0);
}

static void test_sweep_removes_what_dead_processes_left(void **state) {
    (void)state;
    static const char *const others[] = {
        ".hidden",    "a.tmp-1-2",  ".a.tmp-1",    ".a.tmp-1-",    ".a.tmp--1",
        ".a.tmp-1-x", ".a.tmp-x-1", ".a.tmp-1-2b", ".tmp-1-2.txt",
    };
    for (size_t i = 0; i < MKD_COUNT(others); i++) {
        write_text(others[i], "x");
    }
    assert_int_equal(mkd_fs_make_dirs(".b.tmp-1-1"), 0);
    assert_int_equal(symlink(".hidden", ".c.tmp-1-1"), 0);
    write_and_die("a");
    write_and_die("a.tmp-b");
    mkd_fs_writer *w;
    assert_int_equal(mkd_fs_writer_open(&w, "alive"), 0);
    assert_int_equal(n_entries(), MKD_COUNT(others) + 5);
    assert_int_equal(mkd_fs_sweep("."), 0);
    assert_int_equal(n_entries(), MKD_COUNT(others) + 3);
    assert_int_equal(mkd_fs_writer_write(w, "x", 1), 0);
    assert_int_equal(mkd_fs_writer_commit(w), 0);
    check_text("alive", "x");
    check_text(".hidden", "x");
    assert_int_equal(mkd_fs_sweep("none"), 0);
    assert_int_equal(mkd_fs_sweep("alive"), MKD_ENOTFOUND);
    assert_string_equal(mkd_error_last(), "alive: cannot open the folder: Not a directory");
}

static void test_a_temporary_name_may_be_taken(void **state) {
    (void)state;
    // a process in a container often has the number of the killed one before it
    mkd_fs_writer *w;
    assert_int_equal(mkd_fs_writer_open(&w, "a"), 0);
    unsigned number = 0;
    FILE *pipe = popen("ls -A | sed 's/.*-//'", "r");
    assert_int_equal(fscanf(pipe, "%u", &number), 1);
    pclose(pipe);
    for (unsigned i = 1; i <= 3; i++) {
        char name[64];
        snprintf(name, sizeof name, ".a.tmp-%ld-%u", (long)getpid(), number + i);
        FILE *file = fopen(name, "w");
        assert_non_null(file);
        fclose(file);
    }
    mkd_fs_writer_abort(w);
    write_text("a", "x");
    check_text("a", "x");
    assert_int_equal(n_entries(), 4);
    assert_int_equal(mkd_fs_sweep("."), 0);
    assert_int_equal(n_entries(), 1);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, enter_folder, leave_folder)

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_write_and_read_back),
        IN_FOLDER(test_read_refuses),
        IN_FOLDER(test_read_streams_files_without_a_size),
        IN_FOLDER(test_streamed_write_appears_at_commit),
        IN_FOLDER(test_abort_leaves_the_old_file),
        IN_FOLDER(test_two_writers_of_one_file_do_not_meet),
        IN_FOLDER(test_writer_refuses),
        IN_FOLDER(test_a_device_is_written_in_place),
        IN_FOLDER(test_a_full_disk_leaves_nothing_half_written),
        IN_FOLDER(test_permissions_and_links_are_kept),
        IN_FOLDER(test_the_longest_name_can_be_written),
        IN_FOLDER(test_map),
        IN_FOLDER(test_append_line),
        IN_FOLDER(test_folders),
        IN_FOLDER(test_remove_tree_does_not_follow_links),
        IN_FOLDER(test_list_dir),
        IN_FOLDER(test_join_and_dirname),
        IN_FOLDER(test_lock),
        IN_FOLDER(test_sweep_removes_what_dead_processes_left),
        IN_FOLDER(test_a_temporary_name_may_be_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
