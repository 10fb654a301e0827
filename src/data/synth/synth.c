#include "data/synth.h"

#include <stddef.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/status.h"
#include "data/synth/render.h"
#include "data/synth/settings.h"

#define INT(key, text, low, high, unit, help)                                                      \
    { #key, MKD_OPTION_INT, offsetof(mkd_synth_options, key), text, low, high, NULL, unit, help }
#define FLOAT(key, text, low, high, unit, help)                                                    \
    { #key, MKD_OPTION_FLOAT, offsetof(mkd_synth_options, key), text, low, high, NULL, unit, help }
#define BOOL(key, text, help)                                                                      \
    { #key, MKD_OPTION_BOOL, offsetof(mkd_synth_options, key), text, 0, 0, NULL, "", help }

const mkd_option mkd_synth_option_table[] = {
    INT(frames, "200", 1, 999999, "", "number of frames"),
    INT(seed, "0", 0, 4294967295.0, "", "start of all random numbers"),
    INT(width_px, "1280", 64, 4096, "px", "image width; the focal length follows it as in KITTI"),
    INT(height_px, "384", 32, 4096, "px", "image height"),
    FLOAT(validation_share, "0.25", 0.0, 1.0, "", "share of the frames, the last ones, in val"),
    FLOAT(min_depth_m, "4", 2.0, 150.0, "m", "smallest z of an object's center"),
    FLOAT(max_depth_m, "65", 2.0, 150.0, "m", "largest z of an object's center"),
    INT(min_cars, "3", 0, 30, "", "fewest cars, vans and trucks of a frame"),
    INT(max_cars, "12", 0, 30, "", "most cars, vans and trucks of a frame"),
    INT(min_pedestrians, "0", 0, 20, "", "fewest pedestrians of a frame"),
    INT(max_pedestrians, "5", 0, 20, "", "most pedestrians of a frame"),
    INT(min_cyclists, "0", 0, 10, "", "fewest cyclists of a frame"),
    INT(max_cyclists, "2", 0, 10, "", "most cyclists of a frame"),
    FLOAT(van_share, "0.10", 0.0, 1.0, "", "share of vans among the cars"),
    FLOAT(truck_share, "0.04", 0.0, 1.0, "", "share of trucks among the cars"),
    BOOL(slope, "true", "hills and a pitched camera"),
    BOOL(noise, "true", "noise of the image sensor"),
    INT(samples_per_pixel, "1", 1, 64, "", "rays of a pixel"),
    BOOL(lidar, "true", "write LiDAR points"),
    BOOL(full_turn, "false", "points all around, not only in the camera's view"),
    INT(beams, "64", 1, 256, "", "beams of the LiDAR, from +2 to -24.8 degrees"),
    INT(columns, "2048", 16, 8192, "", "directions of a full turn of the LiDAR"),
    INT(threads, "0", 0, 256, "", "frames rendered side by side; 0 means one per CPU"),
    {NULL, MKD_OPTION_INT, 0, NULL, 0, 0, NULL, NULL, NULL},
};

const mkd_section mkd_synth_schema[] = {
    {"synth", mkd_synth_option_table, "a synthetic data set of rendered street scenes"},
    {NULL, NULL, NULL},
};

static double number_of(const mkd_option *o, const mkd_synth_options *options) {
    const char *at = (const char *)options + o->offset;
    return o->type == MKD_OPTION_INT     ? (double)*(const int64_t *)(const void *)at
           : o->type == MKD_OPTION_FLOAT ? *(const double *)(const void *)at
                                         : (double)*(const bool *)(const void *)at;
}

static int check_order(const char *low_name, double low, const char *high_name, double high) {
    if (low > high) {
        MKD_FAIL(MKD_EINVAL, "synth: %s: found %g, expected at most %s = %g", low_name, low,
                 high_name, high);
    }
    return MKD_OK;
}

int mkd_synth__check(const mkd_synth_options *o) {
    for (const mkd_option *row = mkd_synth_option_table; row->key; row++) {
        const double value = number_of(row, o);
        const bool bounded = row->type != MKD_OPTION_BOOL;
        if (bounded && !(value >= row->minimum && value <= row->maximum)) {
            MKD_FAIL(MKD_EINVAL, "synth: %s: found %g, expected %g to %g", row->key, value,
                     row->minimum, row->maximum);
        }
    }
    MKD_TRY(check_order("min_depth_m", o->min_depth_m, "max_depth_m", o->max_depth_m));
    MKD_TRY(check_order("min_cars", (double)o->min_cars, "max_cars", (double)o->max_cars));
    MKD_TRY(check_order("min_pedestrians", (double)o->min_pedestrians, "max_pedestrians",
                        (double)o->max_pedestrians));
    MKD_TRY(check_order("min_cyclists", (double)o->min_cyclists, "max_cyclists",
                        (double)o->max_cyclists));
    return MKD_OK;
}

int mkd_synth__manifest(mkd_str *out, const mkd_synth_options *options) {
    mkd_str_printf(out, "{\n  \"format\": \"monokd-synth\",\n  \"version\": %d", MKD_SYNTH_VERSION);
    for (const mkd_option *row = mkd_synth_option_table; row->key; row++) {
        const char *at = (const char *)options + row->offset;
        if (row->offset == offsetof(mkd_synth_options, threads)) {
            continue; // the files do not depend on it
        }
        if (row->type == MKD_OPTION_BOOL) {
            const bool value = *(const bool *)(const void *)at;
            mkd_str_printf(out, ",\n  \"%s\": %s", row->key, value ? "true" : "false");
        } else {
            mkd_str_printf(out, ",\n  \"%s\": %.15g", row->key, number_of(row, options));
        }
    }
    mkd_str_append(out, "\n}\n");
    return mkd_str_status(out);
}

int mkd_synth_render(mkd_synth_frame *out, const mkd_synth_options *options, uint64_t index) {
    int status = MKD_ENOMEM;
    mkd_raycaster *caster = NULL;
    *out = (mkd_synth_frame){0};
    MKD_TRY(mkd_synth__check(options));
    mkd_scene *scene = mkd_alloc(sizeof *scene);
    if (!scene) {
        goto done;
    }
    MKD_GOTO(mkd_raycaster_new(&caster));
    MKD_GOTO(mkd_render_frame(out, scene, caster, options, index));
    snprintf(out->frame.id, sizeof out->frame.id, "%06llu", (unsigned long long)index);
done:
    mkd_raycaster_free(caster);
    mkd_scene_free(scene);
    mkd_free(scene);
    return status;
}
