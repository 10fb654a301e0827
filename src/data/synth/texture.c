// Procedural textures of ground and houses. Every edge is blurred over a pixel's footprint, so that
// one sample a pixel does not flicker.
#include "data/synth/render.h"

static float lattice2(int32_t x, int32_t y, uint32_t seed) {
    return mkd_hash_unit((uint32_t)x * 0x9e3779b1U ^ (uint32_t)y * 0x85ebca77U ^ seed);
}

static float smooth(float t) {
    return t * t * (3.0f - 2.0f * t);
}

float mkd_noise2(float x, float y, uint32_t seed) {
    const float fx = floorf(x), fy = floorf(y), u = smooth(x - fx), v = smooth(y - fy);
    const int32_t i = (int32_t)fx, j = (int32_t)fy;
    const float low = lattice2(i, j, seed) * (1.0f - u) + lattice2(i + 1, j, seed) * u;
    const float high = lattice2(i, j + 1, seed) * (1.0f - u) + lattice2(i + 1, j + 1, seed) * u;
    return low * (1.0f - v) + high * v;
}

float mkd_noise3(mkd_vec3 p, uint32_t seed) {
    const float fz = floorf(p.z), w = smooth(p.z - fz);
    const uint32_t layer = (uint32_t)(int32_t)fz;
    const float low = mkd_noise2(p.x, p.y, seed ^ mkd_hash32(layer));
    const float high = mkd_noise2(p.x, p.y, seed ^ mkd_hash32(layer + 1U));
    return low * (1.0f - w) + high * w;
}

// share of a pixel of size `blur` at distance `from` of a stripe's middle that the stripe covers
static float stripe(float from, float half, float blur) {
    const float edge = mkd_clampf((half - fabsf(from)) / blur + 0.5f, 0.0f, 1.0f);
    return edge * fminf(1.0f, 2.0f * half / blur);
}

// 1 in the first `share` of each `period`, blurred; far away the mean
static float dashes(float s, float period, float share, float blur) {
    const float middle = s / period - floorf(s / period) - 0.5f * share;
    const float from = fminf(fabsf(middle), 1.0f - fabsf(middle)) * period;
    const float near = stripe(from, 0.5f * share * period, blur);
    const float far = mkd_clampf(2.0f * blur / period - 0.5f, 0.0f, 1.0f);
    return near * (1.0f - far) + share * far;
}

/// Footprints of a pixel on the ground: across the view and along it.
typedef struct ground_point {
    float t, s; // lateral, along
    float blur_t, blur_s;
} ground_point;

static float marking_of_road(const mkd_road *r, const ground_point *p, float from, float to) {
    const float lane = (float)r->lane_m;
    const bool inside = r->crossing_half_m > 0.0 && p->s > from && p->s < to;
    if (inside) {
        return 0.0f;
    }
    float white = stripe(p->t, 0.07f, p->blur_t);
    if (r->dashed) {
        white *= dashes(p->s, 9.0f, 0.38f, p->blur_s);
    }
    // borders of the lanes: towards parking strips dashed, else an edge line
    const float left = stripe(p->t + lane - 0.06f, 0.05f, p->blur_t);
    const float right = stripe(p->t - lane + 0.06f, 0.05f, p->blur_t);
    const float bays = dashes(p->s, 5.8f, 0.03f, p->blur_s);
    white += left * (r->parking_left_m > 0.0 ? dashes(p->s, 1.0f, 0.5f, p->blur_s) : 0.5f);
    white += right * (r->parking_right_m > 0.0 ? dashes(p->s, 1.0f, 0.5f, p->blur_s) : 0.5f);
    white += fabsf(p->t) > lane ? 0.7f * bays : 0.0f;
    if (r->crossing_half_m > 0.0) {
        const float zebra = stripe(p->s - (from - 2.6f), 1.4f, p->blur_s);
        white += zebra * dashes(p->t, 1.0f, 0.5f, p->blur_t);
        const float stop = stripe(p->s - (from - 4.7f), 0.2f, p->blur_s);
        white += p->t > 0.0f && p->t < lane ? stop : 0.0f;
    }
    return fminf(white, 1.0f);
}

