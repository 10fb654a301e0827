/// The graph: a model as it is written down, before it is lowered to a program.
///
/// Building reads like the paper: functions take and give small handles, names are the paths of the
/// authors' checkpoints, and the first error sticks to the graph (mkd_graph_status reports it with
/// the value's path and the shapes involved), so model code has no error check per line.
#ifndef MKD_NN_GRAPH_H
#define MKD_NN_GRAPH_H

#include "nn/store.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mkd_graph mkd_graph;

/// A value of a graph; `id` < 0 is "none".
typedef struct mkd_value {
    int id;
} mkd_value;

#define MKD_NONE ((mkd_value){-1})

/// How the layers of a network behave.
typedef enum mkd_mode {
    MKD_MODE_TRAIN,       ///< gradients; batch statistics, running ones move
    MKD_MODE_BATCH_STATS, ///< no gradient; batch statistics, running ones move
    MKD_MODE_INFERENCE    ///< no gradient; running statistics, batch norm folded into convolutions
} mkd_mode;

/// Where the parameters of the following layers live and how they behave.
typedef struct mkd_network {
    mkd_store *store;
    mkd_mode mode;
    const char *prefix; ///< put before every path ("" or "distill.")
} mkd_network;

int mkd_graph_new(mkd_graph **out) MKD_NODISCARD;
void mkd_graph_free(mkd_graph *g);

/// 0, or the first error with its message set again.
int mkd_graph_status(const mkd_graph *g) MKD_NODISCARD;
/// Makes `code` with this thread's message the graph's error, if it has none yet.
void mkd_graph_fail(mkd_graph *g, int code);

/// The layers that follow belong to `network`; calls nest.
void mkd_graph_enter(mkd_graph *g, const mkd_network *network);
void mkd_graph_leave(mkd_graph *g);
mkd_mode mkd_graph_mode(const mkd_graph *g);

/// A formatted name that lives as long as the graph ("" if memory is out).
const char *mkd_graph_name(mkd_graph *g, const char *fmt, ...) MKD_PRINTF(2, 3);

/// Something that is given at every run.
mkd_value mkd_input(mkd_graph *g, const char *name, mkd_dtype dtype, mkd_shape shape);
/// One number, f32, rank 0.
mkd_value mkd_constant(mkd_graph *g, double value);
/// A constant array (copied).
mkd_value mkd_constant_tensor(mkd_graph *g, const char *name, const mkd_tensor *tensor);
/// A parameter or buffer of the current network. `entry` without offset and count; its path is
/// relative to the network's prefix.
mkd_value mkd_parameter(mkd_graph *g, const mkd_entry *entry);

/// A node of operator `op`; MKD_NONE stands for an input that is optional and absent. @return its
/// first output (MKD_NONE after an error or without outputs).
mkd_value mkd_node(mkd_graph *g, mkd_op op, const char *name, const mkd_attributes *attributes,
                   const mkd_value *inputs, int n_inputs);
/// Output `i` of the node that made `first`.
mkd_value mkd_node_output(const mkd_graph *g, mkd_value first, int i);

/// A host operator: `function` fills the outputs, whose types and shapes are given.
mkd_value mkd_host(mkd_graph *g, const char *name, mkd_host_function function, void *payload,
                   const mkd_value *inputs, int n_inputs, const mkd_dtype *dtypes,
                   const mkd_shape *shapes, int n_outputs);

/// The same value, through which no gradient flows.
mkd_value mkd_stop_gradient(mkd_graph *g, mkd_value x);

/// Marks a value that can be read after a run, under `name`.
void mkd_output(mkd_graph *g, const char *name, mkd_value x);
/// By name; MKD_NONE if there is none.
mkd_value mkd_find_output(const mkd_graph *g, const char *name);
mkd_value mkd_find_input(const mkd_graph *g, const char *name);

/// An input gradients are asked for (tests, operators alone).
void mkd_require_gradient(mkd_graph *g, mkd_value input);

mkd_shape mkd_value_shape(const mkd_graph *g, mkd_value x);
mkd_dtype mkd_value_dtype(const mkd_graph *g, mkd_value x);
const char *mkd_value_name(const mkd_graph *g, mkd_value x);
int64_t mkd_value_extent(const mkd_graph *g, mkd_value x,
                         int axis); ///< axis < 0 counts from the end

/// Builds the gradient of the scalar `loss` by every trainable parameter of networks in mode TRAIN
/// and by every input that requires it. The parameters' end up in their store's gradients.
/// `loss_gradient`: MKD_NONE stands for 1. Once per graph: losses are added up before.
void mkd_backward(mkd_graph *g, mkd_value loss, mkd_value loss_gradient);
/// The gradient of an input or parameter after mkd_backward (MKD_NONE if `loss` does not depend on
/// it, and for values in between).
mkd_value mkd_gradient(const mkd_graph *g, mkd_value x);

/// Floating point operations of a forward run of all convolutions and matrix products (2 per
/// multiply-add).
double mkd_graph_flops(const mkd_graph *g);
int mkd_graph_node_count(const mkd_graph *g);

#ifdef __cplusplus
}
#endif

#endif
