#include "tests.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/status.h"
#include "tensor/backend.h"
#include "tensor/drivers.h"
#include "tensor/profile.h"

// y = relu(x * w), then the sum of y; w is broadcast
typedef struct fixture {
    mkd_buffer *buffer;
    mkd_program_value values[4];
    mkd_program_node nodes[3];
    mkd_program program;
} fixture;

static mkd_program_value value_at(mkd_buffer *buffer, const char *name, mkd_shape shape,
                                  size_t offset) {
    return (mkd_program_value){name, MKD_F32, shape, buffer, offset};
}

static void fill(fixture *f, mkd_backend *backend) {
    memset(f, 0, sizeof *f);
    assert_int_equal(mkd_buffer_new(&f->buffer, backend, 256), 0);
    f->values[0] = value_at(f->buffer, "x", MKD_SHAPE(2, 3), 0);
    f->values[1] = value_at(f->buffer, "w", MKD_SHAPE(3), 64);
    f->values[2] = value_at(f->buffer, "y", MKD_SHAPE(2, 3), 128);
    f->values[3] = value_at(f->buffer, "sum", MKD_SHAPE(1, 1), 192);
    f->nodes[0] = (mkd_program_node){.op = MKD_OP_binary,
                                     .name = "scaled",
                                     .attributes = {.kind = MKD_BINARY_MUL},
                                     .n_in = 2,
                                     .n_out = 1,
                                     .in = {0, 1},
                                     .out = {2}};
    f->nodes[1] = (mkd_program_node){.op = MKD_OP_unary,
                                     .name = "relu",
                                     .attributes = {.kind = MKD_UNARY_RELU},
                                     .n_in = 1,
                                     .n_out = 1,
                                     .in = {2},
                                     .out = {2}}; // in place
    f->nodes[2] = (mkd_program_node){
        .op = MKD_OP_reduce,
        .name = "sum",
        .attributes = {.kind = MKD_REDUCE_SUM, .n_axes = 2, .axes = {0, 1}},
        .n_in = 1,
        .n_out = 1,
        .in = {2},
        .out = {3},
    };
    f->program = (mkd_program){f->values, 4, f->nodes, 3};
}

static void test_a_program_runs(void **state) {
    (void)state;
    mkd_backend *backend;
    assert_int_equal(mkd_backend_open(&backend, "ref", NULL), 0);
    assert_string_equal(mkd_backend_name(backend), "ref");
    fixture f;
    fill(&f, backend);
    const float x[6] = {1, 2, 3, -1, -2, 5};
    const float w[3] = {2, -1, 0.5f};
    assert_int_equal(mkd_buffer_upload(backend, f.buffer, 0, x, sizeof x), 0);
    assert_int_equal(mkd_buffer_upload(backend, f.buffer, 64, w, sizeof w), 0);
    mkd_executable *executable;
    assert_int_equal(mkd_executable_new(&executable, backend, &f.program), 0);
    assert_int_equal(mkd_executable_fallbacks(executable), 0);

    mkd_alloc_counters before, after;
    mkd_alloc_count(&before);
    assert_int_equal(mkd_executable_run(executable), 0);
    mkd_alloc_count(&after);
    assert_int_equal(before.n_allocations, after.n_allocations);

    float y[6], sum;
    assert_int_equal(mkd_buffer_download(backend, y, f.buffer, 128, sizeof y), 0);
    assert_int_equal(mkd_buffer_download(backend, &sum, f.buffer, 192, sizeof sum), 0);
    const float expected[6] = {2, 0, 1.5f, 0, 2, 2.5f};
    assert_memory_equal(y, expected, sizeof y);
    assert_float_equal(sum, 8, 0);
    mkd_executable_free(executable);
    mkd_buffer_free(f.buffer, backend);
    mkd_backend_close(backend);
}

static void test_a_slip_of_the_pen_names_the_nearest(void **state) {
    (void)state;
    mkd_backend *backend;
    assert_int_equal(mkd_backend_open(&backend, "reff", NULL), MKD_ENOTFOUND);
    assert_non_null(strstr(mkd_error_last(), "found \"reff\""));
    assert_non_null(strstr(mkd_error_last(), "did you mean ref?"));
    assert_null(backend);
    assert_int_equal(mkd_backend_open(&backend, "auto", NULL), 0);
    mkd_backend_close(backend);
}

typedef struct warnings {
    int n;
    char last[512];
} warnings;

static void count_warnings(void *payload, mkd_log_level level, const char *line) {
    warnings *w = payload;
    if (level == MKD_LOG_WARN) {
        w->n++;
        snprintf(w->last, sizeof w->last, "%s", line);
    }
}

