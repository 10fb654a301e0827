// Method `attention`: the student looks where the teacher looks.
//
// Zagoruyko and Komodakis, "Paying more attention to attention", ICLR 2017. With
// a(F) = sum over channels of F^2, one number per place, brought to unit length per sample:
//   L = mean over samples of |a(S) - a(T)|^2
// The published code takes the mean over places too; the sum keeps the loss independent of the
// grid.

#include "distill/losses.h"
#include "nn/functions.h"

typedef struct attention_options {
    double weight;
} attention_options;

static const mkd_option options[] = {{"weight", MKD_OPTION_FLOAT,
                                      offsetof(attention_options, weight), "1", 0, 1e6, NULL, "",
                                      "weight of the attention loss"},
                                     {0}};

static const char *const taps[] = {"stride8", "stride16", NULL};

// [N,H,W,C] -> [N,H W], rows of unit length
static mkd_value attention(mkd_graph *g, mkd_value map) {
    const int last[1] = {-1};
    mkd_value a = mkd_reduce_of(g, MKD_REDUCE_SUM, mkd_square(g, map), last, 1);
    int64_t places = mkd_value_extent(g, map, 1) * mkd_value_extent(g, map, 2);
    a = mkd_reshape(g, a, MKD_SHAPE(mkd_value_extent(g, map, 0), places));
    mkd_value square = mkd_reduce_of(g, MKD_REDUCE_SUM, mkd_square(g, a), last, 1);
    return mkd_div(g, a, mkd_sqrt(g, mkd_maximum(g, square, 1e-12)));
}

static void loss(mkd_loss_terms *out, const mkd_distillation *d, const void *opt) {
    const attention_options *o = opt;
    mkd_graph *g = d->graph;
    mkd_value sum = MKD_NONE;
    for (const char *const *tap = taps; *tap; tap++) {
        mkd_value student = mkd_tap(d->student, *tap);
        mkd_value teacher = mkd_tap(d->teacher, *tap);
        mkd_value off = mkd_sub(g, attention(g, student), attention(g, teacher));
        double samples = (double)mkd_value_extent(g, student, 0);
        mkd_value part = mkd_scale(g, mkd_sum_all(g, mkd_square(g, off)), 1 / samples);
        sum = sum.id < 0 ? part : mkd_add(g, sum, part);
    }
    mkd_loss_add(out, "attention", sum, o->weight);
}

const mkd_method mkd_method_attention = {
    .name = "attention",
    .summary = "where the features are large",
    .citation = "Zagoruyko and Komodakis, Paying more attention to attention, ICLR 2017",
    .options = options,
    .options_bytes = sizeof(attention_options),
    .taps = taps,
    .loss = loss,
};
