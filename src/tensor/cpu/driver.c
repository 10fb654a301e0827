// The cpu backend: compiles each node to one kernel on fixed memory and runs them in order.
#include <omp.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/status.h"
#include "base/thread.h"
#include "tensor/cpu/cpu.h"
#include "tensor/drivers.h"
#include "tensor/profile.h"
#include "tensor/ref/ref.h"

typedef struct state {
    mkd_dnn dnn;
    int n_threads;
} state;

typedef enum kind { OWN, WIDENED, DNN, REF, JOINED } kind;

typedef struct kernel {
    kind kind; // JOINED: the next node does it
    const mkd_cpu_own *own;
    mkd_dnn_sequence dnn;
    mkd_call call;
    const char *implementation;
} kernel;

typedef struct executable {
    state *state;
    const mkd_program *program;
    kernel *kernels; // one per node
    void *scratch;   // the largest that any node wants
} executable;

// Every program needs oneDNN's convolutions, and those need no more than SSE 4.1.
static int score(void) {
    return 10;
}

static int open_backend(void **out_state, const mkd_backend_options *options) {
    state *s = mkd_alloc(sizeof *s);
    if (!s) {
        return MKD_ENOMEM;
    }
    int status = mkd_dnn__open(&s->dnn);
    if (status < 0) {
        mkd_free(s);
        return status;
    }
    s->n_threads = options->n_threads > 0 ? options->n_threads : mkd_cpu_count();
    *out_state = s;
    return 0;
}

static void close_backend(void *memory) {
    state *s = memory;
    mkd_dnn__close(&s->dnn);
    mkd_free(s);
}

// a value whose memory does not matter, only whether it is there
static mkd_tensor outline(const mkd_program *program, int index) {
    static char somewhere;
    if (index < 0) {
        return (mkd_tensor){0};
    }
    const mkd_program_value *v = &program->values[index];
    return (mkd_tensor){.dtype = v->dtype, .shape = v->shape, .data = &somewhere};
}

static bool supports(const void *memory, const mkd_program *program, const mkd_program_node *node) {
    (void)memory;
    mkd_call call = {.attributes = &node->attributes, .n_in = node->n_in, .n_out = node->n_out};
    for (int i = 0; i < node->n_in; i++) {
        call.in[i] = outline(program, node->in[i]);
    }
    for (int i = 0; i < node->n_out; i++) {
        call.out[i] = outline(program, node->out[i]);
    }
    return mkd_cpu__is_dnn(node->op, &call) || mkd_cpu__own(node->op, &call);
}

static void executable_free(void *memory) {
    executable *e = memory;
    if (e) {
        for (int i = 0; e->kernels && i < e->program->n_nodes; i++) {
            mkd_dnn__free(&e->kernels[i].dnn);
        }
        mkd_free(e->kernels);
        mkd_free(e->scratch);
        mkd_free(e);
    }
}

static int compile_node(kernel *k, size_t *scratch_bytes, state *s, const mkd_program *program,
                        const mkd_program_node *node) {
    MKD_TRY(mkd_program_resolve(&k->call, program, node));
    if (mkd_cpu__is_dnn(node->op, &k->call)) {
        int status = mkd_cpu__dnn_new(&k->dnn, &s->dnn, node->op, &k->call);
        if (status == 0) {
            k->kind = DNN;
            k->implementation = k->dnn.implementation;
            *scratch_bytes = k->dnn.scratch_bytes;
        }
        if (status != MKD_EUNSUPPORTED) {
            return status < 0 ? mkd_error_prefix(status, "%s", node->name ? node->name : "node")
                              : 0;
        }
        mkd_log(MKD_LOG_WARN, "%s: %s, ref runs it", node->name ? node->name : "node",
                mkd_error_last());
    }
    const mkd_cpu_own *own = mkd_cpu__own(node->op, &k->call);
    if (own) {
        bool widened = mkd_cpu__is_widened(own, &k->call);
        k->kind = widened ? WIDENED : OWN;
        k->own = own;
        k->implementation = widened ? "cpu, widened" : "cpu";
        *scratch_bytes = mkd_cpu__own_scratch_bytes(own, &k->call);
    } else {
        k->kind = REF;
        k->implementation = node->op == MKD_OP_host ? "host" : "ref";
        *scratch_bytes = mkd_ref__scratch_bytes(node->op, &k->call);
    }
    return 0;
}

