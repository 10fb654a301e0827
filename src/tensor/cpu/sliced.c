// Operators that treat the items of leading axes alike: ref's loops on ranges of items, one range
// per thread. Small or rare work, where threads are what is to win.
#include "tensor/cpu/cpu.h"
#include "tensor/ref/ref.h"

typedef struct slices {
    const mkd_call *call;
    mkd_ref_kernel ref;
    int n_shared; // inputs from this one on are the same for all items
    int64_t items;
    size_t scratch_bytes; // per thread
    char *scratch;
} slices;

// the same for all operators here: scratch of a whole call serves a range of items, too
size_t mkd_cpu__sliced_scratch(const mkd_call *call) {
    const mkd_shape *out = &call->out[0].shape;
    int64_t n = mkd_ref__extent(out, out->rank > 0 ? 1 : 0, out->rank);
    return (size_t)(mkd_cpu__threads() * n) * sizeof(double);
}

static mkd_tensor range_of(const mkd_tensor *t, int64_t items, int64_t begin, int64_t end) {
    mkd_tensor part = *t;
    if (t->data) {
        int64_t item = mkd_tensor_count(t) / items;
        part.data = (char *)t->data + (size_t)(begin * item) * mkd_dtype_bytes(t->dtype);
        part.shape.at[0] = t->shape.at[0] / items * (end - begin);
    }
    return part;
}

static void run_range(const void *task, int64_t begin, int64_t end, int thread) {
    const slices *s = task;
    mkd_call part = *s->call;
    for (int i = 0; i < part.n_in && i < s->n_shared; i++) {
        part.in[i] = range_of(&s->call->in[i], s->items, begin, end);
    }
    for (int i = 0; i < part.n_out; i++) {
        part.out[i] = range_of(&s->call->out[i], s->items, begin, end);
    }
    s->ref(&part, s->scratch + (size_t)thread * s->scratch_bytes);
}

static void run(const mkd_call *call, void *scratch, mkd_ref_kernel ref, int n_shared) {
    slices s = {.call = call,
                .ref = ref,
                .n_shared = n_shared,
                .items = call->out[0].shape.at[0],
                .scratch_bytes = mkd_cpu__sliced_scratch(call) / (size_t)mkd_cpu__threads(),
                .scratch = scratch};
    int64_t count = mkd_tensor_count(&call->out[0]);
    mkd_cpu__parallel(run_range, &s, s.items,
                      mkd_cpu__larger(1, MKD_CPU_GRAIN / 8 * s.items / count));
}

#define SLICED(name, n_shared)                                                                     \
    void mkd_cpu__##name(const mkd_call *call, void *scratch) {                                    \
        run(call, scratch, mkd_ref__##name##_f32, n_shared);                                       \
    }

SLICED(avg_pool2d, 1)
SLICED(avg_pool2d_grad, 1)
SLICED(adaptive_avg_pool2d, 1)
SLICED(adaptive_avg_pool2d_grad, 1)
SLICED(gather_rows, 2)
SLICED(gather_rows_grad, 2)
SLICED(one_hot, 1)
SLICED(layer_norm, 1)
SLICED(softmax, 1)
SLICED(log_softmax, 1)
SLICED(softmax_grad, 2)
SLICED(log_softmax_grad, 2)

bool mkd_cpu__sliced_supports(const mkd_call *call) {
    return call->out[0].data && call->out[0].shape.rank > 1;
}

// the axis must not be the one that is cut
bool mkd_cpu__softmax_supports(const mkd_call *call) {
    return call->out[0].shape.rank > 1 && call->attributes->axis > 0;
}
