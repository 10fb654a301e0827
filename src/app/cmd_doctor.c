// What this machine can do, and a self test: the same small convolution network in `ref` and in the
// backend that `auto` chooses, forward and backward, and the training step of a small detector,
// whose operators without a kernel of the backend's own are counted.

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "app/settings.h"
#include "base/alloc.h"
#include "base/fs.h"
#include "base/status.h"
#include "base/thread.h"
#include "data/synth/raycast.h"
#include "nn/layers.h"
#include "nn/plan.h"
#include "train/experiment.h"

static void say(const char *name, const char *text) {
    printf("%-14s %s\n", name, text);
}

// the value of a line "name : value" in a file of /proc, up to the line's end
static void proc_value(char *out, size_t bytes, const char *path, const char *name) {
    char *text = NULL;
    size_t n_bytes = 0;
    snprintf(out, bytes, "unknown");
    if (mkd_fs_read(&text, &n_bytes, path, (size_t)1 << 24) < 0) {
        return;
    }
    for (const char *line = text; line && *line;) {
        size_t length = strcspn(line, "\n"), name_length = strlen(name);
        const char *colon = memchr(line, ':', length);
        if (colon && strncmp(line, name, name_length) == 0) {
            const char *value = colon + 1 + strspn(colon + 1, " \t");
            snprintf(out, bytes, "%.*s", (int)(length - (size_t)(value - line)), value);
            break;
        }
        line += length + (line[length] == '\n');
    }
    mkd_free(text);
}

static void say_cpu(void) {
    static const char *const wanted[] = {"avx2",        "fma",      "avx512f", "avx512_vnni",
                                         "avx512_bf16", "amx_bf16", "amx_int8"};
    char model[128], features[4096], line[256] = "", cpus[32];
    proc_value(model, sizeof model, "/proc/cpuinfo", "model name");
    proc_value(features, sizeof features, "/proc/cpuinfo", "flags");
    say("CPU", model);
    for (char *word = features; *word;) {
        size_t length = strcspn(word, " "), used = strlen(line);
        for (size_t i = 0; i < MKD_COUNT(wanted); i++) {
            if (strlen(wanted[i]) == length && strncmp(word, wanted[i], length) == 0) {
                snprintf(line + used, sizeof line - used, "%s%s", used ? " " : "", wanted[i]);
            }
        }
        word += length + (word[length] == ' ');
    }
    say("CPU features", *line ? line : "none that kernels are chosen by");
    snprintf(cpus, sizeof cpus, "%d", mkd_cpu_count());
    say("CPUs to use", cpus);
}

static void say_memory(void) {
    static const char *const names[] = {"MemTotal", "MemAvailable"};
    double gib[2] = {0, 0};
    char text[64];
    for (int i = 0; i < 2; i++) {
        proc_value(text, sizeof text, "/proc/meminfo", names[i]);
        text[strcspn(text, " ")] = '\0';
        if (!mkd_parse_f64(&gib[i], text)) {
            say("memory", "unknown");
            return;
        }
        gib[i] /= 1024.0 * 1024.0;
    }
    snprintf(text, sizeof text, "%.1f GiB, %.1f GiB free", gib[0], gib[1]);
    say("memory", text);
}

static int say_libraries(void) {
    mkd_raycaster *caster = NULL;
    char text[64];
    MKD_TRY(mkd_raycaster_new(&caster));
    mkd_raycaster_version(text, sizeof text, caster);
    mkd_raycaster_free(caster);
    say("ray casting", text);
    return 0;
}

static int say_backends(mkd_backend *chosen) {
    for (const mkd_backend_driver *const *d = mkd_backend_drivers(); *d; d++) {
        char name[48];
        snprintf(name, sizeof name, "backend %s", (*d)->name);
        if ((*d)->score() <= 0) {
            say(name, "cannot run on this machine");
            continue;
        }
        mkd_backend *backend = NULL;
        mkd_str text = {0};
        MKD_TRY(mkd_backend_open(&backend, (*d)->name, NULL));
        int status = mkd_backend_describe(&text, backend);
        if (status >= 0 && text.length > 0) {
            text.text[strcspn(text.text, "\n")] = '\0';
            mkd_str_append(&text, "");
        }
        bool is_chosen = strcmp((*d)->name, mkd_backend_name(chosen)) == 0;
        if (status >= 0) {
            printf("%-14s %s%s\n", name, text.text ? text.text : "", is_chosen ? " (chosen)" : "");
        }
        mkd_str_free(&text);
        mkd_backend_close(backend);
        MKD_TRY(status);
    }
    return 0;
}

typedef struct tiny {
    mkd_store *store;
    mkd_graph *graph;
    mkd_plan *plan;
    mkd_value x, y, dx;
} tiny;

static void tiny_free(tiny *t) {
    mkd_plan_free(t->plan);
    mkd_graph_free(t->graph);
    mkd_store_free(t->store);
}