static void shade_asphalt(float rgb[3], const mkd_scene *scene, const ground_point *p,
                          float white) {
    const mkd_material *m = &scene->materials[MKD_MATERIAL_GROUND];
    const mkd_road *r = &scene->road;
    const float fade = mkd_clampf(1.3f - 12.0f * p->blur_t, 0.0f, 1.0f);
    float tone = 0.80f + 0.34f * mkd_noise2(0.22f * p->t, 0.07f * p->s, m->seed);
    tone += 0.10f * (mkd_noise2(1.9f * p->t, 0.5f * p->s, m->seed + 1U) - 0.5f);
    tone += 0.35f * fade * (mkd_noise2(31.0f * p->t, 31.0f * p->s, m->seed + 2U) - 0.5f);
    // the wheels of others polished two tracks a lane
    const float lane = (float)r->lane_m, in_lane = fabsf(fabsf(p->t) - 0.5f * lane);
    tone *= 1.0f + 0.10f * stripe(in_lane - 0.75f, 0.3f, 0.5f);
    // repaired patches
    const float patch = mkd_noise2(0.35f * p->t + 7.0f, 0.11f * p->s, m->seed + 3U);
    tone *= patch > 0.80f - 0.12f * r->wear ? 0.78f : 1.0f;
    const float crack = fabsf(mkd_noise2(0.7f * p->t, 0.12f * p->s, m->seed + 4U) - 0.5f);
    tone *= 1.0f - 0.35f * r->wear * fade * mkd_clampf(1.0f - crack / 0.006f, 0.0f, 1.0f);
    const float worn = 0.65f + 0.35f * mkd_noise2(6.0f * p->t, 6.0f * p->s, m->seed + 5U);
    for (unsigned c = 0; c < 3; c++) {
        const float asphalt = m->rgb[c] * tone;
        rgb[c] = asphalt + (0.62f - asphalt) * white * worn;
    }
}

static void shade_sidewalk(float rgb[3], const mkd_scene *scene, const ground_point *p,
                           float from_kerb) {
    const uint32_t seed = scene->materials[MKD_MATERIAL_GROUND].seed;
    const float size = 0.4f + 0.5f * mkd_hash_unit(seed + 11U);
    const float fade = mkd_clampf(1.5f - 3.0f * p->blur_s / size, 0.0f, 1.0f);
    const float joint =
        fmaxf(dashes(p->t, size, 0.05f, p->blur_t), dashes(p->s, size, 0.05f, p->blur_s));
    const float slab = mkd_hash_unit((uint32_t)(int32_t)floorf(p->t / size) * 7919U ^
                                     (uint32_t)(int32_t)floorf(p->s / size) * 104729U ^ seed);
    float tone = 0.88f + 0.22f * mkd_noise2(0.5f * p->t, 0.2f * p->s, seed + 12U);
    tone += 0.10f * fade * (slab - 0.5f);
    tone *= 1.0f - 0.35f * joint * fade;
    const float warm = 0.05f * mkd_hash_unit(seed + 13U);
    const float base = from_kerb < 0.16f ? 0.33f : 0.25f;
    rgb[0] = (base + warm) * tone;
    rgb[1] = (base + 0.5f * warm) * tone;
    rgb[2] = (base - 0.01f) * tone;
}

static void shade_verge(float rgb[3], const mkd_scene *scene, const ground_point *p) {
    const uint32_t seed = scene->materials[MKD_MATERIAL_GROUND].seed;
    const float fade = mkd_clampf(1.3f - 6.0f * p->blur_t, 0.0f, 1.0f);
    const float dry = mkd_clampf(mkd_noise2(0.13f * p->t, 0.10f * p->s, seed + 21U) +
                                     0.6f * (mkd_hash_unit(seed + 22U) - 0.6f),
                                 0.0f, 1.0f);
    float tone = 0.75f + 0.5f * mkd_noise2(0.9f * p->t, 0.9f * p->s, seed + 23U);
    tone += 0.7f * fade * (mkd_noise2(17.0f * p->t, 13.0f * p->s, seed + 24U) - 0.5f);
    static const float grass[3] = {.075f, .115f, .032f}, soil[3] = {.21f, .185f, .14f};
    for (unsigned c = 0; c < 3; c++) {
        rgb[c] = (grass[c] + (soil[c] - grass[c]) * dry * dry) * tone;
    }
}

