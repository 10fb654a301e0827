#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tensor/backend.h"

enum { PATH_BYTES = 4096 };

// about 0.2 ms: longer than the threads of an undisturbed loop wait for each other
#define SPINS "4000"

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
