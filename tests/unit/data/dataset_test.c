#include "tests.h"

#include <math.h>
#include <string.h>

#include "base/status.h"
#include "data/dataset.h"
#include "data/kitti.h"
#include "data_tests.h"

static const char calib[] = "P2: 700 0 20 45 0 700 15 0.2 0 0 1 0.003\n"
                            "R0_rect: 1 0 0 0 1 0 0 0 1\n"
                            "Tr_velo_to_cam: 0 -1 0 0 0 0 -1 0 1 0 0 0\n";
// 1.5 m high and 2 m wide at 20 m: 52 px by 70 px at f = 700; here an image of 400 x 300
static const char car[] = "Car 0 0 0 100 100 200 160 1.5 2 2 0 1 20 0\n";

static char root[DATA_TESTS_PATH];

static void put(const char *folder, const char *id, const char *suffix, const void *data,
                size_t bytes) {
    char name[DATA_TESTS_PATH], path[DATA_TESTS_PATH];
    snprintf(name, sizeof name, "set/%s/%s%s", folder, id, suffix);
    data_tests_write(path, name, data, bytes);
}

static void put_text(const char *folder, const char *id, const char *suffix, const char *text) {
    put(folder, id, suffix, text, strlen(text));
}

static void put_image(const char *folder, const char *id, int width, int height) {
    char name[DATA_TESTS_PATH], path[DATA_TESTS_PATH];
    snprintf(name, sizeof name, "set/%s/%s.png", folder, id);
    data_tests_path(path, name);
    mkd_image image;
    assert_int_equal(mkd_image_new(&image, width, height, 3), 0);
    image.pixels[0] = 200;
    assert_int_equal(mkd_png_write(path, &image, 1), 0);
    mkd_image_free(&image);
}

// Two sound training frames of different sizes and one for testing.
static int make_set(void **state) {
    (void)state;
    char path[DATA_TESTS_PATH];
    data_tests_clean(state);
    data_tests_path(path, "set/x");
    strcpy(root, path);
    *strrchr(root, '/') = '\0';
    const float points[8] = {20, 0, -1, 0.5F, 10, 1, 0, 0.25F};
    put_text("ImageSets", "train", ".txt", "a\nb\n");
    put_text("ImageSets", "val", ".txt", "c\n");
    put_text("ImageSets", "test", ".txt", "t\n");
    put_text("ImageSets", "empty", ".txt", "\n");
    const char *ids[] = {"a", "b", "c"};
    for (int i = 0; i < 3; i++) {
        put_image("training/image_2", ids[i], 40 + 2 * i, 30 + i);
        put_text("training/calib", ids[i], ".txt", calib);
        put_text("training/label_2", ids[i], ".txt", "");
        put("training/velodyne", ids[i], ".bin", points, sizeof points);
    }
    put_image("testing/image_2", "t", 40, 30);
    put_text("testing/calib", "t", ".txt", calib);
    return 0;
}

static mkd_dataset *open_set(const char *split) {
    mkd_dataset *dataset;
    assert_int_equal(mkd_dataset_open(&dataset, "kitti", root, split), 0);
    return dataset;
}

static void test_frames_are_read_on_demand(void **state) {
    (void)state;
    mkd_dataset *dataset = open_set("train");
    assert_int_equal(mkd_dataset_count(dataset), 2);
    assert_string_equal(mkd_dataset_id(dataset, 1), "b");
    mkd_frame frame;
    assert_int_equal(mkd_dataset_frame(&frame, dataset, 1, 0), 0);
    assert_string_equal(frame.id, "b");
    assert_int_equal(frame.n_views, 1);
    assert_true(frame.labeled);
    assert_null(frame.views[0].image.pixels);
    assert_null(frame.points.at);
    assert_int_equal(frame.views[0].camera.width_px, 42);
    assert_int_equal(frame.views[0].camera.height_px, 31);
    assert_true(frame.views[0].camera.projection[3] == 45);
    assert_true(frame.views[0].camera_from_reference[5] == 1);
    assert_true(frame.camera_from_lidar[1] == -1);
    mkd_frame_free(&frame);

    put_text("training/label_2", "a", ".txt", car);
    assert_int_equal(
        mkd_dataset_frame(&frame, dataset, 0,
                          MKD_READ_IMAGE | MKD_READ_OBJECTS | MKD_READ_POINTS | MKD_READ_DEPTH),
        0);
    assert_int_equal(frame.views[0].image.width_px, 40);
    assert_int_equal(frame.views[0].image.pixels[0], 200);
    assert_int_equal(frame.objects.n, 1);
    assert_int_equal(frame.points.n, 2);
    // (10, 1, 0) in LiDAR axes is (-1, 0, 10): u = (-700 + 45) / 10 + 20 < 0, outside; (20, 0, -1)
    // is (0, 1, 20): u = 22.25, v = 50: outside too. No point: an empty map
    assert_int_equal(frame.views[0].depth.width_px, 40);
    assert_true(frame.views[0].depth.depth_m[0] == 0);
    mkd_frame_free(&frame);
    assert_null(frame.points.at);
    mkd_dataset_close(dataset);
}

