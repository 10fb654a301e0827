// realpath belongs to the X/Open part of POSIX
#define _XOPEN_SOURCE 700

#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs_error.h"
#include "base/status.h"
#include "base/str.h"

static int code_of(int error) {
    switch (error) {
    case ENOENT:
    case ENOTDIR:
        return MKD_ENOTFOUND;
    case ENOMEM:
        return MKD_ENOMEM;
    default:
        return MKD_EIO;
    }
}

int mkd_fs__system_error(const char *path, const char *what, int error) {
    char reason[256];
    if (strerror_r(error, reason, sizeof reason) != 0) {
        snprintf(reason, sizeof reason, "error %d", error);
    }
    return mkd_error_set(code_of(error), "%s: cannot %s: %s", path, what, reason);
}

static int open_to_read(int *out_fd, struct stat *info, const char *path) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return mkd_fs__system_error(path, "open", errno);
    }
    if (fstat(fd, info) != 0) {
        int error = errno;
        close(fd);
        return mkd_fs__system_error(path, "open", error);
    }
    if (S_ISDIR(info->st_mode)) {
        close(fd);
        MKD_FAIL(MKD_EINVAL, "%s: found a folder, expected a file", path);
    }
    *out_fd = fd;
    return 0;
}

// Reads until the end of `fd`. The reported size is only where the buffer starts: /proc says 0, and
// a file may grow meanwhile.
static int read_to_end(char **out, size_t *bytes, int fd, size_t expected, size_t max_bytes,
                       const char *path) {
    int status = 0;
    // one byte more than expected, so that the read that fills it is not the last, and the NUL
    size_t capacity = expected ? expected + 2 : 64 * 1024;
    size_t used = 0;
    char *text = mkd_alloc(capacity);
    if (!text) {
        return MKD_ENOMEM;
    }
    for (;;) {
        if (used + 1 == capacity) {
            char *larger = mkd_realloc_array(text, capacity, 2);
            if (!larger) {
                status = MKD_ENOMEM;
                goto done;
            }
            text = larger;
            capacity *= 2;
        }
        ssize_t n = read(fd, text + used, capacity - 1 - used);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            status = mkd_fs__system_error(path, "read", errno);
            goto done;
        }
        if (n == 0) {
            break;
        }
        used += (size_t)n;
        if (used > max_bytes) {
            status = mkd_error_set(MKD_EFORMAT, "%s: found more than %zu bytes, expected no more",
                                   path, max_bytes);
            goto done;
        }
    }
    text[used] = '\0';
    *out = text;
    *bytes = used;
    text = NULL;
done:
    mkd_free(text);
    return status;
}

int mkd_fs_read(char **out, size_t *bytes, const char *path, size_t max_bytes) {
    *out = NULL;
    *bytes = 0;
    int fd = -1;
    struct stat info;
    MKD_TRY(open_to_read(&fd, &info, path));
    uintmax_t size = S_ISREG(info.st_mode) ? (uintmax_t)info.st_size : 0;
    int status;
    if (size > max_bytes) {
        status = mkd_error_set(MKD_EFORMAT, "%s: found %ju bytes, expected at most %zu", path, size,
                               max_bytes);
    } else {
        status = read_to_end(out, bytes, fd, (size_t)size, max_bytes, path);
    }
    close(fd);
    return status;
}

enum { TEMPORARY_ATTEMPTS = 1000 };

struct mkd_fs_writer {
    int fd;
    int error;       ///< errno of the first failed write; 0: none
    char *path;      ///< what the caller named, for messages
    char *target;    ///< what is replaced: `path` with links followed
    char *temporary; ///< NULL: `target` is no file and is written in place
};

static void writer_close(mkd_fs_writer *w) {
    if (w->fd >= 0) {
        close(w->fd);
        w->fd = -1;
    }
}

static void writer_free(mkd_fs_writer *w) {
    writer_close(w);
    mkd_free(w->path);
    mkd_free(w->target);
    mkd_free(w->temporary);
    mkd_free(w);
}

