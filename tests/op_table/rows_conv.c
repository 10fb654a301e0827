#include "table.h"

#define X(...)                                                                                     \
    { UNIFORM, S(__VA_ARGS__), 0, 0 }
#define VEC(n)                                                                                     \
    { UNIFORM, S(n), 0, WIDE }
#define WINDOW(kh, kw, sh, sw, ph, pw, dh, dw, g)                                                  \
    .attributes.window = {.kernel = {kh, kw},                                                      \
                          .stride = {sh, sw},                                                      \
                          .padding = {ph, pw},                                                     \
                          .dilation = {dh, dw},                                                    \
                          .groups = g}
#define CONV(title, ...)                                                                           \
    { .name = title, .op = MKD_OP_conv2d, .flags = BF16, __VA_ARGS__ }
#define TCONV(title, ...)                                                                          \
    { .name = title, .op = MKD_OP_conv_transpose2d, .flags = BF16, __VA_ARGS__ }

static const row table[] = {
    CONV("1x1", .in = {X(2, 5, 7, 6), X(4, 1, 1, 6)}, WINDOW(1, 1, 1, 1, 0, 0, 1, 1, 1)),
    CONV("1x1 stride 2", .in = {X(1, 7, 6, 16), X(32, 1, 1, 16)},
         WINDOW(1, 1, 2, 2, 0, 0, 1, 1, 1)),
    CONV("3x3 bias", .in = {X(2, 9, 7, 3), X(8, 3, 3, 3), VEC(8)},
         WINDOW(3, 3, 1, 1, 1, 1, 1, 1, 1)),
    CONV("3x3 stride 2", .in = {X(1, 11, 14, 4), X(5, 3, 3, 4)}, WINDOW(3, 3, 2, 2, 1, 1, 1, 1, 1)),
    CONV("3x3 dilation 2", .in = {X(1, 13, 12, 3), X(4, 3, 3, 3)},
         WINDOW(3, 3, 1, 1, 2, 2, 2, 2, 1)),
    CONV("7x7 stride 2 bias", .in = {X(1, 17, 15, 3), X(6, 7, 7, 3), VEC(6)},
         WINDOW(7, 7, 2, 2, 3, 3, 1, 1, 1)),
    CONV("3x2 uneven", .in = {X(1, 10, 9, 3), X(4, 3, 2, 3)}, WINDOW(3, 2, 2, 1, 1, 0, 1, 1, 1)),
    CONV("kernel larger than the image", .in = {X(1, 3, 4, 2), X(2, 7, 7, 2)},
         WINDOW(7, 7, 1, 1, 3, 3, 1, 1, 1)),
    CONV("depthwise", .in = {X(2, 8, 9, 6), X(6, 3, 3, 1)}, WINDOW(3, 3, 1, 1, 1, 1, 1, 1, 6)),
    CONV("groups 2 stride 2 bias", .in = {X(1, 9, 8, 6), X(8, 3, 3, 3), VEC(8)},
         WINDOW(3, 3, 2, 2, 1, 1, 1, 1, 2)),
    CONV("16 to 32 channels, relu", .in = {X(2, 6, 10, 16), X(32, 3, 3, 16), VEC(32)},
         .attributes.relu = true, WINDOW(3, 3, 1, 1, 1, 1, 1, 1, 1)),
    CONV("33 to 17 channels, residual, relu",
         .in = {X(1, 5, 6, 33), X(17, 3, 3, 33), VEC(17), X(1, 5, 6, 17)}, .attributes.relu = true,
         WINDOW(3, 3, 1, 1, 1, 1, 1, 1, 1)),
    CONV("residual without bias", .in = {X(1, 5, 6, 4), X(8, 1, 1, 4), {NONE}, X(1, 5, 6, 8)},
         WINDOW(1, 1, 1, 1, 0, 0, 1, 1, 1)),
    CONV("result of the operands' type", .in = {X(1, 5, 6, 16), X(17, 3, 3, 16), VEC(17)},
         .attributes.dtype = MKD_BF16, WINDOW(3, 3, 1, 1, 1, 1, 1, 1, 1)),
    CONV("residual, relu, result of the operands' type",
         .in = {X(1, 5, 6, 16), X(32, 1, 1, 16), VEC(32), X(1, 5, 6, 32)},
         .attributes = {.relu = true, .dtype = MKD_BF16}, WINDOW(1, 1, 1, 1, 0, 0, 1, 1, 1)),
    CONV("no images", .in = {X(0, 5, 6, 4), X(8, 3, 3, 4)}, WINDOW(3, 3, 1, 1, 1, 1, 1, 1, 1)),
    TCONV("4x4 stride 2 depthwise", .in = {X(2, 5, 6, 4), X(4, 4, 4, 1)},
          WINDOW(4, 4, 2, 2, 1, 1, 1, 1, 4)),
    TCONV("8x8 stride 4 depthwise", .in = {X(1, 3, 5, 3), X(3, 8, 8, 1)},
          WINDOW(8, 8, 4, 4, 2, 2, 1, 1, 3)),
    TCONV("4x4 stride 2 bias", .in = {X(1, 4, 7, 3), X(3, 4, 4, 5), VEC(5)},
          WINDOW(4, 4, 2, 2, 1, 1, 1, 1, 1)),
    TCONV("2x2 stride 2", .in = {X(2, 5, 3, 16), X(16, 2, 2, 8)},
          WINDOW(2, 2, 2, 2, 0, 0, 1, 1, 1)),
    TCONV("groups 2 bias", .in = {X(1, 3, 4, 4), X(4, 4, 4, 3), VEC(6)},
          WINDOW(4, 4, 4, 4, 0, 0, 1, 1, 2)),
    TCONV("dilation 2", .in = {X(1, 5, 6, 2), X(2, 3, 3, 3)}, WINDOW(3, 3, 1, 1, 1, 1, 2, 2, 1)),
    {.name = "output padding",
     .op = MKD_OP_conv_transpose2d,
     .in = {X(1, 6, 5, 3), X(3, 3, 3, 4)},
     .attributes.window = {.kernel = {3, 3},
                           .stride = {2, 2},
                           .padding = {1, 1},
                           .dilation = {1, 1},
                           .output_padding = {1, 1},
                           .groups = 1},
     .flags = BF16},
    {.name = "a b", .op = MKD_OP_matmul, .in = {X(3, 5, 7), X(3, 7, 4)}, .flags = BF16},
    {.name = "a^T b, scaled",
     .op = MKD_OP_matmul,
     .in = {X(7, 5), X(7, 4)},
     .attributes = {.transpose_a = true, .alpha = -0.5},
     .flags = BF16},
    {.name = "a b^T",
     .op = MKD_OP_matmul,
     .in = {X(2, 2, 33, 16), X(2, 2, 9, 16)},
     .attributes = {.transpose_b = true},
     .flags = BF16},
    {.name = "a^T b^T",
     .op = MKD_OP_matmul,
     .in = {X(1, 6, 5), X(1, 40, 6)},
     .attributes = {.transpose_a = true, .transpose_b = true},
     .flags = BF16},
    {.name = "inner extent 0", .op = MKD_OP_matmul, .in = {X(2, 3, 0), X(2, 0, 4)}},
    {.name = "3x3 64 channels 96x320",
     .op = MKD_OP_conv2d,
     .in = {X(1, 96, 320, 64), X(64, 3, 3, 64)},
     WINDOW(3, 3, 1, 1, 1, 1, 1, 1, 1),
     .flags = SPEED | BF16},
    {.name = "3x3 128 channels 48x160",
     .op = MKD_OP_conv2d,
     .in = {X(1, 48, 160, 128), X(128, 3, 3, 128)},
     WINDOW(3, 3, 1, 1, 1, 1, 1, 1, 1),
     .flags = SPEED | BF16},
    {.name = "4x4 stride 2 depthwise 64 channels 48x160",
     .op = MKD_OP_conv_transpose2d,
     .in = {X(1, 48, 160, 64), X(64, 4, 4, 1)},
     WINDOW(4, 4, 2, 2, 1, 1, 1, 1, 64),
     .flags = SPEED | BF16},
    {.name = "1024 x 1024",
     .op = MKD_OP_matmul,
     .in = {X(1024, 256), X(256, 1024)},
     .flags = SPEED | BF16},
};

row_list rows_conv(void) {
    return (row_list){table, (int)MKD_COUNT(table)};
}
