// Convolutions in oneDNN. With the correlation that ref/conv.c writes down, map = image * weight:
//
//   conv2d                          map by image, weight          forward
//   conv2d_grad_input               image by map, weight          backward by data
//   conv2d_grad_weight              weight by image, map          backward by weights
//   conv_transpose2d                image by map (x), weight      backward by data
//   conv_transpose2d_grad_input     map by image (dy), weight     forward
//   conv_transpose2d_grad_weight    weight by image (dy), map (x) backward by weights
//
// A transposed convolution with bias is oneDNN's deconvolution, which is the same with the names of
// the weight's two channel axes exchanged. Activations keep channels last; oneDNN chooses the
// weight's blocking, so weights are converted at each run (they change at each training step).
#include "base/status.h"
#include "tensor/cpu/cpu.h"
#include "tensor/ref/ref.h"

// which two of the three are given, and their order in the call
typedef enum side { FORWARD, BACKWARD_DATA, BACKWARD_WEIGHTS } side;

typedef struct conv {
    const mkd_tensor *image, *map, *weight, *bias, *residual;
    mkd_window window;
    bool relu;
    side side;
    dnnl_data_type_t type;        // of operands that are given
    dnnl_memory_desc_t own[3];    // image, map, weight as they lie in memory
    dnnl_memory_desc_t wanted[3]; // as the primitive shall take them
    dnnl_memory_desc_t own_bias, own_residual;
    dnnl_primitive_attr_t attributes;
} conv;

enum { IMAGE, MAP, WEIGHT };

static dnnl_data_type_t type_of(const mkd_tensor *t) {
    return t->dtype == MKD_BF16 ? dnnl_bf16 : dnnl_f32;
}

static const mkd_tensor *or_null(const mkd_tensor *t) {
    return t->data ? t : NULL;
}

static conv describe(mkd_op op, const mkd_call *call) {
    const mkd_tensor *in = call->in;
    const mkd_tensor *out = &call->out[0];
    conv c = {.window = mkd_ref__window(&call->attributes->window)};
    switch (op) {
    case MKD_OP_conv2d:
        c.image = &in[0], c.weight = &in[1], c.map = out;
        c.bias = or_null(&in[2]), c.residual = or_null(&in[3]);
        c.relu = call->attributes->relu;
        break;
    case MKD_OP_conv2d_grad_input:
        c.map = &in[0], c.weight = &in[1], c.image = out;
        break;
    case MKD_OP_conv2d_grad_weight:
        c.image = &in[0], c.map = &in[1], c.weight = out;
        break;
    case MKD_OP_conv_transpose2d:
        c.map = &in[0], c.weight = &in[1], c.image = out;
        c.bias = or_null(&in[2]);
        break;
    case MKD_OP_conv_transpose2d_grad_input:
        c.image = &in[0], c.weight = &in[1], c.map = out;
        break;
    default: // conv_transpose2d_grad_weight
        c.map = &in[0], c.image = &in[1], c.weight = out;
        break;
    }
    c.side = out == c.map ? FORWARD : out == c.image ? BACKWARD_DATA : BACKWARD_WEIGHTS;
    // operands of two types are brought to the narrower one: that is what the graph asked for
    bool narrow = in[0].dtype == MKD_BF16 || in[1].dtype == MKD_BF16;
    c.type = narrow ? dnnl_bf16 : dnnl_f32;
    return c;
}

static int image_desc(dnnl_memory_desc_t *out, const mkd_tensor *t, dnnl_data_type_t type) {
    const int64_t *at = t->shape.at;
    dnnl_dims_t dims = {at[0], at[3], at[1], at[2]};
    return mkd_dnn__status(dnnl_memory_desc_create_with_tag(out, 4, dims, type, dnnl_nhwc),
                           "dnnl_memory_desc_create_with_tag");
}

