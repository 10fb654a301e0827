// Response distillation: the foreground mask of a frame, and the loss of heads that are given.

#include "tests.h"

#include <string.h>

#include "base/alloc.h"
#include "base/status.h"
#include "detect/gaussian.h"
#include "detect/heading.h"
#include "distill/response.h"
#include "nn/plan.h"

enum { WIDTH = 4, N_ROWS = 3 }; // cells of the map's one row; rows of targets

static const struct {
    const char *name;
    int channels;
} rows[] = {{"offset_2d", 2}, {"size_2d", 2}, {"offset_3d", 2},
            {"size_3d", 3},   {"depth", 2},   {"heading", 2 * MKD_HEADING_BINS}};

typedef struct fixture {
    mkd_backend *backend;
    mkd_graph *graph;
    mkd_plan *plan;
    mkd_detection student, teacher;
} fixture;

static void add_heads(mkd_detection *out, mkd_graph *g, const char *who) {
    for (size_t i = 0; i < MKD_COUNT(rows); i++) {
        const char *name = mkd_graph_name(g, "%s/%s", who, rows[i].name);
        out->heads[out->n_heads++] = (mkd_named_value){
            rows[i].name, mkd_input(g, name, MKD_F32, MKD_SHAPE(1, 1, WIDTH, rows[i].channels))};
    }
}

static void open_fixture(fixture *f) {
    *f = (fixture){0};
    assert_int_equal(mkd_backend_open(&f->backend, "ref", NULL), 0);
    assert_int_equal(mkd_graph_new(&f->graph), 0);
    mkd_graph *g = f->graph;
    mkd_input(g, "distill.foreground", MKD_F32, MKD_SHAPE(1, 1, WIDTH, 1));
    mkd_input(g, "target.index", MKD_I32, MKD_SHAPE(1, N_ROWS));
    mkd_input(g, "target.heading_bin", MKD_I32, MKD_SHAPE(1, N_ROWS));
    mkd_input(g, "target.mask", MKD_F32, MKD_SHAPE(1, N_ROWS, 1));
    add_heads(&f->student, g, "student");
    add_heads(&f->teacher, g, "teacher");
    for (int i = 0; i < f->student.n_heads; i++) {
        mkd_require_gradient(g, f->student.heads[i].value);
    }
    mkd_distillation d = {.graph = g, .student = &f->student, .teacher = &f->teacher};
    mkd_value loss = mkd_response_loss(&d);
    mkd_output(g, "loss", loss);
    mkd_backward(g, loss, MKD_NONE);
    assert_int_equal(mkd_plan_create(&f->plan, g, f->backend, NULL), 0);
}

static void close_fixture(fixture *f) {
    mkd_plan_free(f->plan);
    mkd_graph_free(f->graph);
    mkd_backend_close(f->backend);
}

static float *data(fixture *f, const char *name) {
    float *at = mkd_plan_data(f->plan, mkd_find_input(f->graph, name));
    assert_non_null(at);
    return at;
}

static double run(fixture *f) {
    double loss = 0;
    assert_int_equal(mkd_plan_run(f->plan), 0);
    assert_int_equal(mkd_plan_read_scalar(&loss, f->plan, mkd_find_output(f->graph, "loss")), 0);
    return loss;
}

static const float *gradient(fixture *f, const char *name) {
    return mkd_plan_data(f->plan, mkd_gradient(f->graph, mkd_find_input(f->graph, name)));
}

// object `k` in `cell`, with its true heading bin
static void place(fixture *f, int k, int cell, int bin) {
    int32_t *index = mkd_plan_data(f->plan, mkd_find_input(f->graph, "target.index"));
    int32_t *bins = mkd_plan_data(f->plan, mkd_find_input(f->graph, "target.heading_bin"));
    index[k] = cell;
    bins[k] = bin;
    data(f, "target.mask")[k] = 1;
}

static void test_dense_heads_over_the_foreground(void **state) {
    (void)state;
    fixture f;
    open_fixture(&f);
    data(&f, "student/offset_2d")[0] = 77;
    assert_near(run(&f), 0, 0); // no foreground at all
    data(&f, "distill.foreground")[1] = 1;
    data(&f, "distill.foreground")[2] = 1;
    assert_near(run(&f), 0, 0); // there student and teacher say the same
    // two cells of two channels: |1| / 4, |-2| / 4
    data(&f, "student/offset_2d")[2] = 1;
    assert_near(run(&f), 0.25, 1e-6);
    data(&f, "teacher/size_2d")[5] = 2;
    assert_near(run(&f), 0.75, 1e-6);
    assert_near((double)gradient(&f, "student/offset_2d")[2], 0.25, 1e-7);
    assert_near((double)gradient(&f, "student/offset_2d")[0], 0, 0);
    assert_near((double)gradient(&f, "student/size_2d")[5], -0.25, 1e-7);
    close_fixture(&f);
}

