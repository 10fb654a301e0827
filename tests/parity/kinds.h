// Builders of all kinds (kind_*.c).
#ifndef MKD_TESTS_PARITY_KINDS_H
#define MKD_TESTS_PARITY_KINDS_H

#include "variant.h"

// kind_elementwise.c
void kind_activation(variant *v);
void kind_softmax(variant *v);
// kind_conv.c
void kind_conv2d(variant *v);
void kind_conv_transpose2d(variant *v);
void kind_linear(variant *v);
// kind_attention.c
void kind_multihead_attention(variant *v);
// kind_norm.c
void kind_batch_norm(variant *v);
void kind_frozen_batch_norm(variant *v);
void kind_layer_norm(variant *v);
void kind_group_norm(variant *v);
// kind_loss.c
void kind_cross_entropy(variant *v);
void kind_sigmoid_focal_loss(variant *v);
void kind_smooth_l1(variant *v);
void kind_laplace_depth_loss(variant *v);
// kind_pool.c
void kind_max_pool2d(variant *v);
void kind_avg_pool2d(variant *v);
void kind_adaptive_avg_pool2d(variant *v);
void kind_interpolate(variant *v);
// kind_index.c
void kind_embedding(variant *v);
void kind_sort(variant *v);
void kind_topk(variant *v);
void kind_box_iou(variant *v);
void kind_nms(variant *v);
// kind_optim.c
void kind_adam(variant *v);
void kind_adamw(variant *v);
void kind_sgd(variant *v);
void kind_monodetr_adamw(variant *v);
void kind_adam_onecycle(variant *v);
void kind_ema(variant *v);
void kind_clip_grad_norm(variant *v);
void kind_lr_schedules(variant *v);
void kind_lr_onecycle(variant *v);

#endif
