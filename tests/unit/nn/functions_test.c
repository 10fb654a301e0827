// Functions that move values without computing: what comes out, and what is refused.

#include "tests.h"

#include <string.h>

#include "base/status.h"
#include "nn/functions.h"
#include "nn/plan.h"

typedef struct fixture {
    mkd_backend *backend;
    mkd_graph *graph;
    mkd_plan *plan;
    mkd_value x; ///< [2,1,3]: 1.5, -2.5, 3.5, 4, 5, 6
} fixture;

static void open_fixture(fixture *f) {
    mkd_backend_options options = {.n_threads = 1};
    *f = (fixture){0};
    assert_int_equal(mkd_backend_open(&f->backend, "ref", &options), 0);
    assert_int_equal(mkd_graph_new(&f->graph), 0);
    f->x = mkd_input(f->graph, "x", MKD_F32, MKD_SHAPE(2, 1, 3));
}

static void close_fixture(fixture *f) {
    mkd_plan_free(f->plan);
    mkd_graph_free(f->graph);
    mkd_backend_close(f->backend);
}

static void run(mkd_tensor *out, fixture *f, mkd_value y) {
    static const float x[6] = {1.5f, -2.5f, 3.5f, 4, 5, 6};
    mkd_output(f->graph, "y", y);
    assert_int_equal(mkd_plan_create(&f->plan, f->graph, f->backend, NULL), 0);
    memcpy(mkd_plan_data(f->plan, f->x), x, sizeof x);
    assert_int_equal(mkd_plan_run(f->plan), 0);
    assert_int_equal(mkd_plan_read(out, f->plan, mkd_find_output(f->graph, "y")), 0);
}

static void expect_f32(const mkd_tensor *y, mkd_shape shape, const float *values) {
    assert_int_equal(y->dtype, MKD_F32);
    assert_true(mkd_shape_equal(&y->shape, &shape));
    assert_memory_equal(y->data, values, mkd_tensor_bytes(y));
}

static void test_concat_joins_along_an_axis(void **state) {
    (void)state;
    fixture f;
    mkd_tensor y = {0};
    open_fixture(&f);
    mkd_value parts[] = {f.x, mkd_slice(f.graph, f.x, 2, 1, 1)};
    run(&y, &f, mkd_concat(f.graph, parts, 2, -1));
    expect_f32(&y, MKD_SHAPE(2, 1, 4), (const float[]){1.5f, -2.5f, 3.5f, -2.5f, 4, 5, 6, 5});
    mkd_tensor_free(&y);
    close_fixture(&f);
}

static void test_broadcast_repeats_axes_of_one(void **state) {
    (void)state;
    fixture f;
    mkd_tensor y = {0};
    open_fixture(&f);
    run(&y, &f, mkd_broadcast(f.graph, f.x, MKD_SHAPE(2, 2, 3)));
    expect_f32(&y, MKD_SHAPE(2, 2, 3),
               (const float[]){1.5f, -2.5f, 3.5f, 1.5f, -2.5f, 3.5f, 4, 5, 6, 4, 5, 6});
    mkd_tensor_free(&y);
    close_fixture(&f);
}

static void test_cast_to_integers_drops_the_fraction(void **state) {
    (void)state;
    fixture f;
    mkd_tensor y = {0};
    open_fixture(&f);
    run(&y, &f, mkd_cast(f.graph, f.x, MKD_I32));
    assert_int_equal(y.dtype, MKD_I32);
    assert_memory_equal(y.data, ((const int32_t[]){1, -2, 3, 4, 5, 6}), mkd_tensor_bytes(&y));
    mkd_tensor_free(&y);
    close_fixture(&f);
}

static void test_shapes_that_do_not_fit_are_refused(void **state) {
    (void)state;
    for (int what = 0; what < 3; what++) {
        fixture f;
        open_fixture(&f);
        mkd_value other = mkd_input(f.graph, "other", MKD_F32, MKD_SHAPE(2, 2, 3));
        if (what == 0) {
            mkd_concat(f.graph, (mkd_value[]){f.x, other}, 2, 2);
        } else if (what == 1) {
            mkd_broadcast(f.graph, f.x, MKD_SHAPE(2, 1, 4));
        } else {
            mkd_slice(f.graph, f.x, 2, 2, 2);
        }
        assert_int_equal(mkd_graph_status(f.graph), MKD_EINVAL);
        assert_non_null(strstr(mkd_error_last(), "2,1,3"));
        close_fixture(&f);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_concat_joins_along_an_axis),
        cmocka_unit_test(test_broadcast_repeats_axes_of_one),
        cmocka_unit_test(test_cast_to_integers_drops_the_fraction),
        cmocka_unit_test(test_shapes_that_do_not_fit_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
