#include "tests.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/status.h"
#include "data/kitti.h"
#include "data_tests.h"

static const char pedestrian[] =
    "Pedestrian 0.00 0 -0.20 712.40 143.00 810.73 307.92 1.89 0.48 1.20 "
    "1.84 1.47 8.41 0.01\n";

static int parse_objects(mkd_object_list *out, const char *text, bool with_score) {
    char *copy = mkd_strdup(text);
    assert_non_null(copy);
    int status = mkd_kitti_parse_objects(out, copy, "000123.txt", with_score);
    mkd_free(copy);
    return status;
}

static void test_a_label_is_read_field_by_field(void **state) {
    (void)state;
    mkd_object_list list;
    assert_int_equal(parse_objects(&list, pedestrian, false), 0);
    assert_int_equal(list.n, 1);
    const mkd_object *o = &list.at[0];
    assert_string_equal(o->type, "Pedestrian");
    assert_true(o->truncation == 0.0);
    assert_int_equal(o->occlusion, 0);
    assert_true(o->alpha_rad == -0.20);
    assert_true(o->box_px.left_px == 712.40 && o->box_px.top_px == 143.00);
    assert_true(o->box_px.right_px == 810.73 && o->box_px.bottom_px == 307.92);
    assert_true(o->box.height_m == 1.89 && o->box.width_m == 0.48 && o->box.length_m == 1.20);
    assert_true(o->box.x_m == 1.84 && o->box.y_m == 1.47 && o->box.z_m == 8.41);
    assert_true(o->box.yaw_rad == 0.01);
    assert_true(o->score == 0);
    mkd_object_list_free(&list);
    assert_null(list.at);
}

static void test_blank_lines_and_crlf_are_skipped(void **state) {
    (void)state;
    mkd_object_list list;
    assert_int_equal(
        parse_objects(&list, "\n  \nCar 0 0.00 1 0 0 9 9 1 2 3 4 5 6 1 0.25\r\n\r\n", true), 0);
    assert_int_equal(list.n, 1);
    assert_true(list.at[0].score == 0.25);
    mkd_object_list_free(&list);
    assert_int_equal(parse_objects(&list, "", false), 0);
    assert_int_equal(list.n, 0);
    mkd_object_list_free(&list);
}

static void test_dont_care_of_the_tracking_benchmark_is_normalized(void **state) {
    (void)state;
    mkd_object_list list;
    assert_int_equal(parse_objects(&list,
                                   "DontCare -1 -1 -10 219.31 188.49 245.50 218.56 -1000 -1000 "
                                   "-1000 -10 -1 -1 -1\n",
                                   false),
                     0);
    assert_true(list.at[0].box.length_m == -1 && list.at[0].box.width_m == -1);
    assert_true(list.at[0].box.x_m == -1000 && list.at[0].box.z_m == -1000);
    mkd_object_list_free(&list);
}

static void test_bad_lines_name_file_line_and_field(void **state) {
    (void)state;
    const struct {
        const char *text;
        bool with_score;
        const char *message;
    } cases[] = {
        {"Car 0 0 1 0 0 9 9 1 2 3 4 5 6\n", false, "000123.txt:1: fields: found 14, expected 15"},
        {"\nCar 0 0 1 0 0 9 9 1 2 3 4 5 6 1 0.5\n", false,
         "000123.txt:2: fields: found 16 (a detection with score?), expected 15"},
        {"Car 0 0 1 0 0 9 9 1 2 3 4 5 6 1\n", true,
         "000123.txt:1: fields: found 15 (a label without score?), expected 16"},
        {"Car 0 0 1 0 0 9 9 1 2 3 nan 5 6 1\n", false,
         "000123.txt:1: x: found nan, expected a finite number"},
        {"Car 0 0 1 0 inf 9 9 1 2 3 4 5 6 1\n", false,
         "000123.txt:1: top: found inf, expected a finite number"},
        {"Car 0 0 1 0 0 9 9 1.5x 2 3 4 5 6 1\n", false,
         "000123.txt:1: height: found \"1.5x\", expected a number"},
        {"Car 0 0.5 1 0 0 9 9 1 2 3 4 5 6 1\n", false,
         "000123.txt:1: occluded: found 0.5, expected an integer -1..3"},
        {"Car 0 1e9 1 0 0 9 9 1 2 3 4 5 6 1\n", false,
         "000123.txt:1: occluded: found 1e9, expected an integer -1..3"},
        {"AnExtremelyLongNameOfAType 0 0 1 0 0 9 9 1 2 3 4 5 6 1\n", false,
         "000123.txt:1: type: found 26 characters, expected at most 23"},
    };
    for (size_t i = 0; i < MKD_COUNT(cases); i++) {
        mkd_object_list list;
        assert_int_equal(parse_objects(&list, cases[i].text, cases[i].with_score), MKD_EFORMAT);
        assert_string_equal(mkd_error_last(), cases[i].message);
        assert_null(list.at);
        assert_int_equal(list.n, 0);
    }
}

