// Light: one sun with hard shadows, a sky from above and a bounce from the ground, Fresnel
// reflections of the sky on paint and glass (Schlick's approximation), and haze. Nothing here is
// measured; it only has to give a detector the cues that photographs give.
#include "data/synth/render.h"

void mkd_hit_make(mkd_hit *out, const mkd_scene *scene, const mkd_ray_packet *rays, unsigned i) {
    const mkd_mesh_face *face = &scene->mesh.faces[rays->face[i]];
    const mkd_mesh_vertex *v = scene->mesh.vertices;
    const mkd_mesh_vertex *a = &v[face->vertex[0]], *b = &v[face->vertex[1]];
    const mkd_mesh_vertex *c = &v[face->vertex[2]];
    const float wb = rays->u[i], wc = rays->v[i], wa = 1.0f - wb - wc;
    const mkd_vec3 direction = {rays->dir_x[i], rays->dir_y[i], rays->dir_z[i]};
    const mkd_vec3 origin = {rays->org_x[i], rays->org_y[i], rays->org_z[i]};
    const float length = sqrtf(mkd_vec3_dot(direction, direction));
    out->at_m = mkd_vec3_madd(origin, direction, rays->t[i]);
    out->distance_m = rays->t[i] * length;
    out->view = mkd_vec3_unit(direction);
    mkd_vec3 normal = {0, 0, 0};
    normal = mkd_vec3_madd(normal, a->normal, wa);
    normal = mkd_vec3_madd(normal, b->normal, wb);
    normal = mkd_vec3_unit(mkd_vec3_madd(normal, c->normal, wc));
    const float facing = mkd_vec3_dot(normal, out->view) > 0.0f ? -1.0f : 1.0f;
    out->normal = mkd_vec3_make((double)(facing * normal.x), (double)(facing * normal.y),
                                (double)(facing * normal.z));
    out->uv[0] = wa * a->uv[0] + wb * b->uv[0] + wc * c->uv[0];
    out->uv[1] = wa * a->uv[1] + wb * b->uv[1] + wc * c->uv[1];
    out->footprint_m = rays->t[i] / (float)scene->camera.projection[0];
    out->material = &scene->materials[face->material];
    out->object = face->object;
}

void mkd_shade_sky(float rgb[3], const mkd_scene *scene, mkd_vec3 direction) {
    const mkd_light *l = &scene->light;
    const float up = mkd_clampf(-direction.y, 0.0f, 1.0f), mix = 1.0f - (1.0f - up) * (1.0f - up);
    float cloud = 0.0f;
    if (up > 0.01f && l->cloud > 0.0f) {
        const float x = direction.x / (up + 0.08f), z = direction.z / (up + 0.08f);
        cloud = 0.55f * mkd_noise2(0.7f * x, 0.7f * z, l->seed) +
                0.30f * mkd_noise2(1.9f * x, 1.9f * z, l->seed + 1U) +
                0.15f * mkd_noise2(4.7f * x, 4.7f * z, l->seed + 2U);
        cloud = mkd_clampf(4.0f * (cloud - 0.78f + 0.5f * l->cloud), 0.0f, 1.0f);
        cloud *= mkd_clampf(6.0f * up, 0.0f, 1.0f);
    }
    const float toward = fmaxf(mkd_vec3_dot(direction, l->to_sun), 0.0f);
    const float glow = 0.25f * toward * toward * toward * toward;
    for (unsigned c = 0; c < 3; c++) {
        const float clear = l->horizon[c] + (l->zenith[c] - l->horizon[c]) * mix;
        rgb[c] = clear + (1.08f - clear) * cloud + glow * l->sun[c] * 0.4f;
    }
}