static void test_depth_comes_from_the_points_or_from_a_stored_map(void **state) {
    (void)state;
    const float point[4] = {20, 0, 0, 0};
    put("training/velodyne", "c", ".bin", point, sizeof point);
    mkd_dataset *dataset = open_set("val");
    mkd_frame frame;
    assert_int_equal(mkd_dataset_frame(&frame, dataset, 0, MKD_READ_DEPTH), 0);
    assert_null(frame.points.at);
    assert_true(frame.views[0].depth.depth_m[0] == 20.0F);
    mkd_frame_free(&frame);

    char path[DATA_TESTS_PATH];
    data_tests_path(path, "set/training/depth_2/c.png");
    uint16_t stored[42 * 31];
    for (int i = 0; i < 42 * 31; i++) {
        stored[i] = (uint16_t)(256 + i / 42);
    }
    // the image of c is 44 x 32: one row lacks at the top, one column on either side
    assert_int_equal(mkd_png16_write(path, stored, 42, 31), 0);
    assert_int_equal(mkd_dataset_frame(&frame, dataset, 0, MKD_READ_DEPTH), 0);
    const float *depth_m = frame.views[0].depth.depth_m;
    assert_true(depth_m[0] == 1.0F && depth_m[44] == 1.0F);
    assert_true(depth_m[2 * 44] == 257.0F / 256.0F && depth_m[31 * 44 + 43] == 286.0F / 256.0F);
    mkd_frame_free(&frame);

    assert_int_equal(mkd_png16_write(path, stored, 21, 31), 0);
    assert_int_equal(mkd_dataset_frame(&frame, dataset, 0, MKD_READ_DEPTH), MKD_EFORMAT);
    assert_non_null(strstr(mkd_error_last(),
                           "c.png: found 21 x 31 px, expected the image's 44 x 32, or up to a "
                           "tenth less"));
    mkd_frame_free(&frame);
    mkd_dataset_close(dataset);
}

static void test_testing_frames_are_unlabeled(void **state) {
    (void)state;
    mkd_dataset *dataset = open_set("test");
    mkd_frame frame;
    assert_int_equal(mkd_dataset_frame(&frame, dataset, 0, MKD_READ_OBJECTS | MKD_READ_IMAGE), 0);
    assert_false(frame.labeled);
    assert_int_equal(frame.objects.n, 0);
    assert_non_null(frame.views[0].image.pixels);
    mkd_frame_free(&frame);
    mkd_dataset_close(dataset);
}

static void test_a_split_may_be_a_path(void **state) {
    (void)state;
    char path[2 * DATA_TESTS_PATH];
    snprintf(path, sizeof path, "%s/ImageSets/val.txt", root);
    mkd_dataset *dataset;
    assert_int_equal(mkd_dataset_open(&dataset, "kitti", root, path), 0);
    assert_string_equal(mkd_dataset_id(dataset, 0), "c");
    mkd_dataset_close(dataset);
}

static void test_what_cannot_be_opened(void **state) {
    (void)state;
    char expected[3 * DATA_TESTS_PATH];
    mkd_dataset *dataset;
    assert_int_equal(mkd_dataset_open(&dataset, "kiti", root, "train"), MKD_ENOTFOUND);
    assert_string_equal(mkd_error_last(),
                        "data set \"kiti\": no such kind; did you mean \"kitti\"?");
    assert_int_equal(mkd_dataset_open(&dataset, "elephants", root, "train"), MKD_ENOTFOUND);
    assert_non_null(strstr(mkd_error_last(), "no such kind, expected one of kitti"));
    assert_int_equal(mkd_dataset_open(&dataset, "kitti", "/nonexistent", "train"), MKD_ENOTFOUND);
    assert_string_equal(
        mkd_error_last(),
        "/nonexistent: found no such folder, expected a data set in KITTI's layout");
    assert_int_equal(mkd_dataset_open(&dataset, "kitti", root, "empty"), MKD_EINVAL);
    snprintf(expected, sizeof expected,
             "%s: split \"empty\": found no frame, expected at least one", root);
    assert_string_equal(mkd_error_last(), expected);
    assert_int_equal(mkd_dataset_open(&dataset, "kitti", root, "nosuch"), MKD_ENOTFOUND);
    assert_non_null(strstr(mkd_error_last(), "ImageSets/nosuch.txt"));
    assert_null(dataset);
}