// cpu has no kernels for f64: ref runs them
static void test_fallbacks_are_counted_and_named_once(void **state) {
    (void)state;
    mkd_backend *backend;
    if (mkd_backend_open(&backend, "cpu", NULL) < 0) {
        skip();
    }
    fixture f;
    fill(&f, backend);
    for (int i = 0; i < 4; i++) {
        f.values[i].dtype = MKD_F64;
    }
    const double x[6] = {1, 2, 3, -1, -2, 5}, w[3] = {2, -1, 0.5};
    assert_int_equal(mkd_buffer_upload(backend, f.buffer, 0, x, sizeof x), 0);
    assert_int_equal(mkd_buffer_upload(backend, f.buffer, 64, w, sizeof w), 0);
    mkd_executable *executable;
    warnings warned = {0};
    mkd_log_set_sink(count_warnings, &warned);
    assert_int_equal(mkd_executable_new(&executable, backend, &f.program), 0);
    mkd_log_set_sink(NULL, NULL);
    assert_int_equal(mkd_executable_fallbacks(executable), 3);
    assert_int_equal(warned.n, 1);
    assert_string_equal(warned.last, "backend cpu: no kernel for 3 of 3 nodes, ref runs them: "
                                     "scaled (binary), relu (unary), sum (reduce)");
    assert_int_equal(mkd_executable_run(executable), 0);
    double sum;
    assert_int_equal(mkd_buffer_download(backend, &sum, f.buffer, 192, sizeof sum), 0);
    assert_true(fabs(sum - 8) < 1e-12);
    mkd_executable_free(executable);
    mkd_buffer_free(f.buffer, backend);
    mkd_backend_close(backend);
}

static void test_ranges_of_buffers_are_checked(void **state) {
    (void)state;
    mkd_backend *backend;
    mkd_buffer *buffer;
    char bytes[8] = {0};
    assert_int_equal(mkd_backend_open(&backend, "ref", NULL), 0);
    assert_int_equal(mkd_buffer_new(&buffer, backend, 8), 0);
    assert_int_equal(mkd_buffer_upload(backend, buffer, 4, bytes, 8), MKD_EINVAL);
    assert_string_equal(mkd_error_last(), "upload: found bytes 4 to 12, expected at most 8");
    assert_int_equal(mkd_buffer_download(backend, bytes, buffer, 9, 0), MKD_EINVAL);
    mkd_buffer_free(buffer, backend);
    mkd_backend_close(backend);
}

static void test_every_failing_allocation_is_reported(void **state) {
    (void)state;
    mkd_alloc_counters before, after;
    mkd_alloc_count(&before);
    for (uint64_t nth = 1; nth <= 6; nth++) {
        mkd_backend *backend = NULL;
        mkd_executable *executable = NULL;
        fixture f = {0};
        assert_int_equal(mkd_backend_open(&backend, "ref", NULL), 0);
        fill(&f, backend);
        mkd_alloc_fail_at(nth);
        int status = mkd_executable_new(&executable, backend, &f.program);
        mkd_alloc_fail_at(0);
        assert_int_equal(status, nth <= 4 ? MKD_ENOMEM : 0);
        mkd_executable_free(executable);
        mkd_buffer_free(f.buffer, backend);
        mkd_backend_close(backend);
    }
    mkd_alloc_count(&after);
    assert_int_equal(before.live_blocks, after.live_blocks);
}

static void test_profile_adds_up(void **state) {
    (void)state;
    mkd_profile_reset();
    mkd_profile_enable(true);
    assert_true(mkd_profile_enabled());
    mkd_profile_add(MKD_OP_conv2d, "ref", "level1", 0.25);
    mkd_profile_add(MKD_OP_conv2d, "ref", "level1", 0.25);
    mkd_profile_add(MKD_OP_conv2d, "ref", "level0", 0.125);
    mkd_profile_add(MKD_OP_matmul, "ref", "head", 0.375);
    mkd_str text = {0};
    assert_int_equal(mkd_profile_format(&text), 0);
    assert_string_equal(
        text.text, "operator                     implementation              calls         ms  "
                   "share\n"
                   "conv2d                       ref                             3    625.000  "
                   "62.5%\n"
                   "matmul                       ref                             1    375.000  "
                   "37.5%\n"
                   "slowest nodes\n"
                   "conv2d                       ref                             2    500.000  "
                   "50.0%  level1\n"
                   "matmul                       ref                             1    375.000  "
                   "37.5%  head\n"
                   "conv2d                       ref                             1    125.000  "
                   "12.5%  level0\n");
    mkd_str_free(&text);
    mkd_profile_enable(false);
    mkd_profile_reset();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_program_runs),
        cmocka_unit_test(test_a_slip_of_the_pen_names_the_nearest),
        cmocka_unit_test(test_fallbacks_are_counted_and_named_once),
        cmocka_unit_test(test_ranges_of_buffers_are_checked),
        cmocka_unit_test(test_every_failing_allocation_is_reported),
        cmocka_unit_test(test_profile_adds_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
