// The inside of a graph, shared by construction, differentiation and lowering.
#ifndef MKD_NN_GRAPH_PRIVATE_H
#define MKD_NN_GRAPH_PRIVATE_H

#include "base/alloc.h"
#include "base/status.h"
#include "nn/graph.h"

typedef enum graph_source {
    SOURCE_NODE,
    SOURCE_INPUT,
    SOURCE_CONSTANT,
    SOURCE_PARAMETER, // of a store's values
    SOURCE_BUFFER     // of a store's buffers
} graph_source;

typedef struct graph_value {
    const char *name;
    mkd_dtype dtype;
    mkd_shape shape;
    graph_source source;
    int node, output; // SOURCE_NODE: who makes it
    mkd_store *store; // SOURCE_PARAMETER, SOURCE_BUFFER
    int entry;
    mkd_tensor constant; // SOURCE_CONSTANT
    bool differentiable; // a gradient by it, or by something it depends on, is wanted
    bool frozen;         // depends on constants and on networks in mode INFERENCE alone
    bool is_output;
    const char *output_name;
    mkd_store *gradient_store; // the value is written to the gradient of entry `gradient_entry`
    int gradient_entry;
    int gradient; // after mkd_backward: value id, or -1
} graph_value;

typedef struct graph_node {
    mkd_op op;
    const char *name;
    mkd_attributes attributes;
    int n_in, n_out;
    int in[MKD_MAX_INPUTS];
    int out[MKD_MAX_OUTPUTS];
    bool stops_gradient;
    bool backward; // made by mkd_backward
} graph_node;

struct mkd_graph {
    mkd_arena *arena;
    graph_value *values;
    int n_values, value_capacity;
    graph_node *nodes;
    int n_nodes, node_capacity;
    mkd_network networks[8];
    int n_networks;
    mkd_store *stores[8]; // all that were entered
    int n_stores;
    bool in_backward, has_backward;
    mkd_error error;
};

// What a shape function sees and fills; attributes may be completed.
typedef struct shape_call {
    mkd_attributes *attributes;
    int n_in;
    mkd_shape in[MKD_MAX_INPUTS]; // rank -1: absent
    mkd_dtype in_dtype[MKD_MAX_INPUTS];
    mkd_shape out[MKD_MAX_OUTPUTS];
    mkd_dtype out_dtype[MKD_MAX_OUTPUTS];
    int n_out;
} shape_call;

typedef int (*shape_function)(shape_call *call);

// What a gradient builder sees: the node's values, the gradients of its outputs (MKD_NONE where
// none arrived), which input gradients are wanted; it fills `dx` (MKD_NONE where there is none).
typedef struct gradient_call {
    mkd_op op;
    const char *name;
    const mkd_attributes *attributes;
    int n_in, n_out;
    mkd_value in[MKD_MAX_INPUTS], out[MKD_MAX_OUTPUTS], dy[MKD_MAX_OUTPUTS];
    bool wanted[MKD_MAX_INPUTS];
    mkd_value dx[MKD_MAX_INPUTS];
} gradient_call;

typedef void (*gradient_function)(mkd_graph *g, gradient_call *call);

// One shape function and, for operators with a gradient, one builder per line of ops.def.
#define MKD_DECLARE_GRADIENT_N(name)
#define MKD_DECLARE_GRADIENT_G(name)                                                               \
    void mkd_op__gradient_##name(mkd_graph *g, gradient_call *call);
#define MKD_DECLARE_GRADIENT_GI(name) MKD_DECLARE_GRADIENT_G(name)
#define MKD_OP(name, min_in, max_in, n_out, flags, summary)                                        \
    int mkd_op__shape_##name(shape_call *call);                                                    \
    MKD_DECLARE_GRADIENT_##flags(name)
#include "tensor/ops.def"
#undef MKD_OP

// The gradient builder of an operator, NULL if it has none.
gradient_function mkd_op__gradient(mkd_op op);
shape_function mkd_op__shape(mkd_op op);

// Does the kind's derivative come from its output (else from its input)?
bool mkd_unary__uses_output(mkd_unary kind, double alpha);

// `x` summed down to `shape`, which broadcasts to x's.
mkd_value mkd_graph__sum_to(mkd_graph *g, mkd_value x, const mkd_shape *shape);

// A new value (-1 after an error); a pass that makes one also makes its node.
int mkd_graph__add_value(mkd_graph *g, const char *name, graph_source source, mkd_dtype dtype,
                         mkd_shape shape);

// Convolution's output extent along one axis.
int64_t mkd_window__extent(const mkd_window *w, int axis, int64_t in);

#endif