// what a mirror would show: the sky, or the dark of houses and trees near the horizon
static void reflect(float rgb[3], const mkd_scene *scene, const mkd_hit *hit) {
    const float scale = -2.0f * mkd_vec3_dot(hit->view, hit->normal);
    const mkd_vec3 mirrored = mkd_vec3_madd(hit->view, hit->normal, scale);
    const float open = mkd_clampf((-mirrored.y - 0.12f) * 5.0f, 0.0f, 1.0f);
    const float low = mkd_clampf((-mirrored.y + 0.02f) * 20.0f, 0.0f, 1.0f);
    mkd_shade_sky(rgb, scene, mirrored);
    for (unsigned c = 0; c < 3; c++) {
        const float street = low > 0.5f ? 0.20f : 0.13f;
        rgb[c] = rgb[c] * open + street * scene->light.ambient_up[c] * (1.0f - open);
    }
}

static float fresnel(float facing, float at_normal) {
    const float x = 1.0f - mkd_clampf(facing, 0.0f, 1.0f), x2 = x * x;
    return at_normal + (1.0f - at_normal) * x2 * x2 * x;
}

/// What a texture says about a point.
typedef struct look {
    float rgb[3]; // diffuse reflectance
    float mirror; // reflectance at normal incidence of a clear coat, 0: none
    float shines; // light of its own, in units of the reflectance
    float dim;    // of the ambient light: crevices
} look;

static void copy_rgb(look *out, const mkd_material *m, float scale) {
    for (unsigned c = 0; c < 3; c++) {
        out->rgb[c] = m->rgb[c] * scale;
    }
}

static void look_of_matte(look *out, const mkd_scene *scene, const mkd_hit *hit) {
    (void)scene;
    copy_rgb(out, hit->material, 1.0f);
}

static void look_of_ground(look *out, const mkd_scene *scene, const mkd_hit *hit) {
    mkd_shade_ground(out->rgb, scene, hit);
}

static void look_of_facade(look *out, const mkd_scene *scene, const mkd_hit *hit) {
    (void)scene;
    float glass;
    mkd_shade_facade(out->rgb, &glass, hit);
    out->mirror = 0.09f * glass;
}

static void look_of_roof(look *out, const mkd_scene *scene, const mkd_hit *hit) {
    (void)scene;
    const float row = hit->uv[1] * 3.2f, shade = row - floorf(row);
    const float fade = mkd_clampf(1.2f - 6.0f * hit->footprint_m, 0.0f, 1.0f);
    copy_rgb(out, hit->material, 1.0f - 0.35f * fade * (shade > 0.75f ? 1.0f : 0.3f * shade));
}

static void look_of_bark(look *out, const mkd_scene *scene, const mkd_hit *hit) {
    (void)scene;
    const mkd_vec3 p = {11.0f * hit->at_m.x, 2.5f * hit->at_m.y, 11.0f * hit->at_m.z};
    copy_rgb(out, hit->material, 0.6f + 0.8f * mkd_noise3(p, hit->material->seed));
}

static void look_of_paint(look *out, const mkd_scene *scene, const mkd_hit *hit) {
    (void)scene;
    copy_rgb(out, hit->material, 1.0f);
    out->mirror = 0.05f;
}

static void look_of_glass(look *out, const mkd_scene *scene, const mkd_hit *hit) {
    (void)scene;
    copy_rgb(out, hit->material, 1.0f);
    out->mirror = 0.07f;
}

static void look_of_lamp(look *out, const mkd_scene *scene, const mkd_hit *hit) {
    (void)scene;
    // a bulb in the middle of a darker housing
    const float u = 2.0f * hit->uv[0] - 1.0f, v = 2.0f * hit->uv[1] - 1.0f;
    const float bulb = mkd_clampf(1.35f - u * u - v * v, 0.0f, 1.0f);
    copy_rgb(out, hit->material, 0.45f + 0.55f * bulb);
    out->mirror = 0.08f;
    out->shines = 0.35f * bulb;
}

