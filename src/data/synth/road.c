// The street's shape: where a point (lateral, along) lies, and the ground's mesh.
#include "data/synth/scene.h"

#define NEAREST_M  (-60.0)
#define FARTHEST_M 420.0
#define LATERAL_M  110.0

void mkd_road_draw(mkd_road *out, mkd_rng *rng) {
    mkd_road *r = out;
    r->lane_m = mkd_rng_range(rng, 3.0, 3.8);
    r->parking_left_m = mkd_rng_uniform(rng) < 0.6 ? mkd_rng_range(rng, 2.1, 2.5) : 0.0;
    r->parking_right_m = mkd_rng_uniform(rng) < 0.6 ? mkd_rng_range(rng, 2.1, 2.5) : 0.0;
    r->left_m = -r->lane_m - r->parking_left_m;
    r->right_m = r->lane_m + r->parking_right_m;
    r->sidewalk_m = mkd_rng_range(rng, 1.6, 3.6);
    r->kerb_m = mkd_rng_range(rng, 0.06, 0.14);
    // the camera drives in the right lane; its x = 0 is the car's middle
    r->offset_m = -0.5 * r->lane_m + mkd_rng_range(rng, -0.45, 0.45);
    r->yaw_rad = mkd_rng_range(rng, -0.05, 0.05);
    r->curvature_per_m = mkd_rng_uniform(rng) < 0.5 ? 0.0 : mkd_rng_range(rng, -0.003, 0.003);
    r->height_m = mkd_rng_range(rng, 1.60, 1.72);
    r->slope = mkd_rng_range(rng, -0.012, 0.012);
    r->bend_per_m = mkd_rng_range(rng, -1.5e-4, 1.5e-4);
    const double crossing = mkd_rng_range(rng, 14.0, 50.0), half = mkd_rng_range(rng, 3.2, 5.0);
    r->crossing_m = crossing;
    r->crossing_half_m = mkd_rng_uniform(rng) < 0.4 ? half : 0.0;
    r->dashed = mkd_rng_uniform(rng) < 0.75;
    r->wear = (float)mkd_rng_uniform(rng);
}

// `raised`: height above the road's surface
static mkd_vec3 surface(const mkd_road *r, double lateral_m, double along_m, double raised_m) {
    const double slope_x = tan(r->yaw_rad) + r->curvature_per_m * along_m;
    const double scale = lateral_m / sqrt(1.0 + slope_x * slope_x);
    const double x =
        r->offset_m + tan(r->yaw_rad) * along_m + 0.5 * r->curvature_per_m * along_m * along_m;
    const double y = r->height_m - r->slope * along_m - 0.5 * r->bend_per_m * along_m * along_m;
    return mkd_vec3_make(x + scale, y - raised_m, along_m - scale * slope_x);
}

mkd_vec3 mkd_road_point(const mkd_road *r, double lateral_m, double along_m) {
    const bool outside = lateral_m < r->left_m || lateral_m > r->right_m;
    const bool crossing = fabs(along_m - r->crossing_m) < r->crossing_half_m;
    return surface(r, lateral_m, along_m, outside && !crossing ? r->kerb_m : 0.0);
}

double mkd_road_yaw(const mkd_road *r, double along_m) {
    // yaw 0 faces +x and turns +x towards -z, so forward (z) is -pi/2
    return atan(tan(r->yaw_rad) + r->curvature_per_m * along_m) - 1.57079632679;
}

void mkd_road_coordinates(double *lateral_m, double *along_m, const mkd_road *r, double x_m,
                          double z_m) {
    double s = z_m, t = 0.0;
    // a fixed point: the lateral shift of z is small
    for (unsigned i = 0; i < 12; i++) {
        const double slope_x = tan(r->yaw_rad) + r->curvature_per_m * s;
        const double norm = sqrt(1.0 + slope_x * slope_x);
        const double center = r->offset_m + tan(r->yaw_rad) * s + 0.5 * r->curvature_per_m * s * s;
        t = (x_m - center) * norm;
        s = z_m + t / norm * slope_x;
    }
    *lateral_m = t;
    *along_m = s;
}

