#include "data/synth/render.h"

#include <string.h>

#include "base/alloc.h"
#include "base/status.h"

#define TONE_STEPS 4096
#define TONE_MAX   6.0f

/// What the rows of an image need.
typedef struct picture {
    const mkd_scene *scene;
    const mkd_raycaster *caster;
    mkd_synth_frame *out;
    float *row; // linear colors of one row, [width, 3]
    uint8_t tone[TONE_STEPS + 1];
    float cast_shadows;
    unsigned n_samples;
} picture;

// a soft shoulder and the display's gamma
static void make_tones(uint8_t tone[TONE_STEPS + 1]) {
    for (unsigned i = 0; i <= TONE_STEPS; i++) {
        const float x = TONE_MAX * (float)i / TONE_STEPS;
        const float shoulder = 1.0f - expf(-1.6f * x);
        tone[i] =
            (uint8_t)(255.0f * powf(shoulder, 1.0f / 2.2f) * (1.0f - 0.12f * (1.0f - shoulder)) +
                      0.5f);
    }
}

// rays of `n` pixels of a row from `left` on; `offset` is the sample's place in the pixel
static void aim(mkd_ray_packet *rays, const mkd_camera *camera, int left, int top, unsigned n,
                const float offset[2]) {
    const double *p = camera->projection;
    rays->n = n;
    for (unsigned i = 0; i < n; i++) {
        rays->org_x[i] = (float)(-p[3] / p[0]);
        rays->org_y[i] = (float)(-p[7] / p[5]);
        rays->org_z[i] = 0.0f;
        rays->dir_x[i] = (float)((left + (int)i + (double)offset[0] - p[2]) / p[0]);
        rays->dir_y[i] = (float)((top + (double)offset[1] - p[6]) / p[5]);
        rays->dir_z[i] = 1.0f;
        rays->near_t[i] = 0.05f;
        rays->far_t[i] = 2000.0f;
    }
}

static void trace_shadows(float lit[MKD_RAYS], const picture *it, const mkd_hit *hits,
                          const mkd_ray_packet *seen) {
    const mkd_vec3 to_sun = it->scene->light.to_sun;
    mkd_ray_packet rays;
    unsigned pixel[MKD_RAYS];
    rays.n = 0;
    for (unsigned i = 0; i < seen->n; i++) {
        lit[i] = 0.0f;
        if (seen->face[i] == MKD_RAY_MISS || mkd_vec3_dot(hits[i].normal, to_sun) <= 0.0f) {
            continue;
        }
        const float lift = 0.002f + 2e-5f * hits[i].distance_m;
        const mkd_vec3 from = mkd_vec3_madd(hits[i].at_m, hits[i].normal, lift);
        const unsigned k = rays.n++;
        pixel[k] = i;
        rays.org_x[k] = from.x;
        rays.org_y[k] = from.y;
        rays.org_z[k] = from.z;
        rays.dir_x[k] = to_sun.x;
        rays.dir_y[k] = to_sun.y;
        rays.dir_z[k] = to_sun.z;
        rays.near_t[k] = 0.0f;
        rays.far_t[k] = 150.0f;
    }
    if (rays.n > 0) {
        mkd_raycaster_blocked(&rays, it->caster);
    }
    for (unsigned k = 0; k < rays.n; k++) {
        lit[pixel[k]] = rays.face[k] == MKD_RAY_MISS ? 1.0f : 0.0f;
    }
}

static void render_packet(const picture *it, int left, int top, unsigned n, unsigned sample) {
    // sample 0 is the pixel's center: ids and depth come from it. The rest follow the R2 sequence
    const float offset[2] = {fmodf(0.5f + 0.7548777f * (float)sample, 1.0f) - 0.5f,
                             fmodf(0.5f + 0.5698403f * (float)sample, 1.0f) - 0.5f};
    const mkd_scene *scene = it->scene;
    mkd_ray_packet rays;
    mkd_hit hits[MKD_RAYS];
    float lit[MKD_RAYS] = {0};
    aim(&rays, &scene->camera, left, top, n, offset);
    mkd_raycaster_hit(&rays, it->caster, 1);
    for (unsigned i = 0; i < n; i++) {
        if (rays.face[i] != MKD_RAY_MISS) {
            mkd_hit_make(&hits[i], scene, &rays, i);
        }
    }
    if (it->cast_shadows > 0.0f) {
        trace_shadows(lit, it, hits, &rays);
    }
    const size_t first = (size_t)top * (size_t)scene->camera.width_px + (size_t)left;
    for (unsigned i = 0; i < n; i++) {
        const bool missed = rays.face[i] == MKD_RAY_MISS;
        float rgb[3];
        if (missed) {
            const mkd_vec3 d = {rays.dir_x[i], rays.dir_y[i], rays.dir_z[i]};
            mkd_shade_sky(rgb, scene, mkd_vec3_unit(d));
        } else {
            mkd_shade_hit(rgb, scene, &hits[i], lit[i]);
        }
        for (unsigned c = 0; c < 3; c++) {
            it->row[3 * ((size_t)left + i) + c] += rgb[c];
        }
        if (sample == 0) {
            it->out->object_id[first + i] = missed ? -1 : (int16_t)hits[i].object;
            it->out->frame.views[0].depth.depth_m[first + i] = missed ? 0.0f : rays.t[i];
        }
    }
}

