// Conversion goes through chunks of one of two wide types: int64 for integers, double for reals, so
// that every pair of types costs one load loop and one store loop and no integer loses a bit on its
// way to another. A double becomes f16 or bf16 by way of an f32 rounded to odd (Boldo and
// Melquiond, 2008): the second rounding, to nearest even, then gives what one rounding would.

#include "tensor/tensor.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/status.h"

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "tensors, files and kernels are little-endian"
#endif

enum { CHUNK = 512 };


mkd_shape mkd_shape_of(int rank, const int64_t *extents) {
    mkd_shape shape = {.rank = rank};
    if (rank < 0 || rank > MKD_MAX_RANK) {
        shape.rank = -1; // no shape: its count is -1 and nothing can be made of it
        return shape;
    }
    for (int i = 0; i < rank; i++) {
        shape.at[i] = extents[i];
    }
    return shape;
}

int64_t mkd_shape_count(const mkd_shape *shape) {
    if (shape->rank < 0 || shape->rank > MKD_MAX_RANK) {
        return -1;
    }
    // extents of zero do not hide an overflow of the others
    int64_t product = 1;
    bool empty = false;
    for (int i = 0; i < shape->rank; i++) {
        int64_t extent = shape->at[i];
        if (extent < 0 || (extent > 0 && product > INT64_MAX / extent)) {
            return -1;
        }
        empty |= extent == 0;
        product *= extent > 0 ? extent : 1;
    }
    return empty ? 0 : product;
}

bool mkd_shape_equal(const mkd_shape *a, const mkd_shape *b) {
    if (a->rank != b->rank) {
        return false;
    }
    for (int i = 0; i < a->rank; i++) {
        if (a->at[i] != b->at[i]) {
            return false;
        }
    }
    return true;
}

const char *mkd_shape_text(char text[MKD_SHAPE_TEXT_BYTES], const mkd_shape *shape) {
    if (shape->rank < 0 || shape->rank > MKD_MAX_RANK) {
        snprintf(text, MKD_SHAPE_TEXT_BYTES, "[?]");
        return text;
    }
    char *at = text;
    *at++ = '[';
    for (int i = 0; i < shape->rank; i++) {
        at += snprintf(at, MKD_SHAPE_TEXT_BYTES - (size_t)(at - text), "%s%lld", i ? "," : "",
                       (long long)shape->at[i]);
    }
    *at++ = ']';
    *at = '\0';
    return text;
}


int mkd_tensor_new(mkd_tensor *out, mkd_dtype dtype, mkd_shape shape) {
    *out = (mkd_tensor){0};
    size_t bytes = mkd_dtype_bytes(dtype);
    if (bytes == 0) {
        MKD_FAIL(MKD_EINVAL, "tensor: found element type %d, expected 0 to %d", (int)dtype,
                 MKD_N_DTYPES - 1);
    }
    int64_t count = mkd_shape_count(&shape);
    if (count < 0 || (uint64_t)count > SIZE_MAX / 2 / bytes) {
        char text[MKD_SHAPE_TEXT_BYTES];
        MKD_FAIL(MKD_EINVAL,
                 "tensor: found shape %s of %s, expected at most %d extents of 0 or more and a "
                 "size that fits in memory",
                 mkd_shape_text(text, &shape), mkd_dtype_name(dtype), MKD_MAX_RANK);
    }
    void *data = mkd_alloc((size_t)count * bytes);
    if (!data) {
        return MKD_ENOMEM;
    }
    *out = (mkd_tensor){.dtype = dtype, .shape = shape, .data = data, .owned = true};
    return 0;
}

void mkd_tensor_free(mkd_tensor *tensor) {
    if (!tensor) {
        return;
    }
    if (tensor->owned) {
        mkd_free(tensor->data);
    }
    *tensor = (mkd_tensor){0};
}

int64_t mkd_tensor_count(const mkd_tensor *tensor) {
    return mkd_shape_count(&tensor->shape);
}

