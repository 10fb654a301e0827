/// oneDNN 3: a node as a short sequence of primitives (conversions of layout or element type where
/// a primitive wants them, then the primitive, then conversions back) on fixed memory.
#ifndef MKD_TENSOR_CPU_DNN_H
#define MKD_TENSOR_CPU_DNN_H

#include <oneapi/dnnl/dnnl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mkd_dnn {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
} mkd_dnn;

int mkd_dnn__open(mkd_dnn *out) MKD_NODISCARD;
void mkd_dnn__close(mkd_dnn *dnn);
/// Can convolutions take bf16 here?
bool mkd_dnn__has_bf16(void);

enum { MKD_DNN_STEPS = 8, MKD_DNN_ARGUMENTS = 8, MKD_DNN_MEMORIES = 24 };

typedef struct mkd_dnn_step {
    dnnl_primitive_t primitive;
    dnnl_exec_arg_t arguments[MKD_DNN_ARGUMENTS];
    int n_arguments;
} mkd_dnn_step;

typedef struct mkd_dnn_sequence {
    mkd_dnn_step steps[MKD_DNN_STEPS];
    int n_steps;
    dnnl_memory_t memories[MKD_DNN_MEMORIES];
    size_t offsets[MKD_DNN_MEMORIES]; ///< into scratch; SIZE_MAX: a value's memory
    int n_memories;
    size_t scratch_bytes;
    const char *implementation; ///< oneDNN's name of the main primitive
} mkd_dnn_sequence;

/// Builds a sequence around one main primitive:
///
///     begin (takes over `main` also when it fails), bind for every argument, end
typedef struct mkd_dnn_builder {
    mkd_dnn_sequence *sequence;
    mkd_dnn *dnn;
    dnnl_primitive_desc_t main;
    mkd_dnn_step step;                                            ///< of the main primitive
    dnnl_memory_t from[MKD_DNN_ARGUMENTS], to[MKD_DNN_ARGUMENTS]; ///< conversions of results
    int n_results;
} mkd_dnn_builder;

void mkd_dnn__begin(mkd_dnn_builder *builder, mkd_dnn_sequence *out, mkd_dnn *dnn,
                    dnnl_primitive_desc_t main);
/// Argument `id` lies at `data` as `own` describes; converted if the primitive wants it otherwise.
int mkd_dnn__bind(mkd_dnn_builder *builder, int id, const_dnnl_memory_desc_t own, void *data,
                  bool is_result) MKD_NODISCARD;
int mkd_dnn__end(mkd_dnn_builder *builder) MKD_NODISCARD;
/// Frees what a failed build left.
void mkd_dnn__cancel(mkd_dnn_builder *builder);

/// Tells the sequence where its scratch memory lies.
int mkd_dnn__place(mkd_dnn_sequence *sequence, void *scratch) MKD_NODISCARD;
int mkd_dnn__run(const mkd_dnn_sequence *sequence, const mkd_dnn *dnn) MKD_NODISCARD;
void mkd_dnn__free(mkd_dnn_sequence *sequence);

/// Status with a message from oneDNN's.
int mkd_dnn__status(dnnl_status_t status, const char *what) MKD_NODISCARD;

/// Tries a oneDNN call; jumps to `done` with `status` set if it fails.
#define MKD_DNN_GOTO(call) MKD_GOTO(mkd_dnn__status((call), #call))

#ifdef __cplusplus
}
#endif

#endif
