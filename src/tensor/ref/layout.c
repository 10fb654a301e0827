// Operators that move elements and do not look at them: one source for all element types.
#include "tensor/ref/ref.h"

#include <string.h>

void mkd_ref__copy(const mkd_call *call, void *scratch) {
    (void)scratch;
    size_t bytes = mkd_tensor_bytes(&call->out[0]);
    if (bytes > 0 && call->out[0].data != call->in[0].data) {
        memmove(call->out[0].data, call->in[0].data, bytes);
    }
}

#define COPY_ROW(type)                                                                             \
    for (int64_t i = 0; i < n; i++) {                                                              \
        ((type *)to)[i] = ((const type *)from)[i * step];                                          \
    }                                                                                              \
    break

static void copy_row(void *to, const void *from, int64_t step, int64_t n, size_t bytes) {
    switch (bytes) {
    case 1:
        COPY_ROW(uint8_t);
    case 2:
        COPY_ROW(uint16_t);
    case 4:
        COPY_ROW(uint32_t);
    default:
        COPY_ROW(uint64_t);
    }
}

static void copy_walk(const mkd_call *call, mkd_ref_walk w) {
    size_t bytes = mkd_dtype_bytes(call->out[0].dtype);
    char *to = call->out[0].data;
    const char *from = call->in[0].data;
    for (; w.more; mkd_ref__walk_next(&w)) {
        copy_row(to + (size_t)w.begin * bytes, from + (size_t)w.offset[0] * bytes, w.step[0], w.n,
                 bytes);
    }
}

void mkd_ref__transpose(const mkd_call *call, void *scratch) {
    (void)scratch;
    mkd_ref_walk w = mkd_ref__walk(&call->out[0].shape);
    if (call->out[0].shape.rank > 0) {
        mkd_ref__walk_permute(&w, 0, &call->in[0].shape, call->attributes->axes);
    }
    copy_walk(call, w);
}

void mkd_ref__broadcast(const mkd_call *call, void *scratch) {
    (void)scratch;
    mkd_ref_walk w = mkd_ref__walk(&call->out[0].shape);
    mkd_ref__walk_broadcast(&w, 0, &call->in[0].shape);
    copy_walk(call, w);
}

// bytes of all axes from `axis` on
static size_t chunk_bytes(const mkd_tensor *t, int axis) {
    return (size_t)mkd_ref__extent(&t->shape, axis, t->shape.rank) * mkd_dtype_bytes(t->dtype);
}

// copies a range of an axis, for each place of the axes before it
static void copy_range(char *to, size_t to_chunk, const char *from, size_t from_chunk, size_t bytes,
                       int64_t n) {
    for (int64_t i = 0; bytes > 0 && i < n; i++) {
        memcpy(to + (size_t)i * to_chunk, from + (size_t)i * from_chunk, bytes);
    }
}

void mkd_ref__concat(const mkd_call *call, void *scratch) {
    (void)scratch;
    int axis = call->attributes->axis;
    int64_t n = mkd_ref__extent(&call->out[0].shape, 0, axis);
    char *to = call->out[0].data;
    for (int i = 0; i < call->n_in; i++) {
        size_t bytes = chunk_bytes(&call->in[i], axis);
        copy_range(to, chunk_bytes(&call->out[0], axis), call->in[i].data, bytes, bytes, n);
        to += bytes;
    }
}

void mkd_ref__slice(const mkd_call *call, void *scratch) {
    (void)scratch;
    int axis = call->attributes->axis;
    size_t begin = (size_t)call->attributes->begin * chunk_bytes(&call->in[0], axis + 1);
    size_t bytes = chunk_bytes(&call->out[0], axis);
    copy_range(call->out[0].data, bytes, (const char *)call->in[0].data + begin,
               chunk_bytes(&call->in[0], axis), bytes,
               mkd_ref__extent(&call->out[0].shape, 0, axis));
}

void mkd_ref__slice_grad(const mkd_call *call, void *scratch) {
    (void)scratch;
    int axis = call->attributes->axis;
    size_t begin = (size_t)call->attributes->begin * chunk_bytes(&call->out[0], axis + 1);
    size_t bytes = chunk_bytes(&call->in[0], axis);
    size_t whole = mkd_tensor_bytes(&call->out[0]);
    if (whole > 0) {
        memset(call->out[0].data, 0, whole);
        copy_range((char *)call->out[0].data + begin, chunk_bytes(&call->out[0], axis),
                   call->in[0].data, bytes, bytes, mkd_ref__extent(&call->out[0].shape, 0, axis));
    }
}