static int writer_fail(mkd_fs_writer *w, int error) {
    if (!w->error) {
        w->error = error;
        writer_close(w);
        if (w->temporary) {
            unlink(w->temporary);
        }
    }
    return mkd_fs__system_error(w->path, "write", w->error);
}

static char *follow_link(const char *path) {
    struct stat info;
    if (lstat(path, &info) == 0 && S_ISLNK(info.st_mode)) {
        // POSIX's own allocation, copied so that ours has one owner
        char *real = realpath(path, NULL);
        char *copy = real ? mkd_strdup(real) : mkd_strdup(path);
        free(real);
        return copy;
    }
    return mkd_strdup(path);
}

static char *temporary_name(const char *target) {
    static atomic_uint n_names;
    char *folder = mkd_fs_dirname(target);
    const char *slash = strrchr(target, '/');
    mkd_str name = {0};
    // the name is cut so that the longest one that a file may have still gets a temporary one
    mkd_str_printf(&name, ".%.200s.tmp-%ld-%u", slash ? slash + 1 : target, (long)getpid(),
                   atomic_fetch_add(&n_names, 1));
    char *path = folder && !name.failed ? mkd_fs_join(folder, name.text) : NULL;
    mkd_str_free(&name);
    mkd_free(folder);
    return path;
}

// Opens a temporary file. The lock on it tells mkd_fs_sweep that it is being written; it ends with
// the process, however that ends.
static int open_temporary(mkd_fs_writer *w) {
    for (int attempt = 0; attempt < TEMPORARY_ATTEMPTS; attempt++) {
        struct stat info;
        mkd_free(w->temporary);
        w->temporary = temporary_name(w->target);
        if (!w->temporary) {
            return MKD_ENOMEM;
        }
        w->fd = open(w->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (w->fd < 0 && errno != EEXIST) {
            return mkd_fs__system_error(w->path, "write", errno);
        }
        if (w->fd < 0) {
            continue; // of a killed process that had our number, as in a container
        }
        // a file system without locks is never swept
        bool is_ours = flock(w->fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
        if (is_ours && fstat(w->fd, &info) == 0 && info.st_nlink > 0) {
            return 0;
        }
        writer_close(w); // swept between open and lock
    }
    MKD_FAIL(MKD_EIO, "%s: cannot write: no temporary name is free beside it", w->path);
}

static int writer_open_file(mkd_fs_writer *w) {
    struct stat old;
    bool exists = stat(w->target, &old) == 0;
    if (exists && S_ISDIR(old.st_mode)) {
        MKD_FAIL(MKD_EINVAL, "%s: found a folder, expected a file", w->path);
    }
    if (exists && !S_ISREG(old.st_mode)) {
        w->fd = open(w->target, O_WRONLY | O_CLOEXEC);
        return w->fd < 0 ? mkd_fs__system_error(w->path, "write", errno) : 0;
    }
    MKD_TRY(open_temporary(w));
    if (exists && fchmod(w->fd, old.st_mode & 07777) != 0) {
        return writer_fail(w, errno);
    }
    return 0;
}

int mkd_fs_writer_open(mkd_fs_writer **out, const char *path) {
    *out = NULL;
    mkd_fs_writer *w = mkd_alloc(sizeof *w);
    if (!w) {
        return MKD_ENOMEM;
    }
    w->fd = -1;
    w->path = mkd_strdup(path);
    w->target = w->path ? follow_link(path) : NULL;
    int status = w->target ? writer_open_file(w) : MKD_ENOMEM;
    if (status < 0) {
        writer_free(w);
        return status;
    }
    *out = w;
    return 0;
}

int mkd_fs_writer_write(mkd_fs_writer *w, const void *data, size_t bytes) {
    if (w->error) {
        return writer_fail(w, w->error);
    }
    const char *p = data;
    while (bytes > 0) {
        ssize_t n = write(w->fd, p, bytes);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return writer_fail(w, errno);
        }
        p += n;
        bytes -= (size_t)n;
    }
    return 0;
}

// After a crash the new name must not be lost. Folders that cannot be opened or flushed (some
// network file systems) are left to the system.
static void flush_folder_of(const char *path) {
    char *folder = mkd_fs_dirname(path);
    int fd = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
    mkd_free(folder);
}

static int writer_finish(mkd_fs_writer *w) {
    if (w->error) {
        return writer_fail(w, w->error);
    }
    // pipes and devices cannot be flushed: EINVAL
    if (fsync(w->fd) != 0 && errno != EINVAL) {
        return writer_fail(w, errno);
    }
    // renamed while open: without its lock the file could be swept
    if (w->temporary && rename(w->temporary, w->target) != 0) {
        return writer_fail(w, errno);
    }
    if (w->temporary) {
        flush_folder_of(w->target);
    }
    writer_close(w);
    return 0;
}

int mkd_fs_writer_commit(mkd_fs_writer *w) {
    int status = writer_finish(w);
    writer_free(w);
    return status;
}

void mkd_fs_writer_abort(mkd_fs_writer *w) {
    if (!w) {
        return;
    }
    if (w->temporary && !w->error) {
        unlink(w->temporary);
    }
    writer_free(w);
}

int mkd_fs_write_atomic(const char *path, const void *data, size_t bytes) {
    mkd_fs_writer *w;
    MKD_TRY(mkd_fs_writer_open(&w, path));
    int status = mkd_fs_writer_write(w, data, bytes);
    if (status < 0) {
        mkd_fs_writer_abort(w);
        return status;
    }
    return mkd_fs_writer_commit(w);
}

int mkd_fs_map_open(mkd_fs_map *out, const char *path) {
    static const uint8_t nothing[1];
    *out = (mkd_fs_map){nothing, 0};
    int fd = -1;
    struct stat info;
    MKD_TRY(open_to_read(&fd, &info, path));
    int status = 0;
    if (!S_ISREG(info.st_mode)) {
        status = mkd_error_set(MKD_EINVAL, "%s: found a device or a pipe, expected a file", path);
    } else if (info.st_size > 0) {
        void *data = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_SHARED, fd, 0);
        if (data == MAP_FAILED) {
            status = mkd_fs__system_error(path, "map", errno);
        } else {
            *out = (mkd_fs_map){data, (size_t)info.st_size};
        }
    }
    close(fd);
    return status;
}