static void test_labels_are_written_as_kitti_does(void **state) {
    (void)state;
    const char *text =
        "Pedestrian 0.00 0 -0.20 712.40 143.00 810.73 307.92 1.89 0.48 1.20 1.84 1.47 8.41 0.01\n"
        "DontCare -1 -1 -10 5.00 229.89 214.12 367.61 -1 -1 -1 -1000 -1000 -1000 -10\n";
    mkd_object_list list;
    assert_int_equal(parse_objects(&list, text, false), 0);
    mkd_str out = {0};
    assert_int_equal(mkd_kitti_format_objects(&out, &list, false, 2), 0);
    assert_string_equal(out.text, text);
    mkd_str_free(&out);
    mkd_object_list_free(&list);
}

static void test_full_precision_survives_a_round_trip(void **state) {
    (void)state;
    mkd_object object = {.type = "Car",
                         .alpha_rad = 1.0 / 3.0,
                         .box = {.x_m = -0.1, .z_m = 1e-3 / 7.0, .yaw_rad = 2.0 / 3.0},
                         .score = 0.123456789012345};
    mkd_object_list list = {&object, 1}, back;
    mkd_str out = {0};
    assert_int_equal(mkd_kitti_format_objects(&out, &list, true, 17), 0);
    assert_int_equal(parse_objects(&back, out.text, true), 0);
    assert_near(back.at[0].alpha_rad, object.alpha_rad, 1e-17);
    assert_near(back.at[0].box.z_m, object.box.z_m, 1e-17);
    assert_near(back.at[0].score, object.score, 1e-17);
    mkd_object_list_free(&back);
    mkd_str_free(&out);
}

static void test_what_would_not_read_back_is_not_written(void **state) {
    (void)state;
    mkd_object object = {.type = "Car", .score = NAN};
    mkd_object_list list = {&object, 1};
    mkd_str out = {0};
    assert_int_equal(mkd_kitti_format_objects(&out, &list, true, 2), MKD_EINVAL);
    assert_string_equal(mkd_error_last(), "object 0 (Car): found a value that is NaN or infinite");
    object = (mkd_object){.type = "Two words"};
    assert_int_equal(mkd_kitti_format_objects(&out, &list, true, 2), MKD_EINVAL);
    assert_string_equal(mkd_error_last(), "object 0: type: found \"Two words\", expected one word");
    assert_int_equal(mkd_kitti_format_objects(&out, &list, true, 18), MKD_EINVAL);
    mkd_str_free(&out);
}

static const char calib_text[] =
    "P0: 1 2 3\n"
    "P2: 721.5377 0 609.5593 44.85728 0 721.5377 172.854 0.2163791 0 0 1 0.002745884\n"
    "R_rect 0 1 0 -1 0 0 0 0 1 \n"
    "Tr_velo_cam 0 -1 0 0.1 0 0 -1 0.2 1 0 0 0.3 \r\n"
    "\n";

static void test_calibration_of_both_benchmarks(void **state) {
    (void)state;
    char text[sizeof calib_text];
    memcpy(text, calib_text, sizeof text);
    mkd_kitti_calib calib;
    assert_int_equal(mkd_kitti_parse_calib(&calib, text, "c.txt"), 0);
    assert_true(calib.p2[3] == 44.85728 && calib.p2[11] == 0.002745884);
    double camera_from_lidar[12];
    mkd_kitti_camera_from_lidar(camera_from_lidar, &calib);
    // rows of Tr turned by R: x' = row 1, y' = -row 0, z' = row 2
    const double expected[12] = {0, 0, -1, 0.2, 0, 1, 0, -0.1, 1, 0, 0, 0.3};
    for (int i = 0; i < 12; i++) {
        assert_near(camera_from_lidar[i], expected[i], 1e-15);
    }
}

