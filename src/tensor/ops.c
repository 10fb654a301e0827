#include "tensor/ops.h"

#include <stddef.h>

static const mkd_op_info infos[MKD_N_OPS] = {
#define MKD_OP(name, min_in, max_in, n_out, flags, summary)                                        \
    [MKD_OP_##name] = {#name, min_in, max_in, n_out, MKD_OP_FLAG_##flags, summary},
#include "tensor/ops.def"
#undef MKD_OP
};

const mkd_op_info *mkd_op_get_info(mkd_op op) {
    return (unsigned)op < MKD_N_OPS ? &infos[op] : NULL;
}
