/// Threads: a joinable thread, clocks, the number of CPUs, the request to stop.
#ifndef MKD_BASE_THREAD_H
#define MKD_BASE_THREAD_H

#include <pthread.h>
#include <stdbool.h>

#include "base/compiler.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mkd_thread {
    pthread_t handle;
    bool running;
} mkd_thread;

int mkd_thread_start(mkd_thread *out, void *(*body)(void *), void *payload) MKD_NODISCARD;
/// Waits for the thread; does nothing if it does not run.
void mkd_thread_join(mkd_thread *thread);

/// Seconds of a clock that never goes back.
double mkd_time_s(void);
/// Seconds since 1970.
double mkd_wall_time_s(void);
/// Number of CPUs this process may use (affinity mask), at least 1.
int mkd_cpu_count(void);

/// The request to stop: set by the program's signal handler (async-signal-safe), asked by long
/// work.
void mkd_interrupt_request(void);
bool mkd_interrupt_requested(void);
void mkd_interrupt_clear(void);

#ifdef __cplusplus
}
#endif

#endif
