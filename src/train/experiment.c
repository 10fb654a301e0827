#include "train/experiment.h"

#include <string.h>

#include "base/alloc.h"
#include "base/status.h"
#include "train/run_folder.h"

// the driver's own struct of options, filled from its section
static int read_options(void **out, const mkd_config *config, const char *parent, const char *name,
                        const mkd_option *table, size_t bytes) {
    mkd_str section = {0};
    *out = NULL;
    if (!table) {
        return 0;
    }
    mkd_str_printf(&section, "%s.%s", parent, name);
    int status = mkd_str_status(&section);
    if (status >= 0) {
        *out = mkd_alloc(bytes);
        status = *out ? mkd_config_get(*out, config, section.text) : MKD_ENOMEM;
    }
    mkd_str_free(&section);
    return status;
}

static int open_network(mkd_network_setup *out, const mkd_config *config,
                        const mkd_model_options *model, mkd_backend *backend) {
    const mkd_detector_driver *driver = NULL;
    MKD_TRY(mkd_detector_find(&driver, model->detector));
    MKD_TRY(read_options(&out->detector_options, config, "detector", driver->name, driver->options,
                         driver->options_bytes));
    MKD_TRY(mkd_detector_init(&out->detector, model, out->detector_options));
    return mkd_store_new(&out->store, backend);
}

static void close_network(mkd_network_setup *network) {
    mkd_free(network->detector_options);
    mkd_store_free(network->store);
}

static int open_teacher(mkd_experiment *e) {
    const char *run = e->settings.teacher.run;
    mkd_model_options model;
    if (!run[0]) {
        MKD_FAIL(MKD_EINVAL, "distill.method is %s, but teacher.run names no run folder",
                 e->method->name);
    }
    int status = mkd_run_config(&e->teacher_config, run, NULL, 0);
    if (status < 0) {
        return mkd_error_prefix(status, "teacher.run");
    }
    MKD_TRY(mkd_config_get(&model, e->teacher_config, "model"));
    MKD_TRY(open_network(&e->teacher, e->teacher_config, &model, e->backend));
    const mkd_model_options *own = &e->student.detector.model;
    if (model.width_px != own->width_px || model.height_px != own->height_px) {
        MKD_FAIL(MKD_EINVAL, "teacher %s sees %lld x %lld px, the student %lld x %lld px", run,
                 (long long)model.width_px, (long long)model.height_px, (long long)own->width_px,
                 (long long)own->height_px);
    }
    e->has_teacher = true;
    return 0;
}

int mkd_experiment_open(mkd_experiment *out, const mkd_config *config) {
    *out = (mkd_experiment){.config = config};
    int status = mkd_settings_get(&out->settings, config);
    MKD_GOTO(status);
    mkd_backend_options options = {.n_threads = (int)out->settings.train.threads};
    MKD_GOTO(mkd_backend_open(&out->backend, out->settings.train.backend, &options));
    MKD_GOTO(open_network(&out->student, config, &out->settings.model, out->backend));
    if (out->settings.distill.method[0]) {
        MKD_GOTO(mkd_method_find(&out->method, out->settings.distill.method));
        MKD_GOTO(read_options(&out->method_options, config, "distill", out->method->name,
                              out->method->options, out->method->options_bytes));
        MKD_GOTO(open_teacher(out));
    }
done:
    if (status < 0) {
        mkd_experiment_close(out);
    }
    return status;
}

void mkd_experiment_close(mkd_experiment *e) {
    close_network(&e->student);
    close_network(&e->teacher);
    mkd_free(e->method_options);
    mkd_config_free(e->teacher_config);
    mkd_backend_close(e->backend);
    *e = (mkd_experiment){0};
}

void mkd_experiment_fields(mkd_field_list *out, const mkd_experiment *e, bool for_training) {
    *out = (mkd_field_list){0};
    mkd_detector_fields(out, &e->student.detector, for_training);
    if (for_training && e->has_teacher) {
        mkd_detector_fields(out, &e->teacher.detector, false);
        if (e->method->fields) {
            e->method->fields(out, &e->student.detector, e->method_options);
        }
    }
}

unsigned mkd_experiment_reads(const mkd_experiment *e, bool for_training) {
    unsigned reads = mkd_detector_reads(&e->student.detector) | MKD_READ_OBJECTS;
    if (for_training && e->has_teacher) {
        reads |= mkd_detector_reads(&e->teacher.detector);
    }
    return reads;
}

int mkd_experiment_encode(const mkd_sample_slots *out, const mkd_experiment *e,
                          const mkd_frame *frame, const mkd_augmentation *augmentation,
                          bool for_training) {
    mkd_scene scene = {.frame = frame,
                       .augmentation = *augmentation,
                       .camera = mkd_augment_camera(&frame->views[0].camera, augmentation)};
    int status = mkd_augment_objects(&scene.objects, &frame->objects, augmentation, false);
    MKD_GOTO(status);
    MKD_GOTO(mkd_detector_encode_input(out, &e->student.detector, &scene));
    if (for_training) {
        MKD_GOTO(e->student.detector.driver->encode(out, &e->student.detector, &scene));
        if (e->has_teacher) {
            MKD_GOTO(mkd_detector_encode_input(out, &e->teacher.detector, &scene));
            if (e->method->encode) {
                MKD_GOTO(e->method->encode(out, &e->student.detector, &scene, e->method_options));
            }
        }
    }
done:
    mkd_object_list_free(&scene.objects);
    return status;
}

