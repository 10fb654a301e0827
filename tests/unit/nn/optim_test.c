// Optimizers against values worked out by hand from their formulas, clipping, moving averages.

#include "tests.h"

#include "base/status.h"
#include "nn/optim.h"

typedef struct weights {
    float w[2], m[2], v[2], v_max[2];
} weights;

// `steps` updates with the gradients (0.5, -2), (0.25, 4), ... from w = (1, -1)
static weights run(const mkd_optimizer_options *o, double rate, double decay, int steps) {
    static const float gradients[3][2] = {{0.5f, -2}, {0.25f, 4}, {-1, 1}};
    weights s = {.w = {1, -1}};
    for (int t = 1; t <= steps; t++) {
        mkd_optimizer_update(s.w, gradients[t - 1], s.m, s.v, s.v_max, 2, o, rate, decay, 1, t);
    }
    return s;
}

static void test_sgd(void **state) {
    (void)state;
    mkd_optimizer_options o = {.kind = MKD_OPTIMIZER_SGD};
    weights s = run(&o, 0.1, 0, 1);
    assert_near((double)s.w[0], 0.95, 1e-7);
    assert_near((double)s.w[1], -0.8, 1e-7);
    s = run(&o, 0.1, 0.5, 1); // g + 0.5 w = 1, -2.5
    assert_near((double)s.w[0], 0.9, 1e-7);
    assert_near((double)s.w[1], -0.75, 1e-7);
    o.momentum = 0.5; // m = 0.5 then 0.25 + 0.25: steps 0.5, 0.5
    s = run(&o, 0.1, 0, 2);
    assert_near((double)s.w[0], 0.9, 1e-7);
    o.dampening = 0.5; // m = 0.5 then 0.25 + 0.125
    s = run(&o, 0.1, 0, 2);
    assert_near((double)s.w[0], 1 - 0.05 - 0.0375, 1e-7);
    o.dampening = 0;
    o.nesterov = true; // g + 0.5 m = 0.75, then 0.25 + 0.25
    s = run(&o, 0.1, 0, 2);
    assert_near((double)s.w[0], 1 - 0.075 - 0.05, 1e-7);
}

static void test_adam(void **state) {
    (void)state;
    const mkd_optimizer_options o = {.kind = MKD_OPTIMIZER_ADAM};
    weights s = run(&o, 0.01, 0, 1); // first step: rate * sign
    assert_near((double)s.w[0], 0.99, 1e-7);
    assert_near((double)s.w[1], -0.99, 1e-7);
    s = run(&o, 0.01, 0, 2);
    // m = 0.9 * 0.05 + 0.025 = 0.07, / 0.19; v = 0.999 * 0.00025 + 0.0000625 = 0.00031225, /
    // 0.001999
    double step = 0.01 * (0.07 / 0.19) / (sqrt(0.00031225 / 0.001999) + 1e-8);
    assert_near((double)s.w[0], 0.99 - step, 1e-6);
    s = run(&o, 0.01, 0.5, 1); // L2: g = 0.5 + 0.5, -2 - 0.5: the sign stays
    assert_near((double)s.w[0], 0.99, 1e-7);
    assert_near((double)s.m[0], 0.1, 1e-7);
}

static void test_adamw_decays_before_the_step(void **state) {
    (void)state;
    const mkd_optimizer_options o = {.kind = MKD_OPTIMIZER_ADAMW};
    weights s = run(&o, 0.01, 0.5, 1);
    assert_near((double)s.w[0], 1 * (1 - 0.005) - 0.01, 1e-7);
    assert_near((double)s.w[1], -1 * (1 - 0.005) + 0.01, 1e-7);
    assert_near((double)s.m[0], 0.05, 1e-7);
    const mkd_optimizer_options fastai = {.kind = MKD_OPTIMIZER_ADAM, .decay_before = true};
    weights same = run(&fastai, 0.01, 0.5, 1);
    assert_memory_equal(&s, &same, sizeof s);
}

static void test_amsgrad_keeps_the_largest_second_moment(void **state) {
    (void)state;
    const mkd_optimizer_options o = {
        .kind = MKD_OPTIMIZER_ADAM, .beta1 = 0.5, .beta2 = 0.5, .amsgrad = true};
    weights s = run(&o, 0.01, 0, 3); // v of the second weight: 2, 9, 5
    assert_near((double)s.v[1], 5, 1e-6);
    assert_near((double)s.v_max[1], 9, 1e-6);
}

static void test_monodetr_decays_inside_the_corrected_step(void **state) {
    (void)state;
    const mkd_optimizer_options o = {.kind = MKD_OPTIMIZER_MONODETR_ADAMW};
    weights s = run(&o, 0.01, 0.5, 1);
    // rate sqrt(1 - b2) / (1 - b1) (decay w + m / (sqrt(v) + eps))
    double rate = 0.01 * sqrt(0.001) / 0.1;
    double expected = 1 - rate * (0.5 + 0.05 / (sqrt(0.00025) + 1e-8));
    assert_near((double)s.w[0], expected, 1e-6);
}

