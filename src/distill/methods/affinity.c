// Method `affinity`: the student keeps the teacher's similarities between all pairs of places.
//
// Scene-level distillation of MonoDistill (Chong et al., ICLR 2022), on every tap, reduced
// bilinearly to the grid of stride 32 so that the number of pairs stays the same: see
// distill/losses.c.

#include "distill/adapter.h"
#include "distill/losses.h"

typedef struct affinity_options {
    double weight;
    bool cosine;
} affinity_options;

static const mkd_option options[] = {
    {"weight", MKD_OPTION_FLOAT, offsetof(affinity_options, weight), "1", 0, 1e6, NULL, "",
     "weight of the affinity loss"},
    {"cosine", MKD_OPTION_BOOL, offsetof(affinity_options, cosine), "true", 0, 0, NULL, "",
     "similarities are cosines (the paper's formula), not dot products (the published code)"},
    {0}};

static void loss(mkd_loss_terms *out, const mkd_distillation *d, const void *opt) {
    const affinity_options *o = opt;
    mkd_graph *g = d->graph;
    mkd_value coarse = mkd_tap(d->teacher, "stride32");
    mkd_value sum = MKD_NONE;
    for (const char *const *tap = mkd_all_strides; *tap; tap++) {
        int64_t height = mkd_value_extent(g, coarse, 1);
        int64_t width = mkd_value_extent(g, coarse, 2);
        mkd_value part = mkd_loss_affinity(
            g, mkd_reduce_map(g, mkd_tap(d->student, *tap), height, width),
            mkd_reduce_map(g, mkd_tap(d->teacher, *tap), height, width), o->cosine);
        sum = sum.id < 0 ? part : mkd_add(g, sum, part);
    }
    mkd_loss_add(out, "affinity", sum, o->weight);
}

const mkd_method mkd_method_affinity = {
    .name = "affinity",
    .summary = "similarities between all pairs of places of the scene",
    .citation = "Chong et al., MonoDistill: learning spatial features for monocular 3D object "
                "detection, ICLR 2022",
    .options = options,
    .options_bytes = sizeof(affinity_options),
    .taps = mkd_all_strides,
    .loss = loss,
};
