// The ref backend: host memory, and nodes one after the other.
#include "tensor/ref/ref.h"

#include "base/alloc.h"
#include "base/status.h"
#include "base/thread.h"
#include "tensor/drivers.h"
#include "tensor/profile.h"

typedef struct executable {
    const mkd_program *program;
    mkd_call *calls; // one per node
    void *scratch;   // the largest that any node wants
} executable;

static int score(void) {
    return 1;
}

static int open_backend(void **out_state, const mkd_backend_options *options) {
    (void)options;
    *out_state = NULL;
    return 0;
}

static void close_backend(void *state) {
    (void)state;
}

static bool supports(const void *state, const mkd_program *program, const mkd_program_node *node) {
    (void)state;
    (void)program;
    (void)node;
    return true;
}

static void executable_free(void *memory) {
    executable *e = memory;
    if (e) {
        mkd_free(e->calls);
        mkd_free(e->scratch);
        mkd_free(e);
    }
}

static int compile(void **out_executable, void *state, const mkd_program *program) {
    (void)state;
    int status = 0;
    size_t scratch_bytes = 0;
    executable *e = mkd_alloc(sizeof *e);
    if (!e) {
        return MKD_ENOMEM;
    }
    e->program = program;
    e->calls = mkd_alloc_array((size_t)program->n_nodes, sizeof *e->calls);
    if (!e->calls) {
        status = MKD_ENOMEM;
        goto done;
    }
    for (int i = 0; i < program->n_nodes; i++) {
        MKD_GOTO(mkd_program_resolve(&e->calls[i], program, &program->nodes[i]));
        size_t bytes = mkd_ref__scratch_bytes(program->nodes[i].op, &e->calls[i]);
        scratch_bytes = bytes > scratch_bytes ? bytes : scratch_bytes;
    }
    e->scratch = mkd_alloc(scratch_bytes);
    if (!e->scratch) {
        status = MKD_ENOMEM;
    }
done:
    if (status < 0) {
        executable_free(e);
        return status;
    }
    *out_executable = e;
    return 0;
}

static int run(void *memory) {
    executable *e = memory;
    bool profiled = mkd_profile_enabled();
    for (int i = 0; i < e->program->n_nodes; i++) {
        const mkd_program_node *node = &e->program->nodes[i];
        double begin_s = profiled ? mkd_time_s() : 0;
        int status = mkd_ref__run(node->op, &e->calls[i], e->scratch);
        if (status < 0) {
            return mkd_error_prefix(status, "%s", node->name ? node->name : "node");
        }
        if (profiled) {
            mkd_profile_add(node->op, "ref", node->name, mkd_time_s() - begin_s);
        }
    }
    return 0;
}

static int describe(mkd_str *out, const void *state) {
    (void)state;
    mkd_str_append(out, "plain loops, one thread, f32 and f64 with sums in f64\n");
    return mkd_str_status(out);
}

const mkd_backend_driver mkd_backend_driver_ref = {
    .name = "ref",
    .summary = "plain loops: the oracle, f32 and f64",
    .score = score,
    .open = open_backend,
    .close = close_backend,
    .buffer_new = mkd_host_buffer_new,
    .buffer_free = mkd_host_buffer_free,
    .upload = mkd_host_upload,
    .download = mkd_host_download,
    .supports = supports,
    .compile = compile,
    .run = run,
    .executable_free = executable_free,
    .describe = describe,
};
