// Method `logits`: the student's heads imitate the teacher's where objects are
// (distill/response.c).

#include "distill/response.h"

typedef struct logits_options {
    double weight;
} logits_options;

static const mkd_option options[] = {{"weight", MKD_OPTION_FLOAT, offsetof(logits_options, weight),
                                      "1", 0, 1e6, NULL, "", "weight of the response loss"},
                                     {0}};

static void loss(mkd_loss_terms *out, const mkd_distillation *d, const void *opt) {
    const logits_options *o = opt;
    mkd_loss_add(out, "response", mkd_response_loss(d), o->weight);
}

const mkd_method mkd_method_logits = {
    .name = "logits",
    .summary = "the teacher's predictions where objects are",
    .citation = "object-level result distillation of Chong et al., MonoDistill, ICLR 2022",
    .options = options,
    .options_bytes = sizeof(logits_options),
    .heads = mkd_response_heads,
    .fields = mkd_response_fields,
    .encode = mkd_response_encode,
    .loss = loss,
};
