/// Ranks: the processes that train one model together, and what they say to each other.
///
/// All ranks call the same functions in the same order. One line of comms.def per transport.
#ifndef MKD_COMM_COMM_H
#define MKD_COMM_COMM_H

#include <stddef.h>

#include "base/compiler.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mkd_comm mkd_comm;

/// A transport: one file, one line.
typedef struct mkd_comm_driver {
    const char *name;
    const char *summary;
    int (*open)(void **out_state);
    void (*close)(void *state);
    int (*rank)(const void *state);
    int (*size)(const void *state);
    int (*all_reduce_sum_f32)(void *state, float *values, size_t n);
    int (*all_reduce_sum_f64)(void *state, double *values, size_t n);
    int (*broadcast)(void *state, void *bytes, size_t n_bytes, int from_rank);
    int (*barrier)(void *state);
} mkd_comm_driver;

/// Opens the transport `name`. An unknown name tells the nearest.
int mkd_comm_open(mkd_comm **out, const char *name) MKD_NODISCARD;
void mkd_comm_close(mkd_comm *comm);
int mkd_comm_rank(const mkd_comm *comm); ///< 0 .. size - 1; rank 0 writes files and speaks
int mkd_comm_size(const mkd_comm *comm);
/// Every rank's array becomes the sum over all ranks, in an order that depends on the number of
/// ranks alone. Errors: ECOMM.
int mkd_comm_all_reduce_f32(mkd_comm *comm, float *values, size_t n) MKD_NODISCARD;
int mkd_comm_all_reduce_f64(mkd_comm *comm, double *values, size_t n) MKD_NODISCARD;
int mkd_comm_broadcast(mkd_comm *comm, void *bytes, size_t n_bytes, int from_rank) MKD_NODISCARD;
int mkd_comm_barrier(mkd_comm *comm) MKD_NODISCARD;

/// All transports, NULL-ended.
const mkd_comm_driver *const *mkd_comm_drivers(void);

#ifdef __cplusplus
}
#endif

#endif
