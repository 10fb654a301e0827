// Distillation losses against values worked out in plain doubles, gradients by differences.

#include "tests.h"

#include <string.h>

#include "base/rng.h"
#include "base/status.h"
#include "distill/losses.h"
#include "nn/functions.h"
#include "nn/plan.h"

enum { MAX_NUMBERS = 256 };

typedef mkd_value (*loss_function)(mkd_graph *g, mkd_value student, mkd_value teacher);

static mkd_value affinity_plain(mkd_graph *g, mkd_value s, mkd_value t) {
    return mkd_loss_affinity(g, s, t, false);
}

static mkd_value affinity_cosine(mkd_graph *g, mkd_value s, mkd_value t) {
    return mkd_loss_affinity(g, s, t, true);
}

// in f64, so that differences can judge; both maps have shape [n,1,places,channels]
static double evaluate(double *gradient, loss_function loss, mkd_shape shape, const double *student,
                       const double *teacher) {
    mkd_backend *backend = NULL;
    mkd_graph *g = NULL;
    mkd_plan *plan = NULL;
    mkd_tensor value = {0};
    mkd_tensor dx = {0};
    size_t bytes = (size_t)mkd_shape_count(&shape) * sizeof(double);
    assert_int_equal(mkd_backend_open(&backend, "ref", NULL), 0);
    assert_int_equal(mkd_graph_new(&g), 0);
    mkd_value s = mkd_input(g, "student", MKD_F64, shape);
    mkd_value t = mkd_input(g, "teacher", MKD_F64, shape);
    mkd_require_gradient(g, s);
    mkd_value out = loss(g, s, t);
    mkd_output(g, "loss", out);
    mkd_backward(g, out, MKD_NONE);
    assert_int_equal(mkd_plan_create(&plan, g, backend, NULL), 0);
    memcpy(mkd_plan_data(plan, s), student, bytes);
    memcpy(mkd_plan_data(plan, t), teacher, bytes);
    assert_int_equal(mkd_plan_run(plan), 0);
    assert_int_equal(mkd_plan_read(&value, plan, out), 0);
    assert_int_equal(mkd_plan_read(&dx, plan, mkd_gradient(g, s)), 0);
    memcpy(gradient, dx.data, bytes);
    double result = *(const double *)value.data;
    mkd_tensor_free(&value);
    mkd_tensor_free(&dx);
    mkd_plan_free(plan);
    mkd_graph_free(g);
    mkd_backend_close(backend);
    return result;
}

static void assert_differences(loss_function loss, mkd_shape shape, const double *student,
                               const double *teacher) {
    double gradient[MAX_NUMBERS];
    double ignored[MAX_NUMBERS];
    double moved[MAX_NUMBERS];
    int n = (int)mkd_shape_count(&shape);
    memcpy(moved, student, (size_t)n * sizeof *moved);
    evaluate(gradient, loss, shape, student, teacher);
    for (int i = 0; i < n; i++) {
        moved[i] = student[i] + 1e-6;
        double up = evaluate(ignored, loss, shape, moved, teacher);
        moved[i] = student[i] - 1e-6;
        double down = evaluate(ignored, loss, shape, moved, teacher);
        moved[i] = student[i];
        assert_near(gradient[i], (up - down) / 2e-6, 1e-7);
    }
}

static void test_affinity_of_the_worked_example(void **state) {
    (void)state;
    // channels (1, 2, 0) and (0.5, -1, 3) of the student at three places
    static const double student[6] = {1, 0.5, 2, -1, 0, 3};
    static const double teacher[6] = {1, 0, 1, -1, 1, 2};
    static const double slopes[6] = {0.666667, 0.555556, 0.666667, -0.777778, -0.222222, 1.0};
    double gradient[6];
    mkd_shape shape = MKD_SHAPE(1, 1, 3, 2);
    assert_near(evaluate(gradient, affinity_plain, shape, student, teacher), 1.47222222, 1e-8);
    for (int i = 0; i < 6; i++) {
        assert_near(gradient[i], slopes[i], 1e-6);
    }
    assert_near(evaluate(gradient, affinity_cosine, shape, student, teacher), 0.052909, 1e-6);
    assert_differences(affinity_cosine, shape, student, teacher);
    // a batch is the mean of its samples
    static const double twice[12] = {1, 0.5, 2, -1, 0, 3, 1, 0, 1, -1, 1, 2};
    static const double targets[12] = {1, 0, 1, -1, 1, 2, 1, 0, 1, -1, 1, 2};
    double both[12];
    shape.at[0] = 2;
    assert_near(evaluate(both, affinity_plain, shape, twice, targets), 1.47222222 / 2, 1e-8);
}

static void test_places_without_activation_have_no_direction(void **state) {
    (void)state;
    static const double student[6] = {0, 0, 2, -1, 0, 3};
    static const double teacher[6] = {1, 0, 0, 0, 1, 2};
    double gradient[6];
    double loss = evaluate(gradient, affinity_cosine, MKD_SHAPE(1, 1, 3, 2), student, teacher);
    assert_true(isfinite(loss) && loss > 0);
    for (int i = 0; i < 6; i++) {
        assert_true(isfinite(gradient[i]) && fabs(gradient[i]) < 10);
        assert_true(i >= 2 || gradient[i] == 0);
    }
}

