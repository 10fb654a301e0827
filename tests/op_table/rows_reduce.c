#include "table.h"

#define X(...)                                                                                     \
    { SPREAD, S(__VA_ARGS__), 0, 0 }
#define SM(title, op_, axis_, ...)                                                                 \
    {                                                                                              \
        .name = title, .op = MKD_OP_##op_, .in = {{SPREAD, S(__VA_ARGS__), 0, 0}},                 \
        .attributes.axis = axis_                                                                   \
    }

static const row table[] = {
    {.name = "sum of channels",
     .op = MKD_OP_reduce,
     .in = {X(2, 3, 5, 4)},
     .attributes = {.kind = MKD_REDUCE_SUM, .n_axes = 1, .axes = {3}}},
    {.name = "sum to channels",
     .op = MKD_OP_reduce,
     .in = {X(2, 3, 5, 4)},
     .attributes = {.kind = MKD_REDUCE_SUM, .n_axes = 3, .axes = {0, 1, 2}}},
    {.name = "mean of the plane",
     .op = MKD_OP_reduce,
     .in = {X(2, 3, 5, 4)},
     .attributes = {.kind = MKD_REDUCE_MEAN, .n_axes = 2, .axes = {1, 2}}},
    {.name = "mean of everything",
     .op = MKD_OP_reduce,
     .in = {X(7, 11)},
     .attributes = {.kind = MKD_REDUCE_MEAN, .n_axes = 2, .axes = {0, 1}}},
    {.name = "mean of nothing is 0",
     .op = MKD_OP_reduce,
     .in = {X(0, 3)},
     .attributes = {.kind = MKD_REDUCE_MEAN, .n_axes = 1, .axes = {0}}},
    {.name = "largest of a row",
     .op = MKD_OP_reduce,
     .in = {X(6, 7)},
     .attributes = {.kind = MKD_REDUCE_MAX, .n_axes = 1, .axes = {1}}},
    {.name = "largest of outer axes",
     .op = MKD_OP_reduce,
     .in = {X(3, 4, 5)},
     .attributes = {.kind = MKD_REDUCE_MAX, .n_axes = 2, .axes = {0, 1}}},
    {.name = "largest with ties: the first takes the gradient",
     .op = MKD_OP_reduce,
     .in = {{TIES, S(3, 4, 5), 0, 0}},
     .attributes = {.kind = MKD_REDUCE_MAX, .n_axes = 1, .axes = {1}},
     .flags = KINK},
    SM("last axis", softmax, 1, 4, 9),
    SM("middle axis", softmax, 1, 2, 5, 3),
    SM("last axis", log_softmax, 2, 2, 3, 16),
    SM("first axis", log_softmax, 0, 6, 5),
    {.name = "sum to 64 channels 96x320",
     .op = MKD_OP_reduce,
     .in = {X(1, 96, 320, 64)},
     .attributes = {.kind = MKD_REDUCE_SUM, .n_axes = 3, .axes = {0, 1, 2}},
     .flags = SPEED},
};

row_list rows_reduce(void) {
    return (row_list){table, (int)MKD_COUNT(table)};
}
