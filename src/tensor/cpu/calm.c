#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tensor/backend.h"

enum { PATH_BYTES = 4096 };

// about 0.05 ms: what GNU OpenMP itself takes when it knows of more threads than cores. Beside a
// program of two busy threads on two cores a step took 1.15 times the time of 100 and 0.8 of 4000.
#define SPINS "1000"

void mkd_backend_calm_threads(char **argv) {
    char path[PATH_BYTES];
    if (getenv("OMP_WAIT_POLICY") || getenv("GOMP_SPINCOUNT")) {
        return;
    }
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    if (n <= 0 || setenv("GOMP_SPINCOUNT", SPINS, 1) != 0) {
        return;
    }
    path[n] = '\0';
    execv(path, argv);
}
