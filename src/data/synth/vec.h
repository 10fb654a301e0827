/// Small float vectors of the synthetic scenes; camera frame (x right, y down, z forward).
#ifndef MKD_DATA_SYNTH_VEC_H
#define MKD_DATA_SYNTH_VEC_H

#include <math.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mkd_vec3 {
    float x, y, z;
} mkd_vec3;

static inline mkd_vec3 mkd_vec3_make(double x, double y, double z) {
    mkd_vec3 v = {(float)x, (float)y, (float)z};
    return v;
}

/// a + s b
static inline mkd_vec3 mkd_vec3_madd(mkd_vec3 a, mkd_vec3 b, float s) {
    mkd_vec3 v = {a.x + s * b.x, a.y + s * b.y, a.z + s * b.z};
    return v;
}

static inline mkd_vec3 mkd_vec3_sub(mkd_vec3 a, mkd_vec3 b) {
    return mkd_vec3_madd(a, b, -1.0f);
}

static inline mkd_vec3 mkd_vec3_lerp(mkd_vec3 a, mkd_vec3 b, float s) {
    return mkd_vec3_madd(a, mkd_vec3_sub(b, a), s);
}

static inline float mkd_vec3_dot(mkd_vec3 a, mkd_vec3 b) {
    return a.x * b.x + a.y * b.y + a.z * b.z;
}

static inline mkd_vec3 mkd_vec3_cross(mkd_vec3 a, mkd_vec3 b) {
    mkd_vec3 v = {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
    return v;
}

/// The vector of length 1, or the zero vector of a vector too short to have a direction.
static inline mkd_vec3 mkd_vec3_unit(mkd_vec3 a) {
    const float length = sqrtf(mkd_vec3_dot(a, a));
    const float scale = length > 1e-12f ? 1.0f / length : 0.0f;
    mkd_vec3 v = {a.x * scale, a.y * scale, a.z * scale};
    return v;
}

static inline float mkd_clampf(float value, float low, float high) {
    return value < low ? low : value > high ? high : value;
}

/// 32-bit mix of a counter (Wellons' lowbias32): noise of textures and of the sensors.
static inline uint32_t mkd_hash32(uint32_t x) {
    x ^= x >> 16;
    x *= 0x7feb352dU;
    x ^= x >> 15;
    x *= 0x846ca68bU;
    x ^= x >> 16;
    return x;
}

/// Uniform in [0, 1) from a hash, 24 bits.
static inline float mkd_hash_unit(uint32_t x) {
    return (float)(mkd_hash32(x) >> 8) * (1.0f / 16777216.0f);
}

#ifdef __cplusplus
}
#endif

#endif