// the weight [map channels, kh, kw, image channels / groups]; `exchanged`: the map's channels are
// the second axis of oneDNN's dims (deconvolution); `any`: oneDNN chooses the layout
static int weight_desc(dnnl_memory_desc_t *out, const conv *c, dnnl_data_type_t type,
                       bool exchanged, bool any) {
    const int64_t *at = c->weight->shape.at;
    int64_t groups = c->window.groups;
    int64_t rows = at[0] / groups;
    int64_t row = at[1] * at[2] * at[3];
    int ndims = groups > 1 ? 5 : 4;
    int first = groups > 1 ? 1 : 0;
    dnnl_dims_t dims = {groups};
    dnnl_dims_t strides = {rows * row};
    int a = first + (exchanged ? 1 : 0);
    int b = first + (exchanged ? 0 : 1);
    dims[a] = rows, strides[a] = row;
    dims[b] = at[3], strides[b] = 1;
    dims[first + 2] = at[1], strides[first + 2] = at[2] * at[3];
    dims[first + 3] = at[2], strides[first + 3] = at[3];
    if (any) {
        return mkd_dnn__status(
            dnnl_memory_desc_create_with_tag(out, ndims, dims, type, dnnl_format_tag_any),
            "dnnl_memory_desc_create_with_tag");
    }
    return mkd_dnn__status(dnnl_memory_desc_create_with_strides(out, ndims, dims, type, strides),
                           "dnnl_memory_desc_create_with_strides");
}

static bool is_exchanged(const conv *c) {
    return c->side == BACKWARD_DATA && c->bias;
}

static int make_descs(conv *c) {
    const mkd_tensor *tensors[3] = {c->image, c->map, c->weight};
    int result = c->side == FORWARD ? MAP : c->side == BACKWARD_DATA ? IMAGE : WEIGHT;
    for (int i = 0; i < 3; i++) {
        dnnl_data_type_t own = type_of(tensors[i]);
        dnnl_data_type_t wanted = i == result ? own : c->type;
        if (i == WEIGHT) {
            MKD_TRY(weight_desc(&c->own[i], c, own, is_exchanged(c), false));
            MKD_TRY(weight_desc(&c->wanted[i], c, wanted, is_exchanged(c), true));
        } else {
            MKD_TRY(image_desc(&c->own[i], tensors[i], own));
            MKD_TRY(image_desc(&c->wanted[i], tensors[i], wanted));
        }
    }
    if (c->bias) {
        dnnl_dims_t dims = {c->bias->shape.at[0]};
        MKD_TRY(mkd_dnn__status(
            dnnl_memory_desc_create_with_tag(&c->own_bias, 1, dims, type_of(c->bias), dnnl_a),
            "dnnl_memory_desc_create_with_tag"));
    }
    if (c->residual) {
        MKD_TRY(image_desc(&c->own_residual, c->residual, type_of(c->residual)));
    }
    return 0;
}

// y = relu(conv + bias + residual)
static int make_attributes(conv *c) {
    int status = 0;
    dnnl_post_ops_t ops = NULL;
    MKD_DNN_GOTO(dnnl_primitive_attr_create(&c->attributes));
    MKD_DNN_GOTO(dnnl_primitive_attr_set_scratchpad_mode(c->attributes, dnnl_scratchpad_mode_user));
    MKD_DNN_GOTO(dnnl_post_ops_create(&ops));
    if (c->residual) {
        MKD_DNN_GOTO(dnnl_post_ops_append_binary(ops, dnnl_binary_add, c->own_residual));
    }
    if (c->relu) {
        MKD_DNN_GOTO(dnnl_post_ops_append_eltwise(ops, dnnl_eltwise_relu, 0, 0));
    }
    if (c->residual || c->relu) {
        MKD_DNN_GOTO(dnnl_primitive_attr_set_post_ops(c->attributes, ops));
    }
done:
    dnnl_post_ops_destroy(ops);
    return status;
}

