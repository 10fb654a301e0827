// Whole trainings of a few steps on a tiny synthetic data set: they learn, stop, go on to the same
// bits, do not depend on the number of workers, and end with a message when they diverge.

#include "data_tests.h"

#include "base/log.h"
#include "base/status.h"
#include "base/thread.h"
#include "data/synth.h"
#include "io/safetensors.h"
#include "train/options.h"
#include "train/run_folder.h"
#include "train/run_log.h"
#include "train/trainer.h"

enum { N_STEPS = 6, MAX_OVERRIDES = 40 };

static char set_path[DATA_TESTS_PATH];
static char teacher_path[DATA_TESTS_PATH];

// after which step the progress bar's reader asks to stop; 0: never
static int64_t stop_after;

static void watch(void *payload, const char *title, const char *unit, double done, double total,
                  const char *detail) {
    (void)payload;
    (void)unit;
    (void)total;
    (void)detail;
    if (stop_after > 0 && strcmp(title, "train") == 0 && done >= (double)stop_after) {
        mkd_interrupt_request();
    }
}

static int open_group(void **state) {
    (void)state;
    const mkd_synth_options options = {.frames = 9,
                                       .seed = 3,
                                       .width_px = 128,
                                       .height_px = 64,
                                       .validation_share = 0.34,
                                       .min_depth_m = 5,
                                       .max_depth_m = 25,
                                       .min_cars = 2,
                                       .max_cars = 4,
                                       .samples_per_pixel = 1,
                                       .lidar = true,
                                       .beams = 16,
                                       .columns = 256,
                                       .threads = 1};
    data_tests_path(set_path, "set");
    data_tests_path(teacher_path, "teacher");
    mkd_progress_set_sink(watch, NULL);
    return mkd_synth_write(set_path, &options);
}

static int close_group(void **state) {
    mkd_progress_set_sink(NULL, NULL);
    return data_tests_clean(state);
}

// the config of a training with up to 8 further overrides, NULL-ended
static mkd_config *config_with(const char *const *more) {
    char root[DATA_TESTS_PATH + 16];
    const char *all[MAX_OVERRIDES] = {"train.backend=cpu",
                                      "train.threads=1",
                                      "train.batch_size=2",
                                      "train.epochs=2",
                                      "train.log_every=1",
                                      "train.eval_every=100",
                                      "train.seed=5",
                                      "eval.batch_size=2",
                                      "data.workers=1",
                                      "model.backbone=lite",
                                      "model.width_px=128",
                                      "model.height_px=64",
                                      "model.classes=[Car]",
                                      "model.min_box_height_px=4",
                                      "detector.centernet3d.head_channels=8",
                                      "schedule.warmup_epochs=0",
                                      root};
    mkd_config *config = NULL;
    size_t n = 0;
    snprintf(root, sizeof root, "data.root=%s", set_path);
    while (all[n]) {
        n++;
    }
    for (; more && *more; more++) {
        all[n++] = *more;
    }
    int status = mkd_config_load(&config, mkd_settings_schema(), NULL, all, n);
    if (status < 0) {
        print_error("%s\n", mkd_error_last());
    }
    assert_int_equal(status, 0);
    return config;
}

static int train(mkd_train_result *out, const char *run, const char *const *more) {
    mkd_config *config = config_with(more);
    int status = mkd_train(out, config, run);
    mkd_config_free(config);
    stop_after = 0;
    mkd_interrupt_clear();
    return status;
}

static void train_whole(mkd_train_result *out, const char *run, const char *const *more) {
    int status = train(out, run, more);
    if (status < 0) {
        print_error("%s: %s\n", run, mkd_error_last());
    }
    assert_int_equal(status, 0);
}

static void assert_same_model(const char *run_a, const char *run_b) {
    const char *const runs[2] = {run_a, run_b};
    char *bytes[2];
    size_t n[2];
    for (int i = 0; i < 2; i++) {
        char *path = mkd_run_file(runs[i], MKD_RUN_MODEL);
        assert_non_null(path);
        assert_int_equal(mkd_fs_read(&bytes[i], &n[i], path, (size_t)1 << 30), 0);
        mkd_free(path);
    }
    assert_int_equal(n[0], n[1]);
    assert_memory_equal(bytes[0], bytes[1], n[0]);
    mkd_free(bytes[0]);
    mkd_free(bytes[1]);
}

// the losses of all steps
static void read_losses(double losses[N_STEPS], const char *run) {
    mkd_run_log log = {0};
    char *path = mkd_run_file(run, MKD_RUN_LOG);
    assert_non_null(path);
    assert_int_equal(mkd_run_log_read(&log, path, "step"), 0);
    const mkd_run_series *series = mkd_run_log_find(&log, "loss");
    assert_non_null(series);
    assert_int_equal(series->n, N_STEPS);
    for (int i = 0; i < N_STEPS; i++) {
        assert_near(series->x[i], i + 1, 0);
        losses[i] = series->y[i];
    }
    mkd_run_log_free(&log);
    mkd_free(path);
}

static char whole_path[DATA_TESTS_PATH];

