#include "tensor/cpu/dnn.h"

#include <string.h>

#include "base/status.h"

int mkd_dnn__status(dnnl_status_t status, const char *what) {
    if (status == dnnl_success) {
        return 0;
    }
    int code = status == dnnl_out_of_memory   ? MKD_ENOMEM
               : status == dnnl_unimplemented ? MKD_EUNSUPPORTED
                                              : MKD_EDEVICE;
    const char *name = code == MKD_ENOMEM         ? "out of memory"
                       : code == MKD_EUNSUPPORTED ? "unimplemented"
                                                  : "failure";
    // what oneDNN was asked, without its arguments
    MKD_FAIL(code, "oneDNN, %.*s: %s (%d)", (int)strcspn(what, "("), what, name, (int)status);
}

int mkd_dnn__open(mkd_dnn *out) {
    int status = 0;
    *out = (mkd_dnn){0};
    MKD_DNN_GOTO(dnnl_engine_create(&out->engine, dnnl_cpu, 0));
    MKD_DNN_GOTO(dnnl_stream_create(&out->stream, out->engine, dnnl_stream_in_order));
done:
    if (status < 0) {
        mkd_dnn__close(out);
    }
    return status;
}

void mkd_dnn__close(mkd_dnn *dnn) {
    if (dnn->stream) {
        dnnl_stream_destroy(dnn->stream);
    }
    if (dnn->engine) {
        dnnl_engine_destroy(dnn->engine);
    }
    *dnn = (mkd_dnn){0};
}

bool mkd_dnn__has_bf16(void) {
    unsigned isa = (unsigned)dnnl_get_effective_cpu_isa();
    return (isa & (unsigned)dnnl_cpu_isa_avx512_core) == (unsigned)dnnl_cpu_isa_avx512_core;
}

// A memory of the sequence: over `data`, or over scratch memory if that is NULL.
static int add_memory(dnnl_memory_t *out, mkd_dnn_builder *b, const_dnnl_memory_desc_t desc,
                      void *data) {
    mkd_dnn_sequence *s = b->sequence;
    if (s->n_memories == MKD_DNN_MEMORIES) {
        MKD_FAIL(MKD_EUNSUPPORTED, "oneDNN: more than %d memories in a node", MKD_DNN_MEMORIES);
    }
    MKD_TRY(mkd_dnn__status(
        dnnl_memory_create(out, desc, b->dnn->engine, data ? data : DNNL_MEMORY_NONE),
        "dnnl_memory_create"));
    s->offsets[s->n_memories] = SIZE_MAX;
    if (!data) {
        s->offsets[s->n_memories] = s->scratch_bytes;
        s->scratch_bytes += (dnnl_memory_desc_get_size(desc) + 63) / 64 * 64;
    }
    s->memories[s->n_memories++] = *out;
    return 0;
}

static void add_argument(mkd_dnn_step *step, int id, dnnl_memory_t memory) {
    step->arguments[step->n_arguments++] = (dnnl_exec_arg_t){id, memory};
}

// Makes `step` the next one, with the primitive of `desc` and its scratchpad.
static int add_step(mkd_dnn_builder *b, mkd_dnn_step *step, const_dnnl_primitive_desc_t desc) {
    mkd_dnn_sequence *s = b->sequence;
    if (s->n_steps == MKD_DNN_STEPS || step->n_arguments == MKD_DNN_ARGUMENTS) {
        MKD_FAIL(MKD_EUNSUPPORTED, "oneDNN: more than %d steps in a node", MKD_DNN_STEPS);
    }
    const_dnnl_memory_desc_t pad = dnnl_primitive_desc_query_md(desc, dnnl_query_scratchpad_md, 0);
    if (pad && dnnl_memory_desc_get_size(pad) > 0) {
        dnnl_memory_t memory;
        MKD_TRY(add_memory(&memory, b, pad, NULL));
        add_argument(step, DNNL_ARG_SCRATCHPAD, memory);
    }
    MKD_TRY(
        mkd_dnn__status(dnnl_primitive_create(&step->primitive, desc), "dnnl_primitive_create"));
    s->steps[s->n_steps++] = *step;
    return 0;
}