size_t mkd_tensor_bytes(const mkd_tensor *tensor) {
    int64_t count = mkd_tensor_count(tensor);
    return count < 0 ? 0 : (size_t)count * mkd_dtype_bytes(tensor->dtype);
}


/// Copies `n` elements that lie `stride` elements apart.
static void gather(char *out, const char *in, int64_t n, int64_t stride, size_t bytes) {
    switch (bytes) {
    case 1:
        for (int64_t i = 0; i < n; i++) {
            out[i] = in[i * stride];
        }
        break;
    case 2:
        for (int64_t i = 0; i < n; i++) {
            memcpy(out + 2 * i, in + 2 * i * stride, 2);
        }
        break;
    case 4:
        for (int64_t i = 0; i < n; i++) {
            memcpy(out + 4 * i, in + 4 * i * stride, 4);
        }
        break;
    default:
        for (int64_t i = 0; i < n; i++) {
            memcpy(out + 8 * i, in + 8 * i * stride, 8);
        }
        break;
    }
}

static int check_order(const mkd_shape *shape, const int *order) {
    unsigned seen = 0;
    for (int i = 0; i < shape->rank; i++) {
        int axis = order[i];
        if (axis < 0 || axis >= shape->rank || (seen >> axis & 1u)) {
            MKD_FAIL(MKD_EINVAL,
                     "transpose: found axis %d at place %d, expected each of 0 to %d once", axis, i,
                     shape->rank - 1);
        }
        seen |= 1u << axis;
    }
    return 0;
}

int mkd_tensor_transpose(mkd_tensor *out, const mkd_tensor *in, const int *order) {
    int rank = in->shape.rank;
    *out = (mkd_tensor){0};
    if (mkd_tensor_count(in) < 0) {
        MKD_FAIL(MKD_EINVAL, "transpose: found a tensor without a valid shape");
    }
    MKD_TRY(check_order(&in->shape, order));
    int64_t in_stride[MKD_MAX_RANK], stride[MKD_MAX_RANK], at[MKD_MAX_RANK] = {0};
    mkd_shape shape = {.rank = rank};
    for (int64_t axis = rank - 1, step = 1; axis >= 0; axis--) {
        in_stride[axis] = step;
        step *= in->shape.at[axis];
    }
    for (int i = 0; i < rank; i++) {
        shape.at[i] = in->shape.at[order[i]];
        stride[i] = in_stride[order[i]];
    }
    MKD_TRY(mkd_tensor_new(out, in->dtype, shape));
    size_t bytes = mkd_dtype_bytes(in->dtype);
    int64_t inner = rank ? shape.at[rank - 1] : 1, inner_stride = rank ? stride[rank - 1] : 1;
    int64_t outer = inner ? mkd_shape_count(&shape) / inner : 0;
    char *to = out->data;
    const char *from = in->data;
    for (int64_t row = 0; row < outer; row++) {
        int64_t offset = 0;
        for (int i = 0; i < rank - 1; i++) {
            offset += at[i] * stride[i];
        }
        gather(to, from + (size_t)offset * bytes, inner, inner_stride, bytes);
        to += (size_t)inner * bytes;
        for (int i = rank - 2; i >= 0 && ++at[i] == shape.at[i]; i--) {
            at[i] = 0;
        }
    }
    return 0;
}