static void test_a_training_learns(void **state) {
    (void)state;
    mkd_train_result result;
    double losses[N_STEPS];
    data_tests_path(whole_path, "whole");
    train_whole(&result, whole_path, NULL);
    assert_int_equal(result.steps, N_STEPS);
    assert_int_equal(result.steps_now, N_STEPS);
    assert_false(result.was_finished);
    read_losses(losses, whole_path);
    assert_true(losses[3] + losses[4] + losses[5] < losses[0] + losses[1] + losses[2]);
    assert_near(result.last_loss, losses[5], 1e-4 * losses[5]);
    // once more: all is done
    train_whole(&result, whole_path, NULL);
    assert_true(result.was_finished);
    assert_int_equal(result.steps, N_STEPS);
    assert_int_equal(result.steps_now, 0);
}

static void test_a_stopped_training_ends_with_the_same_bits(void **state) {
    (void)state;
    for (int64_t step = 1; step < N_STEPS; step += 2) { // 3 is the end of an epoch
        char run[DATA_TESTS_PATH];
        char name[32];
        char expected[2 * DATA_TESTS_PATH];
        double a[N_STEPS];
        double b[N_STEPS];
        mkd_train_result result;
        snprintf(name, sizeof name, "stopped%d", (int)step);
        data_tests_path(run, name);
        stop_after = step;
        assert_int_equal(train(&result, run, NULL), MKD_EINTERRUPTED);
        snprintf(expected, sizeof expected,
                 "stopped after step %d; the same command goes on from there (%s)", (int)step, run);
        assert_string_equal(mkd_error_last(), expected);
        assert_int_equal(result.steps, step);
        train_whole(&result, run, NULL);
        assert_int_equal(result.steps, N_STEPS);
        assert_int_equal(result.steps_now, N_STEPS - step);
        assert_same_model(run, whole_path);
        read_losses(a, run);
        read_losses(b, whole_path);
        assert_memory_equal(a, b, sizeof a);
    }
}

static void test_workers_change_nothing(void **state) {
    (void)state;
    static const char *const workers[] = {"data.workers=0", "data.workers=2"};
    for (size_t i = 0; i < MKD_COUNT(workers); i++) {
        char run[DATA_TESTS_PATH];
        mkd_train_result result;
        data_tests_path(run, workers[i]);
        train_whole(&result, run, (const char *const[]){workers[i], "data.cache_mb=0", NULL});
        assert_same_model(run, whole_path);
    }
}

static void test_another_seed_gives_another_model(void **state) {
    (void)state;
    char run[DATA_TESTS_PATH];
    mkd_train_result result;
    double a[N_STEPS];
    double b[N_STEPS];
    data_tests_path(run, "seed6");
    train_whole(&result, run, (const char *const[]){"train.seed=6", NULL});
    read_losses(a, run);
    read_losses(b, whole_path);
    assert_memory_not_equal(a, b, sizeof a);
}

static void test_a_diverged_training_says_so(void **state) {
    (void)state;
    for (int saved = 0; saved < 2; saved++) {
        char run[DATA_TESTS_PATH];
        char end[2 * DATA_TESTS_PATH];
        mkd_train_result result;
        data_tests_path(run, saved ? "diverged" : "diverged early");
        const char *const wild[] = {"optim.kind=sgd",
                                    "optim.learning_rate=10",
                                    "optim.clip_norm=0",
                                    "train.epochs=20",
                                    saved ? "train.checkpoint_every_s=0" : NULL,
                                    NULL};
        assert_int_equal(train(&result, run, wild), MKD_EDIVERGED);
        // which step it is, and how it shows, depends on the machine's kernels
        const char *number = strstr(mkd_error_last(), "is inf") ? "inf" : "nan";
        int64_t step = result.steps + 1;
        if (saved) {
            snprintf(end, sizeof end, "; the checkpoint in %s is from before", run);
        } else {
            snprintf(end, sizeof end, ", before any checkpoint was saved");
        }
        char expected[4 * DATA_TESTS_PATH];
        snprintf(expected, sizeof expected,
                 "loss/depth is %s at step %d (epoch %d): training diverged%s", number, (int)step,
                 (int)((step - 1) / 3 + 1), end);
        assert_string_equal(mkd_error_last(), expected);
        char *model = mkd_run_file(run, MKD_RUN_MODEL);
        char *checkpoint = mkd_run_file(run, MKD_RUN_CHECKPOINT);
        assert_false(mkd_fs_exists(model));
        assert_true(mkd_fs_exists(checkpoint) == (saved != 0));
        mkd_free(model);
        mkd_free(checkpoint);
    }
}

static int n_distill_entries(const char *run, const char *file) {
    mkd_safetensors *tensors = NULL;
    char *path = mkd_run_file(run, file);
    int n = 0;
    assert_int_equal(mkd_safetensors_open(&tensors, path), 0);
    for (size_t i = 0; i < mkd_safetensors_count(tensors); i++) {
        n += strncmp(mkd_safetensors_name(tensors, i), "distill.", 8) == 0;
    }
    mkd_safetensors_close(tensors);
    mkd_free(path);
    return n;
}