static void look_of_panes(look *out, const mkd_scene *scene, const mkd_hit *hit) {
    (void)scene;
    const mkd_material *m = hit->material;
    const float u = hit->uv[0] * m->param[0], in = u - floorf(u);
    const float edge_u = fminf(in, 1.0f - in) / (m->param[1] * m->param[0]);
    const float edge_v = fminf(hit->uv[1], 1.0f - hit->uv[1]) / m->param[2];
    const bool frame = fminf(edge_u, edge_v) < 1.0f;
    if (frame) {
        copy_rgb(out, m, 1.0f);
        out->mirror = 0.05f;
        return;
    }
    // dark seats shine through in the lower half
    const float seat = hit->uv[1] < 0.55f ? 0.010f : 0.022f;
    out->rgb[0] = seat;
    out->rgb[1] = seat * 1.06f;
    out->rgb[2] = seat * 1.08f;
    out->mirror = 0.07f;
}

static void look_of_rim(look *out, const mkd_scene *scene, const mkd_hit *hit) {
    (void)scene;
    const float r = sqrtf(hit->uv[0] * hit->uv[0] + hit->uv[1] * hit->uv[1]);
    const float angle = atan2f(hit->uv[1], hit->uv[0]) * (5.0f / 6.2831853f);
    const float spoke = fabsf(angle - floorf(angle) - 0.5f);
    const bool metal = r > 0.85f || r < 0.25f || spoke < 0.22f;
    copy_rgb(out, hit->material, metal ? 1.0f : 0.08f);
    out->mirror = metal ? 0.10f : 0.0f;
}

static void look_of_plate(look *out, const mkd_scene *scene, const mkd_hit *hit) {
    (void)scene;
    // a blue band and the letters' mean
    const float u = hit->uv[0], v = hit->uv[1];
    const bool letters = u > 0.14f && u < 0.94f && v > 0.2f && v < 0.8f;
    const bool ink = letters && sinf(u * 70.0f) * sinf(u * 31.0f + 1.0f) > -0.15f;
    copy_rgb(out, hit->material, ink ? 0.25f : 1.0f);
    if (u < 0.10f) {
        out->rgb[0] *= 0.06f;
        out->rgb[1] *= 0.12f;
    }
}

static void look_of_leaves(look *out, const mkd_scene *scene, const mkd_hit *hit) {
    (void)scene;
    const mkd_material *m = hit->material;
    const float fade = mkd_clampf(1.3f - 5.0f * hit->footprint_m, 0.15f, 1.0f);
    mkd_vec3 p = hit->at_m;
    p.x *= 2.3f;
    p.y *= 2.3f;
    p.z *= 2.3f;
    const float coarse = mkd_noise3(p, m->seed);
    p.x *= 4.7f;
    p.y *= 4.7f;
    p.z *= 4.7f;
    const float fine = mkd_noise3(p, m->seed + 1U);
    const float tone = 0.45f + 0.75f * coarse + fade * 1.1f * (fine - 0.5f);
    copy_rgb(out, m, fmaxf(tone, 0.10f));
    out->dim = mkd_clampf(0.35f + coarse, 0.3f, 1.0f);
}

static void look_of_sign(look *out, const mkd_scene *scene, const mkd_hit *hit) {
    (void)scene;
    const float r = sqrtf(hit->uv[0] * hit->uv[0] + hit->uv[1] * hit->uv[1]);
    copy_rgb(out, hit->material, 1.0f);
    if (r < 0.74f) {
        const bool bar = fabsf(hit->uv[1]) < 0.18f && fabsf(hit->uv[0]) < 0.5f;
        out->rgb[0] = out->rgb[1] = out->rgb[2] = bar ? 0.05f : 0.68f;
    }
}

typedef void (*look_function)(look *out, const mkd_scene *scene, const mkd_hit *hit);

