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
    MOVES(cast, mkd_cpu__cast_supports),
    MOVES(copy, NULL),
    [MKD_OP_reshape] = {mkd_cpu__copy, NULL, NULL, true},
    MOVES(transpose, NULL),
    MOVES(concat, NULL),
    MOVES(slice, NULL),
    MOVES(slice_grad, NULL),
    MOVES(broadcast, NULL),
    WITH(reduce, reduce),
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

// all reals f32; indices as ops.h says, which is what the graph makes
static bool has_own_types(const mkd_call *call) {
    for (int i = 0; i < call->n_in + call->n_out; i++) {
        const mkd_tensor *t = i < call->n_in ? &call->in[i] : &call->out[i - call->n_in];
        bool is_index = t->dtype == MKD_I32 || t->dtype == MKD_I64;
        if (t->data && t->dtype != MKD_F32 && !is_index) {
            return false;
        }
    }
    return true;
}

static bool has_elements(const mkd_call *call) {
    for (int i = 0; i < call->n_in + call->n_out; i++) {
        const mkd_tensor *t = i < call->n_in ? &call->in[i] : &call->out[i - call->n_in];
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
