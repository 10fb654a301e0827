// The cpu backend on calls large enough for threads, parts and wide rows: against ref, and the same
// bits for any number of threads. (tests/op_table has the small and odd shapes.)

#include "tests.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/rng.h"
#include "base/status.h"
#include "tensor/backend.h"
#include "tensor/profile.h"

enum { MAX_VALUES = MKD_MAX_INPUTS + MKD_MAX_OUTPUTS };

typedef enum content { SIGNED, POSITIVE, COARSE, INDEX } content;

typedef struct value {
    mkd_shape shape;
    content content; // of an input
    mkd_dtype dtype;
    bool absent;
} value;

typedef struct node {
    mkd_op op;
    mkd_attributes attributes;
    int n_in, n_out;
    value in[MKD_MAX_INPUTS], out[MKD_MAX_OUTPUTS];
} node;

static void fill(mkd_tensor *t, content what, uint64_t sample) {
    mkd_rng rng = mkd_rng_at(3, 0, sample, MKD_RNG_TEST);
    int64_t n = mkd_tensor_count(t);
    for (int64_t i = 0; i < n; i++) {
        double x = mkd_rng_range(&rng, what == POSITIVE ? 0.25 : -1, what == POSITIVE ? 2 : 1);
        x = what == COARSE ? floor(50 * x) / 8 : x;
        switch (t->dtype) {
        case MKD_I32:
            ((int32_t *)t->data)[i] = (int32_t)floor(10 * x) + 8;
            break;
        case MKD_BF16:
            ((uint16_t *)t->data)[i] = mkd_bf16_from_f32((float)x);
            break;
        default:
            ((float *)t->data)[i] = (float)x;
        }
    }
}

static void make_call(mkd_call *call, const node *n) {
    *call = (mkd_call){.attributes = &n->attributes, .n_in = n->n_in, .n_out = n->n_out};
    for (int i = 0; i < n->n_in + n->n_out; i++) {
        bool is_in = i < n->n_in;
        const value *v = is_in ? &n->in[i] : &n->out[i - n->n_in];
        mkd_tensor *t = is_in ? &call->in[i] : &call->out[i - n->n_in];
        if (!v->absent) {
            assert_int_equal(mkd_tensor_new(t, v->dtype, v->shape), 0);
            if (is_in) {
                fill(t, v->content, (uint64_t)i);
            }
        }
    }
}

static void free_call(mkd_call *call) {
    for (int i = 0; i < MKD_MAX_INPUTS; i++) {
        mkd_tensor_free(&call->in[i]);
        mkd_tensor_free(&call->out[i]);
    }
}

// runs the node of `call` on a backend; outputs land in `call`
static void run_on(mkd_call *call, mkd_op op, const char *name, int n_threads) {
    mkd_backend *backend;
    mkd_executable *executable;
    mkd_backend_options options = {.n_threads = n_threads};
    assert_int_equal(mkd_backend_open(&backend, name, &options), 0);
    mkd_program_value values[MAX_VALUES] = {0};
    mkd_buffer buffers[MAX_VALUES];
    mkd_program_node it = {.op = op,
                           .name = "it",
                           .attributes = *call->attributes,
                           .n_in = call->n_in,
                           .n_out = call->n_out};
    for (int i = 0; i < call->n_in + call->n_out; i++) {
        mkd_tensor *t = i < call->n_in ? &call->in[i] : &call->out[i - call->n_in];
        buffers[i] = (mkd_buffer){t->data, t->data, mkd_tensor_bytes(t)};
        values[i] = (mkd_program_value){"value", t->dtype, t->shape, &buffers[i], 0};
        *(i < call->n_in ? &it.in[i] : &it.out[i - call->n_in]) = t->data ? i : -1;
    }
    mkd_program program = {values, call->n_in + call->n_out, &it, 1};
    assert_int_equal(mkd_executable_new(&executable, backend, &program), 0);
    assert_int_equal(mkd_executable_fallbacks(executable), 0);
    mkd_alloc_counters before, after;
    mkd_alloc_count(&before);
    assert_int_equal(mkd_executable_run(executable), 0);
    mkd_alloc_count(&after);
    assert_true(mkd_profile_enabled() || before.n_allocations == after.n_allocations);
    mkd_executable_free(executable);
    mkd_backend_close(backend);
}

