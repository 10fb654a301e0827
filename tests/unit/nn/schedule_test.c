// Learning rates at points whose values are known in closed form.

#include "tests.h"

#include "nn/schedule.h"

static void test_warmups(void **state) {
    (void)state;
    // MonoDLE's family, five epochs from 1e-5 to 1e-3: what its log prints
    static const double printed[] = {1e-5,         1.0453659e-4, 3.5203659e-4,
                                     6.5796341e-4, 9.0546341e-4, 1e-3};
    for (int e = 0; e < 6; e++) {
        assert_near(mkd_rate_cosine_warmup(1e-3, 1e-5, e, 5), printed[e], 1e-11);
    }
    assert_near(mkd_rate_linear_warmup(1, 0.2, 1, 4), 0.4, 1e-12);
    assert_near(mkd_rate_linear_warmup(1, 0.2, 9, 4), 1, 1e-12);
}

static void test_annealing(void **state) {
    (void)state;
    static const int64_t milestones[] = {90, 120};
    assert_near(mkd_rate_cosine(1, 0.2, 0, 8), 1, 1e-12);
    assert_near(mkd_rate_cosine(1, 0.2, 4, 8), 0.6, 1e-12);
    assert_near(mkd_rate_cosine(1, 0.2, 8, 8), 0.2, 1e-12);
    assert_near(mkd_rate_multistep(1, 0.1, milestones, 2, 89.99), 1, 1e-12);
    assert_near(mkd_rate_multistep(1, 0.1, milestones, 2, 90), 0.1, 1e-12);
    assert_near(mkd_rate_multistep(1, 0.1, milestones, 2, 200), 0.01, 1e-12);
}

static void test_one_cycle(void **state) {
    (void)state;
    // PyTorch: peak at share * total - 1, low rate / div, end low / final_div
    assert_near(mkd_rate_onecycle(1, 0, 10, 0.4, 25, 100), 0.04, 1e-12);
    assert_near(mkd_rate_onecycle(1, 3, 10, 0.4, 25, 100), 1, 1e-12);
    assert_near(mkd_rate_onecycle(1, 6, 10, 0.4, 25, 100), (1 + 0.0004) / 2, 1e-12);
    assert_near(mkd_rate_onecycle(1, 9, 10, 0.4, 25, 100), 0.0004, 1e-12);
    double rate = 0;
    double momentum = 0;
    const double momenta[2] = {0.95, 0.85};
    mkd_onecycle_fastai(&rate, &momentum, 1, momenta, 0, 10, 0.4, 10, 1e-4);
    assert_near(rate, 0.1, 1e-12);
    assert_near(momentum, 0.95, 1e-12);
    mkd_onecycle_fastai(&rate, &momentum, 1, momenta, 2, 10, 0.4, 10, 1e-4);
    assert_near(rate, 0.55, 1e-12);
    assert_near(momentum, 0.9, 1e-12);
    mkd_onecycle_fastai(&rate, &momentum, 1, momenta, 4, 10, 0.4, 10, 1e-4);
    assert_near(rate, 1, 1e-12);
    assert_near(momentum, 0.85, 1e-12);
    mkd_onecycle_fastai(&rate, &momentum, 1, momenta, 10, 10, 0.4, 10, 1e-4);
    assert_near(rate, 1e-4, 1e-12);
    assert_near(momentum, 0.95, 1e-12);
}

static void test_a_whole_training(void **state) {
    (void)state;
    mkd_schedule s = {.kind = MKD_SCHEDULE_COSINE,
                      .rate = 2,
                      .epochs = 12,
                      .warmup_epochs = 2,
                      .warmup_factor = 0.1,
                      .minimum_factor = 0.5};
    assert_near(mkd_schedule_rate(&s, 0), 0.2, 1e-12);
    assert_near(mkd_schedule_rate(&s, 1), 1.1, 1e-12);
    assert_near(mkd_schedule_rate(&s, 2), 2, 1e-12);
    assert_near(mkd_schedule_rate(&s, 7), 1.5, 1e-12);
    assert_near(mkd_schedule_rate(&s, 12), 1, 1e-12);
    assert_near(mkd_schedule_rate(&s, 13), 1, 1e-12);
    s.warmup_epochs = 12; // nothing is left to anneal over
    assert_near(mkd_schedule_rate(&s, 12), 2, 1e-12);
    s = (mkd_schedule){.kind = MKD_SCHEDULE_STEP,
                       .rate = 1,
                       .epochs = 10,
                       .gamma = 0.5,
                       .milestones = {3, 6},
                       .n_milestones = 2};
    assert_near(mkd_schedule_rate(&s, 2.9), 1, 1e-12);
    assert_near(mkd_schedule_rate(&s, 3), 0.5, 1e-12);
    assert_near(mkd_schedule_rate(&s, 6.5), 0.25, 1e-12);
    s.kind = MKD_SCHEDULE_CONSTANT;
    assert_near(mkd_schedule_rate(&s, 6.5), 1, 1e-12);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_warmups),
        cmocka_unit_test(test_annealing),
        cmocka_unit_test(test_one_cycle),
        cmocka_unit_test(test_a_whole_training),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
