#include "data/synth/scene.h"

#include <string.h>

#include "base/status.h"

// KITTI's camera 2 and its calibration, rounded; the image is a scaled 1242 x 375 one. Both
// rotations are composed of angles, so that they are exactly orthonormal.
#define KITTI_WIDTH_PX  1242.0
#define KITTI_FOCAL_PX  721.5377
#define KITTI_CENTER_X  609.5593
#define KITTI_CENTER_Y  172.854
#define KITTI_HEIGHT_PX 375.0
#define BASELINE_X_M    0.0621680
#define BASELINE_Y_M    0.0002999

static void rotation(double out[9], double about_x, double about_y, double about_z) {
    const double cx = cos(about_x), sx = sin(about_x), cy = cos(about_y), sy = sin(about_y);
    const double cz = cos(about_z), sz = sin(about_z);
    const double r[9] = {cz * cy,
                         cz * sy * sx - sz * cx,
                         cz * sy * cx + sz * sx,
                         sz * cy,
                         sz * sy * sx + cz * cx,
                         sz * sy * cx - cz * sx,
                         -sy,
                         cy * sx,
                         cy * cx};
    memcpy(out, r, sizeof r);
}

// as "%.12e" writes it, so that the calibration used is the calibration read
static double as_written(double value) {
    if (value == 0.0) {
        return 0.0;
    }
    const double scale = pow(10.0, 12.0 - floor(log10(fabs(value))));
    return round(value * scale) / scale;
}

void mkd_scene_calibrate(mkd_camera *camera, mkd_kitti_calib *calib,
                         const mkd_synth_options *options) {
    const double scale = (double)options->width_px / KITTI_WIDTH_PX;
    const double focal = KITTI_FOCAL_PX * scale;
    const double cu = KITTI_CENTER_X * scale;
    const double cv = KITTI_CENTER_Y / KITTI_HEIGHT_PX * (double)options->height_px;
    // the third row has no offset: depth along the ray is the point's z exactly
    const double p2[12] = {
        focal, 0, cu, focal * BASELINE_X_M, 0, focal, cv, focal * BASELINE_Y_M, 0, 0, 1, 0};
    for (unsigned i = 0; i < 12; i++) {
        calib->p2[i] = camera->projection[i] = as_written(p2[i]);
    }
    camera->width_px = (int)options->width_px;
    camera->height_px = (int)options->height_px;
    double r[9], turn[9];
    rotation(r, 0.00428, -0.00743, -0.00986);
    rotation(turn, -0.0148, 0.0075, -0.0006);
    // the LiDAR's axes (x forward, y left, z up) in the camera's: z, -x, -y
    for (unsigned i = 0; i < 3; i++) {
        for (unsigned j = 0; j < 3; j++) {
            calib->r0_rect[3 * i + j] = as_written(r[3 * i + j]);
        }
        calib->velo_to_cam[4 * i] = as_written(turn[3 * i + 2]);
        calib->velo_to_cam[4 * i + 1] = as_written(-turn[3 * i]);
        calib->velo_to_cam[4 * i + 2] = as_written(-turn[3 * i + 1]);
    }
    calib->velo_to_cam[3] = -0.00407;
    calib->velo_to_cam[7] = -0.07632;
    calib->velo_to_cam[11] = -0.27178;
}

uint16_t mkd_scene_material(mkd_scene *scene, mkd_surface surface, double red, double green,
                            double blue, double lidar) {
    if (scene->n_materials == MKD_SCENE_MATERIALS_MAX) {
        return MKD_SCENE_MATERIALS_MAX - 1;
    }
    mkd_material *m = &scene->materials[scene->n_materials];
    memset(m, 0, sizeof *m);
    m->surface = surface;
    m->rgb[0] = (float)red;
    m->rgb[1] = (float)green;
    m->rgb[2] = (float)blue;
    m->lidar = (float)lidar;
    return (uint16_t)scene->n_materials++;
}