static double at(const mkd_tensor *t, int64_t i) {
    switch (t->dtype) {
    case MKD_I32:
        return ((int32_t *)t->data)[i];
    case MKD_I64:
        return (double)((int64_t *)t->data)[i];
    case MKD_BF16:
        return (double)mkd_f32_from_bf16(((uint16_t *)t->data)[i]);
    default:
        return (double)((float *)t->data)[i];
    }
}

static void compare(const mkd_tensor *found, const mkd_tensor *expected, const char *what,
                    double tolerance) {
    int64_t n = mkd_tensor_count(expected);
    double square = 0;
    for (int64_t i = 0; i < n; i++) {
        square += at(expected, i) * at(expected, i);
    }
    double rms = sqrt(square / (double)n);
    for (int64_t i = 0; i < n; i++) {
        double e = at(expected, i);
        if (!(fabs(at(found, i) - e) <= tolerance * (fabs(e) + rms))) {
            fail_msg("%s, element %lld: found %.9g, expected %.9g", what, (long long)i,
                     at(found, i), e);
        }
    }
}

// cpu with 1 to 3 threads against ref
static void check(const node *n, double tolerance) {
    const char *what = mkd_op_get_info(n->op)->name;
    mkd_call expected;
    make_call(&expected, n);
    assert_int_equal(mkd_ref_run(n->op, &expected), 0);
    mkd_call first;
    make_call(&first, n);
    run_on(&first, n->op, "cpu", 1);
    for (int i = 0; i < n->n_out; i++) {
        if (expected.out[i].data) {
            compare(&first.out[i], &expected.out[i], what, tolerance);
        }
    }
    for (int threads = 2; threads <= 3; threads++) {
        mkd_call call;
        make_call(&call, n);
        run_on(&call, n->op, "cpu", threads);
        for (int i = 0; i < n->n_out; i++) {
            if (call.out[i].data) {
                assert_memory_equal(call.out[i].data, first.out[i].data,
                                    mkd_tensor_bytes(&call.out[i]));
            }
        }
        free_call(&call);
    }
    free_call(&first);
    free_call(&expected);
}

#define V(...)                                                                                     \
    { .shape = MKD_SHAPE(__VA_ARGS__) }
#define W(what, ...)                                                                               \
    { .shape = MKD_SHAPE(__VA_ARGS__), .content = what }

static void test_batch_norm(void **state) {
    (void)state;
    const int64_t shapes[][2] = {{3 * 37 * 41, 24}, {40000, 1}, {700, 600}, {2, 7}, {1, 5}};
    for (size_t i = 0; i < MKD_COUNT(shapes); i++) {
        int64_t m = shapes[i][0];
        int64_t c = shapes[i][1];
        node forward = {MKD_OP_batch_norm,
                        {.epsilon = 1e-5, .relu = i % 2 == 0},
                        3,
                        3,
                        {V(m, c), V(c), V(c)},
                        {V(m, c), V(c), V(c)}};
        check(&forward, 2e-6);
        node backward = {MKD_OP_batch_norm_grad,
                         {.epsilon = 1e-5},
                         5,
                         3,
                         {V(m, c), V(m, c), V(c), V(c), W(POSITIVE, c)},
                         {V(m, c), V(c), V(c)}};
        check(&backward, 2e-6);
        backward.op = MKD_OP_batch_norm_inference_grad;
        check(&backward, 2e-6);
        node inference = {MKD_OP_batch_norm_inference,
                          {.epsilon = 1e-5},
                          5,
                          1,
                          {V(m, c), V(c), V(c), V(c), W(POSITIVE, c)},
                          {V(m, c)}};
        check(&inference, 2e-6);
    }
}