// one quad of the ground; its lateral ends may have two heights (a kerb's face)
static void add_ground(mkd_scene *scene, const double lateral[2], const double along[2],
                       const double raised[2]) {
    static const unsigned order[4][2] = {{0, 0}, {1, 0}, {1, 1}, {0, 1}};
    mkd_mesh_vertex patch[4];
    for (unsigned k = 0; k < 4; k++) {
        const unsigned i = order[k][0], j = order[k][1];
        patch[k].at_m = surface(&scene->road, lateral[i], along[j], raised[i]);
        patch[k].uv[0] = (float)lateral[i];
        patch[k].uv[1] = (float)along[j];
    }
    const mkd_vec3 normal = mkd_vec3_unit(mkd_vec3_cross(
        mkd_vec3_sub(patch[2].at_m, patch[0].at_m), mkd_vec3_sub(patch[3].at_m, patch[1].at_m)));
    for (unsigned k = 0; k < 4; k++) {
        patch[k].normal = normal;
    }
    mkd_mesh_patch(&scene->mesh, MKD_MATERIAL_GROUND, patch);
}

static void add_strip(mkd_scene *scene, double from_m, double to_m, double kerb_m) {
    const mkd_road *r = &scene->road;
    const double along[2] = {from_m, to_m};
    const double columns[][2] = {{-LATERAL_M, kerb_m}, {r->left_m - r->sidewalk_m, kerb_m},
                                 {r->left_m, kerb_m},  {r->left_m, 0.0},
                                 {0.0, 0.0},           {r->right_m, 0.0},
                                 {r->right_m, kerb_m}, {r->right_m + r->sidewalk_m, kerb_m},
                                 {LATERAL_M, kerb_m}};
    for (size_t i = 0; i + 1 < MKD_COUNT(columns); i++) {
        const double lateral[2] = {columns[i][0], columns[i + 1][0]};
        const double raised[2] = {columns[i][1], columns[i + 1][1]};
        add_ground(scene, lateral, along, raised);
    }
}

// the kerb's face along the side street
static void add_corner(mkd_scene *scene, double along_m) {
    const mkd_road *r = &scene->road;
    for (int side = -1; side <= 1; side += 2) {
        const double near = side < 0 ? r->left_m : r->right_m, far = side * LATERAL_M;
        const mkd_vec3 corners[4] = {surface(r, near, along_m, 0.0), surface(r, far, along_m, 0.0),
                                     surface(r, far, along_m, r->kerb_m),
                                     surface(r, near, along_m, r->kerb_m)};
        const mkd_vec3 normal = mkd_vec3_unit(mkd_vec3_cross(mkd_vec3_sub(corners[1], corners[0]),
                                                             mkd_vec3_sub(corners[3], corners[0])));
        mkd_mesh_vertex patch[4];
        for (unsigned k = 0; k < 4; k++) {
            patch[k].at_m = corners[k];
            patch[k].normal = normal;
            patch[k].uv[0] = (float)(k == 1 || k == 2 ? far : near);
            patch[k].uv[1] = (float)along_m;
        }
        mkd_mesh_patch(&scene->mesh, MKD_MATERIAL_GROUND, patch);
    }
}

void mkd_scene_add_ground(mkd_scene *scene) {
    const mkd_road *r = &scene->road;
    const double from = r->crossing_m - r->crossing_half_m;
    const double to = r->crossing_m + r->crossing_half_m;
    double s = NEAREST_M;
    while (s < FARTHEST_M) {
        double next = s + (s < 100.0 ? 2.5 : 12.0);
        const bool inside = r->crossing_half_m > 0.0 && s >= from && s < to;
        // a row ends where the side street begins or ends
        if (r->crossing_half_m > 0.0) {
            next = s < from && next > from ? from : s < to && next > to ? to : next;
        }
        add_strip(scene, s, next, inside ? 0.0 : r->kerb_m);
        s = next;
    }
    if (r->crossing_half_m > 0.0) {
        add_corner(scene, from);
        add_corner(scene, to);
    }
}
