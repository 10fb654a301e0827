#include "comm/comm.h"

#include <string.h>

#include "base/alloc.h"
#include "base/status.h"
#include "base/str.h"

#define MKD_COMM(name) extern const mkd_comm_driver mkd_comm_##name;
#include "comm/comms.def"
#undef MKD_COMM

struct mkd_comm {
    const mkd_comm_driver *driver;
    void *state;
};

const mkd_comm_driver *const *mkd_comm_drivers(void) {
    static const mkd_comm_driver *const all[] = {
#define MKD_COMM(name) &mkd_comm_##name,
#include "comm/comms.def"
#undef MKD_COMM
        NULL,
    };
    return all;
}

int mkd_comm_open(mkd_comm **out, const char *name) {
    const char *names[8];
    size_t n = 0;
    *out = NULL;
    for (const mkd_comm_driver *const *d = mkd_comm_drivers(); *d; d++) {
        names[n++] = (*d)->name;
        if (strcmp((*d)->name, name) != 0) {
            continue;
        }
        mkd_comm *comm = mkd_alloc(sizeof *comm);
        if (!comm) {
            return MKD_ENOMEM;
        }
        comm->driver = *d;
        int status = (*d)->open(&comm->state);
        if (status < 0) {
            mkd_free(comm);
            return status;
        }
        *out = comm;
        return 0;
    }
    return mkd_unknown_name("transport", name, names, n);
}

void mkd_comm_close(mkd_comm *comm) {
    if (comm) {
        comm->driver->close(comm->state);
        mkd_free(comm);
    }
}

int mkd_comm_rank(const mkd_comm *comm) {
    return comm->driver->rank(comm->state);
}

int mkd_comm_size(const mkd_comm *comm) {
    return comm->driver->size(comm->state);
}

int mkd_comm_all_reduce_f32(mkd_comm *comm, float *values, size_t n) {
    return comm->driver->all_reduce_sum_f32(comm->state, values, n);
}

int mkd_comm_all_reduce_f64(mkd_comm *comm, double *values, size_t n) {
    return comm->driver->all_reduce_sum_f64(comm->state, values, n);
}

int mkd_comm_broadcast(mkd_comm *comm, void *bytes, size_t n_bytes, int from_rank) {
    return comm->driver->broadcast(comm->state, bytes, n_bytes, from_rank);
}

int mkd_comm_barrier(mkd_comm *comm) {
    return comm->driver->barrier(comm->state);
}
