#include "kinds.h"

#include "base/alloc.h"
#include "base/status.h"
#include "geom/iou.h"

// indices as i32 [1,K], those that do (or do not) equal `padding` at -1: such rows are zeros
static mkd_value row_indices(variant *v, const char *name, const mkd_tensor *indices,
                             int64_t padding, bool only_padding) {
    mkd_tensor t = {0};
    int64_t n = mkd_tensor_count(indices);
    variant_fail(v, mkd_tensor_new(&t, MKD_I32, MKD_SHAPE(1, n)));
    for (int64_t i = 0; v->status == 0 && i < n; i++) {
        int64_t index = ((const int64_t *)indices->data)[i];
        bool is_padding = index == padding;
        ((int32_t *)t.data)[i] = is_padding == only_padding ? (int32_t)index : -1;
    }
    return variant_value(v, name, &t);
}

// Rows of padding_idx are read without a gradient: their own gather goes through a stop.
void kind_embedding(variant *v) {
    mkd_graph *g = v->g;
    mkd_tensor indices = {0};
    variant_fail(v, variant_tensor(&indices, v, "indices", MKD_I64));
    mkd_value weight = variant_input(v, "weight", PLAIN);
    if (v->status == 0) {
        int64_t channels = mkd_value_extent(g, weight, 1);
        int64_t rows = mkd_value_extent(g, weight, 0);
        int64_t padding = (int64_t)variant_number(v, "padding_idx", -1);
        bool has_padding = variant_option(v, "padding_idx") != NULL;
        padding = has_padding && padding < 0 ? padding + rows : padding;
        mkd_value table = mkd_reshape(g, weight, MKD_SHAPE(1, rows, channels));
        mkd_value y = mkd_gather_rows(g, table, row_indices(v, "rows", &indices, padding, false));
        if (has_padding) {
            mkd_value at = row_indices(v, "padding_rows", &indices, padding, true);
            y = mkd_add(g, y, mkd_gather_rows(g, mkd_stop_gradient(g, table), at));
        }
        mkd_shape shape = indices.shape;
        shape.at[shape.rank++] = channels;
        y = mkd_reshape(g, y, shape);
        variant_output(v, "y", y, PLAIN);
        variant_loss(v, y, "grad_y", PLAIN);
        variant_gradient(v, "grad_weight", weight, PLAIN);
    }
    mkd_tensor_free(&indices);
}

// swaps an axis with the last one
static mkd_value swap_last(variant *v, mkd_value x, int axis) {
    int axes[MKD_MAX_RANK];
    int rank = mkd_value_shape(v->g, x).rank;
    for (int i = 0; i < rank; i++) {
        axes[i] = i == axis ? rank - 1 : i == rank - 1 ? axis : i;
    }
    return axis == rank - 1 ? x : mkd_transpose(v->g, x, axes);
}

static void ordered(variant *v, mkd_op op, mkd_attributes a) {
    mkd_value x = variant_given(v, "x", PLAIN);
    int rank = mkd_value_shape(v->g, x).rank;
    int axis = (int)variant_number(v, "dim", -1);
    axis = axis < 0 ? axis + rank : axis;
    mkd_value moved = swap_last(v, x, axis);
    mkd_value values = mkd_node(v->g, op, "ordered", &a, &moved, 1);
    mkd_value indices = mkd_node_output(v->g, values, 1);
    variant_output(v, "values", swap_last(v, values, axis), PLAIN);
    variant_output(v, "indices", swap_last(v, indices, axis), PLAIN);
}

void kind_sort(variant *v) {
    ordered(v, MKD_OP_sort, (mkd_attributes){.descending = variant_flag(v, "descending", false)});
}

void kind_topk(variant *v) {
    if (!variant_flag(v, "largest", true)) {
        variant_fail(v, mkd_error_set(MKD_EUNSUPPORTED, "the k smallest"));
        return;
    }
    ordered(v, MKD_OP_topk, (mkd_attributes){.size = (int64_t)variant_number(v, "k", 1)});
}

static mkd_box2d box_at(const mkd_tensor *boxes, int64_t i) {
    const double *b = (const double *)boxes->data + 4 * i;
    return (mkd_box2d){b[0], b[1], b[2], b[3]};
}

// the plain overlap by geom, which evaluation and assignment use
static void plain_iou(variant *v) {
    mkd_tensor a = {0}, b = {0}, iou = {0};
    variant_fail(v, variant_tensor(&a, v, "a", MKD_F64));
    variant_fail(v, variant_tensor(&b, v, "b", MKD_F64));
    if (v->status == 0) {
        int64_t n = a.shape.at[0];
        int64_t m = b.shape.at[0];
        variant_fail(v, mkd_tensor_new(&iou, MKD_F32, MKD_SHAPE(n, m)));
        for (int64_t i = 0; v->status == 0 && i < n * m; i++) {
            mkd_box2d left = box_at(&a, i / m);
            mkd_box2d right = box_at(&b, i % m);
            ((float *)iou.data)[i] = (float)mkd_iou_2d(&left, &right);
        }
        variant_put(v, "iou", &iou);
    }
    mkd_tensor_free(&a);
    mkd_tensor_free(&b);
}

