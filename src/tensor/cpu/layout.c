// Operators that move elements. Contiguous chunks are copied whole; permutations and repetitions
// walk the output with strides of the input, axes merged where they stay together.
#include <string.h>

#include "tensor/cpu/cpu.h"
#include "tensor/ref/ref.h"

enum { GRAIN_BYTES = 65536 };

typedef struct chunks {
    char *to;
    const char *from;
    size_t to_step, from_step, bytes;
} chunks;

static void copy_chunks(const void *task, int64_t begin, int64_t end, int thread) {
    const chunks *c = task;
    (void)thread;
    for (int64_t i = begin; i < end; i++) {
        memcpy(c->to + (size_t)i * c->to_step, c->from + (size_t)i * c->from_step, c->bytes);
    }
}

static void copy_bytes(const void *task, int64_t begin, int64_t end, int thread) {
    const chunks *c = task;
    (void)thread;
    memcpy(c->to + begin, c->from + begin, (size_t)(end - begin));
}

static void zero_bytes(const void *task, int64_t begin, int64_t end, int thread) {
    const chunks *c = task;
    (void)thread;
    memset(c->to + begin, 0, (size_t)(end - begin));
}

static void run_chunks(const chunks *c, int64_t n) {
    if (c->bytes > 0) {
        mkd_cpu__parallel(copy_chunks, c, n, mkd_cpu__larger(1, GRAIN_BYTES / (int64_t)c->bytes));
    }
}

void mkd_cpu__copy(const mkd_call *call, void *scratch) {
    chunks c = {.to = call->out[0].data, .from = call->in[0].data};
    (void)scratch;
    if (c.to != c.from) {
        mkd_cpu__parallel(copy_bytes, &c, (int64_t)mkd_tensor_bytes(&call->out[0]), GRAIN_BYTES);
    }
}

// bytes of all axes from `axis` on
static size_t chunk_bytes(const mkd_tensor *t, int axis) {
    return (size_t)mkd_ref__extent(&t->shape, axis, t->shape.rank) * mkd_dtype_bytes(t->dtype);
}

void mkd_cpu__concat(const mkd_call *call, void *scratch) {
    int axis = call->attributes->axis;
    int64_t n = mkd_ref__extent(&call->out[0].shape, 0, axis);
    chunks c = {.to = call->out[0].data, .to_step = chunk_bytes(&call->out[0], axis)};
    (void)scratch;
    for (int i = 0; i < call->n_in; i++) {
        c.from = call->in[i].data;
        c.from_step = c.bytes = chunk_bytes(&call->in[i], axis);
        run_chunks(&c, n);
        c.to += c.bytes;
    }
}

void mkd_cpu__slice(const mkd_call *call, void *scratch) {
    int axis = call->attributes->axis;
    size_t begin = (size_t)call->attributes->begin * chunk_bytes(&call->in[0], axis + 1);
    size_t bytes = chunk_bytes(&call->out[0], axis);
    chunks c = {.to = call->out[0].data,
                .from = (const char *)call->in[0].data + begin,
                .to_step = bytes,
                .from_step = chunk_bytes(&call->in[0], axis),
                .bytes = bytes};
    (void)scratch;
    run_chunks(&c, mkd_ref__extent(&call->out[0].shape, 0, axis));
}

void mkd_cpu__slice_grad(const mkd_call *call, void *scratch) {
    int axis = call->attributes->axis;
    size_t begin = (size_t)call->attributes->begin * chunk_bytes(&call->out[0], axis + 1);
    size_t bytes = chunk_bytes(&call->in[0], axis);
    chunks c = {.to = call->out[0].data,
                .from = call->in[0].data,
                .to_step = chunk_bytes(&call->out[0], axis),
                .from_step = bytes,
                .bytes = bytes};
    (void)scratch;
    mkd_cpu__parallel(zero_bytes, &c, (int64_t)mkd_tensor_bytes(&call->out[0]), GRAIN_BYTES);
    c.to += begin;
    run_chunks(&c, mkd_ref__extent(&call->out[0].shape, 0, axis));
}

// y, in C order, from x by strides (in elements)
typedef struct strided {
    const char *x;
    char *y;
    size_t bytes; // of an element
    int n_axes;   // outer ones
    int64_t extent[MKD_MAX_RANK + 1], stride[MKD_MAX_RANK + 1];
    int64_t n, step; // of a row
} strided;