static int compile_all(executable *e) {
    const mkd_program *program = e->program;
    size_t scratch_bytes = 0;
    e->kernels = mkd_alloc_array((size_t)program->n_nodes, sizeof *e->kernels);
    if (!e->kernels) {
        return MKD_ENOMEM;
    }
    for (int i = 0; i < program->n_nodes; i++) {
        size_t bytes = 0;
        MKD_TRY(compile_node(&e->kernels[i], &bytes, e->state, program, &program->nodes[i]));
        scratch_bytes = bytes > scratch_bytes ? bytes : scratch_bytes;
    }
    for (int i = 0; i + 1 < program->n_nodes; i++) {
        if (mkd_cpu__join_relu_grad(&e->kernels[i + 1].call, program, i)) {
            e->kernels[i].kind = JOINED;
            e->kernels[i].implementation = "joined";
            e->kernels[i + 1].implementation = "cpu, with relu";
        }
    }
    e->scratch = mkd_alloc(scratch_bytes);
    if (!e->scratch) {
        return MKD_ENOMEM;
    }
    for (int i = 0; i < program->n_nodes; i++) {
        MKD_TRY(mkd_dnn__place(&e->kernels[i].dnn, e->scratch));
    }
    return 0;
}

static int compile(void **out_executable, void *memory, const mkd_program *program) {
    executable *e = mkd_alloc(sizeof *e);
    if (!e) {
        return MKD_ENOMEM;
    }
    e->state = memory;
    e->program = program;
    // oneDNN asks OpenMP, when a primitive is made, how many threads there will be
    int n_threads = omp_get_max_threads();
    omp_set_num_threads(e->state->n_threads);
    int status = compile_all(e);
    omp_set_num_threads(n_threads);
    if (status < 0) {
        executable_free(e);
        return status;
    }
    *out_executable = e;
    return 0;
}

static int run_node(const executable *e, int i) {
    const kernel *k = &e->kernels[i];
    switch (k->kind) {
    case OWN:
        k->own->run(&k->call, e->scratch);
        return 0;
    case WIDENED:
        mkd_cpu__run_widened(k->own, &k->call, e->scratch);
        return 0;
    case JOINED:
        return 0;
    case DNN:
        return mkd_dnn__run(&k->dnn, &e->state->dnn);
    case REF:
        break;
    }
    return mkd_ref__run(e->program->nodes[i].op, &k->call, e->scratch);
}

static int run_all(const executable *e) {
    bool profiled = mkd_profile_enabled();
    for (int i = 0; i < e->program->n_nodes; i++) {
        const mkd_program_node *node = &e->program->nodes[i];
        double begin_s = profiled ? mkd_time_s() : 0;
        int status = run_node(e, i);
        if (status < 0) {
            return mkd_error_prefix(status, "%s", node->name ? node->name : "node");
        }
        if (profiled) {
            mkd_profile_add(node->op, e->kernels[i].implementation, node->name,
                            mkd_time_s() - begin_s);
        }
    }
    return 0;
}

static int run(void *memory) {
    const executable *e = memory;
    int n_threads = omp_get_max_threads();
    omp_set_num_threads(e->state->n_threads);
    int status = run_all(e);
    omp_set_num_threads(n_threads);
    return status;
}

static const char *isa_name(dnnl_cpu_isa_t isa) {
    static const struct {
        dnnl_cpu_isa_t isa;
        const char *name;
    } names[] = {
        {dnnl_cpu_isa_sse41, "SSE 4.1"},
        {dnnl_cpu_isa_avx, "AVX"},
        {dnnl_cpu_isa_avx2, "AVX2"},
        {dnnl_cpu_isa_avx2_vnni, "AVX2 with VNNI"},
        {dnnl_cpu_isa_avx2_vnni_2, "AVX2 with VNNI and bf16"},
        {dnnl_cpu_isa_avx512_core, "AVX-512"},
        {dnnl_cpu_isa_avx512_core_vnni, "AVX-512 with VNNI"},
        {dnnl_cpu_isa_avx512_core_bf16, "AVX-512 with bf16"},
        {dnnl_cpu_isa_avx512_core_fp16, "AVX-512 with bf16 and f16"},
        {dnnl_cpu_isa_avx512_core_amx, "AVX-512 with AMX"},
        {dnnl_cpu_isa_avx512_core_amx_fp16, "AVX-512 with AMX and f16"},
    };
    for (size_t i = 0; i < MKD_COUNT(names); i++) {
        if (names[i].isa == isa) {
            return names[i].name;
        }
    }
    return "unknown vector units";
}

static int describe(mkd_str *out, const void *memory) {
    const state *s = memory;
    const dnnl_version_t *v = dnnl_version();
    mkd_str_printf(out, "oneDNN %d.%d.%d, %s, %d thread%s, f32%s\n", v->major, v->minor, v->patch,
                   isa_name(dnnl_get_effective_cpu_isa()), s->n_threads,
                   s->n_threads == 1 ? "" : "s", mkd_dnn__has_bf16() ? " and bf16" : "");
    return mkd_str_status(out);
}

const mkd_backend_driver mkd_backend_driver_cpu = {
    .name = "cpu",
    .summary = "oneDNN and own kernels on all cores, f32 and bf16",
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
