// The synthetic data set's files: the same for the same options, continued after a stop.

#include "data_tests.h"

#include <math.h>
#include <sys/stat.h>

#include "base/status.h"
#include "base/thread.h"
#include "data/dataset.h"
#include "data/synth.h"

static mkd_synth_options tiny_options(void) {
    return (mkd_synth_options){.frames = 6,
                               .seed = 11,
                               .width_px = 160,
                               .height_px = 48,
                               .validation_share = 0.34,
                               .min_depth_m = 5,
                               .max_depth_m = 25,
                               .min_cars = 2,
                               .max_cars = 5,
                               .max_pedestrians = 1,
                               .max_cyclists = 1,
                               .slope = true,
                               .noise = true,
                               .samples_per_pixel = 2,
                               .lidar = true,
                               .beams = 16,
                               .columns = 256,
                               .threads = 1};
}

static const char *const files[] = {
    "synth.json",
    "ImageSets/train.txt",
    "ImageSets/val.txt",
    "ImageSets/trainval.txt",
    "training/image_2/000000.png",
    "training/image_2/000005.png",
    "training/velodyne/000000.bin",
    "training/velodyne/000003.bin",
    "training/calib/000004.txt",
    "training/label_2/000000.txt",
    "training/label_2/000002.txt",
    "training/label_2/000005.txt",
};

static void assert_same_file(const char *root_a, const char *root_b, const char *name) {
    char *texts[2];
    size_t bytes[2];
    const char *const roots[2] = {root_a, root_b};
    for (size_t i = 0; i < 2; i++) {
        char *path = mkd_fs_join(roots[i], name);
        assert_non_null(path);
        assert_int_equal(mkd_fs_read(&texts[i], &bytes[i], path, 1 << 24), 0);
        mkd_free(path);
    }
    assert_int_equal(bytes[0], bytes[1]);
    assert_memory_equal(texts[0], texts[1], bytes[0]);
    mkd_free(texts[0]);
    mkd_free(texts[1]);
}

static void assert_same_files(const char *root_a, const char *root_b) {
    for (size_t i = 0; i < MKD_COUNT(files); i++) {
        assert_same_file(root_a, root_b, files[i]);
    }
}

static ino_t inode_of(const char *root, const char *name) {
    char *path = mkd_fs_join(root, name);
    struct stat info;
    assert_non_null(path);
    assert_int_equal(stat(path, &info), 0);
    mkd_free(path);
    return info.st_ino;
}

static void remove_file(const char *root, const char *name) {
    char *path = mkd_fs_join(root, name);
    assert_non_null(path);
    assert_int_equal(mkd_fs_remove(path), 0);
    mkd_free(path);
}

static void test_files_do_not_depend_on_threads(void **state) {
    (void)state;
    char one[DATA_TESTS_PATH], three[DATA_TESTS_PATH];
    data_tests_path(one, "one");
    data_tests_path(three, "three");
    mkd_synth_options options = tiny_options();
    assert_int_equal(mkd_synth_write(one, &options), 0);
    options.threads = 3;
    assert_int_equal(mkd_synth_write(three, &options), 0);
    assert_same_files(one, three);
}