static void test_batch_norm_far_from_zero(void **state) {
    (void)state;
    enum { M = 30000, C = 3 };
    const double centers[C] = {1000, -4, 0};
    node n = {MKD_OP_batch_norm,     {.epsilon = 1e-5},    3, 3,
              {V(M, C), V(C), V(C)}, {V(M, C), V(C), V(C)}};
    mkd_call call;
    make_call(&call, &n);
    float *x = call.in[0].data;
    for (int i = 0; i < M * C; i++) {
        x[i] = (float)(centers[i % C] + (double)x[i] / 16);
    }
    double mean[C] = {0};
    double variance[C] = {0};
    for (int i = 0; i < M * C; i++) {
        mean[i % C] += (double)x[i] / M;
    }
    for (int i = 0; i < M * C; i++) {
        double d = (double)x[i] - mean[i % C];
        variance[i % C] += d * d / M;
    }
    run_on(&call, n.op, "cpu", 2);
    for (int k = 0; k < C; k++) {
        assert_true(fabs((double)((float *)call.out[1].data)[k] - mean[k]) <=
                    1e-7 * fabs(mean[k]) + 1e-9);
        assert_true(fabs((double)((float *)call.out[2].data)[k] / variance[k] - 1) < 1e-6);
    }
    free_call(&call);
}

static void test_unary(void **state) {
    (void)state;
    enum { N = 40001 };
    for (int kind = 0; kind < MKD_N_UNARY; kind++) {
        bool positive = kind == MKD_UNARY_LOG || kind == MKD_UNARY_SQRT ||
                        kind == MKD_UNARY_POWER || kind == MKD_UNARY_RECIPROCAL;
        node n = {MKD_OP_unary,
                  {.kind = kind, .alpha = kind == MKD_UNARY_CLAMP ? -0.25 : 0.4, .beta = 0.6},
                  1,
                  1,
                  {W(positive ? POSITIVE : SIGNED, N)},
                  {V(N)}};
        check(&n, 2e-6);
        // the slope asks for x or for y: both are given, and any number may stand for y
        node grad = n;
        grad.op = MKD_OP_unary_grad;
        grad.n_in = 3;
        grad.in[1] = grad.in[2] = n.in[0];
        check(&grad, 2e-6);
        n.in[0].dtype = n.out[0].dtype = MKD_BF16;
        check(&n, 0.005);
    }
}

static void test_binary_and_where(void **state) {
    (void)state;
    const struct {
        value a, b, y;
    } pairs[] = {
        {V(3, 70, 90, 8), V(3, 70, 90, 8), V(3, 70, 90, 8)},
        {V(3, 70, 90, 8), V(1), V(3, 70, 90, 8)},
        {V(1, 1), V(200, 300), V(200, 300)},
        {V(3, 70, 90, 8), V(8), V(3, 70, 90, 8)},
        {V(3, 1, 1, 8), V(3, 70, 90, 8), V(3, 70, 90, 8)},
        {V(3, 70, 1, 8), V(70, 90, 1), V(3, 70, 90, 8)},
        {V(250, 1), V(1, 300), V(250, 300)},
    };
    for (size_t i = 0; i < MKD_COUNT(pairs); i++) {
        for (int kind = 0; kind < MKD_N_BINARY; kind++) {
            node n = {MKD_OP_binary, {.kind = kind}, 2, 1, {pairs[i].a, pairs[i].b}, {pairs[i].y}};
            n.in[1].content = kind == MKD_BINARY_DIV ? POSITIVE : COARSE;
            n.in[0].content = kind == MKD_BINARY_EQUAL ? COARSE : SIGNED;
            check(&n, 2e-7);
        }
    }
    node where = {MKD_OP_where, {0}, 3, 1, {W(COARSE, 300, 200), V(300, 200), V(300, 200)},
                  {V(300, 200)}};
    check(&where, 0);
}

