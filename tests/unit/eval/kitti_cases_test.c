// The developers' scorer cases (shared/data/eval_cases.tar.xz) against their expected.json: full
// KITTI validation set, a 93-frame subset and hand-made corner cases, all as the official kit
// scores them.

#include "tests.h"

#include <string.h>

#include <jansson.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/status.h"
#include "base/thread.h"
#include "data/kitti.h"
#include "eval/kitti_ap.h"

enum { PATH_BYTES = 4096 };

static char root[PATH_BYTES]; ///< where the archives are unpacked

static const char *const class_keys[] = {"car", "pedestrian", "cyclist"};
static const char *const metric_keys[] = {"bbox", "aos", "bev", "3d"};

/// snprintf that fails the test rather than cut.
static void MKD_PRINTF(3, 4) put(char *out, size_t bytes, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    int length = vsnprintf(out, bytes, fmt, args);
    va_end(args);
    assert_true(length >= 0 && (size_t)length < bytes);
}

/// Unpacks members of an archive into the build folder, once.
static void unpack(const char *archive, const char *members, const char *proof) {
    char from[PATH_BYTES], path[PATH_BYTES], command[PATH_BYTES];
    const char *build = getenv("MKD_BUILD_DIR");
    tests_shared_path(from, sizeof from, archive);
    put(root, sizeof root, "%s/shared_cases", build ? build : ".");
    put(path, sizeof path, "%s/%s", root, proof);
    if (mkd_fs_exists(path)) {
        return;
    }
    assert_int_equal(mkd_fs_make_dirs(root), 0);
    put(command, sizeof command, "tar -xJf '%s' -C '%s' %s && touch '%s'", from, root, members,
        path);
    assert_int_equal(system(command), 0);
}

typedef struct frames {
    mkd_object_list *labels, *detections;
    size_t n;
} frames;

static void read_frames(frames *out, const char *labels, const char *detections,
                        const mkd_id_list *ids) {
    char path[PATH_BYTES];
    out->n = ids->n;
    out->labels = mkd_alloc_array(ids->n, sizeof *out->labels);
    out->detections = mkd_alloc_array(ids->n, sizeof *out->detections);
    for (size_t i = 0; i < ids->n; i++) {
        put(path, sizeof path, "%s/%s.txt", labels, ids->at[i]);
        if (mkd_kitti_read_objects(&out->labels[i], path, false) != 0) {
            fail_msg("%s", mkd_error_last());
        }
        put(path, sizeof path, "%s/%s.txt", detections, ids->at[i]);
        if (mkd_kitti_read_objects(&out->detections[i], path, true) != 0) {
            fail_msg("%s", mkd_error_last());
        }
    }
}

static void free_frames(frames *f) {
    for (size_t i = 0; i < f->n; i++) {
        mkd_object_list_free(&f->labels[i]);
        mkd_object_list_free(&f->detections[i]);
    }
    mkd_free(f->labels);
    mkd_free(f->detections);
}

static void list_ids(mkd_id_list *out, const char *folder) {
    mkd_fs_list names;
    assert_int_equal(mkd_fs_list_dir(&names, folder, ".txt"), 0);
    out->n = names.n;
    out->at = mkd_alloc_array(names.n, sizeof *out->at);
    for (size_t i = 0; i < names.n; i++) {
        memcpy(out->at[i], names.names[i], strlen(names.names[i]) - 4);
    }
    mkd_fs_list_free(&names);
}

static void compare_values(const char *where, const json_t *expected, const double *found,
                           size_t n_found, double tolerance) {
    for (size_t i = 0; i < json_array_size(expected) && i < n_found; i++) {
        double value = json_number_value(json_array_get(expected, i));
        if (!(fabs(value - found[i]) <= tolerance)) {
            fail_msg("%s[%zu]: found %.9f, expected %.9f", where, i, found[i], value);
        }
    }
}

/// Compares one class and metric; the files carry 6 decimals of AP and up to 9 of a curve.
static void compare_score(const char *where, const json_t *expected, const mkd_kitti_score *found) {
    char what[256];
    if (!expected != !found->present) {
        fail_msg("%s: found %s, expected %s", where, found->present ? "a number" : "none",
                 expected ? "one" : "none");
    }
    if (!expected) {
        return;
    }
    static const char *const curve_keys[] = {"curve", "curve_prefix"};
    put(what, sizeof what, "%s R11", where);
    compare_values(what, json_object_get(expected, "R11"), found->r11, 3, 1e-6);
    put(what, sizeof what, "%s R40", where);
    compare_values(what, json_object_get(expected, "R40"), found->r40, 3, 1e-6);
    for (size_t c = 0; c < MKD_COUNT(curve_keys); c++) {
        const json_t *curves = json_object_get(expected, curve_keys[c]);
        for (size_t k = 0; k < json_array_size(curves); k++) {
            put(what, sizeof what, "%s %s %zu", where, curve_keys[c], k);
            compare_values(what, json_array_get(curves, k), found->curve[k], MKD_KITTI_SAMPLES,
                           1e-6);
        }
    }
}

static void compare_set(const char *name, const json_t *expected,
                        mkd_kitti_score found[MKD_KITTI_CLASSES][MKD_KITTI_METRICS]) {
    assert_non_null(expected);
    for (int c = 0; c < MKD_KITTI_CLASSES; c++) {
        for (int m = 0; m < MKD_KITTI_METRICS; m++) {
            char where[256];
            put(where, sizeof where, "%s %s %s", name, class_keys[c], metric_keys[m]);
            compare_score(where,
                          json_object_get(json_object_get(expected, class_keys[c]), metric_keys[m]),
                          &found[c][m]);
        }
    }
}