static int start_graph(mkd_step_graph *out, const mkd_experiment *e, int64_t batch_size,
                       bool for_training) {
    *out = (mkd_step_graph){.batch_size = batch_size, .distill_scale = MKD_NONE};
    MKD_TRY(mkd_graph_new(&out->graph));
    mkd_experiment_fields(&out->fields, e, for_training);
    for (int i = 0; i < out->fields.n; i++) {
        const mkd_batch_field *field = &out->fields.at[i];
        mkd_shape shape = {.rank = field->shape.rank + 1, .at = {batch_size}};
        memcpy(shape.at + 1, field->shape.at, (size_t)field->shape.rank * sizeof shape.at[0]);
        mkd_input(out->graph, field->name, field->dtype, shape);
    }
    return 0;
}

static void build_network(mkd_detection *out, mkd_graph *g, const mkd_network_setup *network,
                          mkd_mode mode) {
    const mkd_detector *d = &network->detector;
    mkd_graph_enter(g, &(mkd_network){.store = network->store, .mode = mode, .prefix = ""});
    d->driver->build(out, g, d, mkd_find_input(g, mkd_detector_input_name(d)));
    mkd_graph_leave(g);
}

// the method's losses; all that the teacher tells is cut off from the gradient
static int build_distillation(mkd_step_graph *out, mkd_experiment *e) {
    mkd_graph *g = out->graph;
    mkd_detection teacher;
    mkd_mode mode = e->settings.teacher.mode ? MKD_MODE_BATCH_STATS : MKD_MODE_INFERENCE;
    build_network(&teacher, g, &e->teacher, mode);
    MKD_TRY(mkd_graph_status(g));
    MKD_TRY(mkd_method_check(e->method, &out->detection, &teacher));
    out->distill_scale = mkd_input(g, "distill.scale", MKD_F32, (mkd_shape){.rank = 0});
    mkd_distillation distillation = {.graph = g,
                                     .student_detector = &e->student.detector,
                                     .teacher_detector = &e->teacher.detector,
                                     .student = &out->detection,
                                     .teacher = &teacher};
    int first = out->terms.n;
    mkd_graph_enter(
        g, &(mkd_network){.store = e->student.store, .mode = MKD_MODE_TRAIN, .prefix = "distill."});
    e->method->loss(&out->terms, &distillation, e->method_options);
    mkd_graph_leave(g);
    for (int i = first; i < out->terms.n; i++) {
        out->terms.at[i].weight *= e->settings.distill.weight;
    }
    return first;
}

// terms from `first_distill` on are scaled by the input, so that a warm-up needs no new plan
static void finish_loss(mkd_step_graph *out, int first_distill) {
    mkd_graph *g = out->graph;
    mkd_loss_terms scaled = out->terms;
    for (int i = first_distill; i < scaled.n && out->distill_scale.id >= 0; i++) {
        scaled.at[i].value = mkd_mul(g, scaled.at[i].value, out->distill_scale);
    }
    for (int i = 0; i < out->terms.n; i++) {
        mkd_output(g, mkd_graph_name(g, "loss/%s", out->terms.at[i].name), out->terms.at[i].value);
    }
    mkd_value total = mkd_loss_total(g, &scaled);
    mkd_output(g, "loss", total);
    mkd_backward(g, total, MKD_NONE);
}

static mkd_plan_options plan_options(const mkd_experiment *e) {
    return (mkd_plan_options){.precision = (mkd_precision)e->settings.train.precision,
                              .seed = (uint64_t)e->settings.train.seed};
}

int mkd_experiment_build_training(mkd_step_graph *out, mkd_experiment *e) {
    int first_distill = MKD_MAX_TERMS;
    int status = start_graph(out, e, e->settings.train.batch_size, true);
    MKD_GOTO(status);
    build_network(&out->detection, out->graph, &e->student, MKD_MODE_TRAIN);
    mkd_graph_enter(out->graph, &(mkd_network){.store = e->student.store, .mode = MKD_MODE_TRAIN});
    e->student.detector.driver->loss(&out->terms, out->graph, &e->student.detector,
                                     &out->detection);
    mkd_graph_leave(out->graph);
    if (e->has_teacher) {
        status = first_distill = build_distillation(out, e);
        MKD_GOTO(status);
    }
    finish_loss(out, first_distill);
    mkd_plan_options options = plan_options(e);
    MKD_GOTO(mkd_plan_create(&out->plan, out->graph, e->backend, &options));
done:
    if (status < 0) {
        mkd_step_graph_free(out);
    }
    return status < 0 ? status : 0;
}

int mkd_experiment_build_inference(mkd_step_graph *out, mkd_experiment *e, int64_t batch_size) {
    int status = start_graph(out, e, batch_size, false);
    MKD_GOTO(status);
    build_network(&out->detection, out->graph, &e->student, MKD_MODE_INFERENCE);
    for (int i = 0; i < out->detection.n_heads; i++) {
        mkd_output(out->graph, out->detection.heads[i].name, out->detection.heads[i].value);
    }
    mkd_plan_options options = plan_options(e);
    MKD_GOTO(mkd_plan_create(&out->plan, out->graph, e->backend, &options));
done:
    if (status < 0) {
        mkd_step_graph_free(out);
    }
    return status;
}

void mkd_step_graph_free(mkd_step_graph *step) {
    mkd_plan_free(step->plan);
    mkd_graph_free(step->graph);
    *step = (mkd_step_graph){0};
}
