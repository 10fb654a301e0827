/// Files: whole reads, atomic writes, memory maps, folders.
#ifndef MKD_BASE_FS_H
#define MKD_BASE_FS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Reads a whole file; `*out` has one NUL byte behind its `*bytes` bytes. Caller frees (mkd_free).
/// A file larger than `max_bytes` is refused (EFORMAT) before it is read. Files without a size
/// (pipes, /proc) are read until they end. Errors: ENOTFOUND, EIO, EFORMAT, ENOMEM, EINVAL (a
/// folder); the message names the path.
int mkd_fs_read(char **out, size_t *bytes, const char *path, size_t max_bytes) MKD_NODISCARD;

/// Replaces `path` by `bytes` bytes: written to a temporary name beside it, flushed to disk
/// (fsync), renamed. Either the old or the whole new file exists at any moment; on failure the
/// temporary file is removed. The permissions of an old file are kept, a link is followed; what is
/// not a file (a device, a pipe) is written in place.
int mkd_fs_write_atomic(const char *path, const void *data, size_t bytes) MKD_NODISCARD;

/// A streamed atomic write. After a failed write nothing is left on disk, every further call fails
/// likewise, and commit or abort still has to be called.
typedef struct mkd_fs_writer mkd_fs_writer;
int mkd_fs_writer_open(mkd_fs_writer **out, const char *path) MKD_NODISCARD;
int mkd_fs_writer_write(mkd_fs_writer *w, const void *data, size_t bytes) MKD_NODISCARD;
/// fsync and rename; frees the writer in any case.
int mkd_fs_writer_commit(mkd_fs_writer *w) MKD_NODISCARD;
/// Drops the temporary file and frees. NULL is allowed.
void mkd_fs_writer_abort(mkd_fs_writer *w);

/// Removes the temporary files that atomic writes of killed processes left in `folder`; those that
/// somebody is still writing stay, and so do those that may not be removed. A folder that does not
/// exist is fine. Thread-safe.
int mkd_fs_sweep(const char *folder) MKD_NODISCARD;

/// A read-only memory map of a file. An empty file gives 0 bytes and a non-NULL pointer.
typedef struct mkd_fs_map {
    const uint8_t *data;
    size_t bytes;
} mkd_fs_map;
int mkd_fs_map_open(mkd_fs_map *out, const char *path) MKD_NODISCARD;
void mkd_fs_map_close(mkd_fs_map *map);

/// Appends one line (a newline is added) in a single write, and flushes it to the system. If the
/// disk is full, the part of the line that was written is taken back.
int mkd_fs_append_line(const char *path, const char *line) MKD_NODISCARD;

bool mkd_fs_exists(const char *path);
bool mkd_fs_is_dir(const char *path);
/// Creates a folder and its parents; an existing one is fine.
int mkd_fs_make_dirs(const char *path) MKD_NODISCARD;
/// Removes a file, a link or an empty folder. Errors: ENOTFOUND, EIO.
int mkd_fs_remove(const char *path) MKD_NODISCARD;
/// Removes a folder with all its contents; links are removed, not followed.
int mkd_fs_remove_tree(const char *path) MKD_NODISCARD;

/// Sorted names (not paths) of a folder's entries that end in `suffix` ("" for all). Hidden
/// entries, whose name begins with a dot (the temporary files of an atomic write among them), are
/// left out.
typedef struct mkd_fs_list {
    char **names;
    size_t n;
} mkd_fs_list;
int mkd_fs_list_dir(mkd_fs_list *out, const char *path, const char *suffix) MKD_NODISCARD;
void mkd_fs_list_free(mkd_fs_list *list);

/// "a/b" from "a" and "b" (an absolute `b` is returned alone). Caller frees; NULL if memory is out.
char *mkd_fs_join(const char *a, const char *b) MKD_NODISCARD;
/// The folder part of a path ("." if it has none). Caller frees.
char *mkd_fs_dirname(const char *path) MKD_NODISCARD;

/// An exclusive lock file, held until close or the process ends (flock).
/// Errors: EINVAL if it is held already, with the holder's process number; ENOTFOUND, EIO.
int mkd_fs_lock(int *out_fd, const char *path) MKD_NODISCARD;
void mkd_fs_unlock(int fd);

#ifdef __cplusplus
}
#endif

#endif
