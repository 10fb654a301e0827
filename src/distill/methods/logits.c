// Method `logits`: the student's heads imitate the teacher's where objects are
// (distill/response.c).

#include "distill/response.h"

typedef struct logits_options {
    double weight;
} logits_options;

static const mkd_option options[] = {{"weight", MKD_OPTION_FLOAT, offsetof(logits_options, weight),
                                      "1", 0, 1e6, NULL, "", "weight of the response loss"},
                                     {0}};

static void fields(mkd_field_list *out, const mkd_detector *student, const void *opt) {
    (void)opt;
    mkd_response_fields(out, student);
}

static int encode(const mkd_sample_slots *out, const mkd_detector *student,
                  const mkd_scene *scene, const void *opt) {
    (void)opt;
    return mkd_response_encode(out, student, scene);
}

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
    .fields = fields,
    .encode = encode,
    .loss = loss,
};