static void test_bad_calibration(void **state) {
    (void)state;
    const struct {
        const char *text, *message;
    } cases[] = {
        {"P0: 1\n", "c.txt: P2: found no such line, expected it with 12 numbers"},
        {"P2: 1 2 3\n", "c.txt:1: P2: found 3 numbers, expected 12"},
        {"P2: 1 2 3 4 5 6 7 8 9 10 11 12 13 14\n", "c.txt:1: P2: found 14 numbers, expected 12"},
        {"\nP2: 1 2 3 4 5 6 7 8 9 10 11 x\n", "c.txt:2: P2: found \"x\", expected a number"},
        {"P2: 1 2 3 4 5 6 7 8 9 10 11 nan\n", "c.txt:1: P2: found nan, expected a finite number"},
        {"R0_rect: 1 0 0 0 1 0 0 0 1\nR_rect 1 0 0 0 1 0 0 0 1\n",
         "c.txt:2: R_rect: found it again (first on line 1), expected it once"},
    };
    for (size_t i = 0; i < MKD_COUNT(cases); i++) {
        char *text = mkd_strdup(cases[i].text);
        mkd_kitti_calib calib;
        assert_int_equal(mkd_kitti_parse_calib(&calib, text, "c.txt"), MKD_EFORMAT);
        assert_string_equal(mkd_error_last(), cases[i].message);
        mkd_free(text);
    }
}

static void test_points(void **state) {
    (void)state;
    char path[DATA_TESTS_PATH], expected[2 * DATA_TESTS_PATH];
    const float points[8] = {1, 2, 3, 0.5F, -4, 5, -6, 0};
    data_tests_write(path, "points.bin", points, sizeof points);
    mkd_points read;
    assert_int_equal(mkd_kitti_read_points(&read, path), 0);
    assert_int_equal(read.n, 2);
    assert_memory_equal(read.at, points, sizeof points);
    mkd_points_free(&read);

    data_tests_write(path, "points.bin", points, 20);
    assert_int_equal(mkd_kitti_read_points(&read, path), MKD_EFORMAT);
    snprintf(expected, sizeof expected,
             "%s: found 20 bytes, expected a multiple of 16 (x y z r as f32)", path);
    assert_string_equal(mkd_error_last(), expected);
    assert_null(read.at);

    const float broken[8] = {1, 2, 3, 0, 1, NAN, 2, 0};
    data_tests_write(path, "points.bin", broken, sizeof broken);
    assert_int_equal(mkd_kitti_read_points(&read, path), MKD_EFORMAT);
    snprintf(expected, sizeof expected, "%s: point 1: y: found nan, expected a finite number",
             path);
    assert_string_equal(mkd_error_last(), expected);

    data_tests_write(path, "points.bin", "", 0);
    assert_int_equal(mkd_kitti_read_points(&read, path), 0);
    assert_int_equal(read.n, 0);
    mkd_points_free(&read);
}

static int parse_ids(mkd_id_list *out, const char *text) {
    char *copy = mkd_strdup(text);
    int status = mkd_kitti_parse_ids(out, copy, "val.txt");
    mkd_free(copy);
    return status;
}

static void test_ids(void **state) {
    (void)state;
    mkd_id_list list;
    assert_int_equal(parse_ids(&list, "000003\r\n\n 000001 \n000002"), 0);
    assert_int_equal(list.n, 3);
    assert_string_equal(list.at[0], "000003");
    assert_string_equal(list.at[1], "000001");
    assert_string_equal(list.at[2], "000002");
    mkd_id_list_free(&list);
    assert_int_equal(parse_ids(&list, ""), 0);
    assert_int_equal(list.n, 0);
    mkd_id_list_free(&list);

    const struct {
        const char *text, *message;
    } cases[] = {
        {"a\nb\n\na\n", "val.txt:4: id: found a again (first on line 1), expected each once"},
        {"x/y\n", "val.txt:1: id: found \"x/y\", expected a name that is no path"},
        {"..\n", "val.txt:1: id: found \"..\", expected a name that is no path"},
        {"a b\n", "val.txt:1: id: found 2 words, expected one id"},
        {"0123456789012345678901234567890123456789012345678901234567890123\n",
         "val.txt:1: id: found 64 characters, expected at most 63"},
    };
    for (size_t i = 0; i < MKD_COUNT(cases); i++) {
        assert_int_equal(parse_ids(&list, cases[i].text), MKD_EFORMAT);
        assert_string_equal(mkd_error_last(), cases[i].message);
        assert_null(list.at);
    }
}

