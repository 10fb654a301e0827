/// How the files of fs report a failed system call.
#ifndef MKD_BASE_FS_ERROR_H
#define MKD_BASE_FS_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

/// Fails with "<path>: cannot <what>: <the system's reason for errno `error`>".
int mkd_fs__system_error(const char *path, const char *what, int error);

#ifdef __cplusplus
}
#endif

#endif
