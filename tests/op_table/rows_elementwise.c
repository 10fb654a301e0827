#include "table.h"

#define X(...)                                                                                     \
    { SPREAD, S(__VA_ARGS__), 0, 0 }
#define U(kind_, content_, ...)                                                                    \
    {                                                                                              \
        .name = #kind_, .op = MKD_OP_unary, .in = {{content_, S(2, 3, 7), 0, 0}},                  \
        .attributes = {.kind = MKD_UNARY_##kind_, __VA_ARGS__}, .flags = BF16                      \
    }
#define B(title, kind_, flags_, ...)                                                               \
    {                                                                                              \
        .name = title, .op = MKD_OP_binary, .in = {__VA_ARGS__},                                   \
        .attributes = {.kind = MKD_BINARY_##kind_}, .flags = flags_                                \
    }
#define P(...)                                                                                     \
    { POSITIVE, S(__VA_ARGS__), 0, 0 }

static const row table[] = {
    U(RELU, SPREAD, .alpha = 0),
    U(LEAKY_RELU, SPREAD, .alpha = 0.01),
    {.name = "LEAKY_RELU falling",
     .op = MKD_OP_unary,
     .in = {X(2, 9)},
     .attributes = {.kind = MKD_UNARY_LEAKY_RELU, .alpha = -0.25}},
    U(SIGMOID, SPREAD, .alpha = 0),
    U(TANH, SPREAD, .alpha = 0),
    U(SOFTPLUS, SPREAD, .alpha = 0),
    U(ELU, SPREAD, .alpha = 1.5),
    U(SILU, SPREAD, .alpha = 0),
    U(RELU6, SPREAD, .alpha = 0),
    U(HARDSWISH, SPREAD, .alpha = 0),
    U(LOG_SIGMOID, SPREAD, .alpha = 0),
    U(GELU, SPREAD, .alpha = 0),
    U(GELU_TANH, SPREAD, .alpha = 0),
    U(EXP, SPREAD, .alpha = 0),
    U(LOG, POSITIVE, .alpha = 0),
    U(SQRT, POSITIVE, .alpha = 0),
    U(ABS, SPREAD, .alpha = 0),
    U(NEG, SPREAD, .alpha = 0),
    U(SQUARE, SPREAD, .alpha = 0),
    U(RECIPROCAL, POSITIVE, .alpha = 0),
    U(SIN, SPREAD, .alpha = 0),
    U(COS, SPREAD, .alpha = 0),
    U(LINEAR, SPREAD, .alpha = -1.5, .beta = 0.25),
    U(POWER, POSITIVE, .alpha = 1.5),
    U(CLAMP, SPREAD, .alpha = -1.01, .beta = 0.77),
    U(SMOOTH_L1, SPREAD, .alpha = 0.52),
    U(HUBER, SPREAD, .alpha = 0.52),
    {.name = "SMOOTH_L1 of beta 0",
     .op = MKD_OP_unary,
     .in = {X(4, 4)},
     .attributes = {.kind = MKD_UNARY_SMOOTH_L1}},
    {.name = "POWER 0",
     .op = MKD_OP_unary,
     .in = {P(4, 4)},
     .attributes = {.kind = MKD_UNARY_POWER}},
    {.name = "scalar",
     .op = MKD_OP_unary,
     .in = {{POSITIVE, SCALAR, 0, 0}},
     .attributes = {.kind = MKD_UNARY_EXP}},
    {.name = "empty",
     .op = MKD_OP_unary,
     .in = {X(3, 0)},
     .attributes = {.kind = MKD_UNARY_SIGMOID}},
    B("add", ADD, BF16, X(2, 3, 5), X(2, 3, 5)),
    B("sub a vector", SUB, BF16, X(2, 3, 5), X(5)),
    B("mul an image by a plane", MUL, BF16, X(2, 3, 4, 5), X(2, 3, 4, 1)),
    B("mul both broadcast", MUL, BF16, X(4, 1, 3), X(1, 5, 1)),
    B("mul a scalar first", MUL, BF16, {SPREAD, SCALAR, 0, 0}, X(3, 7)),
    B("div by a column", DIV, BF16, X(6, 7), P(6, 1)),
    B("div of fewer axes", DIV, 0, X(7), P(2, 3, 7)),
    B("max", MAX, BF16, X(4, 5), P(4, 5)),
    B("max with ties", MAX, BF16 | KINK, {TIES, S(6, 7), 0, 0}, {TIES, S(6, 7), 0, 0}),
    B("min broadcast", MIN, BF16, X(4, 5), P(5)),
    B("min with ties", MIN, BF16 | KINK, {TIES, S(6, 7), 0, 0}, {TIES, S(7), 0, 0}),
    B("equal", EQUAL, BF16 | NO_GRADIENT, {TIES, S(6, 7), 0, 0}, {TIES, S(6, 1), 0, 0}),
    B("greater", GREATER, BF16 | NO_GRADIENT, {TIES, S(6, 7), 0, 0}, {TIES, S(7), 0, 0}),
    B("add empty", ADD, 0, X(0, 5), X(5)),
    {.name = "where",
     .op = MKD_OP_where,
     .in = {{MASK, S(3, 4, 5), 0, FIXED}, X(3, 4, 5), X(3, 4, 5)}},
    {.name = "to f64",
     .op = MKD_OP_cast,
     .in = {X(3, 5)},
     .attributes = {.dtype = MKD_F64},
     .flags = BF16 | NO_GRADIENT},
    {.name = "to bf16",
     .op = MKD_OP_cast,
     .in = {X(3, 5)},
     .attributes = {.dtype = MKD_BF16},
     .flags = BF16 | NO_GRADIENT,
     .slack = 400},
    {.name = "to i32 cuts the fraction",
     .op = MKD_OP_cast,
     .in = {X(3, 5)},
     .attributes = {.dtype = MKD_I32},
     .flags = NO_GRADIENT},
    {.name = "from i32",
     .op = MKD_OP_cast,
     .in = {{INDEX, S(4, 5), 9, FIXED}},
     .attributes = {.dtype = MKD_F32},
     .flags = NO_GRADIENT},
    {.name = "relu 64 channels 96x320",
     .op = MKD_OP_unary,
     .in = {X(1, 96, 320, 64)},
     .attributes = {.kind = MKD_UNARY_RELU},
     .flags = SPEED | BF16},
    B("add 64 channels 96x320", ADD, SPEED | BF16, X(1, 96, 320, 64), X(1, 96, 320, 64)),
};

row_list rows_elementwise(void) {
    return (row_list){table, (int)MKD_COUNT(table)};
}
