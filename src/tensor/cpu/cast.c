// Conversion between f32 and bf16 (the upper half of an f32, rounded to nearest even).
#include <string.h>

#include "base/compiler.h"
#include "tensor/cpu/cpu.h"

typedef struct cast {
    const void *x;
    void *y;
} cast;

MKD_VECTOR_CLONES static void narrow(uint16_t *restrict y, const uint32_t *restrict x, int64_t n) {
    for (int64_t i = 0; i < n; i++) {
        uint32_t bits = x[i];
        uint32_t rounded = bits + 0x7fffu + (bits >> 16 & 1u);
        // a NaN whose upper half were 0 would become infinite
        bool is_nan = (bits & 0x7fffffffu) > 0x7f800000u;
        y[i] = (uint16_t)((is_nan ? bits | 0x400000u : rounded) >> 16);
    }
}

MKD_VECTOR_CLONES static void widen(uint32_t *restrict y, const uint16_t *restrict x, int64_t n) {
    for (int64_t i = 0; i < n; i++) {
        y[i] = (uint32_t)x[i] << 16;
    }
}

static void narrow_range(const void *task, int64_t begin, int64_t end, int thread) {
    const cast *c = task;
    (void)thread;
    narrow((uint16_t *)c->y + begin, (const uint32_t *)c->x + begin, end - begin);
}

static void widen_range(const void *task, int64_t begin, int64_t end, int thread) {
    const cast *c = task;
    (void)thread;
    widen((uint32_t *)c->y + begin, (const uint16_t *)c->x + begin, end - begin);
}

// a range of both values, through the general conversion
static void any_range(const void *task, int64_t begin, int64_t end, int thread) {
    const mkd_call *call = task;
    mkd_tensor part[2] = {call->in[0], call->out[0]};
    (void)thread;
    for (int i = 0; i < 2; i++) {
        part[i].data = (char *)part[i].data + (size_t)begin * mkd_dtype_bytes(part[i].dtype);
        part[i].shape = (mkd_shape){1, {end - begin}};
    }
    mkd_tensor_convert_into(&part[1], &part[0]);
}

void mkd_cpu__cast(const mkd_call *call, void *scratch) {
    cast c = {call->in[0].data, call->out[0].data};
    mkd_dtype from = call->in[0].dtype;
    mkd_dtype to = call->out[0].dtype;
    int64_t n = mkd_tensor_count(&call->out[0]);
    if (from == to) {
        mkd_cpu__copy(call, scratch);
    } else if (from == MKD_F32 && to == MKD_BF16) {
        mkd_cpu__parallel(narrow_range, &c, n, MKD_CPU_GRAIN);
    } else if (from == MKD_BF16 && to == MKD_F32) {
        mkd_cpu__parallel(widen_range, &c, n, MKD_CPU_GRAIN);
    } else {
        mkd_cpu__parallel(any_range, call, n, MKD_CPU_GRAIN / 4);
    }
}