void mkd_fs_map_close(mkd_fs_map *map) {
    if (map->bytes) {
        munmap((void *)(uintptr_t)map->data, map->bytes);
    }
    *map = (mkd_fs_map){0};
}

// Takes back what a failed append wrote, unless somebody else appended since.
static void truncate_append(int fd, off_t written) {
    struct stat now;
    off_t end = lseek(fd, 0, SEEK_CUR);
    if (fstat(fd, &now) == 0 && S_ISREG(now.st_mode) && now.st_size == end && end >= written) {
        int ignored = ftruncate(fd, end - written);
        (void)ignored;
    }
}

int mkd_fs_append_line(const char *path, const char *line) {
    mkd_str text = {0};
    mkd_str_append(&text, line);
    mkd_str_append(&text, "\n");
    if (text.failed) {
        mkd_str_free(&text);
        return MKD_ENOMEM;
    }
    int status = 0;
    size_t written = 0;
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (fd < 0) {
        status = mkd_fs__system_error(path, "write", errno);
    }
    while (!status && written < text.length) {
        ssize_t n = write(fd, text.text + written, text.length - written);
        if (n >= 0) {
            written += (size_t)n;
        } else if (errno != EINTR) {
            status = mkd_fs__system_error(path, "write", errno);
            truncate_append(fd, (off_t)written);
        }
    }
    if (fd >= 0 && close(fd) != 0 && !status) {
        status = mkd_fs__system_error(path, "write", errno);
    }
    mkd_str_free(&text);
    return status;
}