static json_t *load(const char *folder) {
    char path[PATH_BYTES];
    json_error_t error;
    put(path, sizeof path, "%s/expected.json", folder);
    json_t *expected = json_load_file(path, 0, &error);
    if (!expected) {
        fail_msg("%s: %s", path, error.text);
    }
    return expected;
}

static void run_case(const char *name, const char *labels, const mkd_id_list *ids) {
    static mkd_kitti_ap ap;
    char folder[PATH_BYTES], detections[PATH_BYTES], where[256];
    put(folder, sizeof folder, "%s/eval_cases/%s", root, name);
    put(detections, sizeof detections, "%s/det", folder);
    frames f;
    json_t *expected = load(folder);
    read_frames(&f, labels, detections, ids);
    double start_s = mkd_time_s();
    assert_int_equal(mkd_kitti_ap_compute(&ap, f.detections, f.labels, f.n), 0);
    print_message("%s: %zu frames in %.3f s\n", name, f.n, mkd_time_s() - start_s);
    const json_t *n_frames = json_object_get(expected, "frames");
    assert_true(!n_frames || (size_t)json_integer_value(n_frames) == f.n);
    const json_t *results = json_object_get(expected, "results");
    if (results) {
        put(where, sizeof where, "%s strict", name);
        compare_set(where, json_object_get(results, "strict"), ap.scores[MKD_KITTI_STRICT]);
        put(where, sizeof where, "%s loose", name);
        compare_set(where, json_object_get(results, "loose"), ap.scores[MKD_KITTI_LOOSE]);
    } else {
        compare_set(name, json_object_get(expected, "expected"), ap.scores[MKD_KITTI_STRICT]);
    }
    json_decref(expected);
    free_frames(&f);
}

/// Case with its labels beside its detections; every label file is a frame.
static void run_whole_case(const char *name) {
    char labels[PATH_BYTES];
    mkd_id_list ids;
    put(labels, sizeof labels, "%s/eval_cases/%s/label_2", root, name);
    list_ids(&ids, labels);
    run_case(name, labels, &ids);
    mkd_id_list_free(&ids);
}

static void unpack_cases(void) {
    unpack("data/eval_cases.tar.xz", "", "eval_cases.unpacked");
}

static void test_corner_cases(void **state) {
    (void)state;
    unpack_cases();
    char folder[PATH_BYTES], name[PATH_BYTES];
    put(folder, sizeof folder, "%s/eval_cases/kitti_tiny", root);
    mkd_fs_list names;
    assert_int_equal(mkd_fs_list_dir(&names, folder, ""), 0);
    assert_true(names.n >= 28);
    for (size_t i = 0; i < names.n; i++) {
        put(name, sizeof name, "kitti_tiny/%s", names.names[i]);
        run_whole_case(name);
    }
    mkd_fs_list_free(&names);
}

static void test_mmdetection3d_s_own_case(void **state) {
    (void)state;
    unpack_cases();
    char path[PATH_BYTES], labels[PATH_BYTES], detections[PATH_BYTES];
    put(path, sizeof path, "%s/eval_cases/mmdet3d_unit_case", root);
    put(labels, sizeof labels, "%s/label_2", path);
    put(detections, sizeof detections, "%s/det", path);
    json_t *expected = load(path);
    mkd_id_list ids;
    frames f;
    mkd_kitti_ap ap;
    list_ids(&ids, labels);
    read_frames(&f, labels, detections, &ids);
    assert_int_equal(mkd_kitti_ap_compute(&ap, f.detections, f.labels, f.n), 0);
    for (int c = 0; c < MKD_KITTI_CLASSES; c++) {
        // what the file leaves out is 0, as its "why" says
        mkd_kitti_score *scores = ap.scores[MKD_KITTI_STRICT][c];
        for (int m = MKD_KITTI_BEV; m <= MKD_KITTI_3D; m++) {
            assert_true(scores[m].present);
            assert_near(scores[m].r11[1], 0, 0);
            scores[m].present = false;
        }
    }
    compare_set("mmdet3d", json_object_get(expected, "expected"), ap.scores[MKD_KITTI_STRICT]);
    json_decref(expected);
    free_frames(&f);
    mkd_id_list_free(&ids);
}

static void run_listed_case(const char *name, const char *list) {
    char labels[PATH_BYTES], path[PATH_BYTES];
    mkd_id_list ids;
    unpack("data/kitti_full_meta.tar.xz",
           "kitti_full_meta/training/label_2 kitti_real/ImageSets_full", "labels.unpacked");
    unpack_cases();
    put(labels, sizeof labels, "%s/kitti_full_meta/training/label_2", root);
    put(path, sizeof path, "%s/%s", root, list);
    assert_int_equal(mkd_kitti_read_ids(&ids, path), 0);
    run_case(name, labels, &ids);
    mkd_id_list_free(&ids);
}

static void test_three_classes_on_a_subset(void **state) {
    (void)state;
    run_listed_case("kitti_subset93_deepbox", "eval_cases/kitti_subset93_deepbox/ids.txt");
}

static void test_whole_validation_set(void **state) {
    (void)state;
    run_listed_case("kitti_fpointnet_val", "kitti_real/ImageSets_full/val.txt");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_corner_cases),
        cmocka_unit_test(test_mmdetection3d_s_own_case),
        cmocka_unit_test(test_three_classes_on_a_subset),
        cmocka_unit_test(test_whole_validation_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