static void test_reduce(void **state) {
    (void)state;
    const struct {
        int n_axes, axes[4];
        value y;
    } ways[] = {
        {4, {0, 1, 2, 3}, V(1, 1, 1, 1)}, {3, {0, 1, 2}, V(1, 1, 1, 12)},
        {2, {1, 2}, V(4, 1, 1, 12)},      {1, {3}, V(4, 50, 70, 1)},
        {2, {0, 2}, V(1, 50, 1, 12)},     {3, {1, 2, 3}, V(4, 1, 1, 1)},
    };
    for (size_t i = 0; i < MKD_COUNT(ways); i++) {
        for (int kind = MKD_REDUCE_SUM; kind <= MKD_REDUCE_MAX; kind++) {
            node n = {
                MKD_OP_reduce, {.kind = kind, .n_axes = ways[i].n_axes}, 1, 1, {V(4, 50, 70, 12)},
                {ways[i].y}};
            memcpy(n.attributes.axes, ways[i].axes, sizeof ways[i].axes);
            check(&n, 1e-6);
            if (kind == MKD_REDUCE_MAX) {
                // values of y that x reaches often: the first place takes all
                node grad = {MKD_OP_reduce_max_grad,
                             n.attributes,
                             3,
                             1,
                             {W(COARSE, 4, 50, 70, 12), ways[i].y, ways[i].y},
                             {V(4, 50, 70, 12)}};
                check(&grad, 0);
            }
        }
    }
}

static void test_layer_norm(void **state) {
    (void)state;
    const int64_t shapes[][2] = {{900, 64}, {3, 1000}, {5000, 7}};
    for (size_t i = 0; i < MKD_COUNT(shapes); i++) {
        int64_t m = shapes[i][0];
        int64_t c = shapes[i][1];
        node forward = {MKD_OP_layer_norm,     {.epsilon = 1e-5},          3, 3,
                        {V(m, c), V(c), V(c)}, {V(m, c), V(m, 1), V(m, 1)}};
        check(&forward, 1e-6);
        node backward = {MKD_OP_layer_norm_grad,
                         {.epsilon = 1e-5},
                         5,
                         3,
                         {V(m, c), V(m, c), V(c), V(m, 1), W(POSITIVE, m, 1)},
                         {V(m, c), V(c), V(c)}};
        check(&backward, 1e-6);
    }
}

static void test_layout(void **state) {
    (void)state;
    node transpose = {
        MKD_OP_transpose, {.n_axes = 4, .axes = {0, 3, 1, 2}}, 1, 1, {V(2, 60, 70, 9)},
        {V(2, 9, 60, 70)}};
    check(&transpose, 0);
    node concat = {
        MKD_OP_concat,     {.axis = 3}, 3, 1, {V(2, 60, 70, 3), V(2, 60, 70, 5), V(2, 60, 70, 8)},
        {V(2, 60, 70, 16)}};
    check(&concat, 0);
    node slice = {MKD_OP_slice,     {.axis = 2, .begin = 7, .size = 50}, 1, 1, {V(3, 60, 70, 9)},
                  {V(3, 60, 50, 9)}};
    check(&slice, 0);
    node slice_grad = {
        MKD_OP_slice_grad, {.axis = 2, .begin = 7, .size = 50}, 1, 1, {V(3, 60, 50, 9)},
        {V(3, 60, 70, 9)}};
    check(&slice_grad, 0);
    node broadcast = {MKD_OP_broadcast, {0}, 1, 1, {V(60, 1, 9)}, {V(3, 60, 70, 9)}};
    check(&broadcast, 0);
    node everywhere = {MKD_OP_broadcast, {0}, 1, 1, {V(1)}, {V(3, 60, 70, 9)}};
    check(&everywhere, 0);
    node narrow = {MKD_OP_cast, {.dtype = MKD_BF16}, 1, 1, {V(50001)}, {V(50001)}};
    narrow.out[0].dtype = MKD_BF16;
    check(&narrow, 0);
    node widen = {MKD_OP_cast, {.dtype = MKD_F32}, 1, 1, {V(50001)}, {V(50001)}};
    widen.in[0].dtype = MKD_BF16;
    check(&widen, 0);
    widen.in[0].dtype = MKD_I32;
    check(&widen, 0);
}

