// Each method in one graph with a student that sees images and a teacher that sees depth: what gets
// gradients, what moves, what is saved.

#include "tests.h"

#include <string.h>

#include "base/alloc.h"
#include "base/config.h"
#include "base/rng.h"
#include "base/status.h"
#include "distill/method.h"
#include "nn/plan.h"

enum { SIZE = 64 };

typedef struct fixture {
    mkd_backend *backend;
    mkd_store *student_store, *teacher_store;
    mkd_graph *graph;
    mkd_plan *plan;
    mkd_config *config;
    mkd_section schema[4];
    void *detector_options, *method_options;
    mkd_detector student_detector, teacher_detector;
    mkd_detection student, teacher;
    mkd_loss_terms terms;
} fixture;

static void *options_of(fixture *f, const char *section, size_t bytes) {
    void *options = mkd_alloc(bytes);
    assert_non_null(options);
    assert_int_equal(mkd_config_get(options, f->config, section), 0);
    return options;
}

static void add_inputs(fixture *f, const mkd_field_list *fields) {
    for (int i = 0; i < fields->n; i++) {
        mkd_shape shape = {.rank = fields->at[i].shape.rank + 1, .at = {1}};
        memcpy(shape.at + 1, fields->at[i].shape.at,
               (size_t)fields->at[i].shape.rank * sizeof shape.at[0]);
        mkd_input(f->graph, fields->at[i].name, fields->at[i].dtype, shape);
    }
}

static void build(fixture *f, mkd_detection *out, const mkd_detector *d, mkd_store *store,
                  mkd_mode mode) {
    mkd_graph_enter(f->graph, &(mkd_network){.store = store, .mode = mode, .prefix = ""});
    d->driver->build(out, f->graph, d, mkd_find_input(f->graph, mkd_detector_input_name(d)));
    mkd_graph_leave(f->graph);
}

// opens detectors, options and stores; `sees` is the teacher's input
static const mkd_method *open_fixture(fixture *f, const char *name, int sees,
                                      const char *override) {
    const mkd_method *method = NULL;
    const mkd_detector_driver *driver = NULL;
    char method_section[64];
    *f = (fixture){0};
    assert_int_equal(mkd_backend_open(&f->backend, "ref", NULL), 0);
    assert_int_equal(mkd_store_new(&f->student_store, f->backend), 0);
    assert_int_equal(mkd_store_new(&f->teacher_store, f->backend), 0);
    assert_int_equal(mkd_graph_new(&f->graph), 0);
    assert_int_equal(mkd_method_find(&method, name), 0);
    assert_int_equal(mkd_detector_find(&driver, "centernet3d"), 0);
    snprintf(method_section, sizeof method_section, "distill.%s", name);
    f->schema[0] = (mkd_section){"detector.centernet3d", driver->options, ""};
    f->schema[1] = (mkd_section){method_section, method->options, ""};
    const char *const overrides[] = {"detector.centernet3d.head_channels=8", override};
    assert_int_equal(mkd_config_load(&f->config, f->schema, NULL, overrides, override ? 2 : 1), 0);
    f->detector_options = options_of(f, "detector.centernet3d", driver->options_bytes);
    f->method_options = options_of(f, method_section, method->options_bytes);
    mkd_model_options m = {.detector = "centernet3d",
                           .backbone = "lite",
                           .width_px = SIZE,
                           .height_px = SIZE,
                           .classes = {.n = 1, .at = {"Car"}},
                           .max_depth_m = 65};
    assert_int_equal(mkd_detector_init(&f->student_detector, &m, f->detector_options), 0);
    m.sees = sees;
    assert_int_equal(mkd_detector_init(&f->teacher_detector, &m, f->detector_options), 0);
    mkd_field_list fields = {0};
    mkd_detector_fields(&fields, &f->student_detector, true);
    mkd_detector_fields(&fields, &f->teacher_detector, false);
    if (method->fields) {
        method->fields(&fields, &f->student_detector, f->method_options);
    }
    add_inputs(f, &fields);
    return method;
}

static mkd_value add_losses(fixture *f, const mkd_method *method) {
    mkd_distillation d = {.graph = f->graph,
                          .student_detector = &f->student_detector,
                          .teacher_detector = &f->teacher_detector,
                          .student = &f->student,
                          .teacher = &f->teacher};
    assert_int_equal(mkd_graph_status(f->graph), 0);
    assert_int_equal(mkd_method_check(method, &f->student, &f->teacher), 0);
    mkd_graph_enter(
        f->graph,
        &(mkd_network){.store = f->student_store, .mode = MKD_MODE_TRAIN, .prefix = "distill."});
    method->loss(&f->terms, &d, f->method_options);
    mkd_graph_leave(f->graph);
    return mkd_loss_total(f->graph, &f->terms);
}