static void test_spearman_of_the_worked_example(void **state) {
    (void)state;
    static const double teacher[5] = {0.9, 2.5, -1.0, 0.4, 3.0}; // ranks 3 4 1 2 5
    static const double student[5] = {0.1, 0.8, -0.3, 0.5, 0.2};
    static const double ranks[5] = {3, 4, 1, 2, 5};
    static const double student_ranks[5] = {2, 5, 1, 4, 3};
    double gradient[5];
    mkd_shape shape = MKD_SHAPE(1, 1, 5, 1);
    assert_near(evaluate(gradient, mkd_loss_spearman, shape, student, teacher), 0.50581415, 1e-8);
    assert_differences(mkd_loss_spearman, shape, student, teacher);
    // the teacher's values count by their ranks alone
    assert_near(evaluate(gradient, mkd_loss_spearman, shape, student, ranks), 0.50581415, 1e-8);
    assert_near(evaluate(gradient, mkd_loss_spearman, shape, student_ranks, teacher), 0.5, 1e-12);
    assert_near(evaluate(gradient, mkd_loss_spearman, shape, ranks, teacher), 0, 1e-12);
}

static void test_spearman_averages_ties(void **state) {
    (void)state;
    static const double teacher[5] = {0, 0, 0, 4, 1}; // ranks 2 2 2 5 4
    static const double ranks[5] = {2, 2, 2, 5, 4};
    static const double spread[5] = {1, 2, 3, 5, 4};
    double gradient[5];
    mkd_shape shape = MKD_SHAPE(1, 1, 5, 1);
    assert_near(evaluate(gradient, mkd_loss_spearman, shape, ranks, teacher), 0, 1e-12);
    // covariance 8 against 10 and 8
    assert_near(evaluate(gradient, mkd_loss_spearman, shape, spread, teacher), 1 - 8 / sqrt(80),
                1e-12);
    assert_differences(mkd_loss_spearman, shape, spread, teacher);
}

static void test_spearman_ranks_each_sample_for_itself(void **state) {
    (void)state;
    static const double teacher[6] = {1, 2, 3, 100, 300, 200}; // ranks 1 2 3, 1 3 2
    static const double student[6] = {1, 2, 3, 1, 3, 2};
    double gradient[6];
    mkd_shape shape = MKD_SHAPE(2, 1, 3, 1);
    assert_near(evaluate(gradient, mkd_loss_spearman, shape, student, teacher), 0, 1e-12);
    // but one correlation over both: an offset between the samples costs
    static const double apart[6] = {1, 2, 3, 11, 13, 12};
    assert_true(evaluate(gradient, mkd_loss_spearman, shape, apart, teacher) > 0.5);
    assert_differences(mkd_loss_spearman, shape, apart, teacher);
}

static void test_spearman_of_constant_maps(void **state) {
    (void)state;
    static const double flat[4] = {0.5, 0.5, 0.5, 0.5};
    static const double rising[4] = {1, 2, 3, 4};
    double gradient[4];
    mkd_shape shape = MKD_SHAPE(1, 1, 4, 1);
    const double *const pairs[3][2] = {{flat, rising}, {rising, flat}, {flat, flat}};
    for (int i = 0; i < 3; i++) {
        double loss = evaluate(gradient, mkd_loss_spearman, shape, pairs[i][0], pairs[i][1]);
        assert_near(loss, 1, 1e-12);
        for (int k = 0; k < 4; k++) {
            assert_near(gradient[k], 0, 1e-12);
        }
    }
}

static void test_reduction_to_a_coarser_grid(void **state) {
    (void)state;
    mkd_backend *backend = NULL;
    mkd_graph *g = NULL;
    mkd_plan *plan = NULL;
    mkd_tensor y = {0};
    assert_int_equal(mkd_backend_open(&backend, "ref", NULL), 0);
    assert_int_equal(mkd_graph_new(&g), 0);
    mkd_value x = mkd_input(g, "x", MKD_F32, MKD_SHAPE(1, 8, 8, 1));
    assert_int_equal(mkd_reduce_map(g, x, 8, 8).id, x.id);
    mkd_value reduced = mkd_reduce_map(g, x, 2, 2);
    mkd_output(g, "y", reduced);
    assert_int_equal(mkd_plan_create(&plan, g, backend, NULL), 0);
    float *values = mkd_plan_data(plan, x);
    for (int i = 0; i < 64; i++) {
        values[i] = (float)(i * i % 37);
    }
    assert_int_equal(mkd_plan_run(plan), 0);
    assert_int_equal(mkd_plan_read(&y, plan, reduced), 0);
    for (int i = 0; i < 4; i++) { // the mean of the four pixels around (4 i + 2, 4 j + 2)
        int at = (i / 2 * 4 + 1) * 8 + i % 2 * 4 + 1;
        float mean = (values[at] + values[at + 1] + values[at + 8] + values[at + 9]) / 4;
        assert_near((double)((const float *)y.data)[i], (double)mean, 1e-5);
    }
    mkd_tensor_free(&y);
    mkd_plan_free(plan);
    mkd_graph_free(g);
    mkd_backend_close(backend);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_affinity_of_the_worked_example),
        cmocka_unit_test(test_places_without_activation_have_no_direction),
        cmocka_unit_test(test_spearman_of_the_worked_example),
        cmocka_unit_test(test_spearman_averages_ties),
        cmocka_unit_test(test_spearman_ranks_each_sample_for_itself),
        cmocka_unit_test(test_spearman_of_constant_maps),
        cmocka_unit_test(test_reduction_to_a_coarser_grid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
