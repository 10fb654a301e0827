/// The cpu backend: what its driver and its kernels share.
///
/// A node becomes a mkd_cpu_kernel when its program is compiled: either one of our own functions
/// (kernels.c is the table) or a short sequence of oneDNN primitives (dnn.h). Results do not depend
/// on how loops are dealt out to threads: elementwise work has no order, and sums are made of parts
/// whose borders depend on the shape alone, added in order.
#ifndef MKD_TENSOR_CPU_CPU_H
#define MKD_TENSOR_CPU_CPU_H

#include "tensor/cpu/dnn.h"
#include "tensor/program.h"

#ifdef __cplusplus
extern "C" {
#endif

/// `scratch`: 64-byte aligned memory of as many bytes as the kernel asked for, contents undefined.
typedef void (*mkd_cpu_function)(const mkd_call *call, void *scratch);

/// A row of the table of own kernels, which see f32 alone: bf16 values are widened into scratch
/// memory before and rounded after. Shapes and attributes are the graph's and not checked.
typedef struct mkd_cpu_own {
    mkd_cpu_function run; ///< NULL: none
    /// Bytes of scratch; NULL: none.
    size_t (*scratch_bytes)(const mkd_call *call);
    /// Beyond element types and a count above 0; NULL: whatever comes.
    bool (*supports)(const mkd_call *call);
    bool moves; ///< the element type does not matter
} mkd_cpu_own;

/// Own kernel for the call, or NULL.
const mkd_cpu_own *mkd_cpu__own(mkd_op op, const mkd_call *call);

/// Are there bf16 values to widen?
bool mkd_cpu__is_widened(const mkd_cpu_own *own, const mkd_call *call);
size_t mkd_cpu__own_scratch_bytes(const mkd_cpu_own *own, const mkd_call *call);
void mkd_cpu__run_widened(const mkd_cpu_own *own, const mkd_call *call, void *scratch);

/// The gradients of batch norm with ReLU need no mask: where the node at `at` masks dy for the
/// batch_norm_grad behind it and for nobody else, and memory allows, that takes the unmasked dy.
/// @return true with the joined call: batch_norm_grad's with shift as a sixth input.
bool mkd_cpu__join_relu_grad(mkd_call *out, const mkd_program *program, int at);

/// Is this one of oneDNN's nodes, with element types that this machine computes?
bool mkd_cpu__is_dnn(mkd_op op, const mkd_call *call);
/// Compiles it. Errors: EUNSUPPORTED, ENOMEM.
int mkd_cpu__dnn_new(mkd_dnn_sequence *out, mkd_dnn *dnn, mkd_op op,
                     const mkd_call *call) MKD_NODISCARD;
int mkd_cpu__conv_new(mkd_dnn_sequence *out, mkd_dnn *dnn, mkd_op op,
                      const mkd_call *call) MKD_NODISCARD;
int mkd_cpu__matmul_new(mkd_dnn_sequence *out, mkd_dnn *dnn, const mkd_call *call) MKD_NODISCARD;

/// Threads that parallel loops of this thread get (the driver sets it around compile and run).
int mkd_cpu__threads(void);

/// Part [begin, end) of a loop, run by thread `thread` of mkd_cpu__threads().
typedef void (*mkd_cpu_body)(const void *task, int64_t begin, int64_t end, int thread);

/// Runs `body` over [0, n), in at most one contiguous piece per thread, each of `grain` or more
/// where there are that many. Nothing may depend on where the pieces end.
void mkd_cpu__parallel(mkd_cpu_body body, const void *task, int64_t n, int64_t grain);

/// Elements of one elementwise piece that are worth a second thread.
enum { MKD_CPU_GRAIN = 16384 };

static inline int64_t mkd_cpu__smaller(int64_t a, int64_t b) {
    return a < b ? a : b;
}

static inline int64_t mkd_cpu__larger(int64_t a, int64_t b) {
    return a > b ? a : b;
}

static inline int64_t mkd_cpu__divide_up(int64_t a, int64_t b) {
    return (a + b - 1) / b;
}

/// Sums over the rows of x [rows, channels], in double.
///
/// Few channels would waste vector units, so rows are taken `fold` at a time as one wide row of
/// fold * channels elements and folded at the end. Rows are cut into parts of fixed size; each part
/// has its own sums in scratch memory, and parts are added in order.
typedef struct mkd_cpu_columns {
    int64_t rows, channels;
    int64_t width;      ///< elements of a wide row, a multiple of channels
    int64_t n_wide;     ///< wide rows, the last may be shorter
    int64_t n_parts;    ///< at least 1
    int64_t part;       ///< wide rows per part
    int64_t n_elements; ///< rows * channels
} mkd_cpu_columns;

mkd_cpu_columns mkd_cpu__columns(int64_t rows, int64_t channels);
/// Part `at` as elements [begin, end).
void mkd_cpu__columns_part(int64_t *begin, int64_t *end, const mkd_cpu_columns *c, int64_t at);
/// out[channel] = sum over parts and folds of part_sums[part][stride][width].
void mkd_cpu__columns_fold(double *out, const mkd_cpu_columns *c, const double *part_sums,
                           int64_t stride);

// own kernels, by the operator's name
#define MKD_CPU_KERNEL(name)   void mkd_cpu__##name(const mkd_call *call, void *scratch);
#define MKD_CPU_SCRATCH(name)  size_t mkd_cpu__##name##_scratch(const mkd_call *call);
#define MKD_CPU_SUPPORTS(name) bool mkd_cpu__##name##_supports(const mkd_call *call);

// norm.c
MKD_CPU_KERNEL(batch_norm)
MKD_CPU_KERNEL(batch_norm_grad) // a sixth input: shift, of a batch norm with ReLU
MKD_CPU_KERNEL(batch_norm_inference)
MKD_CPU_KERNEL(batch_norm_inference_grad)
MKD_CPU_SCRATCH(batch_norm)
// elementwise.c, binary.c, cast.c
MKD_CPU_KERNEL(unary)
MKD_CPU_KERNEL(unary_grad)
MKD_CPU_KERNEL(where)
MKD_CPU_KERNEL(binary)
MKD_CPU_KERNEL(cast)
// reduce.c
MKD_CPU_KERNEL(reduce)
MKD_CPU_SCRATCH(reduce)
MKD_CPU_KERNEL(reduce_max_grad)
MKD_CPU_SCRATCH(reduce_max_grad)
// layer_norm.c
MKD_CPU_KERNEL(layer_norm_grad)
MKD_CPU_SCRATCH(layer_norm_grad)
// layout.c
MKD_CPU_KERNEL(copy)
MKD_CPU_KERNEL(transpose)
MKD_CPU_KERNEL(concat)
MKD_CPU_KERNEL(slice)
MKD_CPU_KERNEL(slice_grad)
MKD_CPU_KERNEL(broadcast)
// interpolate.c
MKD_CPU_KERNEL(interpolate2d)
MKD_CPU_KERNEL(interpolate2d_grad)
MKD_CPU_SCRATCH(interpolate2d)
// pool.c
MKD_CPU_KERNEL(max_pool2d)
MKD_CPU_KERNEL(max_pool2d_grad)
// sort.c
MKD_CPU_KERNEL(sort)
MKD_CPU_KERNEL(topk)
MKD_CPU_KERNEL(rank)
MKD_CPU_SCRATCH(sort)
// sliced.c: ref's loops, dealt out to threads along an axis whose items are independent
MKD_CPU_KERNEL(softmax)
MKD_CPU_KERNEL(softmax_grad)
MKD_CPU_KERNEL(log_softmax)
MKD_CPU_KERNEL(log_softmax_grad)
MKD_CPU_KERNEL(avg_pool2d)
MKD_CPU_KERNEL(avg_pool2d_grad)
MKD_CPU_KERNEL(adaptive_avg_pool2d)
MKD_CPU_KERNEL(adaptive_avg_pool2d_grad)
MKD_CPU_KERNEL(gather_rows)
MKD_CPU_KERNEL(gather_rows_grad)
MKD_CPU_KERNEL(one_hot)
MKD_CPU_KERNEL(layer_norm)
MKD_CPU_SCRATCH(sliced)
MKD_CPU_SUPPORTS(sliced)
MKD_CPU_SUPPORTS(softmax)

#undef MKD_CPU_KERNEL
#undef MKD_CPU_SCRATCH
#undef MKD_CPU_SUPPORTS

#ifdef __cplusplus
}
#endif

#endif
