// The table of kinds. A kind of a later group is one line here and one function.
#include "kinds.h"

#include <string.h>

typedef struct kind {
    const char *name;
    variant_function build; // through a graph, once per variant
    variant_function run;   // without a graph, once per variant
    parity_function whole;  // the case as a whole: models
} kind;

static const kind kinds[] = {
    {"op.activation", kind_activation, NULL, NULL},
    {"op.adam", NULL, kind_adam, NULL},
    {"op.adam_onecycle", NULL, kind_adam_onecycle, NULL},
    {"op.adamw", NULL, kind_adamw, NULL},
    {"op.adaptive_avg_pool2d", kind_adaptive_avg_pool2d, NULL, NULL},
    {"op.avg_pool2d", kind_avg_pool2d, NULL, NULL},
    {"op.batch_norm", kind_batch_norm, NULL, NULL},
    {"op.box_iou", kind_box_iou, NULL, NULL},
    {"op.clip_grad_norm", NULL, kind_clip_grad_norm, NULL},
    {"op.conv2d", kind_conv2d, NULL, NULL},
    {"op.conv_transpose2d", kind_conv_transpose2d, NULL, NULL},
    {"op.cross_entropy", kind_cross_entropy, NULL, NULL},
    {"op.ema", NULL, kind_ema, NULL},
    {"op.embedding", kind_embedding, NULL, NULL},
    {"op.frozen_batch_norm", kind_frozen_batch_norm, NULL, NULL},
    {"op.gelu", kind_activation, NULL, NULL},
    {"op.group_norm", kind_group_norm, NULL, NULL},
    {"op.interpolate", kind_interpolate, NULL, NULL},
    {"op.laplace_depth_loss", kind_laplace_depth_loss, NULL, NULL},
    {"op.layer_norm", kind_layer_norm, NULL, NULL},
    {"op.linear", kind_linear, NULL, NULL},
    {"op.lr_onecycle", NULL, kind_lr_onecycle, NULL},
    {"op.lr_schedules", NULL, kind_lr_schedules, NULL},
    {"op.max_pool2d", kind_max_pool2d, NULL, NULL},
    {"op.monodetr_adamw", NULL, kind_monodetr_adamw, NULL},
    {"op.multihead_attention", kind_multihead_attention, NULL, NULL},
    {"op.nms", NULL, kind_nms, NULL},
    {"op.sgd", NULL, kind_sgd, NULL},
    {"op.sigmoid_focal_loss", kind_sigmoid_focal_loss, NULL, NULL},
    {"op.smooth_l1", kind_smooth_l1, NULL, NULL},
    {"op.softmax", kind_softmax, NULL, NULL},
    {"op.sort", kind_sort, NULL, NULL},
    {"op.topk", kind_topk, NULL, NULL},
};

static const kind *find(const char *name) {
    for (size_t i = 0; i < MKD_COUNT(kinds); i++) {
        if (strcmp(kinds[i].name, name) == 0) {
            return &kinds[i];
        }
    }
    return NULL;
}

bool parity_knows_kind(const char *name) {
    return find(name) != NULL;
}

int parity_run_kind(parity_case *c) {
    const kind *k = find(c->kind);
    return k->whole   ? k->whole(c)
           : k->build ? variant_run_graphs(c, k->build)
                      : variant_run_all(c, k->run);
}

void parity_list_kinds(mkd_str *out) {
    for (size_t i = 0; i < MKD_COUNT(kinds); i++) {
        mkd_str_printf(out, "%s\n", kinds[i].name);
    }
}
