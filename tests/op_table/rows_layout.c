#include "base/status.h"
#include "table.h"

#define X(...)                                                                                     \
    { UNIFORM, S(__VA_ARGS__), 0, 0 }
#define TO(...) .attributes.shape = S(__VA_ARGS__)

// doubles its first input, in any real type
static int twice(void *payload, const mkd_call *call) {
    mkd_tensor t;
    (void)payload;
    MKD_TRY(mkd_tensor_convert(&t, &call->in[0], MKD_F64));
    for (int64_t i = 0; i < mkd_tensor_count(&t); i++) {
        ((double *)t.data)[i] *= 2;
    }
    mkd_tensor_convert_into(&call->out[0], &t);
    mkd_tensor_free(&t);
    return 0;
}

static const row table[] = {
    {.name = "copy", .op = MKD_OP_copy, .in = {X(3, 5)}, .flags = BF16},
    {.name = "to two axes", .op = MKD_OP_reshape, .in = {X(2, 3, 4)}, TO(6, 4)},
    {.name = "to a scalar", .op = MKD_OP_reshape, .in = {X(1, 1)}, .attributes.shape = SCALAR},
    {.name = "NHWC to NCHW",
     .op = MKD_OP_transpose,
     .in = {X(2, 3, 4, 5)},
     .attributes = {.axes = {0, 3, 1, 2}, .n_axes = 4}},
    {.name = "six axes",
     .op = MKD_OP_transpose,
     .in = {X(2, 1, 3, 2, 2, 3)},
     .attributes = {.axes = {5, 0, 3, 2, 4, 1}, .n_axes = 6}},
    {.name = "channels of three",
     .op = MKD_OP_concat,
     .in = {X(2, 3, 4), X(2, 3, 1), X(2, 3, 7)},
     .attributes.axis = 2},
    {.name = "batch, one empty",
     .op = MKD_OP_concat,
     .in = {X(2, 5), X(0, 5), X(3, 5)},
     .attributes.axis = 0},
    {.name = "one alone", .op = MKD_OP_concat, .in = {X(2, 5)}, .attributes.axis = 1},
    {.name = "middle of channels",
     .op = MKD_OP_slice,
     .in = {X(2, 3, 7)},
     .attributes = {.axis = 2, .begin = 2, .size = 3}},
    {.name = "of rows",
     .op = MKD_OP_slice,
     .in = {X(5, 3)},
     .attributes = {.axis = 0, .begin = 4, .size = 1}},
    {.name = "nothing",
     .op = MKD_OP_slice,
     .in = {X(5, 3)},
     .attributes = {.axis = 1, .begin = 3, .size = 0}},
    {.name = "a column", .op = MKD_OP_broadcast, .in = {X(2, 1, 3)}, TO(2, 5, 3)},
    {.name = "more axes", .op = MKD_OP_broadcast, .in = {X(1, 3)}, TO(4, 2, 3)},
    {.name = "a scalar", .op = MKD_OP_broadcast, .in = {{UNIFORM, SCALAR, 0, 0}}, TO(2, 3)},
    {.name = "twice",
     .op = MKD_OP_host,
     .in = {X(2, 3)},
     .attributes = {.host = twice, .shape = S(2, 3)},
     .flags = NO_GRADIENT},
};

row_list rows_layout(void) {
    return (row_list){table, (int)MKD_COUNT(table)};
}
