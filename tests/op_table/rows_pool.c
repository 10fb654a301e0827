#include "table.h"

#define X(...)                                                                                     \
    { SPREAD, S(__VA_ARGS__), 0, 0 }
#define POOL(k, s, p, ...)                                                                         \
    .attributes.window = {.kernel = {k, k},                                                        \
                          .stride = {s, s},                                                        \
                          .padding = {p, p},                                                       \
                          .dilation = {1, 1},                                                      \
                          .groups = 1,                                                             \
                          __VA_ARGS__}
#define RESIZE(kind_, ...)                                                                         \
    .op = MKD_OP_interpolate2d, .attributes.kind = MKD_##kind_, .attributes.shape = S(__VA_ARGS__)

static const row table[] = {
    {.name = "3x3 stride 2",
     .op = MKD_OP_max_pool2d,
     .in = {X(2, 9, 11, 3)},
     POOL(3, 2, 1, .ceil_mode = false)},
    {.name = "2x2 odd sizes",
     .op = MKD_OP_max_pool2d,
     .in = {X(1, 7, 9, 4)},
     POOL(2, 2, 0, .ceil_mode = false)},
    {.name = "3x3 peaks",
     .op = MKD_OP_max_pool2d,
     .in = {X(1, 8, 7, 2)},
     POOL(3, 1, 1, .ceil_mode = false)},
    {.name = "ceil mode",
     .op = MKD_OP_max_pool2d,
     .in = {X(1, 8, 9, 2)},
     POOL(3, 2, 1, .ceil_mode = true)},
    {.name = "ties: the first place wins",
     .op = MKD_OP_max_pool2d,
     .in = {{TIES, S(2, 8, 8, 3), 0, 0}},
     POOL(2, 2, 0, .ceil_mode = false),
     .flags = KINK},
    {.name = "2x2",
     .op = MKD_OP_avg_pool2d,
     .in = {X(2, 8, 10, 3)},
     POOL(2, 2, 0, .count_include_pad = true)},
    {.name = "3x3 padding counts",
     .op = MKD_OP_avg_pool2d,
     .in = {X(1, 7, 9, 2)},
     POOL(3, 1, 1, .count_include_pad = true)},
    {.name = "3x3 padding does not count",
     .op = MKD_OP_avg_pool2d,
     .in = {X(1, 7, 9, 2)},
     POOL(3, 1, 1, .count_include_pad = false)},
    {.name = "ceil mode",
     .op = MKD_OP_avg_pool2d,
     .in = {X(1, 9, 11, 2)},
     POOL(3, 2, 1, .count_include_pad = true, .ceil_mode = true)},
    {.name = "to one",
     .op = MKD_OP_adaptive_avg_pool2d,
     .in = {X(2, 7, 9, 3)},
     .attributes.shape = S(2, 1, 1, 3)},
    {.name = "to 3x5",
     .op = MKD_OP_adaptive_avg_pool2d,
     .in = {X(1, 10, 13, 2)},
     .attributes.shape = S(1, 3, 5, 2)},
    {.name = "to more than there are",
     .op = MKD_OP_adaptive_avg_pool2d,
     .in = {X(1, 4, 5, 2)},
     .attributes.shape = S(1, 7, 7, 2)},
    {.name = "nearest twice", .in = {X(2, 5, 7, 3)}, RESIZE(NEAREST, 2, 10, 14, 3)},
    {.name = "nearest smaller", .in = {X(1, 9, 8, 2)}, RESIZE(NEAREST, 1, 4, 5, 2)},
    {.name = "bilinear twice", .in = {X(1, 5, 7, 3)}, RESIZE(BILINEAR, 1, 10, 14, 3)},
    {.name = "bilinear smaller", .in = {X(1, 9, 11, 2)}, RESIZE(BILINEAR, 1, 4, 6, 2)},
    {.name = "bilinear aligned",
     .in = {X(2, 5, 4, 2)},
     RESIZE(BILINEAR, 2, 10, 8, 2),
     .attributes.align_corners = true},
    {.name = "bilinear aligned to one",
     .in = {X(1, 3, 4, 2)},
     RESIZE(BILINEAR, 1, 1, 1, 2),
     .attributes.align_corners = true},
    {.name = "bilinear by ratio",
     .in = {X(1, 6, 7, 2)},
     RESIZE(BILINEAR, 1, 9, 10, 2),
     .attributes.ratio = {1 / 1.5, 1 / 1.5}},
    {.name = "3x3 stride 2, 64 channels 192x640",
     .op = MKD_OP_max_pool2d,
     .in = {X(1, 192, 640, 64)},
     POOL(3, 2, 1, .ceil_mode = false),
     .flags = SPEED},
};

row_list rows_pool(void) {
    return (row_list){table, (int)MKD_COUNT(table)};
}