static void test_planes(void **state) {
    (void)state;
    for (int kind = MKD_NEAREST; kind <= MKD_BILINEAR; kind++) {
        for (int up = 0; up < 2; up++) {
            value small = V(2, 31, 47, 5);
            value large = V(2, 93, 101, 5);
            node n = {MKD_OP_interpolate2d,
                      {.kind = kind, .align_corners = up == 1},
                      1,
                      1,
                      {up ? small : large},
                      {up ? large : small}};
            check(&n, 1e-6);
            node grad = n;
            grad.op = MKD_OP_interpolate2d_grad;
            grad.in[0] = n.out[0];
            grad.out[0] = n.in[0];
            check(&grad, 1e-6);
        }
    }
    mkd_window window = {.kernel = {3, 3}, .stride = {2, 2}, .padding = {1, 1}};
    node pool = {MKD_OP_max_pool2d,
                 {.window = window},
                 1,
                 2,
                 {W(COARSE, 3, 61, 80, 70)},
                 {V(3, 31, 40, 70), V(3, 31, 40, 70)}};
    pool.out[1].dtype = MKD_I32;
    check(&pool, 0);
    node grad = {
        MKD_OP_max_pool2d_grad, {.window = window}, 2, 1, {V(3, 31, 40, 70), V(3, 31, 40, 70)},
        {V(3, 61, 80, 70)}};
    grad.in[0].dtype = MKD_I32;
    check(&grad, 1e-5); // these indices meet far more often than windows do
    node mean = {MKD_OP_avg_pool2d,  {.window = window}, 1, 1,
                 {V(3, 61, 80, 16)}, {V(3, 31, 40, 16)}};
    check(&mean, 1e-6);
    mean.op = MKD_OP_avg_pool2d_grad;
    mean.in[0] = mean.out[0];
    mean.out[0] = (value)V(3, 61, 80, 16);
    check(&mean, 1e-6);
}

static void test_rows(void **state) {
    (void)state;
    enum { ROWS = 3, N = 30011, K = 50 };
    for (int descending = 0; descending < 2; descending++) {
        node sort = {MKD_OP_sort, {.descending = descending}, 1,
                     2,           {W(COARSE, ROWS, N)},       {V(ROWS, N), V(ROWS, N)}};
        sort.out[1].dtype = MKD_I64;
        check(&sort, 0);
        sort.in[0].content = SIGNED;
        check(&sort, 0);
    }
    node topk = {MKD_OP_topk, {.size = K}, 1, 2, {W(COARSE, ROWS, N)}, {V(ROWS, K), V(ROWS, K)}};
    topk.out[1].dtype = MKD_I64;
    check(&topk, 0);
    node rank = {MKD_OP_rank, {0}, 1, 1, {W(COARSE, ROWS, N)}, {V(ROWS, N)}};
    check(&rank, 0);
    const mkd_op softmaxes[] = {MKD_OP_softmax, MKD_OP_log_softmax};
    const mkd_op gradients[] = {MKD_OP_softmax_grad, MKD_OP_log_softmax_grad};
    for (int i = 0; i < 2; i++) {
        node n = {softmaxes[i], {.axis = 1}, 1, 1, {V(400, 12, 9)}, {V(400, 12, 9)}};
        check(&n, 1e-6);
        node grad = {gradients[i],   {.axis = 1}, 2, 1, {V(400, 12, 9), V(400, 12, 9)},
                     {V(400, 12, 9)}};
        check(&grad, 1e-6);
    }
    node gather = {MKD_OP_gather_rows, {0}, 2, 1, {V(8, 15, 300), V(8, 20)}, {V(8, 20, 300)}};
    gather.in[1].dtype = MKD_I32;
    check(&gather, 0);
    node grad = {MKD_OP_gather_rows_grad, {0}, 2, 1, {V(8, 20), V(8, 20, 300)}, {V(8, 15, 300)}};
    grad.in[0].dtype = MKD_I32;
    check(&grad, 1e-6);
}