static int add_reorder(mkd_dnn_builder *b, dnnl_memory_t from, dnnl_memory_t to) {
    int status = 0;
    dnnl_primitive_attr_t attributes = NULL;
    dnnl_primitive_desc_t desc = NULL;
    const_dnnl_memory_desc_t source;
    const_dnnl_memory_desc_t target;
    mkd_dnn_step step = {0};
    MKD_DNN_GOTO(dnnl_memory_get_memory_desc(from, &source));
    MKD_DNN_GOTO(dnnl_memory_get_memory_desc(to, &target));
    MKD_DNN_GOTO(dnnl_primitive_attr_create(&attributes));
    MKD_DNN_GOTO(dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user));
    MKD_DNN_GOTO(dnnl_reorder_primitive_desc_create(&desc, source, b->dnn->engine, target,
                                                    b->dnn->engine, attributes));
    add_argument(&step, DNNL_ARG_FROM, from);
    add_argument(&step, DNNL_ARG_TO, to);
    MKD_GOTO(add_step(b, &step, desc));
done:
    dnnl_primitive_desc_destroy(desc);
    dnnl_primitive_attr_destroy(attributes);
    return status;
}

void mkd_dnn__begin(mkd_dnn_builder *builder, mkd_dnn_sequence *out, mkd_dnn *dnn,
                    dnnl_primitive_desc_t main) {
    *out = (mkd_dnn_sequence){0};
    *builder = (mkd_dnn_builder){.sequence = out, .dnn = dnn, .main = main};
}

int mkd_dnn__bind(mkd_dnn_builder *builder, int id, const_dnnl_memory_desc_t own, void *data,
                  bool is_result) {
    mkd_dnn_builder *b = builder;
    if (b->step.n_arguments >= MKD_DNN_ARGUMENTS - 1) {
        MKD_FAIL(MKD_EUNSUPPORTED, "oneDNN: more than %d arguments", MKD_DNN_ARGUMENTS - 1);
    }
    const_dnnl_memory_desc_t wanted =
        dnnl_primitive_desc_query_md(b->main, dnnl_query_exec_arg_md, id);
    dnnl_memory_t memory;
    MKD_TRY(add_memory(&memory, b, own, data));
    if (wanted && !dnnl_memory_desc_equal(wanted, own)) {
        dnnl_memory_t converted;
        MKD_TRY(add_memory(&converted, b, wanted, NULL));
        if (is_result) {
            b->from[b->n_results] = converted;
            b->to[b->n_results++] = memory;
        } else {
            MKD_TRY(add_reorder(b, memory, converted));
        }
        memory = converted;
    }
    add_argument(&b->step, id, memory);
    return 0;
}

int mkd_dnn__end(mkd_dnn_builder *builder) {
    mkd_dnn_builder *b = builder;
    MKD_TRY(add_step(b, &b->step, b->main));
    const_dnnl_primitive_desc_t kept;
    MKD_TRY(mkd_dnn__status(dnnl_primitive_get_primitive_desc(b->step.primitive, &kept),
                            "dnnl_primitive_get_primitive_desc"));
    MKD_TRY(mkd_dnn__status(dnnl_primitive_desc_query(kept, dnnl_query_impl_info_str, 0,
                                                      (void *)&b->sequence->implementation),
                            "dnnl_primitive_desc_query"));
    for (int i = 0; i < b->n_results; i++) {
        MKD_TRY(add_reorder(b, b->from[i], b->to[i]));
    }
    dnnl_primitive_desc_destroy(b->main);
    b->main = NULL;
    return 0;
}

void mkd_dnn__cancel(mkd_dnn_builder *builder) {
    dnnl_primitive_desc_destroy(builder->main);
    builder->main = NULL;
    mkd_dnn__free(builder->sequence);
}

int mkd_dnn__place(mkd_dnn_sequence *sequence, void *scratch) {
    for (int i = 0; i < sequence->n_memories; i++) {
        if (sequence->offsets[i] != SIZE_MAX) {
            MKD_TRY(
                mkd_dnn__status(dnnl_memory_set_data_handle(sequence->memories[i],
                                                            (char *)scratch + sequence->offsets[i]),
                                "dnnl_memory_set_data_handle"));
        }
    }
    return 0;
}

int mkd_dnn__run(const mkd_dnn_sequence *sequence, const mkd_dnn *dnn) {
    for (int i = 0; i < sequence->n_steps; i++) {
        const mkd_dnn_step *step = &sequence->steps[i];
        MKD_TRY(mkd_dnn__status(dnnl_primitive_execute(step->primitive, dnn->stream,
                                                       step->n_arguments, step->arguments),
                                "dnnl_primitive_execute"));
    }
    return 0;
}

void mkd_dnn__free(mkd_dnn_sequence *sequence) {
    for (int i = 0; i < sequence->n_steps; i++) {
        dnnl_primitive_destroy(sequence->steps[i].primitive);
    }
    for (int i = 0; i < sequence->n_memories; i++) {
        dnnl_memory_destroy(sequence->memories[i]);
    }
    *sequence = (mkd_dnn_sequence){0};
}
