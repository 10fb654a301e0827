// The sections of a training's config: they load, resolve, and refuse what makes no sense.

#include "tests.h"

#include <string.h>

#include "base/alloc.h"
#include "base/status.h"
#include "distill/method.h"
#include "train/options.h"

static int load(mkd_config **out, const char *override) {
    const char *const overrides[1] = {override};
    return mkd_config_load(out, mkd_settings_schema(), NULL, overrides, override ? 1 : 0);
}

static void test_defaults_resolve(void **state) {
    (void)state;
    mkd_config *config = NULL;
    mkd_settings s;
    assert_int_equal(load(&config, NULL), 0);
    assert_int_equal(mkd_settings_get(&s, config), 0);
    assert_string_equal(s.data.kind, "kitti");
    assert_string_equal(s.model.detector, "centernet3d");
    assert_int_equal(s.model.width_px, 1280);
    assert_int_equal(s.model.classes.n, 3);
    assert_string_equal(s.distill.method, "");
    assert_near(s.augment.scale_range, 0.4, 0);
    mkd_optimizer_options o = mkd_settings_optimizer(&s);
    assert_int_equal(o.kind, MKD_OPTIMIZER_ADAMW);
    assert_near(o.beta2, 0.999, 0);
    assert_near(o.weight_decay, 1e-5, 0);
    mkd_schedule schedule = mkd_settings_schedule(&s);
    assert_int_equal(schedule.kind, MKD_SCHEDULE_COSINE);
    assert_near(schedule.epochs, 140, 0);
    assert_int_equal(schedule.n_milestones, 2);
    assert_int_equal(schedule.milestones[1], 120);
    mkd_config_free(config);
}

static void test_every_section_has_its_struct(void **state) {
    (void)state;
    mkd_config *config = NULL;
    size_t n = 0;
    assert_int_equal(load(&config, NULL), 0);
    for (const mkd_section *s = mkd_settings_schema(); s->prefix; s++) {
        assert_true(strlen(s->help) > 0);
        for (const mkd_option *o = s->options; o->key; o++) {
            char key[128];
            snprintf(key, sizeof key, "%s.%s", s->prefix, o->key);
            assert_non_null(mkd_config_text(config, key));
            assert_true(strlen(o->help) > 0);
        }
        n++;
    }
    size_t expected = 9;
    for (const mkd_detector_driver *const *d = mkd_detectors(); *d; d++) {
        char section[64];
        void *options = mkd_alloc((*d)->options_bytes);
        assert_non_null(options);
        snprintf(section, sizeof section, "detector.%s", (*d)->name);
        assert_int_equal(mkd_config_get(options, config, section), 0);
        mkd_free(options);
        expected++;
    }
    for (const mkd_method *const *m = mkd_methods(); *m; m++) {
        char section[64];
        void *options = mkd_alloc((*m)->options_bytes);
        assert_non_null(options);
        snprintf(section, sizeof section, "distill.%s", (*m)->name);
        assert_int_equal(mkd_config_get(options, config, section), 0);
        mkd_free(options);
        expected++;
    }
    assert_int_equal(n, expected);
    mkd_config_free(config);
}

static void test_what_is_refused(void **state) {
    (void)state;
    static const char *const cases[] = {
        "optim.beta1=0", // would silently be 0.9: zeroed fields stand for defaults
        "optim.beta2=1", // divides by 1 - beta2
        "optim.learning_rate=-1",
        "train.batch_size=0",
        "train.epoch=3",
        "schedule.milestones=[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17]",
        "optim.kind=lamb",
        "train.drop_last=false", // the graph has one batch size: short batches are always left out
    };
    for (size_t i = 0; i < MKD_COUNT(cases); i++) {
        mkd_config *config = NULL;
        if (load(&config, cases[i]) != MKD_EINVAL) {
            print_error("%s was taken\n", cases[i]);
            fail();
        }
        assert_null(config);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults_resolve),
        cmocka_unit_test(test_every_section_has_its_struct),
        cmocka_unit_test(test_what_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