static void finish(fixture *f, mkd_value loss) {
    static const char *const names[] = {"image", "depth"};
    mkd_output(f->graph, "loss", loss);
    mkd_backward(f->graph, loss, MKD_NONE);
    mkd_plan_options options = {.seed = 9};
    assert_int_equal(mkd_plan_create(&f->plan, f->graph, f->backend, &options), 0);
    mkd_rng rng = mkd_rng_at(4, 0, 0, MKD_RNG_TEST);
    for (size_t k = 0; k < MKD_COUNT(names); k++) {
        float *values = mkd_plan_data(f->plan, mkd_find_input(f->graph, names[k]));
        for (int i = 0; values && i < SIZE * SIZE * 3; i++) {
            values[i] = (float)mkd_rng_range(&rng, -1, 1);
        }
    }
    float *mask = mkd_plan_data(f->plan, mkd_find_input(f->graph, "distill.foreground"));
    for (int i = 0; mask && i < SIZE / 4 * SIZE / 4; i++) {
        mask[i] = i % 3 == 0;
    }
    float *alive = mkd_plan_data(f->plan, mkd_find_input(f->graph, "target.mask"));
    int32_t *index = mkd_plan_data(f->plan, mkd_find_input(f->graph, "target.index"));
    for (int i = 0; i < 3; i++) {
        alive[i] = 1;
        index[i] = 40 + 7 * i;
    }
}

static double run(fixture *f) {
    double loss = 0;
    assert_int_equal(mkd_plan_run(f->plan), 0);
    assert_int_equal(mkd_plan_read_scalar(&loss, f->plan, mkd_find_output(f->graph, "loss")), 0);
    return loss;
}

static void close_fixture(fixture *f) {
    mkd_plan_free(f->plan);
    mkd_graph_free(f->graph);
    mkd_store_free(f->student_store);
    mkd_store_free(f->teacher_store);
    mkd_backend_close(f->backend);
    mkd_config_free(f->config);
    mkd_free(f->detector_options);
    mkd_free(f->method_options);
}

static double norm_of(const mkd_buffer *buffer, size_t offset, size_t n) {
    const float *values = (const float *)buffer->host + offset;
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += fabs((double)values[i]);
    }
    return sum;
}

static double gradient_of(const mkd_store *store, const char *glob) {
    double sum = 0;
    for (int i = 0; i < mkd_store_count(store); i++) {
        const mkd_entry *e = mkd_store_entry(store, i);
        if (!e->is_buffer && mkd_glob_match(glob, e->path)) {
            sum += norm_of(mkd_store_gradients(store), e->offset, e->count);
        }
    }
    return sum;
}

static void test_only_student_and_adapters_learn(void **state) {
    (void)state;
    static const struct {
        const char *name;
        int n_adapters; // parameters
        const char *reached, *untouched;
    } cases[] = {{"fitnet", 4 * 2, "backbone.*", "depth.*"},
                 {"affinity", 0, "backbone.*", "depth.*"},
                 {"logits", 0, "depth.*", "distill.*"},
                 {"monoskd", 4 * 4, "size_3d.*", "heatmap.*"}};
    for (size_t c = 0; c < MKD_COUNT(cases); c++) {
        fixture f;
        const mkd_method *method = open_fixture(&f, cases[c].name, MKD_SEES_DEPTH, NULL);
        build(&f, &f.student, &f.student_detector, f.student_store, MKD_MODE_TRAIN);
        build(&f, &f.teacher, &f.teacher_detector, f.teacher_store, MKD_MODE_INFERENCE);
        int n_network = mkd_store_count(f.student_store);
        int n_teacher = mkd_store_count(f.teacher_store);
        finish(&f, add_losses(&f, method));
        double loss = run(&f);
        assert_true(isfinite(loss) && loss > 0);
        assert_true(gradient_of(f.student_store, cases[c].reached) > 0);
        assert_true(gradient_of(f.student_store, cases[c].untouched) == 0);
        assert_int_equal(mkd_store_count(f.student_store) - n_network, cases[c].n_adapters);
        for (int i = n_network; i < mkd_store_count(f.student_store); i++) {
            const mkd_entry *e = mkd_store_entry(f.student_store, i);
            assert_true(strncmp(e->path, "distill.", 8) == 0);
            assert_true(norm_of(mkd_store_gradients(f.student_store), e->offset, e->count) > 0);
        }
        assert_int_equal(mkd_store_count(f.teacher_store), n_teacher);
        assert_true(norm_of(mkd_store_gradients(f.teacher_store), 0,
                            mkd_store_flat_count(f.teacher_store)) == 0);
        close_fixture(&f);
    }
}

