// The table of own kernels, and which element types they take.
#include "base/status.h"
#include "tensor/cpu/cpu.h"
#include "tensor/ref/ref.h"

#define OWN(name) [MKD_OP_##name] = {mkd_cpu__##name, NULL, NULL, false}
#define WITH(name, scratch)                                                                        \
    [MKD_OP_##name] = {mkd_cpu__##name, mkd_cpu__##scratch##_scratch, NULL, false}
#define MOVES(name, supports) [MKD_OP_##name] = {mkd_cpu__##name, NULL, supports, true}
#define SLICED(name, supports)                                                                     \
    [MKD_OP_##                                                                                     \
        name] = {mkd_cpu__##name, mkd_cpu__sliced_scratch, mkd_cpu__##supports##_supports, false}

static const mkd_cpu_own table[MKD_N_OPS] = {
    WITH(batch_norm, batch_norm),
    WITH(batch_norm_grad, batch_norm),
    WITH(batch_norm_inference, batch_norm),
    WITH(batch_norm_inference_grad, batch_norm),
    // as many elements as there are channels: ref's loop is all it takes
    [MKD_OP_batch_norm_update] = {mkd_ref__batch_norm_update_f32, NULL, NULL, false},
    OWN(unary),
    OWN(unary_grad),
    OWN(binary),
    OWN(where),
    MOVES(cast, NULL),
    MOVES(copy, NULL),
    [MKD_OP_reshape] = {mkd_cpu__copy, NULL, NULL, true},
    MOVES(transpose, NULL),
    MOVES(concat, NULL),
    MOVES(slice, NULL),
    MOVES(slice_grad, NULL),
    MOVES(broadcast, NULL),
    WITH(reduce, reduce),
    WITH(reduce_max_grad, reduce_max_grad),
    WITH(layer_norm_grad, layer_norm_grad),
    WITH(interpolate2d, interpolate2d),
    WITH(interpolate2d_grad, interpolate2d),
    OWN(max_pool2d),
    OWN(max_pool2d_grad),
    WITH(sort, sort),
    WITH(topk, sort),
    WITH(rank, sort),
    SLICED(avg_pool2d, sliced),
    SLICED(avg_pool2d_grad, sliced),
    SLICED(adaptive_avg_pool2d, sliced),
    SLICED(adaptive_avg_pool2d_grad, sliced),
    SLICED(gather_rows, sliced),
    SLICED(gather_rows_grad, sliced),
    SLICED(one_hot, sliced),
    SLICED(layer_norm, sliced),
    SLICED(softmax, softmax),
    SLICED(log_softmax, softmax),
    SLICED(softmax_grad, softmax),
    SLICED(log_softmax_grad, softmax),
};

static const mkd_tensor *value_of(const mkd_call *call, int i) {
    return i < call->n_in ? &call->in[i] : &call->out[i - call->n_in];
}

// all reals f32 or bf16; indices as ops.h says, which is what the graph makes
static bool has_own_types(const mkd_call *call) {
    for (int i = 0; i < call->n_in + call->n_out; i++) {
        const mkd_tensor *t = value_of(call, i);
        bool is_index = t->dtype == MKD_I32 || t->dtype == MKD_I64;
        if (t->data && t->dtype != MKD_F32 && t->dtype != MKD_BF16 && !is_index) {
            return false;
        }
    }
    return true;
}

static bool has_elements(const mkd_call *call) {
    for (int i = 0; i < call->n_in + call->n_out; i++) {
        const mkd_tensor *t = value_of(call, i);
        if (t->data && mkd_tensor_count(t) <= 0) {
            return false;
        }
    }
    return true;
}

const mkd_cpu_own *mkd_cpu__own(mkd_op op, const mkd_call *call) {
    const mkd_cpu_own *own = &table[op];
    if (!own->run || !has_elements(call) || (!own->moves && !has_own_types(call)) ||
        (own->supports && !own->supports(call))) {
        return NULL;
    }
    return own;
}

static bool is_bf16(const mkd_tensor *t) {
    return t->data && t->dtype == MKD_BF16;
}

bool mkd_cpu__is_widened(const mkd_cpu_own *own, const mkd_call *call) {
    bool any = false;
    for (int i = 0; i < call->n_in + call->n_out; i++) {
        any = any || is_bf16(value_of(call, i));
    }
    return any && !own->moves;
}

static size_t rounded_up(size_t bytes) {
    return (bytes + 63) / 64 * 64;
}

size_t mkd_cpu__own_scratch_bytes(const mkd_cpu_own *own, const mkd_call *call) {
    size_t bytes = own->scratch_bytes ? rounded_up(own->scratch_bytes(call)) : 0;
    for (int i = 0; i < call->n_in + call->n_out && mkd_cpu__is_widened(own, call); i++) {
        const mkd_tensor *t = value_of(call, i);
        bytes += is_bf16(t) ? rounded_up(2 * mkd_tensor_bytes(t)) : 0;
    }
    return bytes;
}

// one end of a conversion
static void convert(const mkd_tensor *to, const mkd_tensor *from) {
    mkd_call cast = {.n_in = 1, .n_out = 1, .in = {*from}, .out = {*to}};
    mkd_cpu__cast(&cast, NULL);
}

void mkd_cpu__run_widened(const mkd_cpu_own *own, const mkd_call *call, void *scratch) {
    mkd_call wide = *call;
    char *next = (char *)scratch + (own->scratch_bytes ? rounded_up(own->scratch_bytes(call)) : 0);
    for (int i = 0; i < call->n_in + call->n_out; i++) {
        mkd_tensor *t = i < call->n_in ? &wide.in[i] : &wide.out[i - call->n_in];
        if (is_bf16(t)) {
            mkd_tensor narrow = *t;
            t->dtype = MKD_F32;
            t->data = next;
            next += rounded_up(2 * mkd_tensor_bytes(&narrow));
            if (i < call->n_in) {
                convert(t, &narrow);
            }
        }
    }
    own->run(&wide, scratch);
    for (int i = 0; i < call->n_out; i++) {
        if (is_bf16(&call->out[i])) {
            convert(&call->out[i], &wide.out[i]);
        }
    }
}

static bool is_dnn_type(const mkd_tensor *t) {
    return !t->data || t->dtype == MKD_F32 || (t->dtype == MKD_BF16 && mkd_dnn__has_bf16());
}

bool mkd_cpu__is_dnn(mkd_op op, const mkd_call *call) {
    switch (op) {
    case MKD_OP_conv2d:
    case MKD_OP_conv2d_grad_input:
    case MKD_OP_conv2d_grad_weight:
    case MKD_OP_conv_transpose2d:
    case MKD_OP_conv_transpose2d_grad_input:
    case MKD_OP_conv_transpose2d_grad_weight:
    case MKD_OP_matmul:
        break;
    default:
        return false;
    }
    bool known = has_elements(call) && call->out[0].data;
    for (int i = 0; i < call->n_in; i++) {
        known = known && is_dnn_type(&call->in[i]);
    }
    known = known && is_dnn_type(&call->out[0]);
    return known && (op != MKD_OP_matmul || call->in[0].dtype == call->in[1].dtype);
}

int mkd_cpu__dnn_new(mkd_dnn_sequence *out, mkd_dnn *dnn, mkd_op op, const mkd_call *call) {
    return op == MKD_OP_matmul ? mkd_cpu__matmul_new(out, dnn, call)
                               : mkd_cpu__conv_new(out, dnn, op, call);
}
