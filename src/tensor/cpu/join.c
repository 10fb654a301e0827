#include <string.h>

#include "base/status.h"
#include "tensor/cpu/cpu.h"

static bool is_relu_grad(const mkd_program_node *node) {
    return node->op == MKD_OP_unary_grad && node->attributes.kind == MKD_UNARY_RELU &&
           node->in[1] >= 0;
}

// the node that makes `value`, or NULL
static const mkd_program_node *maker_of(const mkd_program *program, int value, int before) {
    for (int i = before - 1; i >= 0; i--) {
        if (program->nodes[i].n_out > 0 && program->nodes[i].out[0] == value) {
            return &program->nodes[i];
        }
    }
    return NULL;
}

static int count_readers(const mkd_program *program, int value) {
    int n = 0;
    for (int i = 0; i < program->n_nodes; i++) {
        for (int k = 0; k < program->nodes[i].n_in; k++) {
            n += program->nodes[i].in[k] == value;
        }
    }
    return n;
}

static bool is_same_layer(const mkd_program_node *a, const mkd_program_node *b) {
    return a->name && b->name && strcmp(a->name, b->name) == 0;
}

static bool is_apart(const mkd_tensor *a, const mkd_tensor *b) {
    const char *x = a->data;
    const char *y = b->data;
    return !x || !y || x + mkd_tensor_bytes(a) <= y || y + mkd_tensor_bytes(b) <= x;
}

bool mkd_cpu__join_relu_grad(mkd_call *out, const mkd_program *program, int at) {
    const mkd_program_node *mask = &program->nodes[at];
    const mkd_program_node *grad = &program->nodes[at + 1];
    if (!is_relu_grad(mask) || grad->op != MKD_OP_batch_norm_grad || grad->in[1] != mask->out[0] ||
        count_readers(program, mask->out[0]) != 1) {
        return false;
    }
    const mkd_program_node *norm = maker_of(program, mask->in[1], at);
    // one layer's: the mask is nobody else's business
    if (!norm || norm->op != MKD_OP_batch_norm || !norm->attributes.relu ||
        norm->in[0] != grad->in[0] || norm->in[1] != grad->in[2] || !is_same_layer(norm, mask) ||
        !is_same_layer(norm, grad)) {
        return false;
    }
    mkd_call joined;
    mkd_call before;
    mkd_call forward;
    if (mkd_program_resolve(&joined, program, grad) < 0 ||
        mkd_program_resolve(&before, program, mask) < 0 ||
        mkd_program_resolve(&forward, program, norm) < 0 || joined.in[0].dtype != MKD_F32) {
        return false;
    }
    joined.in[1] = before.in[2];
    joined.in[5] = forward.in[2];
    joined.n_in = 6;
    // dy's memory was free to be written here: dx may lie exactly over it, the rest must not
    bool fits = joined.out[0].data == joined.in[1].data || is_apart(&joined.out[0], &joined.in[1]);
    for (int i = 1; i < 3; i++) {
        fits = fits && is_apart(&joined.out[i], &joined.in[1]);
    }
    if (fits) {
        *out = joined;
    }
    return fits;
}