static void test_a_frozen_teacher_moves_its_statistics_alone(void **state) {
    (void)state;
    for (int moving = 0; moving < 2; moving++) {
        fixture f;
        const mkd_method *method = open_fixture(&f, "fitnet", MKD_SEES_DEPTH, NULL);
        build(&f, &f.student, &f.student_detector, f.student_store, MKD_MODE_TRAIN);
        build(&f, &f.teacher, &f.teacher_detector, f.teacher_store,
              moving ? MKD_MODE_BATCH_STATS : MKD_MODE_INFERENCE);
        finish(&f, add_losses(&f, method));
        size_t n = mkd_store_flat_count(f.teacher_store);
        const mkd_store *teacher = f.teacher_store;
        int mean = mkd_store_find(teacher, "backbone.stem.bn.running_mean");
        const mkd_entry *e = mkd_store_entry(teacher, mean);
        float *before = mkd_alloc_array(n, sizeof *before);
        assert_non_null(before);
        memcpy(before, mkd_store_values(teacher)->host, n * sizeof *before);
        run(&f);
        assert_memory_equal(before, mkd_store_values(teacher)->host, n * sizeof *before);
        double moved = norm_of(mkd_store_buffers(teacher), e->offset, e->count);
        assert_true(moving ? moved > 0 : moved == 0); // they start at 0
        assert_true(gradient_of(teacher, "*") == 0);
        mkd_free(before);
        close_fixture(&f);
    }
}

// both networks with the same weights on the same image
static double loss_of_equals(const char *name, const char *override) {
    fixture f;
    const mkd_method *method = open_fixture(&f, name, MKD_SEES_IMAGE, override);
    build(&f, &f.teacher, &f.teacher_detector, f.student_store, MKD_MODE_BATCH_STATS);
    build(&f, &f.student, &f.student_detector, f.student_store, MKD_MODE_TRAIN);
    finish(&f, add_losses(&f, method));
    double loss = run(&f);
    assert_int_equal(mkd_store_find(f.student_store, "distill.fitnet.stride4.0.weight"), -1);
    close_fixture(&f);
    return loss;
}

static void test_equals_have_nothing_to_learn(void **state) {
    (void)state;
    assert_near(loss_of_equals("fitnet", "distill.fitnet.adapter=none"), 0, 0);
    assert_near(loss_of_equals("affinity", NULL), 0, 0);
    assert_near(loss_of_equals("affinity", "distill.affinity.cosine=false"), 0, 0);
    assert_near(loss_of_equals("logits", NULL), 0, 1e-6);
}

static void test_the_teachers_heads_are_left_out_where_nobody_asks(void **state) {
    (void)state;
    int n_nodes[2];
    static const char *const names[2] = {"fitnet", "logits"};
    for (int i = 0; i < 2; i++) {
        fixture f;
        mkd_plan_stats stats;
        const mkd_method *method =
            open_fixture(&f, names[i], MKD_SEES_DEPTH, i ? NULL : "distill.fitnet.adapter=none");
        build(&f, &f.student, &f.student_detector, f.student_store, MKD_MODE_INFERENCE);
        build(&f, &f.teacher, &f.teacher_detector, f.teacher_store, MKD_MODE_INFERENCE);
        mkd_output(f.graph, "loss", add_losses(&f, method));
        assert_int_equal(mkd_plan_create(&f.plan, f.graph, f.backend, NULL), 0);
        mkd_plan_get_stats(&stats, f.plan);
        n_nodes[i] = stats.n_nodes;
        close_fixture(&f);
    }
    // six heads of two convolutions each, of both networks
    assert_true(n_nodes[1] - n_nodes[0] >= 20);
}

static void test_taps_that_are_not_there_are_refused(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"distill.fitnet.taps=[stride4, stride64]",
         "distill.fitnet.taps: there is no tap 'stride64' in both networks, expected stride4, "
         "stride8, stride16 or stride32"},
        {"distill.fitnet.taps=[]", "distill.fitnet.taps is empty: name a tap, such as stride8"}};
    for (size_t i = 0; i < MKD_COUNT(cases); i++) {
        fixture f;
        const mkd_method *method = open_fixture(&f, "fitnet", MKD_SEES_DEPTH, cases[i][0]);
        build(&f, &f.student, &f.student_detector, f.student_store, MKD_MODE_TRAIN);
        build(&f, &f.teacher, &f.teacher_detector, f.teacher_store, MKD_MODE_INFERENCE);
        add_losses(&f, method);
        assert_int_equal(mkd_graph_status(f.graph), MKD_EINVAL);
        assert_string_equal(mkd_error_last(), cases[i][1]);
        close_fixture(&f);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_student_and_adapters_learn),
        cmocka_unit_test(test_a_frozen_teacher_moves_its_statistics_alone),
        cmocka_unit_test(test_equals_have_nothing_to_learn),
        cmocka_unit_test(test_the_teachers_heads_are_left_out_where_nobody_asks),
        cmocka_unit_test(test_taps_that_are_not_there_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
