// Losses of centernet3d with heads that are given: values and gradients worked out by hand.

#include "tests.h"

#include <string.h>

#include "base/status.h"
#include "detect/centernet3d/centernet3d.h"
#include "nn/functions.h"
#include "nn/plan.h"

enum { CELLS = 6 };

typedef struct fixture {
    mkd_backend *backend;
    mkd_graph *graph;
    mkd_plan *plan;
    mkd_detector detector;
    mkd_detection detection;
    mkd_loss_terms terms;
} fixture;

static const centernet3d_options options = {.heatmap_weight = 1,
                                            .offset_2d_weight = 1,
                                            .size_2d_weight = 1,
                                            .depth_weight = 1,
                                            .offset_3d_weight = 1,
                                            .size_3d_weight = 1,
                                            .heading_weight = 1};

static void add_input(mkd_graph *g, const char *name, mkd_dtype dtype, mkd_shape rest) {
    mkd_shape shape = {.rank = rest.rank + 1, .at = {1}};
    memcpy(shape.at + 1, rest.at, (size_t)rest.rank * sizeof rest.at[0]);
    mkd_input(g, name, dtype, shape);
}

// one image of 1 x `cells` cells and one class
static void open_fixture(fixture *f, int cells) {
    *f = (fixture){0};
    assert_int_equal(mkd_backend_open(&f->backend, "ref", NULL), 0);
    assert_int_equal(mkd_graph_new(&f->graph), 0);
    mkd_graph *g = f->graph;
    f->detector.options = &options;
    f->detector.n_classes = 1;
    f->detector.model.width_px = 4 * cells;
    f->detector.model.height_px = 4;
    mkd_field_list fields = {0};
    centernet3d_fields(&fields, &f->detector);
    for (int i = 0; i < fields.n; i++) {
        add_input(g, fields.at[i].name, fields.at[i].dtype, fields.at[i].shape);
    }
    for (int i = 0; i < N_HEADS; i++) {
        int channels = i == HEAD_HEATMAP ? 1 : centernet3d_heads[i].channels;
        add_input(g, centernet3d_heads[i].name, MKD_F32, MKD_SHAPE(1, cells, channels));
        mkd_value head = mkd_find_input(g, centernet3d_heads[i].name);
        mkd_require_gradient(g, head);
        f->detection.heads[f->detection.n_heads++] =
            (mkd_named_value){centernet3d_heads[i].name, head};
    }
    centernet3d_loss(&f->terms, g, &f->detector, &f->detection);
    for (int i = 0; i < f->terms.n; i++) {
        mkd_output(g, mkd_graph_name(g, "loss/%s", f->terms.at[i].name), f->terms.at[i].value);
    }
    mkd_value total = mkd_loss_total(g, &f->terms);
    mkd_output(g, "loss", total);
    mkd_backward(g, total, MKD_NONE);
    assert_int_equal(mkd_plan_create(&f->plan, g, f->backend, NULL), 0);
    // as encoding leaves rows without an object
    float *size = mkd_plan_data(f->plan, mkd_find_input(g, "target.size_3d"));
    for (int i = 0; i < 3 * CENTERNET3D_MAX_OBJECTS; i++) {
        size[i] = 1;
    }
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

static void put(fixture *f, const char *name, const float *values, size_t n) {
    memcpy(data(f, name), values, n * sizeof *values);
}

// object k at cell k, alive
static void place(fixture *f, int n) {
    int32_t *index = mkd_plan_data(f->plan, mkd_find_input(f->graph, "target.index"));
    for (int k = 0; k < n; k++) {
        index[k] = k;
        data(f, "target.mask")[k] = 1;
        data(f, "target.mask_3d")[k] = 1;
    }
}

static double term(fixture *f, const char *name) {
    double value = 0;
    char output[64];
    snprintf(output, sizeof output, "loss/%s", name);
    assert_int_equal(mkd_plan_read_scalar(&value, f->plan, mkd_find_output(f->graph, output)), 0);
    return value;
}

static const float *gradient(fixture *f, const char *head) {
    const float *at =
        mkd_plan_data(f->plan, mkd_gradient(f->graph, mkd_find_input(f->graph, head)));
    assert_non_null(at);
    return at;
}

static void run(fixture *f) {
    assert_int_equal(mkd_plan_run(f->plan), 0);
}

static void test_focal_loss(void **state) {
    (void)state;
    static const float logits[CELLS] = {2, 0.5f, -1, -2, -4, 0};
    static const float targets[CELLS] = {1, 0.8f, 0.5f, 0, 0, 0.2f};
    for (int first = 0; first < 2; first++) { // without the first cell there is no positive one
        fixture f;
        open_fixture(&f, CELLS - first);
        put(&f, "heatmap", logits + first, (size_t)(CELLS - first));
        put(&f, "target.heatmap", targets + first, (size_t)(CELLS - first));
        run(&f);
        assert_near(term(&f, "heatmap"), first ? 0.07480769 : 0.07661126, 1e-7);
        // d/dx of (1 - t)^4 p^2 log(1 - p) at t = 0, x = -2: p (1 - p) (2 p log q - p^2 / q)
        double p = 0.119203;
        double slope = -p * (1 - p) * (2 * p * log(1 - p) - p * p / (1 - p));
        assert_near((double)gradient(&f, "heatmap")[3 - first], slope, 1e-6);
        close_fixture(&f);
    }
}

static void test_saturated_heat_stays_finite(void **state) {
    (void)state;
    fixture f;
    open_fixture(&f, 2);
    put(&f, "heatmap", (const float[]){-80, 80}, 2);
    put(&f, "target.heatmap", (const float[]){1, 0}, 2);
    run(&f);
    // both are clamped to 1e-4 of certainty, and clamped values give no gradient
    double one = (1 - 1e-4) * (1 - 1e-4) * -log(1e-4);
    assert_near(term(&f, "heatmap"), 2 * one, 1e-2);
    assert_near((double)gradient(&f, "heatmap")[0], 0, 0);
    close_fixture(&f);
}

static double logit_of_depth(double depth_m) {
    double share = 1 / (depth_m + 1) - 1e-6;
    return log(share / (1 - share));
}

static void test_depth_loss(void **state) {
    (void)state;
    static const double s[3] = {0, 1, -2};
    static const double slope_s[3] = {-0.914200, -0.357756, -3.344194};
    static const double slope_depth[3] = {1.414200, 0.857756, 3.844194};
    fixture f;
    open_fixture(&f, CELLS);
    place(&f, 3);
    double z = logit_of_depth(20);
    for (int k = 0; k < 3; k++) {
        data(&f, "depth")[2 * k] = (float)z;
        data(&f, "depth")[2 * k + 1] = (float)s[k];
        data(&f, "target.depth")[k] = 18;
    }
    run(&f);
    assert_near(term(&f, "depth"), 3.910767, 2e-5);
    double share = 1 / (1 + exp(-z));
    double depth_by_z = -share * (1 - share) / ((share + 1e-6) * (share + 1e-6));
    for (int k = 0; k < 3; k++) {
        assert_near((double)gradient(&f, "depth")[2 * k + 1], slope_s[k] / 3, 1e-5);
        assert_near((double)gradient(&f, "depth")[2 * k], slope_depth[k] / 3 * depth_by_z, 1e-3);
    }
    close_fixture(&f);
}

static void test_depths_of_known_logits(void **state) {
    (void)state;
    static const double cases[3][2] = {{-2, 7.388986}, {-3, 20.085092}, {0, 0.999996}};
    for (int i = 0; i < 3; i++) {
        fixture f;
        open_fixture(&f, 1);
        place(&f, 1);
        data(&f, "depth")[0] = (float)cases[i][0];
        run(&f);
        assert_near(term(&f, "depth"), 1.4142 * cases[i][1], 1e-4); // the target is 0
        close_fixture(&f);
    }
}

static void test_dimension_aware_size_loss(void **state) {
    (void)state;
    static const float predicted[6] = {1.4f, 1.7f, 4.2f, 1.6f, 1.5f, 3.5f};
    static const float target[6] = {1.5f, 1.6f, 3.9f, 1.5f, 1.6f, 3.7f};
    static const double slopes[6] = {-0.256864, 0.240810, 0.098794, 0.256864, -0.240810, -0.104134};
    fixture f;
    open_fixture(&f, CELLS);
    place(&f, 2);
    put(&f, "target.size_3d", target, 6);
    for (int i = 0; i < 6; i++) {
        data(&f, "target.mean_size_3d")[i] = 1.25f;
        data(&f, "size_3d")[i] = predicted[i] - 1.25f;
    }
    run(&f);
    assert_near(term(&f, "size_3d"), 0.15, 1e-6);
    for (int i = 0; i < 6; i++) {
        assert_near((double)gradient(&f, "size_3d")[i], slopes[i], 2e-6);
    }
    // no error at all
    for (int i = 0; i < 6; i++) {
        data(&f, "size_3d")[i] = target[i] - 1.25f;
    }
    run(&f);
    assert_near(term(&f, "size_3d"), 0, 1e-6);
    close_fixture(&f);
}

static void test_heading_loss(void **state) {
    (void)state;
    fixture f;
    open_fixture(&f, CELLS);
    place(&f, 2);
    int32_t *bin = mkd_plan_data(f.plan, mkd_find_input(f.graph, "target.heading_bin"));
    float *heading = data(&f, "heading");
    bin[0] = 3;
    heading[3] = 2;
    bin[1] = 5;
    for (int i = 0; i < 12; i++) {
        heading[24 + i] = 0.1f * (float)i;
    }
    heading[12 + 3] = 0.2f; // residuals at the true bins: off by 0.1 and 0.5
    data(&f, "target.heading_residual")[0] = 0.1f;
    heading[24 + 12 + 5] = -0.3f;
    data(&f, "target.heading_residual")[1] = 0.2f;
    heading[12 + 4] = 9; // another bin's does not count
    run(&f);
    assert_near(term(&f, "heading"), 1.752771 + 0.3, 1e-6);
    assert_near((double)gradient(&f, "heading")[12 + 3], 0.5, 1e-6);
    assert_near((double)gradient(&f, "heading")[24 + 12 + 5], -0.5, 1e-6);
    assert_near((double)gradient(&f, "heading")[12 + 4], 0, 0);
    double p = exp(2) / (exp(2) + 11);
    assert_near((double)gradient(&f, "heading")[3], (p - 1) / 2, 1e-6);
    close_fixture(&f);
}

static void test_offsets_and_masks(void **state) {
    (void)state;
    fixture f;
    open_fixture(&f, CELLS);
    place(&f, 2);
    data(&f, "target.mask_3d")[1] = 0; // trained on in 2D alone
    put(&f, "offset_2d", (const float[]){1, 2, 3, 4, 50, 60}, 6);
    put(&f, "target.offset_2d", (const float[]){0, 0, 1, 8}, 4);
    put(&f, "size_2d", (const float[]){1, 1, 1, 1}, 4);
    put(&f, "offset_3d", (const float[]){1, 2, 300, 400}, 4);
    run(&f);
    assert_near(term(&f, "offset_2d"), (1 + 2 + 2 + 4) / 4.0, 1e-6);
    assert_near(term(&f, "size_2d"), 1, 1e-6);
    assert_near(term(&f, "offset_3d"), 1.5, 1e-6);
    assert_near((double)gradient(&f, "offset_2d")[3], -0.25, 1e-6);
    assert_near((double)gradient(&f, "offset_2d")[4], 0, 0);
    assert_near((double)gradient(&f, "offset_3d")[2], 0, 0);
    close_fixture(&f);
}

static void test_without_objects_all_is_zero(void **state) {
    (void)state;
    fixture f;
    open_fixture(&f, CELLS);
    for (int i = 0; i < CELLS; i++) { // what the heads say does not matter
        data(&f, "depth")[2 * i] = -9;
        data(&f, "depth")[2 * i + 1] = 3;
        data(&f, "size_3d")[3 * i] = 100;
        data(&f, "heading")[24 * i] = 50;
        data(&f, "heatmap")[i] = -2;
    }
    run(&f);
    double total = 0;
    assert_int_equal(mkd_plan_read_scalar(&total, f.plan, mkd_find_output(f.graph, "loss")), 0);
    assert_near(total, term(&f, "heatmap"), 0); // the rest is exactly zero
    assert_true(total > 0);
    for (int h = 0; h < N_HEADS; h++) {
        int channels = h == HEAD_HEATMAP ? 1 : centernet3d_heads[h].channels;
        for (int i = 0; i < CELLS * channels; i++) {
            double dx = (double)gradient(&f, centernet3d_heads[h].name)[i];
            assert_true(h == HEAD_HEATMAP ? isfinite(dx) && dx > 0 : dx == 0);
        }
    }
    close_fixture(&f);
}

static void test_weights_scale_the_total(void **state) {
    (void)state;
    fixture f;
    open_fixture(&f, CELLS);
    assert_int_equal(f.terms.n, N_HEADS);
    place(&f, 1);
    data(&f, "offset_2d")[0] = 1;
    run(&f);
    double total = 0;
    double sum = 0;
    for (int i = 0; i < f.terms.n; i++) {
        sum += term(&f, f.terms.at[i].name);
    }
    assert_int_equal(mkd_plan_read_scalar(&total, f.plan, mkd_find_output(f.graph, "loss")), 0);
    assert_near(total, sum, 1e-5);
    close_fixture(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_focal_loss),
        cmocka_unit_test(test_saturated_heat_stays_finite),
        cmocka_unit_test(test_depth_loss),
        cmocka_unit_test(test_depths_of_known_logits),
        cmocka_unit_test(test_dimension_aware_size_loss),
        cmocka_unit_test(test_heading_loss),
        cmocka_unit_test(test_offsets_and_masks),
        cmocka_unit_test(test_without_objects_all_is_zero),
        cmocka_unit_test(test_weights_scale_the_total),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