static void test_sparse_heads_at_the_objects(void **state) {
    (void)state;
    fixture f;
    open_fixture(&f);
    for (int cell = 0; cell < WIDTH; cell++) { // everywhere wrong, but nobody is there
        data(&f, "student/offset_3d")[2 * cell] = 1;
        data(&f, "student/size_3d")[3 * cell] = 6;
        data(&f, "student/depth")[2 * cell] = 3;
        data(&f, "student/depth")[2 * cell + 1] = 50; // the uncertainty is not compared
    }
    assert_near(run(&f), 0, 0);
    place(&f, 0, 2, 0);
    assert_near(run(&f), 0.5 + 2 + 3, 1e-6);
    place(&f, 1, 3, 0);
    data(&f, "teacher/depth")[2 * 3] = 4;
    assert_near(run(&f), 0.5 + 2 + (3 + 1) / 2.0, 1e-6);
    assert_near((double)gradient(&f, "student/depth")[2 * 2], 0.5, 1e-7);
    assert_near((double)gradient(&f, "student/depth")[2 * 3], -0.5, 1e-7);
    assert_near((double)gradient(&f, "student/depth")[2 * 1], 0, 0);
    close_fixture(&f);
}

static void test_heading(void **state) {
    (void)state;
    fixture f;
    open_fixture(&f);
    place(&f, 0, 1, 4);
    float *student = data(&f, "student/heading") + 24;
    float *teacher = data(&f, "teacher/heading") + 24;
    student[3] = 2;
    for (int i = 0; i < MKD_HEADING_BINS; i++) {
        teacher[i] = 0.1f * (float)i;
    }
    assert_near(run(&f), 0.361974 / 12, 1e-6); // KL(teacher || student) per bin
    student[12 + 4] = 0.5f;                    // residuals count at the true bin
    teacher[12 + 4] = 0.1f;
    student[12 + 3] = 9;
    assert_near(run(&f), 0.361974 / 12 + 0.4, 1e-6);
    assert_near((double)gradient(&f, "student/heading")[24 + 12 + 4], 1, 1e-6);
    assert_near((double)gradient(&f, "student/heading")[24 + 12 + 3], 0, 0);
    close_fixture(&f);
}

static void test_foreground_of_a_frame(void **state) {
    (void)state;
    mkd_detector d = {.n_classes = 1, .classes = {"Car"}};
    d.model = (mkd_model_options){
        .width_px = 160, .height_px = 64, .min_box_height_px = 10, .max_depth_m = 65};
    mkd_object objects[3] = {
        {.type = "Car", .box_px = {20, 10, 100, 50}, .box = {.z_m = 20}}, // 20 x 10 cells: r = 3
        {.type = "Car", .box_px = {-40, 10, 40, 50}, .box = {.z_m = 20}}, // centered on the border
        {.type = "Van", .box_px = {120, 10, 150, 50}, .box = {.z_m = 20}}};
    mkd_frame frame = {.objects = {objects, 3}};
    mkd_scene scene = {.frame = &frame, .objects = {objects, 3}};
    mkd_field_list fields = {0};
    mkd_response_fields(&fields, &d, NULL);
    assert_int_equal(fields.n, 1);
    assert_int_equal(mkd_shape_count(&fields.at[0].shape), 16 * 40);
    float mask[16 * 40] = {0};
    mkd_sample_slots slots = {.fields = &fields, .data = {mask}};
    assert_int_equal(mkd_gaussian_radius(10, 20, 0.7), 3);
    assert_int_equal(mkd_response_encode(&slots, &d, &scene, NULL), 0);
    int n = 0;
    for (int i = 0; i < 16 * 40; i++) {
        int y = i / 40;
        int x = i % 40;
        bool first = abs(x - 15) <= 3 && abs(y - 7) <= 3;
        bool second = x <= 3 && abs(y - 7) <= 3;
        assert_true(mask[i] == (first || second ? 1.0f : 0.0f));
        n += mask[i] > 0;
    }
    assert_int_equal(n, 49 + 28);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dense_heads_over_the_foreground),
        cmocka_unit_test(test_sparse_heads_at_the_objects),
        cmocka_unit_test(test_heading),
        cmocka_unit_test(test_foreground_of_a_frame),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
