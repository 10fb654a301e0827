// The half of fs.h that deals with folders, names and locks.

#include "base/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs_error.h"
#include "base/status.h"
#include "base/str.h"

bool mkd_fs_exists(const char *path) {
    struct stat info;
    return stat(path, &info) == 0;
}

bool mkd_fs_is_dir(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

int mkd_fs_make_dirs(const char *path) {
    if (!*path) {
        MKD_FAIL(MKD_EINVAL, "found an empty path, expected the name of a folder");
    }
    char *partial = mkd_strdup(path);
    if (!partial) {
        return MKD_ENOMEM;
    }
    int status = 0;
    for (char *end = partial; !status && *end;) {
        end += strspn(end, "/");
        end += strcspn(end, "/");
        char next = *end;
        *end = '\0';
        if (mkdir(partial, 0777) != 0) {
            int error = errno;
            // also EACCES or EROFS of a parent that is there already
            if (!mkd_fs_is_dir(partial)) {
                status = mkd_fs__system_error(partial, "make the folder", error);
            }
        }
        *end = next;
    }
    mkd_free(partial);
    return status;
}

int mkd_fs_remove(const char *path) {
    return remove(path) == 0 ? 0 : mkd_fs__system_error(path, "remove", errno);
}

// Removes entry `name` of the open folder `parent_fd`; never follows a link.
static int remove_entry(int parent_fd, const char *name, const char *path) {
    int fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        // not a folder (ENOTDIR), a link (ELOOP), or one that may not be read: say why it stays
        return unlinkat(parent_fd, name, 0) == 0 ? 0 : mkd_fs__system_error(path, "remove", errno);
    }
    DIR *folder = fdopendir(fd);
    if (!folder) {
        int error = errno;
        close(fd);
        return mkd_fs__system_error(path, "remove", error);
    }
    int status = 0;
    struct dirent *entry;
    while (!status && (entry = readdir(folder))) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            char *child = mkd_fs_join(path, entry->d_name);
            status = child ? remove_entry(fd, entry->d_name, child) : MKD_ENOMEM;
            mkd_free(child);
        }
    }
    closedir(folder);
    if (!status && unlinkat(parent_fd, name, AT_REMOVEDIR) != 0) {
        status = mkd_fs__system_error(path, "remove", errno);
    }
    return status;
}

int mkd_fs_remove_tree(const char *path) {
    return remove_entry(AT_FDCWD, path, path);
}

static bool ends_in(const char *name, const char *suffix) {
    size_t length = strlen(name), tail = strlen(suffix);
    return length >= tail && strcmp(name + length - tail, suffix) == 0;
}

