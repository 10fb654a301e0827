// Method `monoskd`: Spearman relation, scene relation and response distillation together.
//
// Wang and Wen, "MonoSKD: general distillation framework for monocular 3D object detection via
// Spearman correlation coefficient", ECAI 2023:
//   L = w_s sum_l [1 - corr(A(S_l), rank(T_l))] + w_a sum_l mean |G(A(S_l)) - G(T_l)| + w_r
//   L_response
// over the taps l of strides 4, 8, 16 and 32, all reduced bilinearly to the grid of stride 32, A a
// learned adapter (conv 3x3, ReLU, conv 1x1) per tap. Weights are 1 as published. The ranks are
// plain ones of the teacher; the published soft rank is in effect no rank at all
// (distill/losses.c).

#include "distill/adapter.h"
#include "distill/losses.h"
#include "distill/response.h"

typedef struct monoskd_options {
    double spearman_weight, affinity_weight, response_weight;
    bool cosine;
    int adapter;
} monoskd_options;

static const mkd_option options[] = {
    {"spearman_weight", MKD_OPTION_FLOAT, offsetof(monoskd_options, spearman_weight), "1", 0, 1e6,
     NULL, "", "weight of the rank correlation, summed over taps"},
    {"affinity_weight", MKD_OPTION_FLOAT, offsetof(monoskd_options, affinity_weight), "1", 0, 1e6,
     NULL, "", "weight of the scene relation, summed over taps"},
    {"response_weight", MKD_OPTION_FLOAT, offsetof(monoskd_options, response_weight), "1", 0, 1e6,
     NULL, "", "weight of the response loss"},
    {"cosine", MKD_OPTION_BOOL, offsetof(monoskd_options, cosine), "true", 0, 0, NULL, "",
     "similarities are cosines (the paper's formula), not dot products (the published code)"},
    {"adapter", MKD_OPTION_CHOICE, offsetof(monoskd_options, adapter), "block", 0, 0,
     "none|point|block", "", "map from the student's features to the teacher's"},
    {0}};

static void loss(mkd_loss_terms *out, const mkd_distillation *d, const void *opt) {
    const monoskd_options *o = opt;
    mkd_graph *g = d->graph;
    mkd_value coarse = mkd_tap(d->teacher, "stride32");
    mkd_value spearman = MKD_NONE;
    mkd_value affinity = MKD_NONE;
    for (const char *const *tap = mkd_all_strides; *tap; tap++) {
        int64_t height = mkd_value_extent(g, coarse, 1);
        int64_t width = mkd_value_extent(g, coarse, 2);
        mkd_value teacher = mkd_tap(d->teacher, *tap);
        mkd_value student =
            mkd_adapt(g, mkd_tap(d->student, *tap), mkd_graph_name(g, "monoskd.%s", *tap),
                      (mkd_adapter_kind)o->adapter, (int)mkd_value_extent(g, teacher, -1));
        student = mkd_reduce_map(g, student, height, width);
        teacher = mkd_reduce_map(g, teacher, height, width);
        mkd_value rank_part = mkd_loss_spearman(g, student, teacher);
        mkd_value pair_part = mkd_loss_affinity(g, student, teacher, o->cosine);
        spearman = spearman.id < 0 ? rank_part : mkd_add(g, spearman, rank_part);
        affinity = affinity.id < 0 ? pair_part : mkd_add(g, affinity, pair_part);
    }
    mkd_loss_add(out, "spearman", spearman, o->spearman_weight);
    mkd_loss_add(out, "affinity", affinity, o->affinity_weight);
    mkd_loss_add(out, "response", mkd_response_loss(d), o->response_weight);
}

const mkd_method mkd_method_monoskd = {
    .name = "monoskd",
    .summary = "rank correlation, scene relation and response together",
    .citation = "Wang and Wen, MonoSKD: general distillation framework for monocular 3D object "
                "detection via Spearman correlation coefficient, ECAI 2023",
    .options = options,
    .options_bytes = sizeof(monoskd_options),
    .taps = mkd_all_strides,
    .heads = mkd_response_heads,
    .fields = mkd_response_fields,
    .encode = mkd_response_encode,
    .loss = loss,
};