static void expect_frame_error(unsigned read, int code, const char *part) {
    mkd_dataset *dataset = open_set("train");
    mkd_frame frame;
    assert_int_equal(mkd_dataset_frame(&frame, dataset, 0, read), code);
    if (!strstr(mkd_error_last(), part)) {
        fail_msg("found \"%s\", expected \"...%s...\"", mkd_error_last(), part);
    }
    mkd_frame_free(&frame);
    mkd_dataset_close(dataset);
}

static void drop(const char *name) {
    char path[2 * DATA_TESTS_PATH];
    snprintf(path, sizeof path, "%s/%s", root, name);
    assert_int_equal(mkd_fs_remove(path), 0);
}

static void test_a_missing_or_broken_file_is_named(void **state) {
    (void)state;
    put_text("training/calib", "a", ".txt", "P2: 1 2\n");
    expect_frame_error(0, MKD_EFORMAT, "training/calib/a.txt:1: P2: found 2 numbers, expected 12");
    put_text("training/calib", "a", ".txt",
             "P2: 0 0 20 45 0 700 15 0 0 0 1 0\nR_rect 1 0 0 0 1 0 0 0 1\n"
             "Tr_velo_cam 0 -1 0 0 0 0 -1 0 1 0 0 0\n");
    expect_frame_error(0, MKD_EFORMAT, "P2: found focal lengths 0 and 700, expected > 0");
    drop("training/calib/a.txt");
    expect_frame_error(0, MKD_ENOTFOUND, "training/calib/a.txt");
    make_set(state);
    drop("training/label_2/a.txt");
    expect_frame_error(MKD_READ_OBJECTS, MKD_ENOTFOUND, "training/label_2/a.txt");
    drop("training/velodyne/a.bin");
    expect_frame_error(MKD_READ_DEPTH, MKD_ENOTFOUND, "training/velodyne/a.bin");
    drop("training/image_2/a.png");
    expect_frame_error(0, MKD_ENOTFOUND, "training/image_2/a.png");

    mkd_dataset *dataset = open_set("val");
    mkd_frame frame;
    assert_int_equal(mkd_dataset_frame(&frame, dataset, 1, 0), MKD_EINVAL);
    assert_string_equal(mkd_error_last(), "frame: found index 1, expected one below 1");
    mkd_frame_free(&frame);
    mkd_dataset_close(dataset);
}

static mkd_check_report check(const char *split) {
    mkd_dataset *dataset = open_set(split);
    mkd_check_report report;
    assert_int_equal(mkd_dataset_check(&report, dataset), 0);
    mkd_dataset_close(dataset);
    return report;
}

static void expect_line(const mkd_check_report *report, const char *line) {
    if (!report->text.text || !strstr(report->text.text, line)) {
        fail_msg("expected \"%s\" in\n%s", line, report->text.text ? report->text.text : "");
    }
}

static void test_a_sound_set_has_no_problem(void **state) {
    (void)state;
    mkd_check_report report = check("train");
    assert_int_equal(report.n_frames, 2);
    assert_int_equal(report.n_errors, 0);
    assert_int_equal(report.n_warnings, 0);
    assert_true(report.text.length == 0);
    mkd_str_free(&report.text);
}

