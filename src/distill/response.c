// Object-level result distillation of MonoDistill and MonoSKD, on dense heads.
//
// The mask is the union over objects of the square |x - c| <= r, |y - c| <= r around the 2D box's
// center c (feature cells), r the Gaussian radius: in the published code every cell with a positive
// Gaussian value, which for its sigma is the whole square; weights are 1. Not distilled: the heat
// map and the uncertainties. Where we differ: objects that were filtered out leave no mark (the
// published code marks cell (0,0) for each); depth is compared after its activation, in metres; the
// heading's residual is compared at the teacher's bin, since dense cells have no true one.

#include "distill/response.h"

#include <math.h>

#include "detect/gaussian.h"
#include "detect/heading.h"

static const double stride = 4;
static const double gaussian_overlap = 0.7;

const char *const mkd_response_heads[] = {"offset_2d", "size_2d", "offset_3d", "size_3d",
                                          "depth",     "heading", NULL};

void mkd_response_fields(mkd_field_list *out, const mkd_detector *student) {
    mkd_field_add(out, "distill.foreground", MKD_F32,
                  MKD_SHAPE(student->model.height_px / 4, student->model.width_px / 4, 1));
}

int mkd_response_encode(const mkd_sample_slots *out, const mkd_detector *student,
                        const mkd_scene *scene) {
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

static mkd_value metres(mkd_graph *g, mkd_value head) {
    mkd_value z = mkd_slice(g, head, -1, 0, 1);
    mkd_value inverse = mkd_linear_of(g, mkd_sigmoid(g, z), 1, 1e-6);
    return mkd_linear_of(g, mkd_reciprocal(g, inverse), 1, -1);
}

static mkd_value heading_loss(mkd_graph *g, mkd_value student, mkd_value teacher, mkd_value mask) {
    const int last[1] = {-1};
    mkd_value log_s = mkd_log_softmax(g, mkd_slice(g, student, -1, 0, MKD_HEADING_BINS), -1);
    mkd_value bins_t = mkd_slice(g, teacher, -1, 0, MKD_HEADING_BINS);
    mkd_value log_t = mkd_log_softmax(g, bins_t, -1);
    mkd_value kl = mkd_mul(g, mkd_exp(g, log_t), mkd_sub(g, log_t, log_s));
    // 1 at the teacher's best bin (a tie marks both, which changes nothing that matters)
    mkd_value best = mkd_reduce_of(g, MKD_REDUCE_MAX, bins_t, last, 1);
    best = mkd_broadcast(g, best, mkd_value_shape(g, bins_t));
    mkd_value at_best = mkd_binary_of(g, MKD_BINARY_EQUAL, bins_t, best);
    mkd_value residual_s = mkd_slice(g, student, -1, MKD_HEADING_BINS, MKD_HEADING_BINS);
    mkd_value residual_t = mkd_slice(g, teacher, -1, MKD_HEADING_BINS, MKD_HEADING_BINS);
    mkd_value off = mkd_mul(g, at_best, mkd_abs(g, mkd_sub(g, residual_s, residual_t)));
    off = mkd_reduce_of(g, MKD_REDUCE_SUM, off, last, 1);
    return mkd_add(g, mkd_masked_mean(g, kl, mask), mkd_masked_mean(g, off, mask));
}

mkd_value mkd_response_loss(const mkd_distillation *d) {
    mkd_graph *g = d->graph;
    mkd_value mask = mkd_find_input(g, "distill.foreground");
    static const char *const plain[] = {"offset_2d", "size_2d", "offset_3d", "size_3d"};
    mkd_value depth_s = metres(g, mkd_detection_head(d->student, "depth"));
    mkd_value depth_t = metres(g, mkd_detection_head(d->teacher, "depth"));
    mkd_value sum = mkd_masked_mean(g, mkd_abs(g, mkd_sub(g, depth_s, depth_t)), mask);
    for (size_t i = 0; i < MKD_COUNT(plain); i++) {
        mkd_value error = mkd_abs(g, mkd_sub(g, mkd_detection_head(d->student, plain[i]),
                                             mkd_detection_head(d->teacher, plain[i])));
        sum = mkd_add(g, sum, mkd_masked_mean(g, error, mask));
    }
    return mkd_add(g, sum,
                   heading_loss(g, mkd_detection_head(d->student, "heading"),
                                mkd_detection_head(d->teacher, "heading"), mask));
}
