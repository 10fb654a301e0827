// A training step of a backbone with a small head, timed:
//
//     bench_step BACKBONE HEIGHT WIDTH BATCH [STEPS [BACKEND]]
//
// Prints milliseconds per step (median and best) and the profile of a further step per operator.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "base/status.h"
#include "base/thread.h"
#include "nn/backbone.h"
#include "nn/plan.h"

enum { MAX_STEPS = 1000, HEAD_CHANNELS = 16 };

typedef struct bench {
    mkd_backend *backend;
    mkd_store *store;
    mkd_graph *graph;
    mkd_plan *plan;
} bench;

static void close_bench(bench *b) {
    mkd_plan_free(b->plan);
    mkd_graph_free(b->graph);
    mkd_store_free(b->store);
    mkd_backend_close(b->backend);
}

static int open_bench(bench *b, const char *backbone_name, const char *backend_name,
                      const int64_t *size) {
    const mkd_backbone *backbone;
    mkd_features features;
    *b = (bench){0};
    MKD_TRY(mkd_backbone_find(&backbone, backbone_name));
    MKD_TRY(mkd_backend_open(&b->backend, backend_name, NULL));
    MKD_TRY(mkd_store_new(&b->store, b->backend));
    MKD_TRY(mkd_graph_new(&b->graph));
    mkd_graph *g = b->graph;
    mkd_graph_enter(g, &(mkd_network){.store = b->store, .mode = MKD_MODE_TRAIN});
    mkd_value image = mkd_input(g, "image", MKD_F32, MKD_SHAPE(size[2], size[0], size[1], 3));
    backbone->build(&features, g, image, "neck");
    mkd_value x = mkd_conv2d(g, features.map, "head.0",
                             (mkd_conv2d_options){.out = 64, .kernel = 3, .bias = true});
    mkd_value y = mkd_conv2d(g, mkd_relu(g, x), "head.2",
                             (mkd_conv2d_options){.out = HEAD_CHANNELS, .kernel = 1, .bias = true});
    mkd_value target = mkd_input(g, "target", MKD_F32, mkd_value_shape(g, y));
    mkd_value loss = mkd_mean_all(g, mkd_square(g, mkd_sub(g, y, target)));
    mkd_output(g, "loss", loss);
    mkd_graph_leave(g);
    mkd_backward(g, loss, MKD_NONE);
    double begin_s = mkd_time_s();
    MKD_TRY(mkd_plan_create(&b->plan, g, b->backend, NULL));
    mkd_plan_stats stats;
    mkd_plan_get_stats(&stats, b->plan);
    printf("%s: %d nodes, %d in ref, workspace %.1f MB (at least %.1f), compiled in %.0f ms, "
           "%.2f GFLOP forward\n",
           mkd_backend_name(b->backend), stats.n_nodes, stats.n_fallbacks,
           1e-6 * (double)stats.workspace_bytes, 1e-6 * (double)stats.lower_bound_bytes,
           1e3 * (mkd_time_s() - begin_s), 1e-9 * mkd_graph_flops(g));
    return 0;
}

static void fill(mkd_plan *plan, mkd_graph *g, const char *name, uint64_t sample) {
    mkd_value x = mkd_find_input(g, name);
    mkd_shape shape = mkd_value_shape(g, x);
    float *data = mkd_plan_data(plan, x);
    mkd_rng rng = mkd_rng_at(1, 0, sample, MKD_RNG_TEST);
    for (int64_t i = 0; i < mkd_shape_count(&shape); i++) {
        data[i] = (float)mkd_rng_range(&rng, -1, 1);
    }
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static int measure(bench *b, int n_steps) {
    double times_s[MAX_STEPS];
    double loss = 0;
    fill(b->plan, b->graph, "image", 1);
    fill(b->plan, b->graph, "target", 2);
    MKD_TRY(mkd_plan_run(b->plan));
    for (int i = 0; i < n_steps; i++) {
        double begin_s = mkd_time_s();
        MKD_TRY(mkd_plan_run(b->plan));
        times_s[i] = mkd_time_s() - begin_s;
    }
    qsort(times_s, (size_t)n_steps, sizeof *times_s, by_value);
    MKD_TRY(mkd_plan_read_scalar(&loss, b->plan, mkd_find_output(b->graph, "loss")));
    printf("step: median %.2f ms, best %.2f ms of %d; loss %.9g\n", 1e3 * times_s[n_steps / 2],
           1e3 * times_s[0], n_steps, loss);
    mkd_profile_reset();
    mkd_profile_enable(true);
    MKD_TRY(mkd_plan_run(b->plan));
    mkd_profile_enable(false);
    mkd_str text = {0};
    MKD_TRY(mkd_profile_format(&text));
    fputs(text.text, stdout);
    mkd_str_free(&text);
    mkd_profile_reset();
    return 0;
}

int main(int argc, char **argv) {
    mkd_backend_calm_threads(argv);
    if (argc < 5) {
        fputs("usage: bench_step BACKBONE HEIGHT WIDTH BATCH [STEPS [BACKEND]]\n", stderr);
        return 2;
    }
    const int64_t size[3] = {atoll(argv[2]), atoll(argv[3]), atoll(argv[4])};
    int n_steps = argc > 5 ? atoi(argv[5]) : 20;
    n_steps = n_steps < 1 ? 1 : n_steps > MAX_STEPS ? MAX_STEPS : n_steps;
    bench b;
    int status = open_bench(&b, argv[1], argc > 6 ? argv[6] : "cpu", size);
    status = status < 0 ? status : measure(&b, n_steps);
    if (status < 0) {
        fprintf(stderr, "bench_step: %s\n", mkd_error_last());
    }
    close_bench(&b);
    return status < 0;
}