// What is in the files is what mkd_synth_render gives, through the reader of KITTI's layout.
static void test_files_hold_the_frame(void **state) {
    (void)state;
    char root[DATA_TESTS_PATH];
    data_tests_path(root, "one");
    mkd_dataset *dataset;
    assert_int_equal(mkd_dataset_open(&dataset, "kitti", root, "val"), 0);
    assert_int_equal(mkd_dataset_count(dataset), 2);
    assert_string_equal(mkd_dataset_id(dataset, 0), "000004");
    mkd_check_report report = {.n_errors = 0};
    assert_int_equal(mkd_dataset_check(&report, dataset), 0);
    assert_int_equal(report.n_errors, 0);
    assert_int_equal(report.n_warnings, 0);
    mkd_str_free(&report.text);

    const mkd_synth_options options = tiny_options();
    mkd_synth_frame made;
    mkd_frame read;
    assert_int_equal(mkd_synth_render(&made, &options, 5), 0);
    assert_string_equal(made.frame.id, "000005");
    assert_int_equal(
        mkd_dataset_frame(&read, dataset, 1, MKD_READ_IMAGE | MKD_READ_OBJECTS | MKD_READ_POINTS),
        0);
    assert_memory_equal(read.views[0].image.pixels, made.frame.views[0].image.pixels, 160 * 48 * 3);
    assert_memory_equal(read.views[0].camera.projection, made.frame.views[0].camera.projection,
                        12 * sizeof(double));
    assert_memory_equal(read.camera_from_lidar, made.frame.camera_from_lidar, 12 * sizeof(double));
    assert_int_equal(read.points.n, made.frame.points.n);
    assert_memory_equal(read.points.at, made.frame.points.at, 16 * read.points.n);
    assert_int_equal(read.objects.n, made.frame.objects.n);
    for (size_t i = 0; i < read.objects.n; i++) {
        const mkd_object *a = &read.objects.at[i], *b = &made.frame.objects.at[i];
        assert_string_equal(a->type, b->type);
        // labels are drawn in hundredths, so the text loses nothing
        assert_true(fabs(a->box.x_m - b->box.x_m) < 1e-9);
        assert_true(fabs(a->box.y_m - b->box.y_m) < 1e-9);
        assert_true(fabs(a->box.z_m - b->box.z_m) < 1e-9);
        assert_true(fabs(a->box.yaw_rad - b->box.yaw_rad) < 1e-9);
        assert_true(fabs(a->box.length_m - b->box.length_m) < 1e-9);
        assert_true(fabs(a->box_px.left_px - b->box_px.left_px) < 1e-9);
    }
    mkd_frame_free(&read);
    mkd_synth_frame_free(&made);
    mkd_dataset_close(dataset);
}

static void test_a_part_is_continued(void **state) {
    (void)state;
    char one[DATA_TESTS_PATH], part[DATA_TESTS_PATH];
    data_tests_path(one, "one");
    data_tests_path(part, "part");
    const mkd_synth_options options = tiny_options();
    assert_int_equal(mkd_synth_write(part, &options), 0);
    const ino_t kept = inode_of(part, "training/image_2/000001.png");
    remove_file(part, "training/image_2/000000.png");
    remove_file(part, "training/velodyne/000003.bin");
    remove_file(part, "training/label_2/000005.txt");
    remove_file(part, "ImageSets/val.txt");
    assert_int_equal(mkd_synth_write(part, &options), 0);
    assert_same_files(one, part);
    // a replaced file would have another inode
    assert_true(inode_of(part, "training/image_2/000001.png") == kept);
}

static void test_a_stop_is_obeyed_and_continued(void **state) {
    (void)state;
    char one[DATA_TESTS_PATH], stopped[DATA_TESTS_PATH];
    data_tests_path(one, "one");
    data_tests_path(stopped, "stopped");
    const mkd_synth_options options = tiny_options();
    mkd_interrupt_request();
    assert_int_equal(mkd_synth_write(stopped, &options), MKD_EINTERRUPTED);
    assert_string_equal(mkd_error_last(),
                        "synth: stopped at frame 0 of 6; the same command goes on from there");
    mkd_interrupt_clear();
    char *sets = mkd_fs_join(stopped, "ImageSets/train.txt");
    assert_non_null(sets);
    assert_false(mkd_fs_exists(sets)); // nobody can take a part for the whole
    mkd_free(sets);
    assert_int_equal(mkd_synth_write(stopped, &options), 0);
    assert_same_files(one, stopped);
}

static void test_another_data_set_is_refused(void **state) {
    (void)state;
    char root[DATA_TESTS_PATH], expected[2 * DATA_TESTS_PATH];
    data_tests_path(root, "one");
    mkd_synth_options options = tiny_options();
    options.max_depth_m = 30.5;
    assert_int_equal(mkd_synth_write(root, &options), MKD_EINVAL);
    snprintf(expected, sizeof expected,
             "%s/synth.json: holds another data set: found \"max_depth_m\": 25, asked for "
             "\"max_depth_m\": 30.5; choose another folder or remove this one",
             root);
    assert_string_equal(mkd_error_last(), expected);
    // the number of threads is no part of it
    options = tiny_options();
    options.threads = 2;
    assert_int_equal(mkd_synth_write(root, &options), 0);
}