static void test_clipping(void **state) {
    (void)state;
    float a[2] = {3, -4};
    float b[1] = {12};
    float *both[2] = {a, b};
    const size_t counts[2] = {2, 1};
    assert_near(mkd_clip_gradients(both, counts, 2, MKD_CLIP_NORM, 100), 13, 1e-12);
    assert_true(a[0] == 3 && b[0] == 12);
    assert_near(mkd_clip_gradients(both, counts, 2, MKD_CLIP_NORM, 6.5), 13, 1e-12);
    assert_near((double)a[1], -2, 1e-6);
    assert_near((double)b[0], 6, 1e-6);
    assert_near(mkd_clip_gradients(both, counts, 2, MKD_CLIP_NORM_MAX, 3), 6, 1e-6);
    assert_near((double)a[1], -1, 1e-6);
    assert_near(mkd_clip_gradients(both, counts, 2, MKD_CLIP_VALUE, 2), 3, 1e-5);
    assert_near((double)b[0], 2, 1e-6);
    assert_near((double)a[1], -1, 1e-6);
    assert_near(mkd_clip_factor(0, 1), 1, 0);
}

static void test_a_nan_comes_through_every_norm(void **state) {
    (void)state;
    static float many[40000];
    static const size_t places[] = {0, 1, 39999};
    const float *gradients = many;
    const size_t count = 40000;
    for (size_t i = 0; i < MKD_COUNT(places); i++) {
        many[places[i]] = NAN;
        assert_true(isnan(mkd_gradient_norm(&gradients, &count, 1, MKD_CLIP_NORM)));
        assert_true(isnan(mkd_gradient_norm(&gradients, &count, 1, MKD_CLIP_NORM_MAX)));
        many[places[i]] = 1;
    }
    assert_near(mkd_gradient_norm(&gradients, &count, 1, MKD_CLIP_NORM), sqrt(3), 1e-12);
    assert_near(mkd_gradient_norm(&gradients, &count, 1, MKD_CLIP_NORM_MAX), 1, 0);
}

static void test_moving_average(void **state) {
    (void)state;
    float ema[2] = {NAN, 5}; // what lay there before the first update does not matter
    const float first[2] = {1, 2};
    const float second[2] = {3, 4};
    mkd_ema_update(ema, first, 2, 0.75, true);
    assert_memory_equal(ema, first, sizeof ema);
    mkd_ema_update(ema, second, 2, 0.75, false);
    assert_near((double)ema[0], 1.5, 1e-7);
    assert_near((double)ema[1], 2.5, 1e-7);
}

static void test_a_store_is_stepped_by_its_groups(void **state) {
    (void)state;
    mkd_backend *backend = NULL;
    mkd_store *store = NULL;
    const mkd_init one = {.kind = MKD_INIT_CONSTANT, .a = 1};
    const mkd_entry entries[] = {
        {.path = "w", .shape = MKD_SHAPE(1), .init = one, .decayed = true, .rate_factor = 1},
        {.path = "b", .shape = MKD_SHAPE(1), .init = one, .rate_factor = 1},
        {.path = "half", .shape = MKD_SHAPE(1), .init = one, .rate_factor = 0.5f},
        {.path = "frozen", .shape = MKD_SHAPE(1), .init = one, .decayed = true},
        {.path = "mean", .shape = MKD_SHAPE(1), .init = one, .is_buffer = true}};
    static const double expected[] = {1 - 0.2 - 0.1, 1 - 0.2, 1 - 0.1, 1, 1};
    int index;
    assert_int_equal(mkd_backend_open(&backend, "ref", NULL), 0);
    assert_int_equal(mkd_store_new(&store, backend), 0);
    for (size_t i = 0; i < MKD_COUNT(entries); i++) {
        assert_int_equal(mkd_store_declare(&index, store, &entries[i]), 0);
    }
    assert_int_equal(mkd_store_allocate(store, 0), 0);
    float *gradients = mkd_store_gradients(store)->host;
    for (size_t i = 0; i < 4; i++) {
        gradients[mkd_store_entry(store, (int)i)->offset] = 4;
    }
    const mkd_optimizer_options o = {.kind = MKD_OPTIMIZER_SGD, .weight_decay = 1};
    assert_int_equal(mkd_optimizer_prepare(store, &o), 0);
    assert_int_equal(mkd_optimizer_step(store, &o, 0.1, 0.5, 1), 0);
    for (size_t i = 0; i < MKD_COUNT(entries); i++) {
        float value;
        assert_int_equal(mkd_store_read(&value, store, (int)i), 0);
        assert_near((double)value, expected[i], 1e-6);
    }
    mkd_store_free(store);
    mkd_backend_close(backend);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sgd),
        cmocka_unit_test(test_adam),
        cmocka_unit_test(test_adamw_decays_before_the_step),
        cmocka_unit_test(test_amsgrad_keeps_the_largest_second_moment),
        cmocka_unit_test(test_monodetr_decays_inside_the_corrected_step),
        cmocka_unit_test(test_clipping),
        cmocka_unit_test(test_a_nan_comes_through_every_norm),
        cmocka_unit_test(test_moving_average),
        cmocka_unit_test(test_a_store_is_stepped_by_its_groups),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
