#include "tests.h"

#include <string.h>

#include "base/alloc.h"
#include "base/status.h"
#include "eval/kitti_ap.h"
#include "scene.h"

#define PI 3.14159265358979323846

static scene s;
static mkd_kitti_ap ap;

static int clear(void **state) {
    (void)state;
    s = (scene){0};
    return 0;
}

static const mkd_kitti_score *strict(int class_index, int metric) {
    return &ap.scores[MKD_KITTI_STRICT][class_index][metric];
}

static const mkd_kitti_score *loose(int class_index, int metric) {
    return &ap.scores[MKD_KITTI_LOOSE][class_index][metric];
}

static void score(void) {
    assert_int_equal(mkd_kitti_ap_compute(&ap, s.detections, s.labels, s.n_frames), 0);
}

/// The first samples of the moderate curve of cars; all behind them must be 0.
static void assert_curve(const mkd_kitti_score *found, size_t n, const double *expected) {
    assert_true(found->present);
    for (size_t i = 0; i < MKD_KITTI_SAMPLES; i++) {
        assert_near(found->curve[MKD_KITTI_MODERATE][i], i < n ? expected[i] : 0, 1e-12);
    }
}

#define assert_car_curve(metric, ...)                                                              \
    assert_curve(strict(MKD_KITTI_CAR, MKD_KITTI_##metric),                                        \
                 MKD_COUNT(((const double[]){__VA_ARGS__})), (const double[]){__VA_ARGS__})

static void test_n_perfect_pairs_fill_n_samples(void **state) {
    static const struct {
        size_t n;
        double r40, r11;
    } cases[] = {{1, 0, 100.0 / 11},      {5, 10, 200.0 / 11}, {39, 95, 1000.0 / 11},
                 {40, 97.5, 1000.0 / 11}, {41, 100, 100},      {42, 100, 100},
                 {80, 100, 100}};
    for (size_t i = 0; i < MKD_COUNT(cases); i++) {
        clear(state);
        for (size_t frame = 0; frame < cases[i].n; frame++) {
            add_label(&s, frame, car_at(0));
            add_detection(&s, frame, 0.9 - 0.001 * (double)frame, car_at(0));
        }
        score();
        for (int metric = 0; metric < MKD_KITTI_METRICS; metric++) {
            for (int k = 0; k < MKD_KITTI_DIFFICULTIES; k++) {
                assert_int_equal(ap.n_ground_truth[MKD_KITTI_CAR][k], cases[i].n);
                assert_near(strict(MKD_KITTI_CAR, metric)->r40[k], cases[i].r40, 1e-12);
                assert_near(strict(MKD_KITTI_CAR, metric)->r11[k], cases[i].r11, 1e-12);
                assert_near(loose(MKD_KITTI_CAR, metric)->r40[k], cases[i].r40, 1e-12);
            }
        }
    }
}

static void test_half_the_recall(void **state) {
    (void)state;
    for (size_t frame = 0; frame < 90; frame++) {
        add_label(&s, frame, car_at(0));
        if (frame % 2 == 0) {
            add_detection(&s, frame, 0.9 - 0.001 * (double)frame, car_at(0));
        }
    }
    score();
    assert_near(strict(MKD_KITTI_CAR, MKD_KITTI_3D)->r40[0], 50, 1e-12);
    assert_near(strict(MKD_KITTI_CAR, MKD_KITTI_3D)->r11[0], 600.0 / 11, 1e-12);
}

static void test_false_positives_and_the_envelope(void **state) {
    add_label(&s, 0, car_at(0));
    add_label(&s, 1, car_at(0));
    add_detection(&s, 0, 0.9, car_at(0));
    add_detection(&s, 0, 0.8, car_at(30));
    add_detection(&s, 1, 0.7, car_at(0));
    score();
    assert_car_curve(3D, 1, 2.0 / 3);
    assert_near(strict(MKD_KITTI_CAR, MKD_KITTI_3D)->r40[0], 100 * 2.0 / 3 / 40, 1e-12);
    assert_near(strict(MKD_KITTI_CAR, MKD_KITTI_3D)->r11[0], 100.0 / 11, 1e-12);

    // precisions 1/2, 2/3, 3/4 all become 3/4
    clear(state);
    add_detection(&s, 0, 0.95, car_at(30));
    for (size_t frame = 0; frame < 3; frame++) {
        add_label(&s, frame, car_at(0));
        add_detection(&s, frame, 0.9 - 0.1 * (double)frame, car_at(0));
    }
    score();
    assert_car_curve(BBOX, 0.75, 0.75, 0.75);
    assert_car_curve(BEV, 0.75, 0.75, 0.75);
}

static void test_a_second_detection_of_a_label_is_false(void **state) {
    (void)state;
    add_label(&s, 0, car_at(0));
    add_label(&s, 1, car_at(0));
    add_detection(&s, 0, 0.9, car_at(0));
    add_detection(&s, 0, 0.8, car_at(0));
    add_detection(&s, 1, 0.7, car_at(0));
    score();
    assert_car_curve(3D, 1, 2.0 / 3);
}

static void test_an_overlap_at_the_threshold_is_none(void **state) {
    mkd_object narrow = car_at(0);
    narrow.box_px.right_px = narrow.box_px.left_px + 70; // IoU 4200 / 6000
    add_label(&s, 0, car_at(0));
    add_detection(&s, 0, 0.9, narrow);
    score();
    assert_car_curve(BBOX, 0);
    assert_car_curve(3D, 1);
    clear(state);
    // nor at a threshold that another label brings in
    add_label(&s, 1, car_at(0));
    add_detection(&s, 1, 0.5, car_at(0));
    add_label(&s, 0, car_at(0));
    add_detection(&s, 0, 0.9, narrow);
    score();
    assert_car_curve(BBOX, 0.5);
    clear(state);
    narrow.box_px.right_px += 1e-9;
    add_label(&s, 0, car_at(0));
    add_detection(&s, 0, 0.9, narrow);
    score();
    assert_car_curve(BBOX, 1);
}

static void test_strict_and_loose(void **state) {
    (void)state;
    // 1 m along a length of 4 m: IoU 3 / 5 on the ground; half its height up: 3 / 13 in 3D
    mkd_object off = car_at(1);
    off.box.y_m -= 0.75;
    add_label(&s, 0, car_at(0));
    add_detection(&s, 0, 0.9, off);
    score();
    assert_near(strict(MKD_KITTI_CAR, MKD_KITTI_BBOX)->r11[0], 100.0 / 11, 1e-12);
    assert_near(strict(MKD_KITTI_CAR, MKD_KITTI_BEV)->r11[0], 0, 0);
    assert_near(loose(MKD_KITTI_CAR, MKD_KITTI_BEV)->r11[0], 100.0 / 11, 1e-12);
    assert_near(loose(MKD_KITTI_CAR, MKD_KITTI_3D)->r11[0], 0, 0);
}

static void test_neighbors_absorb_and_others_do_not(void **state) {
    static const struct {
        const char *class_name, *other;
        int class_index;
        double precision;
    } cases[] = {{"Car", "Van", MKD_KITTI_CAR, 1},
                 {"Car", "Truck", MKD_KITTI_CAR, 0.5},
                 {"Pedestrian", "Person_sitting", MKD_KITTI_PEDESTRIAN, 1},
                 {"Pedestrian", "Cyclist", MKD_KITTI_PEDESTRIAN, 0.5},
                 {"Cyclist", "Person_sitting", MKD_KITTI_CYCLIST, 0.5}};
    for (size_t i = 0; i < MKD_COUNT(cases); i++) {
        clear(state);
        add_label(&s, 0, typed(cases[i].class_name, car_at(0)));
        add_label(&s, 0, typed(cases[i].other, car_at(30)));
        add_detection(&s, 0, 0.5, typed(cases[i].class_name, car_at(0)));
        add_detection(&s, 0, 0.9, typed(cases[i].class_name, car_at(30)));
        score();
        assert_curve(strict(cases[i].class_index, MKD_KITTI_BEV), 1, &cases[i].precision);
        assert_int_equal(ap.n_ground_truth[cases[i].class_index][0], 1);
    }
}

static void test_dont_care_forgives_in_the_image_only(void **state) {
    add_label(&s, 0, car_at(0));
    add_label(&s, 0, typed("dontcare", dont_care(390, 140, 520, 220)));
    add_detection(&s, 0, 0.5, car_at(0));
    add_detection(&s, 0, 0.9, car_at(30));
    score();
    assert_car_curve(BBOX, 1);
    assert_car_curve(AOS, 1);
    assert_car_curve(BEV, 0.5);
    assert_car_curve(3D, 0.5);

    // covering exactly the class's minimum overlap of the detection is not enough
    clear(state);
    add_label(&s, 0, car_at(0));
    add_label(&s, 0, dont_care(400, 150, 470, 210));
    add_detection(&s, 0, 0.5, car_at(0));
    add_detection(&s, 0, 0.9, car_at(30));
    score();
    assert_car_curve(BBOX, 0.5);
}

static void test_small_detections_are_ignored(void **state) {
    (void)state;
    add_label(&s, 0, car_at(0));
    add_detection(&s, 0, 0.5, car_at(0));
    add_detection(&s, 0, 0.9, high(39.9, car_at(30)));
    score();
    const mkd_kitti_score *bev = strict(MKD_KITTI_CAR, MKD_KITTI_BEV);
    assert_near(bev->curve[MKD_KITTI_EASY][0], 1, 0);
    assert_near(bev->curve[MKD_KITTI_MODERATE][0], 0.5, 0);
    s.detections[0].at[1] = scored(0.9, high(24.9, car_at(30)));
    score();
    assert_near(bev->curve[MKD_KITTI_MODERATE][0], 1, 0);
}

static void test_a_small_detection_of_another_class_silences_a_label(void **state) {
    (void)state;
    add_label(&s, 0, car_at(0));
    add_detection(&s, 0, 0.5, car_at(0));
    add_detection(&s, 0, 0.9, typed("Pedestrian", high(20, car_at(0))));
    score();
    assert_car_curve(BEV, 0);
    // a high one is of another class and nothing else
    s.detections[0].at[1] = scored(0.9, typed("Pedestrian", car_at(0)));
    score();
    assert_car_curve(BEV, 1);
}

static void test_a_valid_detection_goes_before_an_ignored_one(void **state) {
    (void)state;
    // at the lower threshold the small one overlaps more, yet the valid one is taken
    add_label(&s, 0, high(41, car_at(0)));
    add_label(&s, 1, car_at(0));
    add_detection(&s, 0, 0.5, high(39.9, car_at(0)));
    add_detection(&s, 0, 0.9, high(45, car_at(0)));
    add_detection(&s, 1, 0.3, car_at(0));
    score();
    const double *easy = strict(MKD_KITTI_CAR, MKD_KITTI_BBOX)->curve[MKD_KITTI_EASY];
    assert_near(easy[0], 1, 0);
    assert_near(easy[1], 1, 0);
}

static void test_limits_of_labels(void **state) {
    (void)state;
    mkd_object cut = car_at(0), hidden = car_at(0), mostly = car_at(0);
    cut.truncation = 0.15;
    hidden.occlusion = 1;
    mostly.truncation = 0.500001;
    add_label(&s, 0, high(40, car_at(0))); // equal to the limit is too small
    add_label(&s, 1, high(40.01, car_at(0)));
    add_label(&s, 2, cut); // equal to the limit is fine
    add_label(&s, 3, hidden);
    add_label(&s, 4, mostly);
    add_label(&s, 5, high(25, car_at(0)));
    add_detection(&s, 0, 0.9, high(40, car_at(0)));
    score();
    const size_t *n = ap.n_ground_truth[MKD_KITTI_CAR];
    assert_int_equal(n[MKD_KITTI_EASY], 2);
    assert_int_equal(n[MKD_KITTI_MODERATE], 4);
    assert_int_equal(n[MKD_KITTI_HARD], 4);
    assert_near(strict(MKD_KITTI_CAR, MKD_KITTI_BBOX)->r11[MKD_KITTI_EASY], 0, 0);
    assert_near(strict(MKD_KITTI_CAR, MKD_KITTI_BBOX)->r11[MKD_KITTI_MODERATE], 100.0 / 11, 1e-12);
}

static void test_score_chooses_first_then_overlap(void **state) {
    (void)state;
    // threshold 0.9 comes from the better scored of frame 0's two; at 0.3 the better overlap is
    // taken, whose orientation is wrong, and the other one is false
    mkd_object narrow = car_at(0);
    narrow.box_px.right_px -= 25;
    add_label(&s, 0, car_at(0));
    add_label(&s, 1, car_at(0));
    add_detection(&s, 0, 0.9, narrow);
    add_detection(&s, 0, 0.5, turned(-1.5 + PI, car_at(0)));
    add_detection(&s, 1, 0.3, car_at(0));
    score();
    assert_car_curve(BBOX, 1, 2.0 / 3);
    assert_car_curve(AOS, 1, 1.0 / 3);
}

static void test_of_equals_the_first_is_taken(void **state) {
    (void)state;
    add_label(&s, 0, car_at(0));
    add_detection(&s, 0, 0.9, turned(-1.5 + PI / 2, car_at(0)));
    add_detection(&s, 0, 0.9, car_at(0));
    score();
    assert_car_curve(BBOX, 0.5);
    assert_car_curve(AOS, 0.25);
}

static void test_orientation_needs_every_angle(void **state) {
    add_label(&s, 0, car_at(0));
    add_detection(&s, 0, 0.9, turned(-1.5 + PI / 2, car_at(0)));
    score();
    assert_car_curve(AOS, 0.5);
    // one unknown angle, be it of a class that nobody asks for
    add_detection(&s, 0, 0.1, turned(-10, typed("Tram", car_at(50))));
    score();
    assert_false(strict(MKD_KITTI_CAR, MKD_KITTI_AOS)->present);
    assert_false(loose(MKD_KITTI_CAR, MKD_KITTI_AOS)->present);
    assert_car_curve(BBOX, 1);
    // labels may lack theirs
    clear(state);
    add_label(&s, 0, dont_care(0, 0, 10, 10));
    add_detection(&s, 0, 0.9, car_at(0));
    score();
    assert_true(strict(MKD_KITTI_CAR, MKD_KITTI_AOS)->present);
}

static void test_names_compare_without_case(void **state) {
    (void)state;
    add_label(&s, 0, typed("CAR", car_at(0)));
    add_label(&s, 0, typed("vAN", car_at(30)));
    add_detection(&s, 0, 0.9, typed("car", car_at(0)));
    add_detection(&s, 0, 0.95, typed("car", car_at(30)));
    score();
    assert_car_curve(3D, 1);
}

static void test_no_number_without_usable_detections(void **state) {
    add_label(&s, 0, car_at(0));
    add_label(&s, 0, typed("Cyclist", car_at(30)));
    add_detection(&s, 0, 0.9, typed("Pedestrian", car_at(0)));
    score();
    for (int metric = 0; metric < MKD_KITTI_METRICS; metric++) {
        assert_false(strict(MKD_KITTI_CAR, metric)->present);
        assert_false(loose(MKD_KITTI_CYCLIST, metric)->present);
        // detected but never labeled: a number, and it is 0
        assert_true(strict(MKD_KITTI_PEDESTRIAN, metric)->present);
        assert_near(strict(MKD_KITTI_PEDESTRIAN, metric)->r40[0], 0, 0);
    }
    // a detector of image boxes writes -1 and -1000 for the rest
    clear(state);
    mkd_object flat = car_at(0), outside = car_at(0);
    flat.box = dont_care(0, 0, 0, 0).box;
    outside.box_px.left_px = -1;
    add_label(&s, 0, car_at(0));
    add_detection(&s, 0, 0.9, flat);
    score();
    assert_true(strict(MKD_KITTI_CAR, MKD_KITTI_BBOX)->present);
    assert_false(strict(MKD_KITTI_CAR, MKD_KITTI_BEV)->present);
    assert_false(strict(MKD_KITTI_CAR, MKD_KITTI_3D)->present);
    flat.box = car_at(0).box;
    flat.box.y_m = -1000;
    s.detections[0].at[0] = flat;
    score();
    assert_true(strict(MKD_KITTI_CAR, MKD_KITTI_BEV)->present);
    assert_false(strict(MKD_KITTI_CAR, MKD_KITTI_3D)->present);
    s.detections[0].at[0] = outside;
    score();
    assert_false(strict(MKD_KITTI_CAR, MKD_KITTI_BBOX)->present);
    assert_true(strict(MKD_KITTI_CAR, MKD_KITTI_3D)->present);
}

static void test_scores_may_be_negative_but_not_endless(void **state) {
    (void)state;
    add_label(&s, 0, car_at(0));
    add_detection(&s, 0, -5, car_at(0));
    score();
    assert_car_curve(3D, 1);
    s.detections[0].at[0].score = -1e7;
    score();
    assert_car_curve(3D, 0);
}

static void test_empty_frames_and_no_frames(void **state) {
    (void)state;
    add_label(&s, 3, car_at(0));
    add_detection(&s, 3, 0.5, car_at(0));
    s.n_frames = 6;
    score();
    assert_car_curve(3D, 1);
    assert_int_equal(ap.n_frames, 6);
    s.n_frames = 0;
    score();
    assert_false(strict(MKD_KITTI_CAR, MKD_KITTI_BBOX)->present);
}

static void test_json(void **state) {
    (void)state;
    mkd_str text = {0};
    add_label(&s, 0, typed("Cyclist", car_at(0)));
    add_detection(&s, 0, 0.5, turned(-10, typed("Cyclist", car_at(0))));
    score();
    assert_int_equal(mkd_kitti_ap_json(&text, &ap), 0);
#define ONE                                                                                        \
    "{\"R11\": [9.0909090909090917, 9.0909090909090917, 9.0909090909090917], \"R40\": [0, 0, 0]}"
#define ALL "{\"cyclist\": {\"bbox\": " ONE ", \"bev\": " ONE ", \"3d\": " ONE "}}"
    assert_string_equal(text.text,
                        "{\"frames\": 1, \"results\": {\"strict\": " ALL ", \"loose\": " ALL "}}");
    mkd_str_clear(&text);
    s.n_frames = 0;
    score();
    assert_int_equal(mkd_kitti_ap_json(&text, &ap), 0);
    assert_string_equal(text.text, "{\"frames\": 0, \"results\": {\"strict\": {}, \"loose\": {}}}");
    mkd_str_free(&text);
}

static void test_failing_memory_leaves_nothing(void **state) {
    (void)state;
    add_label(&s, 0, car_at(0));
    add_detection(&s, 0, 0.5, car_at(0));
    mkd_alloc_counters before, after;
    mkd_alloc_count(&before);
    unsigned n_failed = 0;
    for (unsigned nth = 1; nth < 20; nth++) {
        mkd_alloc_fail_at(nth);
        int status = mkd_kitti_ap_compute(&ap, s.detections, s.labels, s.n_frames);
        assert_true(status == 0 || status == MKD_ENOMEM);
        n_failed += status == MKD_ENOMEM;
    }
    mkd_alloc_fail_at(0);
    mkd_alloc_count(&after);
    assert_int_equal(n_failed, 8);
    assert_int_equal(before.live_blocks, after.live_blocks);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_n_perfect_pairs_fill_n_samples, clear),
        cmocka_unit_test_setup(test_half_the_recall, clear),
        cmocka_unit_test_setup(test_false_positives_and_the_envelope, clear),
        cmocka_unit_test_setup(test_a_second_detection_of_a_label_is_false, clear),
        cmocka_unit_test_setup(test_an_overlap_at_the_threshold_is_none, clear),
        cmocka_unit_test_setup(test_strict_and_loose, clear),
        cmocka_unit_test_setup(test_neighbors_absorb_and_others_do_not, clear),
        cmocka_unit_test_setup(test_dont_care_forgives_in_the_image_only, clear),
        cmocka_unit_test_setup(test_small_detections_are_ignored, clear),
        cmocka_unit_test_setup(test_a_small_detection_of_another_class_silences_a_label, clear),
        cmocka_unit_test_setup(test_a_valid_detection_goes_before_an_ignored_one, clear),
        cmocka_unit_test_setup(test_limits_of_labels, clear),
        cmocka_unit_test_setup(test_score_chooses_first_then_overlap, clear),
        cmocka_unit_test_setup(test_of_equals_the_first_is_taken, clear),
        cmocka_unit_test_setup(test_orientation_needs_every_angle, clear),
        cmocka_unit_test_setup(test_names_compare_without_case, clear),
        cmocka_unit_test_setup(test_no_number_without_usable_detections, clear),
        cmocka_unit_test_setup(test_scores_may_be_negative_but_not_endless, clear),
        cmocka_unit_test_setup(test_empty_frames_and_no_frames, clear),
        cmocka_unit_test_setup(test_json, clear),
        cmocka_unit_test_setup(test_failing_memory_leaves_nothing, clear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