void mkd_shade_ground(float rgb[3], const mkd_scene *scene, const mkd_hit *hit) {
    const mkd_road *r = &scene->road;
    const float slant = fmaxf(fabsf(mkd_vec3_dot(hit->view, hit->normal)), 0.01f);
    const ground_point p = {hit->uv[0], hit->uv[1], hit->footprint_m + 0.005f,
                            hit->footprint_m / slant + 0.005f};
    const float left = (float)r->left_m, right = (float)r->right_m;
    const float from = (float)(r->crossing_m - r->crossing_half_m);
    const float to = (float)(r->crossing_m + r->crossing_half_m);
    const float outside = fmaxf(left - p.t, p.t - right);
    if (outside < -0.003f) { // the kerb's face counts as kerb
        shade_asphalt(rgb, scene, &p, marking_of_road(r, &p, from, to));
    } else if (r->crossing_half_m > 0.0 && p.s > from && p.s < to) {
        const float middle = stripe(p.s - 0.5f * (from + to), 0.06f, p.blur_s);
        shade_asphalt(rgb, scene, &p, middle * dashes(p.t, 9.0f, 0.4f, p.blur_t));
    } else if (outside < (float)r->sidewalk_m) {
        shade_sidewalk(rgb, scene, &p, outside);
    } else {
        shade_verge(rgb, scene, &p);
    }
}

/// Position in a cell of a facade, a window's share of it.
static void shade_window(float rgb[3], const mkd_material *m, const float at[2], uint32_t cell,
                         bool cross) {
    const float bar = cross ? fminf(fabsf(at[0]), fabsf(at[1] - 0.35f)) : 1.0f;
    const float edge = fminf(1.0f - fabsf(at[0]), 1.0f - fabsf(at[1]));
    const float kind = mkd_hash_unit(cell + 3U);
    const float frame = mkd_hash_unit(m->seed + 5U) < 0.7f ? 0.62f : 0.10f;
    for (unsigned c = 0; c < 3; c++) {
        rgb[c] = kind < 0.25f   ? 0.30f * (0.7f + mkd_hash_unit(cell + 4U)) // curtain
                 : kind < 0.38f ? m->rgb[c] * 0.55f                         // shutter
                                : 0.035f + 0.02f * (float)c;
        if (edge < 0.10f || bar < 0.05f) {
            rgb[c] = frame;
        }
    }
}

void mkd_shade_facade(float rgb[3], float *glass, const mkd_hit *hit) {
    const mkd_material *m = hit->material;
    const float u = hit->uv[0] / m->param[0], v = (hit->uv[1] - 0.8f) / m->param[1];
    const float fu = floorf(u), fv = floorf(v);
    const float slant = fmaxf(fabsf(mkd_vec3_dot(hit->view, hit->normal)), 0.05f);
    const float blur = hit->footprint_m / slant;
    // -1..1 within the window's rectangle
    const float in[2] = {(u - fu - 0.5f) / (0.5f * m->param[2]),
                         (v - fv - 0.55f) / (0.5f * m->param[3])};
    const uint32_t cell = mkd_hash32(
        m->seed ^ mkd_hash32((uint32_t)(int32_t)fu * 31U + (uint32_t)(int32_t)fv * 977U));
    const float grime = mkd_noise2(0.35f * hit->uv[0], 0.12f * hit->uv[1], m->seed + 1U);
    const float fine = mkd_noise2(7.0f * hit->uv[0], 7.0f * hit->uv[1], m->seed + 2U);
    const float fade = mkd_clampf(1.2f - 4.0f * blur, 0.0f, 1.0f);
    const bool base = hit->uv[1] < 1.3f;
    const float tone =
        (0.82f + 0.26f * grime + 0.10f * fade * (fine - 0.5f)) * (base ? 0.72f : 1.0f);
    float window[3] = {0, 0, 0};
    float cover = 0.0f;
    *glass = 0.0f;
    if (v > 0.0f && fabsf(in[0]) < 1.4f && fabsf(in[1]) < 1.4f) {
        const float soft_u = blur / (0.5f * m->param[2] * m->param[0]) + 1e-4f;
        const float soft_v = hit->footprint_m / (0.5f * m->param[3] * m->param[1]) + 1e-4f;
        cover = stripe(in[0], 1.0f, soft_u) * stripe(in[1], 1.0f, soft_v);
        const float at[2] = {mkd_clampf(in[0], -1.0f, 1.0f), mkd_clampf(in[1], -1.0f, 1.0f)};
        shade_window(window, m, at, cell, blur < 0.08f);
        *glass = window[0] < 0.05f ? cover : 0.0f;
    }
    // a sill of light stone
    const bool sill = v > 0.0f && fabsf(in[0]) < 1.12f && in[1] < -1.0f && in[1] > -1.12f;
    for (unsigned c = 0; c < 3; c++) {
        const float wall = sill && blur < 0.06f ? 0.5f : m->rgb[c] * tone;
        rgb[c] = wall + (window[c] - wall) * cover;
    }
}