static void add_axis(strided *s, int64_t extent, int64_t stride) {
    if (extent == 1) {
        return;
    }
    int last = s->n_axes - 1;
    if (last >= 0 && s->stride[last] == stride * extent) {
        s->extent[last] *= extent;
        s->stride[last] = stride;
    } else {
        s->extent[s->n_axes] = extent;
        s->stride[s->n_axes++] = stride;
    }
}

#define COPY_ROW(type)                                                                             \
    do {                                                                                           \
        type *to = (type *)y;                                                                      \
        const type *from = (const type *)x;                                                        \
        if (step == 0) {                                                                           \
            for (int64_t i = 0; i < n; i++) {                                                      \
                to[i] = from[0];                                                                   \
            }                                                                                      \
        } else {                                                                                   \
            for (int64_t i = 0; i < n; i++) {                                                      \
                to[i] = from[i * step];                                                            \
            }                                                                                      \
        }                                                                                          \
    } while (0)

static void copy_row(void *y, const void *x, int64_t n, int64_t step, size_t bytes) {
    if (step == 1) {
        memcpy(y, x, (size_t)n * bytes);
    } else if (bytes == 1) {
        COPY_ROW(uint8_t);
    } else if (bytes == 2) {
        COPY_ROW(uint16_t);
    } else if (bytes == 4) {
        COPY_ROW(uint32_t);
    } else {
        COPY_ROW(uint64_t);
    }
}

#undef COPY_ROW

static void copy_rows(const void *task, int64_t begin, int64_t end, int thread) {
    const strided *s = task;
    (void)thread;
    for (int64_t i = begin; i < end; i++) {
        int64_t at = 0;
        int64_t rest = i;
        for (int k = s->n_axes - 1; k >= 0; k--) {
            at += rest % s->extent[k] * s->stride[k];
            rest /= s->extent[k];
        }
        copy_row(s->y + (size_t)(i * s->n) * s->bytes, s->x + (size_t)at * s->bytes, s->n, s->step,
                 s->bytes);
    }
}

static void run_strided(strided *s, int64_t count) {
    s->n = 1;
    if (s->n_axes > 0) {
        s->n_axes--;
        s->n = s->extent[s->n_axes];
        s->step = s->stride[s->n_axes];
    }
    int64_t rows = count / s->n;
    if (rows == 1 && s->step == 0) { // one value everywhere: rows of a page
        while (s->n > 4096 && s->n % 2 == 0) {
            s->n /= 2;
            rows *= 2;
        }
    }
    mkd_cpu__parallel(copy_rows, s, rows, mkd_cpu__larger(1, MKD_CPU_GRAIN / s->n));
}

static strided strided_of(const mkd_call *call) {
    return (strided){.x = call->in[0].data,
                     .y = call->out[0].data,
                     .bytes = mkd_dtype_bytes(call->out[0].dtype)};
}

static void own_strides(int64_t *strides, const mkd_shape *shape) {
    int64_t step = 1;
    for (int k = shape->rank - 1; k >= 0; k--) {
        strides[k] = step;
        step *= shape->at[k];
    }
}

void mkd_cpu__transpose(const mkd_call *call, void *scratch) {
    strided s = strided_of(call);
    int64_t own[MKD_MAX_RANK];
    (void)scratch;
    own_strides(own, &call->in[0].shape);
    for (int k = 0; k < call->out[0].shape.rank; k++) {
        add_axis(&s, call->out[0].shape.at[k], own[call->attributes->axes[k]]);
    }
    run_strided(&s, mkd_tensor_count(&call->out[0]));
}

void mkd_cpu__broadcast(const mkd_call *call, void *scratch) {
    strided s = strided_of(call);
    const mkd_shape *from = &call->in[0].shape, *to = &call->out[0].shape;
    int64_t own[MKD_MAX_RANK];
    (void)scratch;
    own_strides(own, from);
    for (int k = 0; k < to->rank; k++) {
        int at = k - (to->rank - from->rank);
        add_axis(&s, to->at[k], at < 0 || from->at[at] == 1 ? 0 : own[at]);
    }
    run_strided(&s, mkd_tensor_count(&call->out[0]));
}
