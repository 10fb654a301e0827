// Object-level result distillation of MonoSKD (after MonoDistill's).
//
//   L = |offset_2d| + |size_2d|                       mean over the foreground's cells and channels
//     + |offset_3d| + |size_3d| + |depth| + heading   mean over the objects
//   heading = (1/12) sum p_T (log p_T - log p_S) + |residual_S - residual_T| at the true bin
// The foreground is the union over objects of the square |x - c| <= r, |y - c| <= r around the 2D
// box's center c (feature cells), r the Gaussian radius: in the published code every cell with a
// positive Gaussian value, which for its sigma is the whole square; weights are 1. Not distilled:
// the heat map and the uncertainties. Where we differ: objects that were filtered out leave no mark
// (the published code marks cell (0,0) for each); the published 3D heads look at regions of
// interest, here the heads are dense and are read at the cell of each object's 3D center; depth is
// compared by its logit, before the activation, whose slope far away is hundreds of metres. Dense
// 3D imitation over the whole foreground was tried and is harmful: cells that the teacher was never
// trained on tell it nothing.

#include "distill/response.h"

#include <math.h>

#include "detect/gaussian.h"
#include "detect/heading.h"

static const double stride = 4;
static const double gaussian_overlap = 0.7;

const char *const mkd_response_heads[] = {"offset_2d", "size_2d", "offset_3d", "size_3d",
                                          "depth",     "heading", NULL};

void mkd_response_fields(mkd_field_list *out, const mkd_detector *student, const void *options) {
    (void)options;
    mkd_field_add(out, "distill.foreground", MKD_F32,
                  MKD_SHAPE(student->model.height_px / 4, student->model.width_px / 4, 1));
}

int mkd_response_encode(const mkd_sample_slots *out, const mkd_detector *student,
                        const mkd_scene *scene, const void *options) {
    (void)options;
    float *mask = mkd_sample_slot(out, "distill.foreground");
    int width = (int)(student->model.width_px / 4);
    int height = (int)(student->model.height_px / 4);
    for (size_t i = 0; mask && i < scene->objects.n; i++) {
        if (mkd_detector_class_of(student, &scene->frame->objects.at[i]) < 0) {
            continue;
        }
        const mkd_box2d *b = &scene->objects.at[i].box_px;
        int radius = mkd_gaussian_radius((b->bottom_px - b->top_px) / stride,
                                         (b->right_px - b->left_px) / stride, gaussian_overlap);
        int center_x = (int)floor((b->left_px + b->right_px) / 2 / stride);
        int center_y = (int)floor((b->top_px + b->bottom_px) / 2 / stride);
        for (int y = center_y - radius; y <= center_y + radius; y++) {
            for (int x = center_x - radius; x <= center_x + radius; x++) {
                if (y >= 0 && y < height && x >= 0 && x < width) {
                    mask[y * width + x] = 1;
                }
            }
        }
    }
    return 0;
}

// a head's values at the objects' cells: [N,K,C]
static mkd_value at_objects(mkd_graph *g, const mkd_detection *detection, const char *name) {
    mkd_value index = mkd_find_input(g, "target.index");
    return mkd_gather_cells(g, mkd_detection_head(detection, name), index);
}

static mkd_value l1(mkd_graph *g, mkd_value student, mkd_value teacher, mkd_value mask) {
    return mkd_masked_mean(g, mkd_abs(g, mkd_sub(g, student, teacher)), mask);
}

static mkd_value heading_loss(mkd_graph *g, mkd_value student, mkd_value teacher, mkd_value mask) {
    const int last[1] = {-1};
    mkd_value bin = mkd_one_hot(g, mkd_find_input(g, "target.heading_bin"), MKD_HEADING_BINS);
    mkd_value log_s = mkd_log_softmax(g, mkd_slice(g, student, -1, 0, MKD_HEADING_BINS), -1);
    mkd_value log_t = mkd_log_softmax(g, mkd_slice(g, teacher, -1, 0, MKD_HEADING_BINS), -1);
    mkd_value kl = mkd_mul(g, mkd_exp(g, log_t), mkd_sub(g, log_t, log_s));
    mkd_value residual_s = mkd_slice(g, student, -1, MKD_HEADING_BINS, MKD_HEADING_BINS);
    mkd_value residual_t = mkd_slice(g, teacher, -1, MKD_HEADING_BINS, MKD_HEADING_BINS);
    mkd_value off = mkd_mul(g, bin, mkd_abs(g, mkd_sub(g, residual_s, residual_t)));
    off = mkd_reduce_of(g, MKD_REDUCE_SUM, off, last, 1);
    return mkd_add(g, mkd_masked_mean(g, kl, mask), mkd_masked_mean(g, off, mask));
}

mkd_value mkd_response_loss(const mkd_distillation *d) {
    mkd_graph *g = d->graph;
    mkd_value foreground = mkd_find_input(g, "distill.foreground");
    mkd_value mask = mkd_find_input(g, "target.mask");
    static const char *const dense[] = {"offset_2d", "size_2d"};
    static const char *const sparse[] = {"offset_3d", "size_3d"};
    mkd_value sum = l1(g, mkd_slice(g, at_objects(g, d->student, "depth"), -1, 0, 1),
                       mkd_slice(g, at_objects(g, d->teacher, "depth"), -1, 0, 1), mask);
    for (size_t i = 0; i < MKD_COUNT(dense); i++) {
        sum = mkd_add(g, sum,
                      l1(g, mkd_detection_head(d->student, dense[i]),
                         mkd_detection_head(d->teacher, dense[i]), foreground));
        sum = mkd_add(g, sum,
                      l1(g, at_objects(g, d->student, sparse[i]),
                         at_objects(g, d->teacher, sparse[i]), mask));
    }
    mkd_value heading = heading_loss(g, at_objects(g, d->student, "heading"),
                                     at_objects(g, d->teacher, "heading"), mask);
    return mkd_add(g, sum, heading);
}