static int compare_names(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int list_add(mkd_fs_list *list, size_t *capacity, const char *name) {
    if (list->n == *capacity) {
        size_t larger = *capacity ? *capacity * 2 : 64;
        char **names = mkd_realloc_array(list->names, larger, sizeof *names);
        if (!names) {
            return MKD_ENOMEM;
        }
        list->names = names;
        *capacity = larger;
    }
    char *copy = mkd_strdup(name);
    if (!copy) {
        return MKD_ENOMEM;
    }
    list->names[list->n++] = copy;
    return 0;
}

int mkd_fs_list_dir(mkd_fs_list *out, const char *path, const char *suffix) {
    *out = (mkd_fs_list){0};
    DIR *folder = opendir(path);
    if (!folder) {
        return mkd_fs__system_error(path, "open the folder", errno);
    }
    int status = 0;
    size_t capacity = 0;
    for (;;) {
        errno = 0;
        struct dirent *entry = readdir(folder);
        if (!entry) {
            if (errno) {
                status = mkd_fs__system_error(path, "read the folder", errno);
            }
            break;
        }
        if (entry->d_name[0] != '.' && ends_in(entry->d_name, suffix)) {
            MKD_GOTO(list_add(out, &capacity, entry->d_name));
        }
    }
    if (out->n) {
        qsort(out->names, out->n, sizeof *out->names, compare_names);
    }
done:
    closedir(folder);
    if (status < 0) {
        mkd_fs_list_free(out);
    }
    return status;
}

void mkd_fs_list_free(mkd_fs_list *list) {
    for (size_t i = 0; i < list->n; i++) {
        mkd_free(list->names[i]);
    }
    mkd_free(list->names);
    *list = (mkd_fs_list){0};
}

// ".<name>.tmp-<process>-<number>", as the writer of fs.c names them
static bool is_temporary(const char *name) {
    static const char mark[] = ".tmp-";
    const char *tail = NULL;
    for (const char *at = name; (at = strstr(at, mark)) != NULL; at++) {
        tail = at + sizeof mark - 1;
    }
    if (name[0] != '.' || !tail) {
        return false;
    }
    size_t process = strspn(tail, "0123456789");
    const char *number = tail + process + 1;
    return process > 0 && tail[process] == '-' && *number != '\0' &&
           number[strspn(number, "0123456789")] == '\0';
}

// a writer holds the lock of its file until that has its final name
static void remove_if_stale(int folder_fd, const char *name) {
    struct stat info;
    int fd = openat(folder_fd, name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        return;
    }
    if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && flock(fd, LOCK_EX | LOCK_NB) == 0) {
        unlinkat(folder_fd, name, 0);
    }
    close(fd);
}

int mkd_fs_sweep(const char *path) {
    DIR *folder = opendir(path);
    if (!folder) {
        return errno == ENOENT ? 0 : mkd_fs__system_error(path, "open the folder", errno);
    }
    struct dirent *entry;
    while ((entry = readdir(folder))) {
        if (is_temporary(entry->d_name)) {
            remove_if_stale(dirfd(folder), entry->d_name);
        }
    }
    closedir(folder);
    return 0;
}

static char *joined(const char *a, size_t a_length, const char *middle, const char *b) {
    size_t middle_length = strlen(middle), b_length = strlen(b);
    char *path = mkd_alloc(a_length + middle_length + b_length + 1);
    if (path) {
        memcpy(path, a, a_length);
        memcpy(path + a_length, middle, middle_length);
        memcpy(path + a_length + middle_length, b, b_length);
    }
    return path;
}

char *mkd_fs_join(const char *a, const char *b) {
    if (b[0] == '/' || !*a) {
        return mkd_strdup(b);
    }
    size_t length = strlen(a);
    return joined(a, length, a[length - 1] == '/' ? "" : "/", b);
}

char *mkd_fs_dirname(const char *path) {
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/') {
        length--;
    }
    while (length > 0 && path[length - 1] != '/') {
        length--;
    }
    if (length == 0) {
        return mkd_strdup(".");
    }
    while (length > 1 && path[length - 1] == '/') {
        length--;
    }
    return joined(path, length, "", "");
}

int mkd_fs_lock(int *out_fd, const char *path) {
    *out_fd = -1;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0) {
        return mkd_fs__system_error(path, "lock", errno);
    }
    char pid[32] = "";
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        int error = errno;
        ssize_t n = error == EWOULDBLOCK ? pread(fd, pid, sizeof pid - 1, 0) : 0;
        close(fd);
        if (error != EWOULDBLOCK) {
            return mkd_fs__system_error(path, "lock", error);
        }
        pid[n > 0 ? strspn(pid, "0123456789") : 0] = '\0';
        MKD_FAIL(MKD_EINVAL, "%s: in use by process %s", path, *pid ? pid : "unknown");
    }
    // who holds it, for the message above; the lock itself holds without it
    int n = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
    if (ftruncate(fd, 0) == 0 && pwrite(fd, pid, (size_t)n, 0) < 0) {
        pid[0] = '\0';
    }
    *out_fd = fd;
    return 0;
}

void mkd_fs_unlock(int fd) {
    if (fd >= 0) {
        close(fd);
    }
}