static void test_distillation_from_a_trained_teacher(void **state) {
    (void)state;
    char whole[DATA_TESTS_PATH];
    char stopped[DATA_TESTS_PATH];
    char teacher[DATA_TESTS_PATH + 16];
    mkd_train_result result;
    double a[N_STEPS];
    double plain[N_STEPS];
    train_whole(&result, teacher_path, (const char *const[]){"model.sees=depth", NULL});
    snprintf(teacher, sizeof teacher, "teacher.run=%s", teacher_path);
    const char *const more[] = {"distill.method=monoskd", teacher, "teacher.mode=batch_stats",
                                "distill.warmup_epochs=0.5", NULL};
    data_tests_path(whole, "student");
    train_whole(&result, whole, more);
    assert_int_equal(result.steps, N_STEPS);
    read_losses(a, whole);
    read_losses(plain, whole_path);
    assert_near(a[0], plain[0], 1e-4 * plain[0]); // the warm-up starts at 0
    assert_true(a[2] > plain[2]);
    assert_int_equal(n_distill_entries(whole, MKD_RUN_CHECKPOINT), 16);
    assert_int_equal(n_distill_entries(whole, MKD_RUN_MODEL), 0);
    data_tests_path(stopped, "student_stopped");
    stop_after = 4;
    assert_int_equal(train(&result, stopped, more), MKD_EINTERRUPTED);
    train_whole(&result, stopped, more);
    assert_same_model(stopped, whole);
}

static void test_what_a_distillation_refuses(void **state) {
    (void)state;
    char run[DATA_TESTS_PATH];
    char teacher[DATA_TESTS_PATH + 16];
    char none[DATA_TESTS_PATH + 32];
    char expected[4 * DATA_TESTS_PATH];
    mkd_train_result result;
    data_tests_path(run, "refused");
    assert_int_equal(train(&result, run, (const char *const[]){"distill.method=fitnet", NULL}),
                     MKD_EINVAL);
    assert_string_equal(mkd_error_last(),
                        "distill.method is fitnet, but teacher.run names no run folder");
    snprintf(teacher, sizeof teacher, "teacher.run=%s", teacher_path);
    const char *const larger[] = {"distill.method=fitnet", teacher, "model.height_px=96", NULL};
    assert_int_equal(train(&result, run, larger), MKD_EINVAL);
    snprintf(expected, sizeof expected, "teacher %s sees 128 x 64 px, the student 128 x 96 px",
             teacher_path);
    assert_string_equal(mkd_error_last(), expected);
    snprintf(none, sizeof none, "teacher.run=%s/none", set_path);
    assert_int_equal(
        train(&result, run, (const char *const[]){"distill.method=fitnet", none, NULL}),
        MKD_ENOTFOUND);
    const char *const tap[] = {"distill.method=fitnet", teacher, "distill.fitnet.taps=[stride2]",
                               NULL};
    assert_int_equal(train(&result, run, tap), MKD_EINVAL);
    assert_non_null(strstr(mkd_error_last(), "there is no tap 'stride2'"));
}

static void test_starting_from_a_file(void **state) {
    (void)state;
    char run[DATA_TESTS_PATH];
    char init[2 * DATA_TESTS_PATH];
    char path[DATA_TESTS_PATH];
    char expected[2 * DATA_TESTS_PATH];
    mkd_train_result result;
    double a[N_STEPS];
    double plain[N_STEPS];
    data_tests_path(run, "warm");
    snprintf(init, sizeof init, "train.init=%s/model.safetensors", whole_path);
    train_whole(&result, run, (const char *const[]){init, NULL});
    read_losses(a, run);
    read_losses(plain, whole_path);
    assert_true(a[0] < plain[0]);
    // a file of which nothing fits is no start
    float number = 1;
    const mkd_tensor tensor = {.dtype = MKD_F32, .shape = {.rank = 0}, .data = &number};
    const mkd_tensor *tensors[1] = {&tensor};
    data_tests_path(path, "other.safetensors");
    assert_int_equal(mkd_safetensors_write(path, (const char *const[]){"x"}, tensors, 1, NULL, 0),
                     0);
    data_tests_path(run, "cold");
    snprintf(init, sizeof init, "train.init=%s", path);
    assert_int_equal(train(&result, run, (const char *const[]){init, NULL}), MKD_EINVAL);
    snprintf(expected, sizeof expected, "train.init: %s has no tensor that the network has", path);
    assert_string_equal(mkd_error_last(), expected);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_training_learns),
        cmocka_unit_test(test_a_stopped_training_ends_with_the_same_bits),
        cmocka_unit_test(test_workers_change_nothing),
        cmocka_unit_test(test_another_seed_gives_another_model),
        cmocka_unit_test(test_a_diverged_training_says_so),
        cmocka_unit_test(test_distillation_from_a_trained_teacher),
        cmocka_unit_test(test_what_a_distillation_refuses),
        cmocka_unit_test(test_starting_from_a_file),
    };
    return cmocka_run_group_tests(tests, open_group, close_group);
}
