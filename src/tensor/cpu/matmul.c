// Matrix products in oneDNN: transposes are strides, the factor is a post-operation, leading axes
// are one batch axis.
#include "base/status.h"
#include "tensor/cpu/cpu.h"
#include "tensor/ref/ref.h"

static int matrix_desc(dnnl_memory_desc_t *out, const mkd_tensor *t, bool transposed) {
    int rank = t->shape.rank;
    int64_t batch = mkd_ref__extent(&t->shape, 0, rank - 2);
    int64_t rows = t->shape.at[rank - 2];
    int64_t columns = t->shape.at[rank - 1];
    int first = batch > 1 ? 1 : 0;
    dnnl_dims_t dims = {batch};
    dnnl_dims_t strides = {rows * columns};
    dims[first] = transposed ? columns : rows;
    dims[first + 1] = transposed ? rows : columns;
    strides[first] = transposed ? 1 : columns;
    strides[first + 1] = transposed ? columns : 1;
    dnnl_data_type_t type = t->dtype == MKD_BF16 ? dnnl_bf16 : dnnl_f32;
    return mkd_dnn__status(
        dnnl_memory_desc_create_with_strides(out, first + 2, dims, type, strides),
        "dnnl_memory_desc_create_with_strides");
}

int mkd_cpu__matmul_new(mkd_dnn_sequence *out, mkd_dnn *dnn, const mkd_call *call) {
    const mkd_attributes *a = call->attributes;
    int status = 0;
    dnnl_memory_desc_t descs[3] = {0};
    dnnl_primitive_attr_t attributes = NULL;
    dnnl_post_ops_t ops = NULL;
    dnnl_primitive_desc_t main = NULL;
    MKD_GOTO(matrix_desc(&descs[0], &call->in[0], a->transpose_a));
    MKD_GOTO(matrix_desc(&descs[1], &call->in[1], a->transpose_b));
    MKD_GOTO(matrix_desc(&descs[2], &call->out[0], false));
    MKD_DNN_GOTO(dnnl_primitive_attr_create(&attributes));
    MKD_DNN_GOTO(dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user));
    if ((a->alpha < 0 || a->alpha > 0) && (a->alpha < 1 || a->alpha > 1)) {
        MKD_DNN_GOTO(dnnl_post_ops_create(&ops));
        MKD_DNN_GOTO(dnnl_post_ops_append_eltwise(ops, dnnl_eltwise_linear, (float)a->alpha, 0));
        MKD_DNN_GOTO(dnnl_primitive_attr_set_post_ops(attributes, ops));
    }
    MKD_DNN_GOTO(dnnl_matmul_primitive_desc_create(&main, dnn->engine, descs[0], descs[1], NULL,
                                                   descs[2], attributes));
    mkd_dnn_builder b;
    mkd_dnn__begin(&b, out, dnn, main);
    status = mkd_dnn__bind(&b, DNNL_ARG_SRC, descs[0], call->in[0].data, false);
    status = status < 0 ? status
                        : mkd_dnn__bind(&b, DNNL_ARG_WEIGHTS, descs[1], call->in[1].data, false);
    status =
        status < 0 ? status : mkd_dnn__bind(&b, DNNL_ARG_DST, descs[2], call->out[0].data, true);
    status = status < 0 ? status : mkd_dnn__end(&b);
    if (status < 0) {
        mkd_dnn__cancel(&b);
    }
done:
    for (int i = 0; i < 3; i++) {
        dnnl_memory_desc_destroy(descs[i]);
    }
    dnnl_post_ops_destroy(ops);
    dnnl_primitive_attr_destroy(attributes);
    return status;
}
