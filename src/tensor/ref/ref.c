// Dispatch of single calls: which kernel, which element type, how much scratch memory. Values of
// bf16 are widened into scratch memory, the f32 kernel runs there, and its outputs are rounded
// back.
#include "tensor/ref/ref.h"

#include "base/alloc.h"
#include "base/status.h"
#include "tensor/backend.h"

typedef size_t (*scratch_function)(const mkd_call *call);

typedef struct kernel {
    mkd_ref_kernel f32, f64;
    scratch_function scratch;
} kernel;

static size_t doubles(int64_t n) {
    return n > 0 ? (size_t)n * sizeof(double) : 0;
}

// the running sums of a reduction: one per element of y
static size_t scratch_reduce(const mkd_call *call) {
    return doubles(mkd_tensor_count(&call->out[0]));
}

static size_t scratch_reduce_grad(const mkd_call *call) {
    return doubles(mkd_tensor_count(&call->in[1]));
}

// one item of the output
static size_t scratch_item(const mkd_call *call) {
    const mkd_shape *shape = &call->out[0].shape;
    return doubles(mkd_ref__extent(shape, 1, shape->rank));
}

// indices of one row
static size_t scratch_row(const mkd_call *call) {
    const mkd_shape *shape = &call->in[0].shape;
    return doubles(shape->at[shape->rank - 1]);
}

static size_t scratch_layer_norm_grad(const mkd_call *call) {
    return 2 * scratch_row(call);
}

