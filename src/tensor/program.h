/// A program: a flat list of nodes over typed values with known memory, what a backend compiles.
///
/// Programs are made by the passes of nn (which also choose the order, the precision of each value
/// and where it lies); backends bring the kernels.
#ifndef MKD_TENSOR_PROGRAM_H
#define MKD_TENSOR_PROGRAM_H

#include "tensor/ops.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Memory of a backend.
typedef struct mkd_buffer {
    void *host;   ///< address for the host, or NULL if the host cannot reach it
    void *device; ///< the backend's own handle; equals `host` on the CPU
    size_t bytes;
} mkd_buffer;

typedef struct mkd_program_value {
    const char *name; ///< path, for messages and profiles
    mkd_dtype dtype;
    mkd_shape shape;
    mkd_buffer *buffer;
    size_t offset; ///< bytes into `buffer`, a multiple of 64
} mkd_program_value;

typedef struct mkd_program_node {
    mkd_op op;
    const char *name;
    mkd_attributes attributes;
    int n_in, n_out;
    int in[MKD_MAX_INPUTS];   ///< value indices; -1: an optional input that is absent
    int out[MKD_MAX_OUTPUTS]; ///< -1: an output that nobody uses and that has no memory
} mkd_program_node;

typedef struct mkd_program {
    mkd_program_value *values;
    int n_values;
    mkd_program_node *nodes; ///< in the order of execution
    int n_nodes;
} mkd_program;

/// The arguments of a node as host memory; absent values have data NULL. `out` points into `node`.
/// Errors: EDEVICE if the host cannot reach a value.
int mkd_program_resolve(mkd_call *out, const mkd_program *program,
                        const mkd_program_node *node) MKD_NODISCARD;

#ifdef __cplusplus
}
#endif

#endif