static void test_not_a_number_sorts_last(void **state) {
    (void)state;
    node n = {MKD_OP_sort, {.descending = false}, 1, 2, {V(1, 6)}, {V(1, 6), V(1, 6)}};
    n.out[1].dtype = MKD_I64;
    mkd_call call;
    make_call(&call, &n);
    memcpy(call.in[0].data, (const float[6]){NAN, 0, -INFINITY, -0.0f, INFINITY, -1},
           6 * sizeof(float));
    run_on(&call, n.op, "cpu", 1);
    const int64_t expected[6] = {2, 5, 1, 3, 4, 0};
    assert_memory_equal(call.out[1].data, expected, sizeof expected);
    free_call(&call);
}

static void test_every_failing_allocation_is_reported(void **state) {
    (void)state;
    mkd_alloc_counters before, after;
    mkd_alloc_count(&before);
    int n_failed = 0;
    for (uint64_t nth = 1; nth <= 8; nth++) {
        mkd_backend *backend = NULL;
        mkd_executable *executable = NULL;
        float memory[64] = {0};
        mkd_buffer buffer = {memory, memory, sizeof memory};
        mkd_program_value v = {"x", MKD_F32, MKD_SHAPE(8, 8), &buffer, 0};
        mkd_program_node product = {.op = MKD_OP_matmul, .n_in = 2, .n_out = 1};
        mkd_program program = {&v, 1, &product, 1};
        mkd_alloc_fail_at(nth);
        int status = mkd_backend_open(&backend, "cpu", NULL);
        status = status < 0 ? status : mkd_executable_new(&executable, backend, &program);
        mkd_alloc_fail_at(0);
        assert_true(status == 0 || status == MKD_ENOMEM);
        n_failed += status < 0;
        mkd_executable_free(executable);
        mkd_backend_close(backend);
    }
    // backend, its state; executable, the driver's, kernels, scratch
    assert_int_equal(n_failed, 6);
    mkd_alloc_count(&after);
    assert_int_equal(before.live_blocks, after.live_blocks);
}

static void test_describe_and_profile_name_what_runs(void **state) {
    (void)state;
    mkd_backend *backend;
    mkd_str text = {0};
    mkd_backend_options options = {.n_threads = 2};
    assert_int_equal(mkd_backend_open(&backend, "cpu", &options), 0);
    assert_int_equal(mkd_backend_describe(&text, backend), 0);
    assert_non_null(strstr(text.text, "oneDNN 3."));
    assert_non_null(strstr(text.text, ", 2 threads, f32"));
    mkd_str_free(&text);
    mkd_backend_close(backend);

    mkd_profile_reset();
    mkd_profile_enable(true);
    mkd_window window = {.kernel = {3, 3}, .padding = {1, 1}};
    node n = {MKD_OP_conv2d,   {.window = window}, 2, 1, {V(1, 8, 8, 16), V(16, 3, 3, 16)},
              {V(1, 8, 8, 16)}};
    mkd_call call;
    make_call(&call, &n);
    run_on(&call, n.op, "cpu", 1);
    free_call(&call);
    mkd_profile_enable(false);
    assert_int_equal(mkd_profile_format(&text), 0);
    assert_non_null(strstr(text.text, "conv2d"));
    assert_null(strstr(text.text, " ref "));
    mkd_str_free(&text);
    mkd_profile_reset();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_batch_norm),
        cmocka_unit_test(test_batch_norm_far_from_zero),
        cmocka_unit_test(test_unary),
        cmocka_unit_test(test_binary_and_where),
        cmocka_unit_test(test_reduce),
        cmocka_unit_test(test_layer_norm),
        cmocka_unit_test(test_layout),
        cmocka_unit_test(test_planes),
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_not_a_number_sorts_last),
        cmocka_unit_test(test_every_failing_allocation_is_reported),
        cmocka_unit_test(test_describe_and_profile_name_what_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