static void add_fixed_materials(mkd_scene *scene, mkd_rng *rng) {
    static const struct {
        mkd_surface surface;
        double rgb[3], lidar;
    } fixed[MKD_MATERIAL_N_FIXED] = {
        [MKD_MATERIAL_GROUND] = {MKD_SURFACE_GROUND, {.13, .13, .135}, .25},
        [MKD_MATERIAL_RUBBER] = {MKD_SURFACE_MATTE, {.018, .018, .019}, .05},
        [MKD_MATERIAL_DARK] = {MKD_SURFACE_MATTE, {.012, .012, .013}, .08},
        [MKD_MATERIAL_GLASS] = {MKD_SURFACE_GLASS, {.02, .025, .025}, .10},
        [MKD_MATERIAL_CHROME] = {MKD_SURFACE_PAINT, {.35, .36, .37}, .5},
        [MKD_MATERIAL_RIM] = {MKD_SURFACE_RIM, {.34, .35, .36}, .4},
        [MKD_MATERIAL_PLATE] = {MKD_SURFACE_PLATE, {.70, .70, .68}, .95},
        [MKD_MATERIAL_HEADLAMP] = {MKD_SURFACE_LAMP, {.65, .66, .66}, .5},
        [MKD_MATERIAL_TAILLAMP] = {MKD_SURFACE_LAMP, {.42, .018, .015}, .8},
        [MKD_MATERIAL_BARK] = {MKD_SURFACE_BARK, {.085, .065, .05}, .3},
        [MKD_MATERIAL_POLE] = {MKD_SURFACE_MATTE, {.16, .17, .17}, .4},
    };
    for (size_t i = 0; i < MKD_MATERIAL_N_FIXED; i++) {
        const double *rgb = fixed[i].rgb;
        mkd_scene_material(scene, fixed[i].surface, rgb[0], rgb[1], rgb[2], fixed[i].lidar);
        scene->materials[i].seed = mkd_rng_u32(rng);
    }
}

static void set_rgb(float out[3], double red, double green, double blue, double scale) {
    out[0] = (float)(red * scale);
    out[1] = (float)(green * scale);
    out[2] = (float)(blue * scale);
}

static void draw_light(mkd_light *light, mkd_rng *rng) {
    const double up = mkd_rng_range(rng, .33, 1.10), around = mkd_rng_range(rng, 0.0, 6.2831853);
    const bool overcast = mkd_rng_uniform(rng) < .35;
    const double cloud = overcast ? mkd_rng_range(rng, .8, 1.0) : mkd_rng_range(rng, 0.0, .6);
    const double strength = overcast ? mkd_rng_range(rng, 0.0, .25) : mkd_rng_range(rng, .75, 1.1);
    const double low = 1.0 - up / 1.1; // a low sun is warmer
    light->to_sun = mkd_vec3_make(cos(up) * cos(around), -sin(up), cos(up) * sin(around));
    set_rgb(light->sun, 1.0, .94 - .14 * low, .84 - .34 * low, 3.3 * strength);
    const double gray = cloud, sky = overcast ? mkd_rng_range(rng, .75, 1.05) : .52;
    set_rgb(light->ambient_up, .62 + .30 * gray, .76 + .18 * gray, .98, sky);
    set_rgb(light->ambient_down, .30, .28, .25, overcast ? .55 : .75);
    set_rgb(light->zenith, .22 + .5 * gray, .42 + .36 * gray, .86, overcast ? 1.1 : .95);
    set_rgb(light->horizon, .86, .93, 1.0, overcast ? 1.15 : 1.25);
    light->cloud = (float)cloud;
    const double haze = mkd_rng_uniform(rng);
    light->haze_per_m = (float)(.0003 * exp(2.2 * haze * haze));
    light->exposure = (float)((overcast ? 1.05 : .70) * exp(mkd_rng_range(rng, -.28, .28)));
    light->noise = (float)mkd_rng_range(rng, .5, 2.2);
    for (unsigned c = 0; c < 3; c++) {
        light->tint[c] = (float)mkd_rng_range(rng, .95, 1.05);
    }
    light->seed = mkd_rng_u32(rng);
}

int mkd_scene_make(mkd_scene *out, const mkd_synth_options *options, uint64_t frame) {
    memset(out, 0, sizeof *out);
    mkd_rng rng = mkd_rng_at((uint64_t)options->seed, 0, frame, MKD_RNG_SYNTH);
    mkd_scene_calibrate(&out->camera, &out->calib, options);
    mkd_road_draw(&out->road, &rng);
    if (!options->slope) {
        out->road.slope = 0.0;
        out->road.bend_per_m = 0.0;
    }
    draw_light(&out->light, &rng);
    if (!options->noise) {
        out->light.noise = 0.0f;
    }
    add_fixed_materials(out, &rng);
    mkd_scene_add_street(out, &rng);
    mkd_scene_add_objects(out, &rng, options);
    return mkd_mesh_status(&out->mesh);
}

void mkd_scene_free(mkd_scene *scene) {
    if (scene) {
        mkd_mesh_free(&scene->mesh);
    }
}
