#include "table.h"

#define X(...)                                                                                     \
    { SPREAD, S(__VA_ARGS__), 0, 0 }
#define AT(limit, ...)                                                                             \
    { INDEX, S(__VA_ARGS__), limit, FIXED }

static const row table[] = {
    {.name = "rows, some outside", .op = MKD_OP_gather_rows, .in = {X(2, 6, 3), AT(6, 2, 9)}},
    {.name = "no rows asked", .op = MKD_OP_gather_rows, .in = {X(2, 6, 3), AT(6, 2, 0)}},
    {.name = "classes, some outside",
     .op = MKD_OP_one_hot,
     .in = {AT(5, 3, 4)},
     .attributes.size = 5},
    {.name = "rising", .op = MKD_OP_sort, .in = {{TIES, S(3, 12), 0, FIXED}}},
    {.name = "falling",
     .op = MKD_OP_sort,
     .in = {{TIES, S(3, 12), 0, FIXED}},
     .attributes.descending = true},
    {.name = "5 of 40",
     .op = MKD_OP_topk,
     .in = {{SPREAD, S(2, 3, 40), 0, FIXED}},
     .attributes.size = 5},
    {.name = "ties: lower index first",
     .op = MKD_OP_topk,
     .in = {{TIES, S(2, 20), 0, FIXED}},
     .attributes.size = 20},
    {.name = "ties share their mean", .op = MKD_OP_rank, .in = {{TIES, S(2, 15), 0, FIXED}}},
    {.name = "distinct", .op = MKD_OP_rank, .in = {{SPREAD, S(33), 0, FIXED}}},
    {.name = "50 of 30720",
     .op = MKD_OP_topk,
     .in = {{SPREAD, S(3, 30720), 0, FIXED}},
     .attributes.size = 50,
     .flags = SPEED},
};

row_list rows_index(void) {
    return (row_list){table, (int)MKD_COUNT(table)};
}