static int tiny_build(tiny *out, mkd_backend *backend) {
    MKD_TRY(mkd_store_new(&out->store, backend));
    MKD_TRY(mkd_graph_new(&out->graph));
    mkd_graph *g = out->graph;
    out->x = mkd_input(g, "x", MKD_F32, MKD_SHAPE(2, 12, 20, 8));
    mkd_require_gradient(g, out->x);
    mkd_graph_enter(g, &(mkd_network){.store = out->store, .mode = MKD_MODE_TRAIN, .prefix = ""});
    mkd_value y = mkd_conv2d(g, out->x, "conv1", (mkd_conv2d_options){.out = 16, .kernel = 3});
    y = mkd_batch_norm(g, y, "norm1", (mkd_batch_norm_options){.relu = true});
    out->y = mkd_conv2d(g, y, "conv2", (mkd_conv2d_options){.out = 8, .kernel = 3, .stride = 2});
    mkd_graph_leave(g);
    mkd_output(g, "y", out->y);
    mkd_backward(g, mkd_mean_all(g, mkd_square(g, out->y)), MKD_NONE);
    out->dx = mkd_gradient(g, out->x);
    return mkd_plan_create(&out->plan, g, backend, &(mkd_plan_options){.seed = 1});
}

static int tiny_run(mkd_tensor out[2], mkd_backend *backend) {
    tiny t = {0};
    mkd_tensor x = {0};
    int status = tiny_build(&t, backend);
    MKD_GOTO(status);
    MKD_GOTO(mkd_tensor_new(&x, MKD_F32, mkd_value_shape(t.graph, t.x)));
    for (int64_t i = 0; i < mkd_tensor_count(&x); i++) {
        ((float *)x.data)[i] = (float)sin((double)i * 0.37);
    }
    MKD_GOTO(mkd_plan_write(t.plan, t.x, &x));
    MKD_GOTO(mkd_plan_run(t.plan));
    MKD_GOTO(mkd_plan_read(&out[0], t.plan, t.y));
    MKD_GOTO(mkd_plan_read(&out[1], t.plan, t.dx));
done:
    mkd_tensor_free(&x);
    tiny_free(&t);
    return status;
}

// largest difference over the largest value
static double disagreement(const mkd_tensor *found, const mkd_tensor *expected) {
    double worst = 0, largest = 0;
    const float *a = found->data, *b = expected->data;
    for (int64_t i = 0; i < mkd_tensor_count(expected); i++) {
        double difference = fabs((double)a[i] - (double)b[i]);
        worst = isfinite(difference) ? fmax(worst, difference) : INFINITY;
        largest = fmax(largest, fabs((double)b[i]));
    }
    return worst / (largest + 1e-30);
}

static int self_test(mkd_backend *chosen) {
    static const double tolerance = 1e-4;
    mkd_backend *ref = NULL;
    mkd_tensor found[2] = {{0}}, expected[2] = {{0}};
    char text[160];
    int status = mkd_backend_open(&ref, "ref", NULL);
    MKD_GOTO(status);
    MKD_GOTO(tiny_run(found, chosen));
    MKD_GOTO(tiny_run(expected, ref));
    double worst = fmax(disagreement(&found[0], &expected[0]), //
                        disagreement(&found[1], &expected[1]));
    if (!(worst <= tolerance)) {
        status = mkd_error_set(MKD_EDEVICE,
                               "self test: %s differs from ref by %.1e of the largest value, "
                               "expected at most %.0e",
                               mkd_backend_name(chosen), worst, tolerance);
        goto done;
    }
    snprintf(text, sizeof text, "ok: %s agrees with ref, convolutions forward and backward",
             mkd_backend_name(chosen));
    say("self test", text);
done:
    for (int i = 0; i < 2; i++) {
        mkd_tensor_free(&found[i]);
        mkd_tensor_free(&expected[i]);
    }
    mkd_backend_close(ref);
    return status;
}

static int say_fallbacks(void) {
    static const char *const overrides[] = {"model.backbone=lite", "model.width_px=96",
                                            "model.height_px=32", "train.batch_size=1"};
    mkd_config *config = NULL;
    mkd_experiment experiment = {0};
    mkd_step_graph step = {0};
    mkd_plan_stats stats;
    char text[96];
    int status =
        mkd_config_load(&config, mkd_settings_schema(), NULL, overrides, MKD_COUNT(overrides));
    MKD_GOTO(status);
    MKD_GOTO(mkd_experiment_open(&experiment, config));
    MKD_GOTO(mkd_experiment_build_training(&step, &experiment));
    mkd_plan_get_stats(&stats, step.plan);
    snprintf(text, sizeof text, "%d of the %d operations of a training step run in ref",
             stats.n_fallbacks, stats.n_nodes);
    say("fallbacks", text);
done:
    mkd_step_graph_free(&step);
    mkd_experiment_close(&experiment);
    mkd_config_free(config);
    return status;
}

int mkd_cmd_doctor(int argc, char **argv) {
    mkd_args args;
    mkd_backend *chosen = NULL;
    int status = mkd_args_parse(&args, NULL, 0, argc, argv);
    if (status != 0) {
        return status;
    }
    if (args.help) {
        mkd_cmd_print_help(argv[0], NULL, 0);
        return 0;
    }
    if (args.n_positional > 0) {
        return mkd_cmd_usage("doctor: found '%s', expected no argument", args.positional[0]);
    }
    say("monokd", MKD_VERSION);
    say_cpu();
    say_memory();
    MKD_GOTO(say_libraries());
    MKD_GOTO(mkd_backend_open(&chosen, "auto", NULL));
    MKD_GOTO(say_backends(chosen));
    MKD_GOTO(self_test(chosen));
    MKD_GOTO(say_fallbacks());
done:
    mkd_backend_close(chosen);
    return status;
}
