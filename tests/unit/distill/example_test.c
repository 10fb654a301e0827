// The example of docs/adding-a-method.md, as it stands there (tests/arch/docs.sh compares), at
// work.

#include "tests.h"

#include <string.h>

#include "base/rng.h"
#include "base/status.h"
#include "nn/plan.h"

#include "unit/distill/example_method.c"

enum { SIZE = 64 };

// the loss between two `lite` networks, and how large the student's gradient is
static double run_example(double *gradient, bool same) {
    const attention_options values = {.weight = 1};
    const mkd_method *method = &mkd_method_attention;
    mkd_backend *backend = NULL;
    mkd_store *stores[2] = {NULL};
    mkd_graph *g = NULL;
    mkd_plan *plan = NULL;
    const mkd_backbone *lite = NULL;
    mkd_detection networks[2] = {{.n_heads = 0}};
    mkd_loss_terms terms = {0};
    double loss = 0;
    assert_int_equal(mkd_backend_open(&backend, "ref", NULL), 0);
    assert_int_equal(mkd_graph_new(&g), 0);
    assert_int_equal(mkd_backbone_find(&lite, "lite"), 0);
    mkd_value image = mkd_input(g, "image", MKD_F32, MKD_SHAPE(2, SIZE, SIZE, 3));
    for (int i = 0; i < 2; i++) {
        assert_int_equal(mkd_store_new(&stores[i], backend), 0);
        mkd_mode mode = i ? MKD_MODE_BATCH_STATS : MKD_MODE_TRAIN;
        mkd_graph_enter(g, &(mkd_network){.store = stores[same ? 0 : i], .mode = mode});
        lite->build(&networks[i].features, g, image, i && !same ? "other" : "neck");
        mkd_graph_leave(g);
    }
    assert_int_equal(mkd_method_check(method, &networks[0], &networks[1]), 0);
    mkd_distillation d = {.graph = g, .student = &networks[0], .teacher = &networks[1]};
    method->loss(&terms, &d, &values);
    assert_int_equal(terms.n, 1);
    assert_string_equal(terms.at[0].name, "attention");
    mkd_value total = mkd_loss_total(g, &terms);
    mkd_output(g, "loss", total);
    mkd_backward(g, total, MKD_NONE);
    assert_int_equal(mkd_plan_create(&plan, g, backend, NULL), 0);
    mkd_rng rng = mkd_rng_at(1, 0, 0, MKD_RNG_TEST);
    float *pixels = mkd_plan_data(plan, image);
    for (int i = 0; i < 2 * SIZE * SIZE * 3; i++) {
        pixels[i] = (float)mkd_rng_range(&rng, -1, 1);
    }
    assert_int_equal(mkd_plan_run(plan), 0);
    assert_int_equal(mkd_plan_read_scalar(&loss, plan, total), 0);
    const float *gradients = mkd_store_gradients(stores[0])->host;
    *gradient = 0;
    for (size_t i = 0; i < mkd_store_flat_count(stores[0]); i++) {
        *gradient += fabs((double)gradients[i]);
    }
    mkd_plan_free(plan);
    mkd_graph_free(g);
    mkd_store_free(stores[0]);
    mkd_store_free(stores[1]);
    mkd_backend_close(backend);
    return loss;
}

static void test_the_example_pulls_a_student(void **state) {
    (void)state;
    double gradient = 0;
    double loss = run_example(&gradient, false);
    assert_true(loss > 0 && loss < 2 * MKD_COUNT(taps)); // unit vectors without negative numbers
    assert_true(gradient > 0);
    assert_near(run_example(&gradient, true), 0, 0);
    assert_near(gradient, 0, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_example_pulls_a_student),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