#define REAL(name, scratch)                                                                        \
    [MKD_OP_##name] = {mkd_ref__##name##_f32, mkd_ref__##name##_f64, scratch}
#define ANY(name, function) [MKD_OP_##name] = {function, function, NULL}

// `host` has no kernel: it is called in mkd_ref__run
static const kernel kernels[MKD_N_OPS] = {
    REAL(conv2d, NULL),
    REAL(conv2d_grad_input, NULL),
    REAL(conv2d_grad_weight, NULL),
    REAL(conv_transpose2d, NULL),
    REAL(conv_transpose2d_grad_input, NULL),
    REAL(conv_transpose2d_grad_weight, NULL),
    REAL(batch_norm, NULL),
    REAL(batch_norm_grad, NULL),
    REAL(batch_norm_update, NULL),
    REAL(batch_norm_inference, NULL),
    REAL(batch_norm_inference_grad, NULL),
    REAL(unary, NULL),
    REAL(unary_grad, NULL),
    REAL(binary, NULL),
    REAL(where, NULL),
    ANY(cast, mkd_ref__cast),
    ANY(copy, mkd_ref__copy),
    ANY(reshape, mkd_ref__copy),
    ANY(transpose, mkd_ref__transpose),
    ANY(concat, mkd_ref__concat),
    ANY(slice, mkd_ref__slice),
    ANY(slice_grad, mkd_ref__slice_grad),
    ANY(broadcast, mkd_ref__broadcast),
    REAL(reduce, scratch_reduce),
    REAL(reduce_max_grad, scratch_reduce_grad),
    REAL(matmul, NULL),
    REAL(softmax, NULL),
    REAL(softmax_grad, NULL),
    REAL(log_softmax, NULL),
    REAL(log_softmax_grad, NULL),
    REAL(layer_norm, NULL),
    REAL(layer_norm_grad, scratch_layer_norm_grad),
    REAL(max_pool2d, NULL),
    REAL(max_pool2d_grad, scratch_item),
    REAL(avg_pool2d, NULL),
    REAL(avg_pool2d_grad, scratch_item),
    REAL(adaptive_avg_pool2d, NULL),
    REAL(adaptive_avg_pool2d_grad, scratch_item),
    REAL(interpolate2d, NULL),
    REAL(interpolate2d_grad, scratch_item),
    REAL(gather_rows, NULL),
    REAL(gather_rows_grad, scratch_item),
    REAL(one_hot, NULL),
    REAL(sort, scratch_row),
    REAL(topk, scratch_row),
    REAL(rank, scratch_row),
};

static bool moves_any_type(mkd_op op) {
    return kernels[op].f32 == kernels[op].f64;
}

static size_t rounded_up(size_t bytes) {
    return (bytes + 63) / 64 * 64;
}

static size_t widened_bytes(const mkd_tensor *t) {
    return t->data && t->dtype == MKD_BF16 ? rounded_up(2 * mkd_tensor_bytes(t)) : 0;
}

size_t mkd_ref__scratch_bytes(mkd_op op, const mkd_call *call) {
    scratch_function function = kernels[op].scratch;
    size_t bytes = function ? rounded_up(function(call)) : 0;
    for (int i = 0; i < call->n_in && !moves_any_type(op); i++) {
        bytes += widened_bytes(&call->in[i]);
    }
    for (int i = 0; i < call->n_out && !moves_any_type(op); i++) {
        bytes += widened_bytes(&call->out[i]);
    }
    return bytes;
}

// f32 or f64 as the first real value says; every other real value must agree
static int element_type(mkd_dtype *out, mkd_op op, const mkd_call *call) {
    bool found = false;
    *out = MKD_F32;
    for (int i = 0; i < call->n_in + call->n_out; i++) {
        const mkd_tensor *t = i < call->n_in ? &call->in[i] : &call->out[i - call->n_in];
        bool is_real = t->dtype == MKD_F32 || t->dtype == MKD_F64 || t->dtype == MKD_BF16;
        if (!t->data || !is_real) {
            continue;
        }
        mkd_dtype dtype = t->dtype == MKD_BF16 ? MKD_F32 : t->dtype;
        if (found && dtype != *out) {
            MKD_FAIL(MKD_EUNSUPPORTED, "%s: found %s and %s in one call, expected one element type",
                     mkd_op_get_info(op)->name, mkd_dtype_name(*out), mkd_dtype_name(t->dtype));
        }
        *out = dtype;
        found = true;
    }
    return 0;
}

// The values that are read and written as int32 or int64, by their place: inputs, then outputs.
// -1: none.
static int index_place(mkd_op op, const mkd_call *call, mkd_dtype *type) {
    *type = MKD_I32;
    switch (op) {
    case MKD_OP_max_pool2d_grad:
    case MKD_OP_gather_rows_grad:
    case MKD_OP_one_hot:
        return 0;
    case MKD_OP_gather_rows:
        return 1;
    case MKD_OP_max_pool2d:
        return call->n_in + 1;
    case MKD_OP_sort:
    case MKD_OP_topk:
        *type = MKD_I64;
        return call->n_in + 1;
    default:
        return -1;
    }
}

static int check(mkd_op op, const mkd_call *call) {
    if ((unsigned)op >= MKD_N_OPS) {
        MKD_FAIL(MKD_EINVAL, "found operator %d, expected 0 to %d", (int)op, MKD_N_OPS - 1);
    }
    const mkd_op_info *info = mkd_op_get_info(op);
    if (call->n_in < info->min_inputs || call->n_in > info->max_inputs) {
        MKD_FAIL(MKD_EINVAL, "%s: found %d inputs, expected %d to %d", info->name, call->n_in,
                 info->min_inputs, info->max_inputs);
    }
    if (op == MKD_OP_host || moves_any_type(op)) {
        return 0;
    }
    mkd_dtype index_type;
    int index_at = index_place(op, call, &index_type);
    for (int i = 0; i < call->n_in + call->n_out; i++) {
        const mkd_tensor *t = i < call->n_in ? &call->in[i] : &call->out[i - call->n_in];
        bool is_real = t->dtype == MKD_F32 || t->dtype == MKD_F64 || t->dtype == MKD_BF16;
        if (t->data && (i == index_at ? t->dtype != index_type : !is_real)) {
            MKD_FAIL(MKD_EUNSUPPORTED, "%s: found element type %s of %s %d, expected %s",
                     info->name, mkd_dtype_name(t->dtype), i < call->n_in ? "input" : "output",
                     i < call->n_in ? i : i - call->n_in,
                     i == index_at ? mkd_dtype_name(index_type) : "f32, f64 or bf16");
        }
    }
    return 0;
}

// gives a bf16 value f32 memory at *scratch
static void widen(mkd_tensor *t, char **scratch) {
    size_t bytes = widened_bytes(t);
    if (bytes > 0) {
        t->dtype = MKD_F32;
        t->data = *scratch;
        *scratch += bytes;
    }
}

int mkd_ref__run(mkd_op op, const mkd_call *call, void *scratch) {
    MKD_TRY(check(op, call));
    if (op == MKD_OP_host) {
        return call->attributes->host(call->attributes->payload, call);
    }
    if (moves_any_type(op)) {
        kernels[op].f32(call, scratch);
        return 0;
    }
    mkd_dtype dtype;
    MKD_TRY(element_type(&dtype, op, call));
    mkd_call wide = *call;
    char *next = scratch;
    for (int i = 0; i < call->n_in; i++) {
        widen(&wide.in[i], &next);
        if (wide.in[i].data != call->in[i].data) {
            mkd_tensor_convert_into(&wide.in[i], &call->in[i]);
        }
    }
    for (int i = 0; i < call->n_out; i++) {
        widen(&wide.out[i], &next);
    }
    (dtype == MKD_F64 ? kernels[op].f64 : kernels[op].f32)(&wide, next);
    for (int i = 0; i < call->n_out; i++) {
        if (wide.out[i].data != call->out[i].data) {
            mkd_tensor_convert_into(&call->out[i], &wide.out[i]);
        }
    }
    return 0;
}

int mkd_ref_run(mkd_op op, const mkd_call *call) {
    MKD_TRY(check(op, call));
    size_t bytes = mkd_ref__scratch_bytes(op, call);
    void *scratch = bytes > 0 ? mkd_alloc(bytes) : NULL;
    if (bytes > 0 && !scratch) {
        return MKD_ENOMEM;
    }
    int status = mkd_ref__run(op, call, scratch);
    mkd_free(scratch);
    return status;
}