typedef struct sides {
    mkd_value left, top, right, bottom;
} sides;

// columns of boxes [n,4]: as [n,1], or as [1,n] if `across`
static sides sides_of(variant *v, mkd_value boxes, bool across) {
    mkd_value column[4];
    int64_t n = mkd_value_extent(v->g, boxes, 0);
    for (int i = 0; i < 4; i++) {
        column[i] = mkd_slice(v->g, boxes, 1, i, 1);
        column[i] = mkd_reshape(v->g, column[i], across ? MKD_SHAPE(1, n) : MKD_SHAPE(n, 1));
    }
    return (sides){column[0], column[1], column[2], column[3]};
}

static mkd_value area(variant *v, const sides *s) {
    return mkd_mul(v->g, mkd_sub(v->g, s->right, s->left), mkd_sub(v->g, s->bottom, s->top));
}

// extent of the overlap (or of the hull) along one axis, not below 0
static mkd_value shared(variant *v, mkd_binary low, mkd_binary high, mkd_value a0, mkd_value a1,
                        mkd_value b0, mkd_value b1) {
    mkd_value begin = mkd_binary_of(v->g, low, a0, b0);
    mkd_value end = mkd_binary_of(v->g, high, a1, b1);
    return mkd_maximum(v->g, mkd_sub(v->g, end, begin), 0);
}

// generalized IoU: I / U - (hull - U) / hull
void kind_box_iou(variant *v) {
    mkd_graph *g = v->g;
    mkd_value boxes = variant_input(v, "a", PLAIN);
    sides a = sides_of(v, boxes, false);
    sides b = sides_of(v, variant_given(v, "b", PLAIN), true);
    mkd_binary least = MKD_BINARY_MIN, most = MKD_BINARY_MAX;
    mkd_value overlap = mkd_mul(g, shared(v, most, least, a.left, a.right, b.left, b.right),
                                shared(v, most, least, a.top, a.bottom, b.top, b.bottom));
    mkd_value hull = mkd_mul(g, shared(v, least, most, a.left, a.right, b.left, b.right),
                             shared(v, least, most, a.top, a.bottom, b.top, b.bottom));
    mkd_value both = mkd_sub(g, mkd_add(g, area(v, &a), area(v, &b)), overlap);
    mkd_value y = mkd_sub(g, mkd_div(g, overlap, both), mkd_div(g, mkd_sub(g, hull, both), hull));
    variant_output(v, "y", y, PLAIN);
    variant_loss(v, y, "grad_y", PLAIN);
    variant_gradient(v, "grad_a", boxes, PLAIN);
    plain_iou(v);
}

// boxes of different classes must not meet: each class is moved beyond the largest coordinate
static void separate_classes(mkd_tensor *boxes, const mkd_tensor *classes) {
    double *at = boxes->data;
    int64_t n = boxes->shape.at[0];
    double most = 0;
    for (int64_t i = 0; i < 4 * n; i++) {
        most = at[i] > most ? at[i] : most;
    }
    for (int64_t i = 0; i < 4 * n; i++) {
        at[i] += (double)((const int64_t *)classes->data)[i / 4] * (most + 1);
    }
}

void kind_nms(variant *v) {
    mkd_tensor boxes = {0}, scores = {0}, classes = {0}, keep = {0};
    size_t *kept = NULL;
    mkd_box2d *list = NULL;
    variant_fail(v, variant_tensor(&boxes, v, "boxes", MKD_F64));
    variant_fail(v, variant_tensor(&scores, v, "scores", MKD_F64));
    if (v->status == 0 && variant_flag(v, "batched", false)) {
        variant_fail(v, variant_tensor(&classes, v, "class", MKD_I64));
    }
    if (v->status < 0) {
        goto done;
    }
    if (classes.data) {
        separate_classes(&boxes, &classes);
    }
    size_t n = (size_t)boxes.shape.at[0];
    kept = mkd_alloc_array(n, sizeof *kept);
    list = mkd_alloc_array(n, sizeof *list);
    if (!kept || !list) {
        variant_fail(v, MKD_ENOMEM);
        goto done;
    }
    for (size_t i = 0; i < n; i++) {
        list[i] = box_at(&boxes, (int64_t)i);
    }
    long n_kept = mkd_nms_2d(kept, list, scores.data, n, variant_number(v, "iou_threshold", 0.5));
    variant_fail(v, n_kept < 0 ? (int)n_kept : 0);
    if (v->status == 0) {
        variant_fail(v, mkd_tensor_new(&keep, MKD_I64, MKD_SHAPE(n_kept)));
    }
    for (long i = 0; v->status == 0 && i < n_kept; i++) {
        ((int64_t *)keep.data)[i] = (int64_t)kept[i];
    }
    if (v->status == 0) {
        variant_put(v, "keep", &keep);
    }
done:
    mkd_free(kept);
    mkd_free(list);
    mkd_tensor_free(&boxes);
    mkd_tensor_free(&scores);
    mkd_tensor_free(&classes);
    mkd_tensor_free(&keep);
}