static uint32_t bits_of(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static float float_of(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

uint16_t mkd_bf16_from_f32(float value) {
    uint32_t bits = bits_of(value);
    if (isnan(value)) {
        return (uint16_t)(bits >> 16 |
                          0x40); // quiet; the payload's low bits may not make it infinite
    }
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

float mkd_f32_from_bf16(uint16_t bits) {
    return float_of((uint32_t)bits << 16);
}

uint16_t mkd_f16_from_f32(float value) {
    uint32_t bits = bits_of(value), sign = bits >> 16 & 0x8000, magnitude = bits & 0x7fffffff;
    if (magnitude > 0x7f800000) {
        return (uint16_t)(sign | 0x7e00 | (magnitude >> 13 & 0x3ff));
    }
    if (magnitude >= 0x47800000) { // 2^16 and more
        return (uint16_t)(sign | 0x7c00);
    }
    if (magnitude < 0x38800000) {
        // below 2^-14: the adder of the FPU rounds to multiples of 2^-24 when 0.5 is added
        return (uint16_t)(sign | (bits_of(float_of(magnitude) + 0.5f) - bits_of(0.5f)));
    }
    uint32_t rebiased = magnitude - (112u << 23); // exponent bias 127 to 15
    return (uint16_t)(sign | (rebiased + 0xfff + (rebiased >> 13 & 1)) >> 13);
}

float mkd_f32_from_f16(uint16_t half) {
    uint32_t sign = (uint32_t)(half & 0x8000) << 16, exponent = half >> 10 & 0x1f;
    uint32_t fraction = half & 0x3ffu;
    if (exponent == 0) {
        float tiny = (float)fraction * 0x1p-24f;
        return float_of(bits_of(tiny) | sign);
    }
    if (exponent == 31) {
        return float_of(sign | 0x7f800000 | fraction << 13);
    }
    return float_of(sign | (exponent + 112) << 23 | fraction << 13);
}

/// The nearest float toward zero, with its last bit set if anything was cut off.
static float f32_round_to_odd(double value) {
    float nearest = (float)value;
    if (isnan(value) || (double)nearest == value) {
        return nearest;
    }
    uint32_t bits = bits_of(nearest);
    if (fabs((double)nearest) > fabs(value)) {
        bits--;
    }
    return float_of(bits | 1);
}


static bool is_real(mkd_dtype dtype) {
    return dtype == MKD_F32 || dtype == MKD_F64 || dtype == MKD_BF16 || dtype == MKD_F16;
}

#define LOAD(type, expression)                                                                     \
    for (size_t i = 0; i < n; i++) {                                                               \
        type x = ((const type *)in)[i];                                                            \
        out[i] = (expression);                                                                     \
    }                                                                                              \
    break

static void load_reals(double *out, const void *in, mkd_dtype dtype, size_t n) {
    switch (dtype) {
    case MKD_F32:
        LOAD(float, (double)x);
    case MKD_F64:
        LOAD(double, x);
    case MKD_BF16:
        LOAD(uint16_t, (double)mkd_f32_from_bf16(x));
    default:
        LOAD(uint16_t, (double)mkd_f32_from_f16(x));
    }
}

static void load_integers(int64_t *out, const void *in, mkd_dtype dtype, size_t n) {
    switch (dtype) {
    case MKD_I8:
        LOAD(int8_t, x);
    case MKD_U8:
        LOAD(uint8_t, x);
    case MKD_I16:
        LOAD(int16_t, x);
    case MKD_U16:
        LOAD(uint16_t, x);
    case MKD_I32:
        LOAD(int32_t, x);
    case MKD_I64:
        LOAD(int64_t, x);
    default:
        LOAD(uint8_t, x != 0);
    }
}

#undef LOAD

/// Fraction dropped, range saturated, NaN 0.
static int64_t integer_of(double x, int64_t low, int64_t high) {
    if (isnan(x)) {
        return 0;
    }
    // (double)INT64_MAX is 2^63: a value that reaches it is out of range already
    return x <= (double)low ? low : x >= (double)high ? high : (int64_t)x;
}

static int64_t clamp(int64_t x, int64_t low, int64_t high) {
    return x < low ? low : x > high ? high : x;
}

#define STORE(type, expression)                                                                    \
    for (size_t i = 0; i < n; i++) {                                                               \
        ((type *)out)[i] = (type)(expression);                                                     \
    }                                                                                              \
    break

static void store_reals(void *out, const double *in, mkd_dtype dtype, size_t n) {
    switch (dtype) {
    case MKD_F32:
        STORE(float, in[i]);
    case MKD_F64:
        STORE(double, in[i]);
    case MKD_BF16:
        STORE(uint16_t, mkd_bf16_from_f32(f32_round_to_odd(in[i])));
    case MKD_F16:
        STORE(uint16_t, mkd_f16_from_f32(f32_round_to_odd(in[i])));
    case MKD_I8:
        STORE(int8_t, integer_of(in[i], INT8_MIN, INT8_MAX));
    case MKD_U8:
        STORE(uint8_t, integer_of(in[i], 0, UINT8_MAX));
    case MKD_I16:
        STORE(int16_t, integer_of(in[i], INT16_MIN, INT16_MAX));
    case MKD_U16:
        STORE(uint16_t, integer_of(in[i], 0, UINT16_MAX));
    case MKD_I32:
        STORE(int32_t, integer_of(in[i], INT32_MIN, INT32_MAX));
    case MKD_I64:
        STORE(int64_t, integer_of(in[i], INT64_MIN, INT64_MAX));
    default:
        STORE(uint8_t, !(fabs(in[i]) <= 0)); // NaN is true, as everywhere
    }
}

static void store_integers(void *out, const int64_t *in, mkd_dtype dtype, size_t n) {
    switch (dtype) {
    case MKD_F32:
        STORE(float, in[i]);
    case MKD_F64:
        STORE(double, in[i]);
    case MKD_BF16:
        STORE(uint16_t, mkd_bf16_from_f32(f32_round_to_odd((double)in[i])));
    case MKD_F16:
        STORE(uint16_t, mkd_f16_from_f32(f32_round_to_odd((double)in[i])));
    case MKD_I8:
        STORE(int8_t, clamp(in[i], INT8_MIN, INT8_MAX));
    case MKD_U8:
        STORE(uint8_t, clamp(in[i], 0, UINT8_MAX));
    case MKD_I16:
        STORE(int16_t, clamp(in[i], INT16_MIN, INT16_MAX));
    case MKD_U16:
        STORE(uint16_t, clamp(in[i], 0, UINT16_MAX));
    case MKD_I32:
        STORE(int32_t, clamp(in[i], INT32_MIN, INT32_MAX));
    case MKD_I64:
        STORE(int64_t, in[i]);
    default:
        STORE(uint8_t, in[i] != 0);
    }
}

#undef STORE

static void convert_chunk(char *to, const char *from, mkd_dtype out, mkd_dtype in, size_t n) {
    if (is_real(in)) {
        double wide[CHUNK];
        load_reals(wide, from, in, n);
        store_reals(to, wide, out, n);
    } else {
        int64_t wide[CHUNK];
        load_integers(wide, from, in, n);
        store_integers(to, wide, out, n);
    }
}

void mkd_tensor_convert_into(const mkd_tensor *out, const mkd_tensor *in) {
    size_t count = (size_t)mkd_tensor_count(in);
    if (out->dtype == in->dtype) {
        if (count > 0 && out->data != in->data) {
            memmove(out->data, in->data, mkd_tensor_bytes(in));
        }
        return;
    }
    size_t to_bytes = mkd_dtype_bytes(out->dtype), from_bytes = mkd_dtype_bytes(in->dtype);
    for (size_t i = 0; i < count; i += CHUNK) {
        size_t n = count - i < CHUNK ? count - i : CHUNK;
        convert_chunk((char *)out->data + i * to_bytes, (const char *)in->data + i * from_bytes,
                      out->dtype, in->dtype, n);
    }
}

int mkd_tensor_convert(mkd_tensor *out, const mkd_tensor *in, mkd_dtype dtype) {
    MKD_TRY(mkd_tensor_new(out, dtype, in->shape));
    mkd_tensor_convert_into(out, in);
    return 0;
}
