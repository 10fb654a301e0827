// Theory.
//
// Affinity (MonoDistill, Chong et al., ICLR 2022, scene-level distillation): G_ij = f_i . f_j, with
// the cosine denominator |f_i||f_j| in the paper's formula and without it in the published code.
// The mean runs over batch and pairs; the published code divides by the batch size once more.
//
// Spearman (MonoSKD, Wang and Wen, ECAI 2023): the correlation of ranks. The published code ranks
// the teacher alone, by a soft rank whose strength makes it an affine map of the values, so what
// runs there is Pearson's correlation. Here the teacher's ranks are the plain ones
// ("hard_teacher"): exact, constant, and the student keeps a smooth gradient dL/dS = -(r^ - rho s^)
// / |s_c|, with s_c the centered student, s^ and r^ the centered unit vectors. Post-ReLU maps have
// thousands of equal zeros: ties share the mean of their ranks.

#include "distill/losses.h"

mkd_value mkd_loss_l2(mkd_graph *g, mkd_value student, mkd_value teacher) {
    return mkd_mean_all(g, mkd_square(g, mkd_sub(g, student, teacher)));
}

mkd_value mkd_reduce_map(mkd_graph *g, mkd_value map, int64_t height, int64_t width) {
    if (mkd_value_extent(g, map, 1) == height && mkd_value_extent(g, map, 2) == width) {
        return map;
    }
    return mkd_interpolate2d(g, map, MKD_BILINEAR, height, width, false);
}

static mkd_value places_by_channels(mkd_graph *g, mkd_value map) {
    return mkd_reshape(g, map,
                       MKD_SHAPE(mkd_value_extent(g, map, 0),
                                 mkd_value_extent(g, map, 1) * mkd_value_extent(g, map, 2),
                                 mkd_value_extent(g, map, 3)));
}

// 1 where x > bound, else 0; no gradient
static mkd_value above(mkd_graph *g, mkd_value x, mkd_value bound) {
    return mkd_binary_of(g, MKD_BINARY_GREATER, x, bound);
}

static mkd_value gram(mkd_graph *g, mkd_value map, bool cosine) {
    mkd_value f = places_by_channels(g, map);
    if (cosine) {
        const int last[1] = {-1};
        mkd_value square = mkd_reduce_of(g, MKD_REDUCE_SUM, mkd_square(g, f), last, 1);
        // a place without any activation has no direction: its row is zero and gets no gradient,
        // where 1 / length would make one of a million
        const double floor = 1e-12;
        mkd_value length = mkd_sqrt(g, mkd_maximum(g, square, floor));
        f = mkd_mul(g, mkd_div(g, f, length), above(g, square, mkd_linear_of(g, square, 0, floor)));
    }
    return mkd_matmul(g, f, f, false, true, 1);
}

mkd_value mkd_loss_affinity(mkd_graph *g, mkd_value student, mkd_value teacher, bool cosine) {
    mkd_value difference = mkd_sub(g, gram(g, student, cosine), gram(g, teacher, cosine));
    return mkd_mean_all(g, mkd_abs(g, difference));
}

// A map with its mean removed, its standard deviation, and whether it varies at all: 1 or 0. What
// rounding leaves of a constant map (a millionth of its size) is no variation.
typedef struct centered_map {
    mkd_value values, deviation, varies;
} centered_map;

static centered_map center(mkd_graph *g, mkd_value x) {
    const double floor = 1e-20;
    mkd_value values = mkd_sub(g, x, mkd_mean_all(g, x));
    mkd_value variance = mkd_mean_all(g, mkd_square(g, values));
    mkd_value noise = mkd_linear_of(g, mkd_mean_all(g, mkd_square(g, x)), 1e-12, floor);
    return (centered_map){values, mkd_sqrt(g, mkd_maximum(g, variance, floor)),
                          above(g, variance, noise)};
}

mkd_value mkd_loss_spearman(mkd_graph *g, mkd_value student, mkd_value teacher) {
    int64_t n = mkd_value_extent(g, student, 0);
    mkd_shape shape = mkd_value_shape(g, student);
    int64_t row = n > 0 ? mkd_shape_count(&shape) / n : 0;
    mkd_value ranks = mkd_rank(g, mkd_reshape(g, teacher, MKD_SHAPE(n, row)));
    // ranks grow with the size of the map; over n they stay in a range where f32 sums are exact
    // enough
    centered_map r = center(g, mkd_scale(g, ranks, row > 0 ? 1.0 / (double)row : 0));
    centered_map s = center(g, mkd_reshape(g, student, MKD_SHAPE(n, row)));
    mkd_value covariance = mkd_mean_all(g, mkd_mul(g, s.values, r.values));
    mkd_value correlation = mkd_div(g, covariance, mkd_mul(g, s.deviation, r.deviation));
    // a constant map correlates with nothing: 0, and no gradient
    correlation = mkd_mul(g, correlation, mkd_mul(g, s.varies, r.varies));
    return mkd_linear_of(g, correlation, -1, 1);
}
