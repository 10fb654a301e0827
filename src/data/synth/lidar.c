// A spinning LiDAR like the HDL-64E: beams from +2 to -24.8 degrees, evenly spread; a column every
// 360 / columns degrees. The range gets a small bounded noise along the ray; glass and weak returns
// are lost by chance.
#include "data/synth/render.h"

#include <string.h>

#include "base/alloc.h"
#include "base/status.h"

#define HIGHEST_RAD   0.0349066
#define LOWEST_RAD    (-0.4328416)
#define NEAREST_M     0.9f
#define FARTHEST_M    100.0f
#define RANGE_NOISE_M 0.006f ///< standard deviation
#define RANGE_MAX_M   0.012f ///< and bound
#define TWO_PI        6.28318530718

/// The sensor in the camera's frame.
typedef struct sensor {
    double from_lidar[12];
    uint32_t key;
} sensor;

static bool is_lost(const mkd_hit *hit, float reflectance, uint32_t key) {
    const mkd_surface surface = hit->material->surface;
    float lost = 0.02f;
    if (surface == MKD_SURFACE_GLASS || surface == MKD_SURFACE_PANES) {
        lost = 0.45f;
    }
    // the farther and the darker, the weaker the echo
    const float far = hit->distance_m / FARTHEST_M;
    lost += mkd_clampf(far * far * (0.35f - reflectance) * 2.0f, 0.0f, 0.9f);
    return mkd_hash_unit(key) < lost;
}

static void add_echoes(mkd_points *out, const sensor *it, const mkd_scene *scene,
                       const mkd_ray_packet *rays, double directions[MKD_RAYS][3], uint32_t first) {
    for (unsigned i = 0; i < rays->n; i++) {
        if (rays->face[i] == MKD_RAY_MISS) {
            continue;
        }
        mkd_hit hit;
        mkd_hit_make(&hit, scene, rays, i);
        const float slant = fabsf(mkd_vec3_dot(hit.view, hit.normal));
        const uint32_t key = mkd_hash32(it->key ^ (first + i));
        const float noise = mkd_hash_unit(key + 1U) + mkd_hash_unit(key + 2U) +
                            mkd_hash_unit(key + 3U) + mkd_hash_unit(key + 4U) - 2.0f;
        float reflectance = hit.material->lidar * (0.35f + 0.65f * slant);
        if (hit.material->surface == MKD_SURFACE_GROUND) {
            float rgb[3]; // paint on the road is bright to the LiDAR too
            mkd_shade_ground(rgb, scene, &hit);
            reflectance = (0.08f + 0.9f * rgb[1]) * (0.35f + 0.65f * slant);
        }
        reflectance *= 0.9f + 0.2f * mkd_hash_unit(key + 5U);
        if (is_lost(&hit, reflectance, key + 6U)) {
            continue;
        }
        const float error = mkd_clampf(noise * 1.732f * RANGE_NOISE_M, -RANGE_MAX_M, RANGE_MAX_M);
        const double range = (double)(rays->t[i] + error);
        float *point = out->at + 4 * out->n++;
        for (unsigned c = 0; c < 3; c++) {
            point[c] = (float)(range * directions[i][c]);
        }
        // steps of 1/100, as the sensor gives
        point[3] = floorf(mkd_clampf(reflectance, 0.0f, 0.99f) * 100.0f + 0.5f) / 100.0f;
    }
}

static void aim(mkd_ray_packet *rays, double directions[MKD_RAYS][3], const sensor *it,
                double elevation, double first_rad, double step_rad) {
    for (unsigned i = 0; i < rays->n; i++) {
        const double azimuth = first_rad - step_rad * i; // left to right
        double *d = directions[i];
        d[0] = cos(elevation) * cos(azimuth);
        d[1] = cos(elevation) * sin(azimuth);
        d[2] = sin(elevation);
        const double *m = it->from_lidar;
        rays->org_x[i] = (float)m[3];
        rays->org_y[i] = (float)m[7];
        rays->org_z[i] = (float)m[11];
        rays->dir_x[i] = (float)(m[0] * d[0] + m[1] * d[1] + m[2] * d[2]);
        rays->dir_y[i] = (float)(m[4] * d[0] + m[5] * d[1] + m[6] * d[2]);
        rays->dir_z[i] = (float)(m[8] * d[0] + m[9] * d[1] + m[10] * d[2]);
        rays->near_t[i] = NEAREST_M;
        rays->far_t[i] = FARTHEST_M;
    }
}

// columns left of the camera's view and a little more, or the whole turn
static size_t count_columns(double *first_rad, const mkd_scene *scene, const mkd_synth_options *o) {
    const double step = TWO_PI / (double)o->columns;
    if (o->full_turn) {
        *first_rad = 0.5 * TWO_PI;
        return (size_t)o->columns;
    }
    const double *p = scene->camera.projection, margin = 0.03;
    const double left = atan2(p[2], p[0]) + margin;
    const double right = atan2(scene->camera.width_px - p[2], p[0]) + margin;
    const double steps = ceil(left / step);
    *first_rad = steps * step;
    return (size_t)(steps + ceil(right / step));
}

int mkd_render_points(mkd_points *out, const mkd_scene *scene, const mkd_raycaster *caster,
                      const mkd_synth_options *o, uint64_t frame) {
    double first_rad;
    const size_t columns = count_columns(&first_rad, scene, o), beams = (size_t)o->beams;
    const double step_rad = TWO_PI / (double)o->columns;
    sensor it = {.key = mkd_hash32(scene->light.seed + 77U) ^ mkd_hash32((uint32_t)frame)};
    mkd_kitti_camera_from_lidar(it.from_lidar, &scene->calib);
    out->n = 0;
    out->at = mkd_alloc_array(4 * columns * beams, sizeof *out->at);
    if (!out->at) {
        return MKD_ENOMEM;
    }
    for (size_t b = 0; b < beams; b++) {
        const double share = beams > 1 ? (double)b / (double)(beams - 1) : 0.5;
        const double elevation = HIGHEST_RAD + (LOWEST_RAD - HIGHEST_RAD) * share;
        for (size_t left = 0; left < columns; left += MKD_RAYS) {
            mkd_ray_packet rays;
            double directions[MKD_RAYS][3];
            rays.n = left + MKD_RAYS > columns ? (unsigned)(columns - left) : MKD_RAYS;
            aim(&rays, directions, &it, elevation, first_rad - step_rad * (double)left, step_rad);
            mkd_raycaster_hit(&rays, caster, 1);
            add_echoes(out, &it, scene, &rays, directions, (uint32_t)(b * columns + left));
        }
    }
    return MKD_OK;
}