static int make_primitive_desc(dnnl_primitive_desc_t *out, const conv *c, const mkd_dnn *dnn) {
    const mkd_window *w = &c->window;
    dnnl_dims_t stride = {w->stride[0], w->stride[1]};
    dnnl_dims_t gap = {w->dilation[0] - 1, w->dilation[1] - 1};
    // what a stride leaves over at the end is dropped, so the same padding serves both sides
    dnnl_dims_t padding = {w->padding[0], w->padding[1]};
    dnnl_memory_desc_t const *m = c->wanted;
    dnnl_primitive_desc_t forward = NULL;
    int status = 0;
    if (is_exchanged(c)) {
        MKD_DNN_GOTO(dnnl_deconvolution_forward_primitive_desc_create(
            out, dnn->engine, dnnl_forward_training, dnnl_deconvolution_direct, m[MAP], m[WEIGHT],
            c->own_bias, m[IMAGE], stride, gap, padding, padding, c->attributes));
        return 0;
    }
    if (c->side == FORWARD) {
        MKD_DNN_GOTO(dnnl_convolution_forward_primitive_desc_create(
            out, dnn->engine, dnnl_forward_training, dnnl_convolution_direct, m[IMAGE], m[WEIGHT],
            c->own_bias, m[MAP], stride, gap, padding, padding, c->attributes));
        return 0;
    }
    MKD_DNN_GOTO(dnnl_convolution_forward_primitive_desc_create(
        &forward, dnn->engine, dnnl_forward_training, dnnl_convolution_direct, m[IMAGE], m[WEIGHT],
        NULL, m[MAP], stride, gap, padding, padding, NULL));
    if (c->side == BACKWARD_DATA) {
        MKD_DNN_GOTO(dnnl_convolution_backward_data_primitive_desc_create(
            out, dnn->engine, dnnl_convolution_direct, m[IMAGE], m[WEIGHT], m[MAP], stride, gap,
            padding, padding, forward, c->attributes));
    } else {
        MKD_DNN_GOTO(dnnl_convolution_backward_weights_primitive_desc_create(
            out, dnn->engine, dnnl_convolution_direct, m[IMAGE], m[WEIGHT], NULL, m[MAP], stride,
            gap, padding, padding, forward, c->attributes));
    }
done:
    dnnl_primitive_desc_destroy(forward);
    return status;
}

static int bind_all(mkd_dnn_builder *b, const conv *c) {
    static const int ids[4][3] = {
        [FORWARD] = {DNNL_ARG_SRC, DNNL_ARG_DST, DNNL_ARG_WEIGHTS},
        [BACKWARD_DATA] = {DNNL_ARG_DIFF_SRC, DNNL_ARG_DIFF_DST, DNNL_ARG_WEIGHTS},
        [BACKWARD_WEIGHTS] = {DNNL_ARG_SRC, DNNL_ARG_DIFF_DST, DNNL_ARG_DIFF_WEIGHTS},
        {DNNL_ARG_DST, DNNL_ARG_SRC, DNNL_ARG_WEIGHTS}, // deconvolution
    };
    const mkd_tensor *tensors[3] = {c->image, c->map, c->weight};
    int result = c->side == FORWARD ? MAP : c->side == BACKWARD_DATA ? IMAGE : WEIGHT;
    const int *id = ids[is_exchanged(c) ? 3 : c->side];
    for (int i = 0; i < 3; i++) {
        MKD_TRY(mkd_dnn__bind(b, id[i], c->own[i], tensors[i]->data, i == result));
    }
    if (c->bias) {
        MKD_TRY(mkd_dnn__bind(b, DNNL_ARG_BIAS, c->own_bias, c->bias->data, false));
    }
    if (c->residual) {
        MKD_TRY(mkd_dnn__bind(b, DNNL_ARG_ATTR_MULTIPLE_POST_OP(0) | DNNL_ARG_SRC_1,
                              c->own_residual, c->residual->data, false));
    }
    return 0;
}

int mkd_cpu__conv_new(mkd_dnn_sequence *out, mkd_dnn *dnn, mkd_op op, const mkd_call *call) {
    int status = 0;
    conv c = describe(op, call);
    dnnl_primitive_desc_t main = NULL;
    MKD_GOTO(make_descs(&c));
    MKD_GOTO(make_attributes(&c));
    MKD_GOTO(make_primitive_desc(&main, &c, dnn));
    mkd_dnn_builder b;
    mkd_dnn__begin(&b, out, dnn, main);
    status = bind_all(&b, &c);
    status = status < 0 ? status : mkd_dnn__end(&b);
    if (status < 0) {
        mkd_dnn__cancel(&b);
    }
done:
    for (int i = 0; i < 3; i++) {
        dnnl_memory_desc_destroy(c.own[i]);
        dnnl_memory_desc_destroy(c.wanted[i]);
    }
    dnnl_memory_desc_destroy(c.own_bias);
    dnnl_memory_desc_destroy(c.own_residual);
    dnnl_primitive_attr_destroy(c.attributes);
    return status;
}