static const look_function looks[] = {
    [MKD_SURFACE_MATTE] = look_of_matte,   [MKD_SURFACE_GROUND] = look_of_ground,
    [MKD_SURFACE_FACADE] = look_of_facade, [MKD_SURFACE_ROOF] = look_of_roof,
    [MKD_SURFACE_BARK] = look_of_bark,     [MKD_SURFACE_LEAVES] = look_of_leaves,
    [MKD_SURFACE_PAINT] = look_of_paint,   [MKD_SURFACE_GLASS] = look_of_glass,
    [MKD_SURFACE_PANES] = look_of_panes,   [MKD_SURFACE_RIM] = look_of_rim,
    [MKD_SURFACE_PLATE] = look_of_plate,   [MKD_SURFACE_LAMP] = look_of_lamp,
    [MKD_SURFACE_SIGN] = look_of_sign,
};

// the ground is dark under an object and a little around it
static float contact(const mkd_scene *scene, const mkd_hit *hit) {
    float open = 1.0f;
    for (size_t i = 0; i < scene->n_objects; i++) {
        const mkd_scene_object *o = &scene->objects[i];
        const float dx = hit->at_m.x - (float)o->box.x_m, dz = hit->at_m.z - (float)o->box.z_m;
        const float reach = 0.5f * (float)(o->box.length_m + o->box.width_m) + 1.0f;
        if (fabsf(dx) > reach || fabsf(dz) > reach) {
            continue;
        }
        const float along = o->cos_yaw * dx - o->sin_yaw * dz;
        const float side = o->sin_yaw * dx + o->cos_yaw * dz;
        const float out_x = fmaxf(fabsf(along) - 0.5f * (float)o->box.length_m, -0.45f);
        const float out_z = fmaxf(fabsf(side) - 0.5f * (float)o->box.width_m, -0.45f);
        const float soft = o->class_id <= MKD_SYNTH_TRUCK ? 0.45f : 0.22f;
        const float depth = o->class_id <= MKD_SYNTH_TRUCK ? 0.85f : 0.55f;
        const float from = fmaxf(out_x, out_z) / soft;
        const float cover = mkd_clampf(0.5f - 0.5f * from, 0.0f, 1.0f);
        open *= 1.0f - depth * cover * cover * (3.0f - 2.0f * cover);
    }
    return open;
}

static void add_haze(float rgb[3], const mkd_scene *scene, const mkd_hit *hit) {
    const float haze = 1.0f - expf(-hit->distance_m * scene->light.haze_per_m);
    for (unsigned c = 0; c < 3; c++) {
        rgb[c] += (scene->light.horizon[c] * 0.95f - rgb[c]) * haze;
    }
}

void mkd_shade_hit(float rgb[3], const mkd_scene *scene, const mkd_hit *hit, float sun) {
    const mkd_light *l = &scene->light;
    look it = {.dim = 1.0f};
    looks[hit->material->surface](&it, scene, hit);
    if (hit->material->surface == MKD_SURFACE_GROUND) {
        it.dim *= contact(scene, hit);
    }
    const float direct = sun * fmaxf(mkd_vec3_dot(hit->normal, l->to_sun), 0.0f);
    const float up = 0.5f - 0.5f * hit->normal.y;
    const float facing = -mkd_vec3_dot(hit->view, hit->normal);
    float mirrored[3] = {0, 0, 0};
    float coat = 0.0f, glint = 0.0f;
    if (it.mirror > 0.0f) {
        coat = fresnel(facing, it.mirror);
        reflect(mirrored, scene, hit);
        const mkd_vec3 half = mkd_vec3_unit(mkd_vec3_sub(l->to_sun, hit->view));
        const float h = fmaxf(mkd_vec3_dot(half, hit->normal), 0.0f);
        glint = sun * (3.0f * powf(h, 350.0f) + 0.12f * powf(h, 30.0f));
    }
    for (unsigned c = 0; c < 3; c++) {
        const float ambient =
            (l->ambient_down[c] + (l->ambient_up[c] - l->ambient_down[c]) * up) * it.dim;
        rgb[c] = it.rgb[c] * (ambient + direct * l->sun[c] + it.shines) * (1.0f - coat) +
                 coat * mirrored[c] + glint * l->sun[c] * it.mirror * 8.0f;
    }
    add_haze(rgb, scene, hit);
}
