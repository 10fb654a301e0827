#include "table.h"

#define X(...)                                                                                     \
    { UNIFORM, S(__VA_ARGS__), 0, 0 }
#define V(n)                                                                                       \
    { UNIFORM, S(n), 0, 0 }
#define STATS(content, n)                                                                          \
    { content, S(n), 0, FIXED }

static const row table[] = {
    {.name = "image",
     .op = MKD_OP_batch_norm,
     .in = {X(2, 5, 7, 6), V(6), V(6)},
     .attributes.epsilon = 1e-5,
     .slack = 4},
    {.name = "33 channels, relu",
     .op = MKD_OP_batch_norm,
     .in = {X(3, 4, 5, 33), V(33), V(33)},
     .attributes = {.epsilon = 1e-3, .relu = true},
     .slack = 4},
    {.name = "rows",
     .op = MKD_OP_batch_norm,
     .in = {X(9, 16), V(16), V(16)},
     .attributes.epsilon = 1e-5,
     .slack = 4},
    {.name = "image",
     .op = MKD_OP_batch_norm_inference,
     .in = {X(2, 5, 7, 6), V(6), V(6), STATS(UNIFORM, 6), STATS(POSITIVE, 6)},
     .attributes.epsilon = 1e-5},
    {.name = "running statistics",
     .op = MKD_OP_batch_norm_update,
     .in = {STATS(UNIFORM, 5), STATS(POSITIVE, 5), STATS(UNIFORM, 5), STATS(POSITIVE, 5)},
     .attributes = {.momentum = 0.1, .count = 12}},
    {.name = "one sample keeps the biased variance",
     .op = MKD_OP_batch_norm_update,
     .in = {STATS(UNIFORM, 5), STATS(POSITIVE, 5), STATS(UNIFORM, 5), STATS(POSITIVE, 5)},
     .attributes = {.momentum = 0.3, .count = 1}},
    {.name = "rows",
     .op = MKD_OP_layer_norm,
     .in = {X(2, 3, 16), V(16), V(16)},
     .attributes.epsilon = 1e-5,
     .slack = 4},
    {.name = "one row of 7",
     .op = MKD_OP_layer_norm,
     .in = {X(1, 7), V(7), V(7)},
     .attributes.epsilon = 1e-6,
     .slack = 4},
    {.name = "64 channels 96x320, relu",
     .op = MKD_OP_batch_norm,
     .in = {X(1, 96, 320, 64), V(64), V(64)},
     .attributes = {.epsilon = 1e-5, .relu = true},
     .flags = SPEED},
};

row_list rows_norm(void) {
    return (row_list){table, (int)MKD_COUNT(table)};
}
