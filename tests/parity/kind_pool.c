#include "kinds.h"

#include <math.h>
#include <string.h>

#include "base/status.h"

static mkd_window window_of(const variant *v) {
    mkd_window w = {.groups = 1,
                    .ceil_mode = variant_flag(v, "ceil_mode", false),
                    .count_include_pad = variant_flag(v, "count_include_pad", true)};
    variant_extents(w.kernel, v, "kernel", 2, 1);
    for (int i = 0; i < 2; i++) {
        w.stride[i] = w.kernel[i];
    }
    if (variant_option(v, "stride")) {
        variant_extents(w.stride, v, "stride", 2, 1);
    }
    variant_extents(w.padding, v, "padding", 2, 0);
    variant_extents(w.dilation, v, "dilation", 2, 1);
    return w;
}

static void pool(variant *v, mkd_op op, const mkd_attributes *a) {
    mkd_value x = variant_input(v, "x", CHANNELS_LAST);
    mkd_value y = mkd_node(v->g, op, "pool", a, &x, 1);
    variant_output(v, "y", y, CHANNELS_LAST);
    if (op == MKD_OP_max_pool2d) {
        variant_output(v, "indices", mkd_node_output(v->g, y, 1), CHANNELS_LAST);
    }
    variant_loss(v, y, "grad_y", CHANNELS_LAST);
    variant_gradient(v, "grad_x", x, CHANNELS_LAST);
}

void kind_max_pool2d(variant *v) {
    mkd_attributes a = {.window = window_of(v)};
    pool(v, MKD_OP_max_pool2d, &a);
}

void kind_avg_pool2d(variant *v) {
    if (variant_option(v, "divisor_override")) {
        variant_fail(v, mkd_error_set(MKD_EUNSUPPORTED, "divisor_override"));
        return;
    }
    mkd_attributes a = {.window = window_of(v)};
    pool(v, MKD_OP_avg_pool2d, &a);
}

void kind_adaptive_avg_pool2d(variant *v) {
    mkd_value x = variant_input(v, "x", CHANNELS_LAST);
    int64_t size[2];
    variant_extents(size, v, "output_size", 2, 1);
    mkd_shape shape = mkd_value_shape(v->g, x);
    shape.at[1] = size[0];
    shape.at[2] = size[1];
    mkd_attributes a = {.shape = shape};
    mkd_value y = mkd_node(v->g, MKD_OP_adaptive_avg_pool2d, "pool", &a, &x, 1);
    variant_output(v, "y", y, CHANNELS_LAST);
    variant_loss(v, y, "grad_y", CHANNELS_LAST);
    variant_gradient(v, "grad_x", x, CHANNELS_LAST);
}

typedef struct resampling {
    mkd_interpolation kind;
    bool align_corners;
    int64_t size[3];
    double ratio[3]; // source step per output pixel where scale_factor gives it, else 0
} resampling;

// two axes of x [outer, a, b, inner]
static mkd_value resample(variant *v, mkd_value x, const resampling *r, const int axis[2],
                          const int64_t size[2]) {
    mkd_shape shape = mkd_value_shape(v->g, x);
    shape.at[1] = size[0];
    shape.at[2] = size[1];
    mkd_attributes a = {.kind = (int)r->kind, .align_corners = r->align_corners, .shape = shape};
    for (int i = 0; i < 2; i++) {
        a.ratio[i] = axis[i] >= 0 ? r->ratio[axis[i]] : 0;
    }
    return mkd_node(v->g, MKD_OP_interpolate2d, "resampled", &a, &x, 1);
}

static bool read_sizes(resampling *r, variant *v, const mkd_shape *shape, int n) {
    const json_t *factor = variant_option(v, "scale_factor");
    bool recomputed = variant_flag(v, "recompute_scale_factor", false);
    variant_extents(r->size, v, "size", n, 1);
    for (int i = 0; i < n && factor; i++) {
        const json_t *one = json_is_array(factor) ? json_array_get(factor, (size_t)i) : factor;
        double scale = json_number_value(one);
        r->size[i] = (int64_t)floor((double)shape->at[1 + i] * scale);
        bool by_size = recomputed || (r->align_corners && r->kind == MKD_BILINEAR);
        r->ratio[i] = by_size ? 0 : 1 / scale;
    }
    return factor || variant_option(v, "size");
}

// Linear along each axis: a volume [N,D,H,W,C] is resampled over (H, W) for each depth, then over
// (D, 1) with rows and columns as one axis; a line [N,L,C] is an image of one row.
void kind_interpolate(variant *v) {
    const char *mode = variant_text(v, "mode", "nearest");
    mkd_value x = variant_input(v, "x", CHANNELS_LAST);
    mkd_shape shape = mkd_value_shape(v->g, x);
    int n = shape.rank - 2;
    resampling r = {.align_corners = variant_flag(v, "align_corners", false),
                    .kind = strcmp(mode, "nearest") == 0 ? MKD_NEAREST : MKD_BILINEAR};
    const char *linear[] = {"linear", "bilinear", "trilinear"};
    bool known = n >= 1 && n <= 3 && (r.kind == MKD_NEAREST || strcmp(mode, linear[n - 1]) == 0);
    if (!known || !read_sizes(&r, v, &shape, n) || variant_flag(v, "antialias", false)) {
        variant_fail(
            v, mkd_error_set(MKD_EUNSUPPORTED, "interpolation %s of rank %d", mode, shape.rank));
        return;
    }
    int64_t c = shape.at[shape.rank - 1];
    int64_t depth = n == 3 ? shape.at[1] : 1;
    int64_t height = n == 1 ? 1 : shape.at[n - 1];
    int64_t new_h = n == 1 ? 1 : r.size[n - 2];
    int64_t new_w = r.size[n - 1];
    mkd_value y = mkd_reshape(v->g, x, MKD_SHAPE(shape.at[0] * depth, height, shape.at[n], c));
    y = resample(v, y, &r, (const int[2]){n - 2, n - 1}, (const int64_t[2]){new_h, new_w});
    if (n == 3) {
        y = mkd_reshape(v->g, y, MKD_SHAPE(shape.at[0], depth, new_h * new_w, c));
        y = resample(v, y, &r, (const int[2]){0, -1}, (const int64_t[2]){r.size[0], new_h * new_w});
    }
    for (int i = 0; i < n; i++) {
        shape.at[1 + i] = r.size[i];
    }
    y = mkd_reshape(v->g, y, shape);
    variant_output(v, "y", y, CHANNELS_LAST);
    variant_loss(v, y, "grad_y", CHANNELS_LAST);
    variant_gradient(v, "grad_x", x, CHANNELS_LAST);
}
