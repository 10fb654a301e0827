#include "train/run_model.h"

#include <string.h>

#include "base/alloc.h"
#include "base/status.h"
#include "train/checkpoint.h"
#include "train/evaluate.h"
#include "train/run_folder.h"

// without its method: the teacher's folder may be gone, and its network is not run
static int read_config(mkd_config **out, const char *run, const char *const *overrides, size_t n) {
    const char **all = mkd_alloc_array(n + 1, sizeof *all);
    if (!all) {
        return MKD_ENOMEM;
    }
    if (n > 0) {
        memcpy(all, overrides, n * sizeof *all);
    }
    all[n] = "distill.method=";
    int status = mkd_run_config(out, run, all, n + 1);
    mkd_free(all);
    return status;
}

int mkd_run_model_open(mkd_run_model *out, const char *run, const char *const *overrides,
                       size_t n_overrides) {
    *out = (mkd_run_model){0};
    int status = read_config(&out->config, run, overrides, n_overrides);
    MKD_GOTO(status);
    MKD_GOTO(mkd_experiment_open(&out->experiment, out->config));
    // building declares the parameters that are loaded then
    MKD_GOTO(mkd_experiment_build_inference(&out->step, &out->experiment, 1));
    MKD_GOTO(mkd_run_load_weights(out->experiment.student.store, run));
    MKD_GOTO(mkd_plan_refresh(out->step.plan));
    MKD_GOTO(mkd_batch_new(&out->batch, out->step.fields.at, (size_t)out->step.fields.n, 1));
done:
    if (status < 0) {
        mkd_run_model_close(out);
    }
    return status;
}

void mkd_run_model_close(mkd_run_model *model) {
    mkd_batch_free(&model->batch);
    mkd_step_graph_free(&model->step);
    mkd_experiment_close(&model->experiment);
    mkd_config_free(model->config);
    *model = (mkd_run_model){0};
}

int mkd_run_model_detect(mkd_object_list *out, mkd_run_model *model, const mkd_image *image,
                         const mkd_camera *camera) {
    const mkd_model_options *options = &model->experiment.student.detector.model;
    mkd_sample_slots slots = {.fields = &model->step.fields};
    mkd_frame_view view = {.camera = *camera};
    *out = (mkd_object_list){0};
    if (options->sees != MKD_SEES_IMAGE) {
        MKD_FAIL(MKD_EUNSUPPORTED,
                 "the network sees depth and needs LiDAR points, an image is not enough");
    }
    mkd_frame frame = {.n_views = 1, .views = {{.image = *image, .camera = *camera}}};
    MKD_TRY(mkd_augment_none(
        &view.plain, camera->width_px, camera->height_px,
        (mkd_canvas){.width_px = (int)options->width_px, .height_px = (int)options->height_px}));
    for (int i = 0; i < slots.fields->n; i++) {
        slots.data[i] = mkd_batch_slice(&model->batch, (size_t)i, 0);
        memset(slots.data[i], 0, mkd_batch_slice_bytes(&model->batch, (size_t)i));
    }
    MKD_TRY(mkd_experiment_encode(&slots, &model->experiment, &frame, &view.plain, false));
    model->batch.n_live = 1;
    model->batch.indices[0] = 0;
    return mkd_detect_batch(out, &model->experiment, &model->step, &model->batch, &view);
}