static void test_points_may_be_left_out(void **state) {
    (void)state;
    char root[DATA_TESTS_PATH];
    data_tests_path(root, "camera");
    mkd_synth_options options = tiny_options();
    options.frames = 1;
    options.lidar = false;
    assert_int_equal(mkd_synth_write(root, &options), 0);
    char *folder = mkd_fs_join(root, "training/velodyne");
    assert_non_null(folder);
    assert_false(mkd_fs_exists(folder));
    mkd_free(folder);
}

static void test_a_full_turn_has_points_behind(void **state) {
    (void)state;
    mkd_synth_options options = tiny_options();
    size_t behind[2] = {0};
    for (size_t full = 0; full < 2; full++) {
        options.full_turn = full == 1;
        mkd_synth_frame frame;
        assert_int_equal(mkd_synth_render(&frame, &options, 0), 0);
        for (size_t i = 0; i < frame.frame.points.n; i++) {
            behind[full] += frame.frame.points.at[4 * i] < 0.0f;
        }
        mkd_synth_frame_free(&frame);
    }
    assert_int_equal(behind[0], 0);
    assert_true(behind[1] > 500);
}

static void assert_refused(const mkd_synth_options *options, const char *message) {
    char root[DATA_TESTS_PATH];
    data_tests_path(root, "refused");
    assert_int_equal(mkd_synth_write(root, options), MKD_EINVAL);
    assert_string_equal(mkd_error_last(), message);
    assert_false(mkd_fs_exists(root));
}

static void test_bad_options_are_named(void **state) {
    (void)state;
    mkd_synth_options options = tiny_options();
    options.frames = 0;
    assert_refused(&options, "synth: frames: found 0, expected 1 to 999999");
    options = tiny_options();
    options.validation_share = 1.5;
    assert_refused(&options, "synth: validation_share: found 1.5, expected 0 to 1");
    options = tiny_options();
    options.min_cars = 6;
    assert_refused(&options, "synth: min_cars: found 6, expected at most max_cars = 5");
    options = tiny_options();
    options.max_depth_m = 4.0;
    assert_refused(&options, "synth: min_depth_m: found 5, expected at most max_depth_m = 4");
    options = tiny_options();
    options.width_px = 8;
    assert_refused(&options, "synth: width_px: found 8, expected 64 to 4096");
}

static void test_a_file_in_the_way_is_an_error(void **state) {
    (void)state;
    char path[DATA_TESTS_PATH];
    data_tests_write(path, "in_the_way", "x", 1);
    const mkd_synth_options options = tiny_options();
    assert_true(mkd_synth_write(path, &options) < 0);
    assert_non_null(strstr(mkd_error_last(), "in_the_way"));
}

// Every option has a default that its own range allows, and all defaults together are allowed.
static void test_defaults_load(void **state) {
    (void)state;
    mkd_config *config;
    mkd_synth_options options;
    const char *const overrides[] = {"synth.frames=7", "synth.lidar=false"};
    assert_int_equal(mkd_config_load(&config, mkd_synth_schema, NULL, overrides, 2), 0);
    assert_int_equal(mkd_config_get(&options, config, "synth"), 0);
    assert_int_equal(options.frames, 7);
    assert_int_equal(options.width_px, 1280);
    assert_int_equal(options.height_px, 384);
    assert_int_equal(options.beams, 64);
    assert_false(options.lidar);
    assert_true(options.slope);
    mkd_config_free(config);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files_do_not_depend_on_threads),
        cmocka_unit_test(test_files_hold_the_frame),
        cmocka_unit_test(test_a_part_is_continued),
        cmocka_unit_test(test_a_stop_is_obeyed_and_continued),
        cmocka_unit_test(test_another_data_set_is_refused),
        cmocka_unit_test(test_points_may_be_left_out),
        cmocka_unit_test(test_a_full_turn_has_points_behind),
        cmocka_unit_test(test_bad_options_are_named),
        cmocka_unit_test(test_a_file_in_the_way_is_an_error),
        cmocka_unit_test(test_defaults_load),
    };
    return cmocka_run_group_tests(tests, NULL, data_tests_clean);
}
