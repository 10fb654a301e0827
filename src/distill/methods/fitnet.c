// Method `fitnet`: the student's feature maps imitate the teacher's.
//
// Romero et al., "FitNets: hints for thin deep nets", ICLR 2015: L = mean (A(S) - T)^2 per tap, A a
// learned adapter. Taps of all four strides by default; the mean over taps is taken.

#include "base/status.h"
#include "distill/adapter.h"
#include "distill/losses.h"

typedef struct fitnet_options {
    double weight;
    int adapter;
    mkd_string_list taps;
} fitnet_options;

static const mkd_option options[] = {
    {"weight", MKD_OPTION_FLOAT, offsetof(fitnet_options, weight), "1", 0, 1e6, NULL, "",
     "weight of the feature loss"},
    {"adapter", MKD_OPTION_CHOICE, offsetof(fitnet_options, adapter), "point", 0, 0,
     "none|point|block", "", "map from the student's features to the teacher's"},
    {"taps", MKD_OPTION_STRINGS, offsetof(fitnet_options, taps),
     "[stride4, stride8, stride16, stride32]", 0, 0, NULL, "", "which feature maps"},
    {0}};

static int check_taps(const fitnet_options *o, const mkd_distillation *d) {
    if (o->taps.n == 0) {
        MKD_FAIL(MKD_EINVAL, "distill.fitnet.taps is empty: name a tap, such as stride8");
    }
    for (size_t i = 0; i < o->taps.n; i++) {
        if (mkd_tap(d->student, o->taps.at[i]).id < 0 ||
            mkd_tap(d->teacher, o->taps.at[i]).id < 0) {
            MKD_FAIL(MKD_EINVAL,
                     "distill.fitnet.taps: there is no tap '%s' in both networks, expected "
                     "stride4, stride8, stride16 or stride32",
                     o->taps.at[i]);
        }
    }
    return 0;
}

static void loss(mkd_loss_terms *out, const mkd_distillation *d, const void *opt) {
    const fitnet_options *o = opt;
    mkd_graph *g = d->graph;
    mkd_value sum = MKD_NONE;
    int status = check_taps(o, d);
    if (status < 0) {
        mkd_graph_fail(g, status);
        return;
    }
    for (size_t i = 0; i < o->taps.n; i++) {
        const char *tap = o->taps.at[i];
        mkd_value teacher = mkd_tap(d->teacher, tap);
        mkd_value student =
            mkd_adapt(g, mkd_tap(d->student, tap), mkd_graph_name(g, "fitnet.%s", tap),
                      (mkd_adapter_kind)o->adapter, (int)mkd_value_extent(g, teacher, -1));
        mkd_value part = mkd_loss_l2(g, student, teacher);
        sum = sum.id < 0 ? part : mkd_add(g, sum, part);
    }
    mkd_loss_add(out, "fitnet", mkd_scale(g, sum, 1.0 / (double)o->taps.n), o->weight);
}

const mkd_method mkd_method_fitnet = {
    .name = "fitnet",
    .summary = "L2 between feature maps, through an adapter",
    .citation = "Romero et al., FitNets: hints for thin deep nets, ICLR 2015",
    .options = options,
    .options_bytes = sizeof(fitnet_options),
    .taps = mkd_all_strides,
    .loss = loss,
};
