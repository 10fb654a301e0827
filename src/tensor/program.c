#include "tensor/program.h"

#include "base/status.h"

static int resolve_value(mkd_tensor *out, const mkd_program *program, int index) {
    *out = (mkd_tensor){0};
    if (index < 0) {
        return MKD_OK;
    }
    const mkd_program_value *value = &program->values[index];
    if (!value->buffer || !value->buffer->host) {
        MKD_FAIL(MKD_EDEVICE, "%s: found no memory that the host can reach, expected some",
                 value->name ? value->name : "value");
    }
    out->dtype = value->dtype;
    out->shape = value->shape;
    out->data = (char *)value->buffer->host + value->offset;
    return MKD_OK;
}

int mkd_program_resolve(mkd_call *out, const mkd_program *program, const mkd_program_node *node) {
    out->attributes = &node->attributes;
    out->n_in = node->n_in;
    out->n_out = node->n_out;
    for (int i = 0; i < MKD_MAX_INPUTS; i++) {
        MKD_TRY(resolve_value(&out->in[i], program, i < node->n_in ? node->in[i] : -1));
    }
    for (int i = 0; i < MKD_MAX_OUTPUTS; i++) {
        MKD_TRY(resolve_value(&out->out[i], program, i < node->n_out ? node->out[i] : -1));
    }
    return MKD_OK;
}
