/// Backends: who runs programs. One line of backends.def each; `ref` is the oracle.
#ifndef MKD_TENSOR_BACKEND_H
#define MKD_TENSOR_BACKEND_H

#include "base/str.h"
#include "tensor/program.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mkd_backend mkd_backend;
typedef struct mkd_executable mkd_executable;

typedef struct mkd_backend_options {
    int n_threads; ///< 0: all CPUs of this process
} mkd_backend_options;

typedef struct mkd_backend_driver {
    const char *name;
    const char *summary;
    /// How good on this machine: 0 unusable; the highest is chosen for "auto".
    int (*score)(void);
    int (*open)(void **out_state, const mkd_backend_options *options);
    void (*close)(void *state);
    int (*buffer_new)(mkd_buffer *out, void *state, size_t bytes);
    void (*buffer_free)(mkd_buffer *buffer, void *state);
    int (*upload)(void *state, mkd_buffer *to, size_t offset, const void *from, size_t bytes);
    int (*download)(void *state, void *to, const mkd_buffer *from, size_t offset, size_t bytes);
    /// Has this backend a kernel of its own for the node (else `ref` runs it)?
    bool (*supports)(const void *state, const mkd_program *program, const mkd_program_node *node);
    int (*compile)(void **out_executable, void *state, const mkd_program *program);
    int (*run)(void *executable);
    void (*executable_free)(void *executable);
    /// Appends what the machine and the backend can do (`monokd doctor`).
    int (*describe)(mkd_str *out, const void *state);
} mkd_backend_driver;

/// Opens a backend by name ("ref", "cpu", "auto"). An unknown name tells the nearest.
int mkd_backend_open(mkd_backend **out, const char *name,
                     const mkd_backend_options *options) MKD_NODISCARD;
void mkd_backend_close(mkd_backend *backend);
const char *mkd_backend_name(const mkd_backend *backend);
/// All drivers, NULL-ended.
const mkd_backend_driver *const *mkd_backend_drivers(void);
int mkd_backend_describe(mkd_str *out, const mkd_backend *backend) MKD_NODISCARD;

/// Zeroed memory.
int mkd_buffer_new(mkd_buffer **out, mkd_backend *backend, size_t bytes) MKD_NODISCARD;
void mkd_buffer_free(mkd_buffer *buffer, mkd_backend *backend);
int mkd_buffer_upload(mkd_backend *backend, mkd_buffer *to, size_t offset, const void *from,
                      size_t bytes) MKD_NODISCARD;
int mkd_buffer_download(mkd_backend *backend, void *to, const mkd_buffer *from, size_t offset,
                        size_t bytes) MKD_NODISCARD;

/// Compiles a program, which must outlive the executable. Nodes that the backend has no kernel for
/// run in `ref` and are named in one warning of the log; mkd_executable_fallbacks counts them.
int mkd_executable_new(mkd_executable **out, mkd_backend *backend,
                       const mkd_program *program) MKD_NODISCARD;
void mkd_executable_free(mkd_executable *executable);
int mkd_executable_run(mkd_executable *executable) MKD_NODISCARD;
int mkd_executable_fallbacks(const mkd_executable *executable);

/// For the first line of a program's main: makes the threads of the cpu backend wait calmly.
///
/// By default threads of GNU OpenMP that wait for each other spin for some 16 ms, and where another
/// thread wants their core (a loader, a second program) a training step takes several times as
/// long. The limit is read from the environment before main begins. So, unless OMP_WAIT_POLICY or
/// GOMP_SPINCOUNT is set, this sets the latter and starts the program again in the same process;
/// it returns if that is done already or cannot be done.
void mkd_backend_calm_threads(char **argv);

/// The oracle, also for single calls: runs `op` in plain loops, f32 or f64, one thread.
/// Errors: EUNSUPPORTED names operator and element type; what a host function returns.
int mkd_ref_run(mkd_op op, const mkd_call *call) MKD_NODISCARD;

/// Profile of the cpu and ref backends: switched on by the environment variable MKD_PROFILE or
/// this call; times are added up per node name and operator.
void mkd_profile_enable(bool on);
/// Appends a table: operator, implementation, calls, ms, share; then the slowest nodes.
int mkd_profile_format(mkd_str *out) MKD_NODISCARD;
void mkd_profile_reset(void);

#ifdef __cplusplus
}
#endif

#endif
