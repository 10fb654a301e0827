// Every backbone gives the maps that it promises; DLA-34 carries the published names.

#include "tests.h"

#include <string.h>

#include "base/status.h"
#include "nn/backbone.h"

typedef struct fixture {
    mkd_backend *backend;
    mkd_store *store;
    mkd_graph *graph;
    mkd_features features;
} fixture;

static void build(fixture *f, const char *name, int height_px, int width_px) {
    mkd_backend_options options = {.n_threads = 1};
    const mkd_backbone *backbone = NULL;
    *f = (fixture){0};
    assert_int_equal(mkd_backbone_find(&backbone, name), 0);
    assert_string_equal(backbone->name, name);
    assert_int_equal(mkd_backend_open(&f->backend, "ref", &options), 0);
    assert_int_equal(mkd_store_new(&f->store, f->backend), 0);
    assert_int_equal(mkd_graph_new(&f->graph), 0);
    mkd_graph_enter(f->graph, &(mkd_network){.store = f->store, .mode = MKD_MODE_TRAIN});
    mkd_value image = mkd_input(f->graph, "image", MKD_F32, MKD_SHAPE(2, height_px, width_px, 3));
    backbone->build(&f->features, f->graph, image, "feat_up");
    mkd_graph_leave(f->graph);
}

static void close_fixture(fixture *f) {
    mkd_graph_free(f->graph);
    mkd_store_free(f->store);
    mkd_backend_close(f->backend);
}

static void expect_map(const fixture *f, mkd_value map, int stride) {
    mkd_shape shape = mkd_value_shape(f->graph, map);
    assert_int_equal(shape.rank, 4);
    assert_int_equal(shape.at[0], 2);
    assert_int_equal(shape.at[1], 64 / stride);
    assert_int_equal(shape.at[2], 96 / stride);
}

static void test_maps_and_taps_have_their_strides(void **state) {
    (void)state;
    static const char *const names[] = {"dla34", "lite"};
    for (size_t n = 0; n < MKD_COUNT(names); n++) {
        fixture f;
        build(&f, names[n], 64, 96);
        assert_int_equal(mkd_graph_status(f.graph), 0);
        expect_map(&f, f.features.map, f.features.stride);
        assert_true(f.features.n_taps >= 3 && f.features.n_taps <= MKD_MAX_TAPS);
        for (int i = 0; i < f.features.n_taps; i++) {
            const mkd_feature_tap *tap = &f.features.taps[i];
            char name[32];
            snprintf(name, sizeof name, "stride%d", tap->stride);
            assert_string_equal(tap->name, name);
            expect_map(&f, tap->value, tap->stride);
            assert_true(i == 0 || tap->stride > tap[-1].stride);
        }
        close_fixture(&f);
    }
}

static void test_an_unknown_backbone_names_the_nearest(void **state) {
    (void)state;
    const mkd_backbone *backbone = NULL;
    assert_int_equal(mkd_backbone_find(&backbone, "dla43"), MKD_ENOTFOUND);
    assert_non_null(strstr(mkd_error_last(), "dla34"));
}

static void shape_text(char out[64], const mkd_shape *shape) {
    int n = snprintf(out, 64, "%s", shape->rank ? "" : "scalar");
    for (int i = 0; i < shape->rank; i++) {
        n += snprintf(out + n, 64 - (size_t)n, "%s%d", i ? "x" : "", (int)shape->at[i]);
    }
}

// computed or carried by the published code without any effect on its output
static bool is_dead(const char *name) {
    return strncmp(name, "backbone.fc.", 12) == 0 ||
           strncmp(name, "backbone.level3.project.", 24) == 0 ||
           strncmp(name, "backbone.level4.project.", 24) == 0;
}

// a row of the published list: model, name, shape, ...
static void test_dla34_has_the_published_names_and_shapes(void **state) {
    (void)state;
    char path[512], row[512], model[64], name[256], shape[64], ours[64];
    tests_shared_path(path, sizeof path, "golden/did_m3d/state_dict.tsv");
    fixture f;
    build(&f, "dla34", 64, 96);
    int n_found = 0;
    FILE *list = fopen(path, "r");
    assert_non_null(list);
    while (fgets(row, sizeof row, list)) {
        if (sscanf(row, "%63[^\t]\t%255[^\t]\t%63[^\t]", model, name, shape) != 3 ||
            strcmp(model, "DID") != 0 || strstr(name, "num_batches_tracked") ||
            (strncmp(name, "backbone.", 9) != 0 && strncmp(name, "feat_up.", 8) != 0)) {
            continue;
        }
        int index = mkd_store_find(f.store, name);
        if (is_dead(name)) {
            assert_int_equal(index, -1);
            continue;
        }
        if (index < 0) {
            fail_msg("%s: not in the store", name);
        }
        mkd_shape external = mkd_entry_external_shape(mkd_store_entry(f.store, index));
        shape_text(ours, &external);
        assert_string_equal(ours, shape);
        n_found++;
    }
    fclose(list);
    assert_int_equal(n_found, mkd_store_count(f.store));
    close_fixture(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_maps_and_taps_have_their_strides),
        cmocka_unit_test(test_an_unknown_backbone_names_the_nearest),
        cmocka_unit_test(test_dla34_has_the_published_names_and_shapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
