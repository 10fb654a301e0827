// sched_getaffinity and the CPU_ macros are Linux's own
#define _GNU_SOURCE

#include "base/thread.h"

#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/status.h"

int mkd_thread_start(mkd_thread *out, void *(*body)(void *), void *payload) {
    out->running = false;
    int error = pthread_create(&out->handle, NULL, body, payload);
    if (error) {
        MKD_FAIL(MKD_EIO, "cannot start a thread: error %d of the system", error);
    }
    out->running = true;
    return 0;
}

void mkd_thread_join(mkd_thread *thread) {
    if (thread->running) {
        pthread_join(thread->handle, NULL);
        thread->running = false;
    }
}

static double clock_s(clockid_t clock) {
    struct timespec now = {0};
    clock_gettime(clock, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

double mkd_time_s(void) {
    return clock_s(CLOCK_MONOTONIC);
}

double mkd_wall_time_s(void) {
    return clock_s(CLOCK_REALTIME);
}

int mkd_cpu_count(void) {
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    if (sched_getaffinity(0, sizeof cpus, &cpus) == 0) {
        int n = CPU_COUNT(&cpus);
        return n > 0 ? n : 1;
    }
    // more CPUs than a cpu_set_t holds
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (int)n : 1;
}

// a signal handler may touch lock-free atomics only
_Static_assert(ATOMIC_INT_LOCK_FREE == 2, "the interrupt flag has to be lock-free");
static atomic_int interrupted;

void mkd_interrupt_request(void) {
    atomic_store(&interrupted, 1);
}

bool mkd_interrupt_requested(void) {
    return atomic_load(&interrupted) != 0;
}

void mkd_interrupt_clear(void) {
    atomic_store(&interrupted, 0);
}
