/// A plan: a graph lowered to a program, compiled by a backend, with one workspace; run many times.
///
/// Lowering does, in this order: batch-norm folding (inference) and fusion of residual and ReLU
/// into convolutions; choice of precision; dead-code removal from the outputs, gradients and
/// running statistics; split into a prologue (what depends on frozen parameters alone, run once)
/// and the body; aliasing and in-place; liveness and one workspace. docs/engine.md tells it whole.
#ifndef MKD_NN_PLAN_H
#define MKD_NN_PLAN_H

#include "nn/graph.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mkd_plan mkd_plan;

/// Element type of the operands of convolutions; master weights, gradients, statistics and sums are
/// f32 in any case.
typedef enum mkd_precision { MKD_PRECISION_F32, MKD_PRECISION_BF16 } mkd_precision;

typedef struct mkd_plan_options {
    mkd_precision precision;
    bool no_fusion; ///< leave batch norm and activations as nodes of their own (tests)
    bool no_reuse;  ///< every value has memory of its own (tests, debugging)
    uint64_t seed;  ///< of stores that are not allocated yet
} mkd_plan_options;

typedef struct mkd_plan_stats {
    int n_nodes, n_prologue_nodes, n_fallbacks;
    size_t workspace_bytes;   ///< what the plan allocated for passing values
    size_t lower_bound_bytes; ///< the largest set of values alive at one node
    size_t persistent_bytes;  ///< inputs, constants, prologue results
} mkd_plan_stats;

/// Reports the graph's sticky error, allocates its stores if needed, lowers and compiles. The graph
/// must outlive the plan. Errors: what building reported; ENOMEM; what the backend refuses.
int mkd_plan_create(mkd_plan **out, mkd_graph *g, mkd_backend *backend,
                    const mkd_plan_options *options) MKD_NODISCARD;
void mkd_plan_free(mkd_plan *plan);

/// Computes the prologue again: call it when frozen parameters or running statistics have changed.
int mkd_plan_refresh(mkd_plan *plan) MKD_NODISCARD;
int mkd_plan_run(mkd_plan *plan) MKD_NODISCARD;

/// Host address of an input or output (CPU backends), else NULL: what lies in between shares memory
/// (but with `no_reuse`). Inputs keep their values.
void *mkd_plan_data(const mkd_plan *plan, mkd_value x);
/// Copies in and out on any backend; `tensor` must have the value's type and shape.
int mkd_plan_write(mkd_plan *plan, mkd_value x, const mkd_tensor *tensor) MKD_NODISCARD;
/// Owned copy of an input, an output or a gradient. Errors: EINVAL for any other value.
int mkd_plan_read(mkd_tensor *out, mkd_plan *plan, mkd_value x) MKD_NODISCARD;
/// A scalar f32 output.
int mkd_plan_read_scalar(double *out, mkd_plan *plan, mkd_value x) MKD_NODISCARD;

void mkd_plan_get_stats(mkd_plan_stats *out, const mkd_plan *plan);

#ifdef __cplusplus
}
#endif

#endif