static void test_every_problem_is_reported_with_file_and_line(void **state) {
    (void)state;
    put_image("training/image_2", "a", 400, 300);
    put_text("training/label_2", "a", ".txt",
             "Car 0 0 0 0 0 60 50 1.5 2 2 0 1 20 0\n" // 1: fits
             "\n"
             "Car 0 0 0 10 20 10 40 1.5 2 0 0 1 20 0\n"  // 3: no width, no length
             "Car 1.5 4 0 -5 0 60 50 1.5 2 2 0 1 20 7\n" // 4: truncation, occlusion, border, yaw
             "DontCare -1 -1 -10 500 0 600 50 -1 -1 -1 -1000 -1000 -1000 -10\n" // 5: outside
             "Car 0 0 0 300 200 350 250 1.5 2 2 0 1 20 0\n" // 6: not where the 3D box is
             "Car 0 0 0 0 0 60 50 1.5 2 2 0 1 -20 0\n");    // 7: behind
    put("training/velodyne", "a", ".bin", "12345", 5);
    put("training/image_2", "b", ".png", "no image", 8);
    drop("training/velodyne/b.bin");
    put_text("ImageSets", "val", ".txt", "c\nb\n");
    mkd_check_report report = check("train");
    expect_line(&report, "error: ");
    expect_line(&report, "val.txt: found 1 frames that are in");
    expect_line(&report, "a.txt:3: box: found left 10 top 20 right 10 bottom 40, expected left < "
                         "right and top < bottom\n");
    expect_line(&report, "a.txt:3: height width length: found 1.5 2 0, expected above 0\n");
    expect_line(&report, "a.txt:4: truncated: found 1.5, expected 0..1 or -1\n");
    expect_line(&report, "a.txt:4: occluded: found 4, expected -1..3\n");
    expect_line(&report, "a.txt:4: box: found left -5 top 0 right 60 bottom 50, expected it cut at "
                         "the image (400 x 300)\n");
    expect_line(&report, "a.txt:4: rotation_y: found 7, expected -pi..pi\n");
    expect_line(&report, "a.txt:5: box: found left 500 top 0 right 600 bottom 50, expected a part "
                         "of the image (400 x 300)\n");
    expect_line(&report, "a.txt:6: location: the projected 3D box covers the 2D box with IoU 0.00");
    expect_line(&report, "a.txt:7: z: found -20, expected an object before the camera\n");
    expect_line(&report, "a.bin: found 5 bytes, expected a multiple of 16");
    expect_line(&report, "image_2/b.png");
    expect_line(&report, "velodyne/b.bin");
    assert_null(strstr(report.text.text, "a.txt:1:"));
    // overlap, 3, 3, 4, 4, 5, points, image; 4, 4, 6, 7, hole in velodyne
    assert_int_equal(report.n_errors, 8);
    assert_int_equal(report.n_warnings, 5);
    mkd_str_free(&report.text);
}

static void test_calibration_is_checked(void **state) {
    (void)state;
    put_text("training/calib", "c", ".txt",
             "P2: 700 0 500 45 0 700 15 0 0 0 1 0\nR_rect 2 0 0 0 1 0 0 0 1\n"
             "Tr_velo_cam 0 -1 0 0 0 0 -1 0 1 0 0.5 0\n");
    mkd_check_report report = check("val");
    expect_line(&report, "warning: ");
    expect_line(&report, "c.txt: R0_rect: found a matrix that is no rotation\n");
    expect_line(&report, "c.txt: Tr_velo_to_cam: found a matrix that is no rotation\n");
    expect_line(&report, "c.txt: P2: found its center at (500, 15), expected it in the image "
                         "(44 x 32)\n");
    assert_int_equal(report.n_errors, 0);
    mkd_str_free(&report.text);
}

static void test_real_frames(void **state) {
    (void)state;
    char path[DATA_TESTS_PATH];
    tests_shared_path(path, sizeof path, "data/kitti_mini");
    const char *splits[] = {"train_lidar", "val", "test"};
    const size_t counts[] = {9, 11, 2};
    for (int i = 0; i < 3; i++) {
        mkd_dataset *dataset;
        mkd_check_report report;
        assert_int_equal(mkd_dataset_open(&dataset, "kitti", path, splits[i]), 0);
        assert_int_equal(mkd_dataset_count(dataset), counts[i]);
        assert_int_equal(mkd_dataset_check(&report, dataset), 0);
        if (report.n_errors + report.n_warnings > 0) {
            fail_msg("%s: %s", splits[i], report.text.text);
        }
        mkd_str_free(&report.text);
        mkd_dataset_close(dataset);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_frames_are_read_on_demand, make_set),
        cmocka_unit_test_setup(test_depth_comes_from_the_points_or_from_a_stored_map, make_set),
        cmocka_unit_test_setup(test_testing_frames_are_unlabeled, make_set),
        cmocka_unit_test_setup(test_a_split_may_be_a_path, make_set),
        cmocka_unit_test_setup(test_what_cannot_be_opened, make_set),
        cmocka_unit_test_setup(test_a_missing_or_broken_file_is_named, make_set),
        cmocka_unit_test_setup(test_a_sound_set_has_no_problem, make_set),
        cmocka_unit_test_setup(test_every_problem_is_reported_with_file_and_line, make_set),
        cmocka_unit_test_setup(test_calibration_is_checked, make_set),
        cmocka_unit_test(test_real_frames),
    };
    return cmocka_run_group_tests(tests, NULL, data_tests_clean);
}