static void test_many_ids(void **state) {
    (void)state;
    mkd_str text = {0};
    for (int i = 0; i < 1000; i++) {
        mkd_str_printf(&text, "%06d\n", 999 - i);
    }
    mkd_id_list list;
    assert_int_equal(mkd_kitti_parse_ids(&list, text.text, "train.txt"), 0);
    assert_int_equal(list.n, 1000);
    assert_string_equal(list.at[999], "000000");
    mkd_id_list_free(&list);
    mkd_str_free(&text);
}

static void test_a_text_with_a_nul_byte_is_refused(void **state) {
    (void)state;
    char path[DATA_TESTS_PATH], expected[2 * DATA_TESTS_PATH];
    data_tests_write(path, "nul.txt", "a\0b\n", 4);
    mkd_id_list list;
    assert_int_equal(mkd_kitti_read_ids(&list, path), MKD_EFORMAT);
    snprintf(expected, sizeof expected, "%s: found a NUL byte at offset 1, expected text", path);
    assert_string_equal(mkd_error_last(), expected);
    mkd_object_list objects;
    assert_int_equal(mkd_kitti_read_objects(&objects, "/nonexistent/1.txt", false), MKD_ENOTFOUND);
    assert_non_null(strstr(mkd_error_last(), "/nonexistent/1.txt"));
    assert_null(objects.at);
}

static void test_every_failing_allocation_is_reported(void **state) {
    (void)state;
    mkd_alloc_counters before, after;
    mkd_alloc_count(&before);
    for (uint64_t nth = 1; nth <= 3; nth++) {
        char ids_text[] = "a\nb\n";
        char *objects_text = mkd_strdup(pedestrian);
        mkd_id_list ids;
        mkd_object_list objects;
        mkd_alloc_fail_at(nth);
        assert_int_equal(mkd_kitti_parse_ids(&ids, ids_text, "i"), MKD_ENOMEM);
        mkd_alloc_fail_at(1);
        assert_int_equal(mkd_kitti_parse_objects(&objects, objects_text, "o", false), MKD_ENOMEM);
        mkd_alloc_fail_at(0);
        mkd_free(objects_text);
    }
    mkd_alloc_count(&after);
    assert_int_equal(before.live_blocks, after.live_blocks);
}

static void test_real_files_read_and_write_the_same_bytes(void **state) {
    (void)state;
    char root[DATA_TESTS_PATH], path[2 * DATA_TESTS_PATH];
    tests_shared_path(root, sizeof root, "data/kitti_mini");
    snprintf(path, sizeof path, "%s/training/label_2", root);
    mkd_fs_list names;
    assert_int_equal(mkd_fs_list_dir(&names, path, ".txt"), 0);
    assert_true(names.n >= 37);
    for (size_t i = 0; i < names.n; i++) {
        mkd_object_list objects;
        mkd_kitti_calib calib;
        mkd_str out = {0};
        char *text;
        size_t bytes;
        snprintf(path, sizeof path, "%s/training/calib/%s", root, names.names[i]);
        assert_int_equal(mkd_kitti_read_calib(&calib, path), 0);
        assert_true(calib.p2[0] > 700 && calib.p2[0] < 730);
        snprintf(path, sizeof path, "%s/training/label_2/%s", root, names.names[i]);
        assert_int_equal(mkd_kitti_read_objects(&objects, path, false), 0);
        assert_int_equal(mkd_kitti_format_objects(&out, &objects, false, 2), 0);
        assert_int_equal(mkd_fs_read(&text, &bytes, path, 1 << 20), 0);
        assert_string_equal(out.text, text);
        mkd_free(text);
        mkd_str_free(&out);
        mkd_object_list_free(&objects);
    }
    mkd_fs_list_free(&names);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_label_is_read_field_by_field),
        cmocka_unit_test(test_blank_lines_and_crlf_are_skipped),
        cmocka_unit_test(test_dont_care_of_the_tracking_benchmark_is_normalized),
        cmocka_unit_test(test_bad_lines_name_file_line_and_field),
        cmocka_unit_test(test_labels_are_written_as_kitti_does),
        cmocka_unit_test(test_full_precision_survives_a_round_trip),
        cmocka_unit_test(test_what_would_not_read_back_is_not_written),
        cmocka_unit_test(test_calibration_of_both_benchmarks),
        cmocka_unit_test(test_bad_calibration),
        cmocka_unit_test(test_points),
        cmocka_unit_test(test_ids),
        cmocka_unit_test(test_many_ids),
        cmocka_unit_test(test_a_text_with_a_nul_byte_is_refused),
        cmocka_unit_test(test_every_failing_allocation_is_reported),
        cmocka_unit_test(test_real_files_read_and_write_the_same_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, data_tests_clean);
}