// exposure, sensor noise (grows with the signal) and tone
static void develop_row(const picture *it, int top, uint32_t key) {
    const mkd_light *l = &it->scene->light;
    const size_t n = 3 * (size_t)it->scene->camera.width_px;
    uint8_t *pixels = it->out->frame.views[0].image.pixels + (size_t)top * n;
    float gain[3];
    for (unsigned c = 0; c < 3; c++) {
        gain[c] = l->exposure * l->tint[c] / (float)it->n_samples * (TONE_STEPS / TONE_MAX);
    }
    for (size_t i = 0; i < n; i++) {
        const float x = mkd_clampf(it->row[i] * gain[i % 3], 0.0f, (float)TONE_STEPS);
        float value = (float)it->tone[(unsigned)x];
        if (l->noise > 0.0f) {
            // four uniform bytes: nearly a normal deviate of standard deviation 1
            const uint32_t h = mkd_hash32(key ^ ((uint32_t)i + (uint32_t)top * 0x9e3779b1U));
            const float sum =
                (float)((h & 255U) + ((h >> 8) & 255U) + ((h >> 16) & 255U) + (h >> 24));
            value += l->noise * (sum - 510.0f) * (1.0f / 147.8f);
        }
        pixels[i] = (uint8_t)mkd_clampf(value + 0.5f, 0.0f, 255.0f);
    }
}

int mkd_render_image(mkd_synth_frame *out, const mkd_scene *scene, const mkd_raycaster *caster,
                     const mkd_synth_options *options, uint64_t frame) {
    int status = MKD_ENOMEM;
    const int width = scene->camera.width_px, height = scene->camera.height_px;
    const size_t n_pixels = (size_t)width * (size_t)height;
    mkd_view *view = &out->frame.views[0];
    picture *it = mkd_alloc(sizeof *it);
    float *row = mkd_alloc_array(3 * (size_t)width, sizeof *row);
    out->object_id = mkd_alloc_array(n_pixels, sizeof *out->object_id);
    view->depth.depth_m = mkd_alloc_array(n_pixels, sizeof *view->depth.depth_m);
    if (!it || !row || !out->object_id || !view->depth.depth_m) {
        goto done;
    }
    view->depth.width_px = width;
    view->depth.height_px = height;
    MKD_GOTO(mkd_image_new(&view->image, width, height, 3));
    it->scene = scene;
    it->caster = caster;
    it->out = out;
    it->row = row;
    it->cast_shadows = scene->light.sun[0];
    it->n_samples = (unsigned)options->samples_per_pixel;
    make_tones(it->tone);
    const uint32_t key = mkd_hash32((uint32_t)frame ^ scene->light.seed);
    for (int top = 0; top < height; top++) {
        memset(row, 0, 3 * (size_t)width * sizeof *row);
        for (unsigned sample = 0; sample < it->n_samples; sample++) {
            for (int left = 0; left < width; left += MKD_RAYS) {
                const unsigned n = left + MKD_RAYS > width ? (unsigned)(width - left) : MKD_RAYS;
                render_packet(it, left, top, n, sample);
            }
        }
        develop_row(it, top, key);
    }
done:
    mkd_free(row);
    mkd_free(it);
    return status;
}

void mkd_synth_frame_free(mkd_synth_frame *frame) {
    mkd_frame_free(&frame->frame);
    mkd_free(frame->object_id);
    mkd_free(frame->boxes);
    mkd_free(frame->label_of_box);
    memset(frame, 0, sizeof *frame);
}

int mkd_render_frame(mkd_synth_frame *out, mkd_scene *scene, mkd_raycaster *caster,
                     const mkd_synth_options *options, uint64_t frame) {
    memset(out, 0, sizeof *out);
    mkd_scene_free(scene);
    MKD_TRY(mkd_scene_make(scene, options, frame));
    MKD_TRY(mkd_raycaster_set_mesh(caster, &scene->mesh));
    out->frame.n_views = 1;
    out->frame.labeled = true;
    out->frame.views[0].camera = scene->camera;
    for (unsigned i = 0; i < 3; i++) {
        out->frame.views[0].camera_from_reference[5 * i] = 1.0;
    }
    mkd_kitti_camera_from_lidar(out->frame.camera_from_lidar, &scene->calib);
    MKD_TRY(mkd_render_image(out, scene, caster, options, frame));
    MKD_TRY(mkd_render_labels(out, scene));
    if (options->lidar) {
        MKD_TRY(mkd_render_points(&out->frame.points, scene, caster, options, frame));
    }
    return MKD_OK;
}
