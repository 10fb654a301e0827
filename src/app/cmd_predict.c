// The camera: a file or folder of KITTI's calibration (P2), else a camera like KITTI's own, whose
// field of view the image is taken to have. Depths scale with its focal length, so a guess is said.

#include <stdio.h>
#include <string.h>

#include "app/settings.h"
#include "base/alloc.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/status.h"
#include "base/thread.h"
#include "data/kitti.h"
#include "io/image.h"
#include "report/overlay.h"
#include "train/run_model.h"

enum { FLAG_CALIB, FLAG_OUT, FLAG_SCORE, FLAG_JSON, N_FLAGS };

static const mkd_flag flags[N_FLAGS] = {
    [FLAG_CALIB] = {"--calib", "FILE|DIR",
                    "KITTI calibration of all images, or folder of one <image>.txt each"},
    [FLAG_OUT] = {"--out", "DIR", "write <image>.txt and the drawn <image>.png there"},
    [FLAG_SCORE] = {"--score", "X", "leave out objects below this score (default: the model's)"},
    [FLAG_JSON] = {"--json", NULL, "print one JSON object a line and image"},
};

// of KITTI's left color camera
static const double default_focal_px = 721.5377, default_width_px = 1242;

typedef struct job {
    const mkd_args *args;
    mkd_run_model model;
    double min_score;
    bool warned;
} job;

// "b" of "a/b.png"
static char *stem_of(const char *path) {
    const char *slash = strrchr(path, '/');
    char *stem = mkd_strdup(slash ? slash + 1 : path);
    char *dot = stem ? strrchr(stem, '.') : NULL;
    if (dot && dot != stem) {
        *dot = '\0';
    }
    return stem;
}

static int read_camera(mkd_camera *out, job *it, const char *stem, const mkd_image *image) {
    const char *calib = it->args->flags[FLAG_CALIB];
    *out = (mkd_camera){.width_px = image->width_px, .height_px = image->height_px};
    if (!calib) {
        double focal_px = default_focal_px * image->width_px / default_width_px;
        const double projection[12] = {
            focal_px, 0, image->width_px / 2.0, 0, 0, focal_px, image->height_px / 2.0, 0, 0, 0,
            1,        0};
        memcpy(out->projection, projection, sizeof projection);
        if (!it->warned) {
            mkd_log(MKD_LOG_WARN,
                    "no --calib: taking a camera like KITTI's, focal length %.1f px; all depths "
                    "scale with it",
                    focal_px);
        }
        it->warned = true;
        return 0;
    }
    mkd_kitti_calib file;
    mkd_str path = {0};
    mkd_str_append(&path, calib);
    if (mkd_fs_is_dir(calib)) {
        mkd_str_printf(&path, "/%s.txt", stem);
    }
    int status = mkd_str_status(&path);
    MKD_GOTO(status);
    MKD_GOTO(mkd_kitti_read_calib(&file, path.text));
    memcpy(out->projection, file.p2, sizeof file.p2);
done:
    mkd_str_free(&path);
    return status;
}

static void append_field(mkd_str *out, const char *name, double value) {
    mkd_str_printf(out, ", \"%s\": ", name);
    mkd_str_append_f64(out, value);
}

static void append_object(mkd_str *out, const mkd_object *o) {
    const mkd_box2d *b = &o->box_px;
    const double box_px[4] = {b->left_px, b->top_px, b->right_px, b->bottom_px};
    mkd_str_printf(out, "{\"type\": \"%s\"", o->type);
    append_field(out, "score", o->score);
    mkd_str_append(out, ", \"box_px\": [");
    for (int i = 0; i < 4; i++) {
        mkd_str_append(out, i ? ", " : "");
        mkd_str_append_f64(out, box_px[i]);
    }
    mkd_str_append(out, "]");
    append_field(out, "x_m", o->box.x_m);
    append_field(out, "y_m", o->box.y_m);
    append_field(out, "z_m", o->box.z_m);
    append_field(out, "height_m", o->box.height_m);
    append_field(out, "width_m", o->box.width_m);
    append_field(out, "length_m", o->box.length_m);
    append_field(out, "yaw_rad", o->box.yaw_rad);
    append_field(out, "alpha_rad", o->alpha_rad);
    mkd_str_append(out, "}");
}

static void append_json_text(mkd_str *out, const char *text) {
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\') {
            mkd_str_printf(out, "\\%c", c);
        } else if (c < 0x20) {
            mkd_str_printf(out, "\\u%04x", c);
        } else {
            mkd_str_append_bytes(out, text, 1);
        }
    }
}

static int print_objects(const job *it, const char *image, const mkd_object_list *objects) {
    mkd_str text = {0};
    int status = 0;
    if (it->args->flags[FLAG_JSON]) {
        mkd_str_append(&text, "{\"image\": \"");
        append_json_text(&text, image);
        mkd_str_append(&text, "\", \"objects\": [");
        for (size_t i = 0; i < objects->n; i++) {
            mkd_str_append(&text, i ? ", " : "");
            append_object(&text, &objects->at[i]);
        }
        mkd_str_append(&text, "]}\n");
    } else if (it->args->flags[FLAG_OUT]) {
        mkd_str_printf(&text, "%s: %zu object%s\n", image, objects->n, objects->n == 1 ? "" : "s");
    } else {
        if (it->args->n_positional > 2) {
            mkd_str_printf(&text, "# %s\n", image);
        }
        MKD_GOTO(mkd_kitti_format_objects(&text, objects, true, 4));
    }
    MKD_GOTO(mkd_str_status(&text));
    fputs(text.text ? text.text : "", stdout);
done:
    mkd_str_free(&text);
    return status;
}

static int write_files(const job *it, const char *stem, const mkd_image *image,
                       const mkd_camera *camera, const mkd_object_list *objects) {
    const char *folder = it->args->flags[FLAG_OUT];
    mkd_str path = {0}, text = {0};
    mkd_image picture = {0};
    mkd_overlay_scene scene = {
        .image = image, .camera = camera, .predictions = objects->at, .n_predictions = objects->n};
    int status = mkd_fs_make_dirs(folder);
    MKD_GOTO(status);
    MKD_GOTO(mkd_kitti_format_objects(&text, objects, true, 4));
    mkd_str_printf(&path, "%s/%s.txt", folder, stem);
    MKD_GOTO(mkd_str_status(&path));
    MKD_GOTO(mkd_fs_write_atomic(path.text, text.text ? text.text : "", text.length));
    mkd_str_clear(&path);
    mkd_str_printf(&path, "%s/%s.png", folder, stem);
    MKD_GOTO(mkd_str_status(&path));
    MKD_GOTO(mkd_overlay_picture(&picture, &scene, NULL));
    MKD_GOTO(mkd_png_write(path.text, &picture, 6));
done:
    mkd_str_free(&path);
    mkd_str_free(&text);
    mkd_image_free(&picture);
    return status;
}

// detections come by falling score: what is too low is behind
static void drop_low(mkd_object_list *objects, double min_score) {
    while (objects->n > 0 && objects->at[objects->n - 1].score < min_score) {
        objects->n--;
    }
}

static int predict_one(job *it, const char *path) {
    mkd_image image = {0};
    mkd_camera camera;
    mkd_object_list objects = {0};
    char *stem = stem_of(path);
    int status = stem ? mkd_image_read(&image, path) : MKD_ENOMEM;
    MKD_GOTO(status);
    MKD_GOTO(read_camera(&camera, it, stem, &image));
    MKD_GOTO(mkd_run_model_detect(&objects, &it->model, &image, &camera));
    drop_low(&objects, it->min_score);
    if (it->args->flags[FLAG_OUT]) {
        MKD_GOTO(write_files(it, stem, &image, &camera, &objects));
    }
    MKD_GOTO(print_objects(it, path, &objects));
done:
    mkd_free(stem);
    mkd_image_free(&image);
    mkd_object_list_free(&objects);
    return status;
}

// two images of one name would overwrite each other's files
static int check_names(const mkd_args *args) {
    int status = 0;
    for (size_t i = 1; args->flags[FLAG_OUT] && i < args->n_positional && status == 0; i++) {
        char *a = stem_of(args->positional[i]);
        for (size_t k = 1; a && k < i && status == 0; k++) {
            char *b = stem_of(args->positional[k]);
            if (b && strcmp(a, b) == 0) {
                status = mkd_error_set(MKD_EINVAL,
                                       "%s and %s: found two images that would both be written as "
                                       "%s/%s.png, expected distinct names",
                                       args->positional[k], args->positional[i],
                                       args->flags[FLAG_OUT], a);
            }
            mkd_free(b);
        }
        mkd_free(a);
    }
    return status;
}

static int predict_all(job *it) {
    const size_t n = it->args->n_positional - 1;
    const mkd_model_options *options = &it->model.experiment.student.detector.model;
    if (options->sees != MKD_SEES_IMAGE) {
        MKD_FAIL(MKD_EUNSUPPORTED,
                 "%s: found a network that sees depth, expected one that sees images; it needs "
                 "LiDAR points: `monokd eval` runs it on a data set",
                 it->args->positional[0]);
    }
    for (size_t i = 0; i < n; i++) {
        if (mkd_interrupt_requested()) {
            MKD_FAIL(MKD_EINTERRUPTED, "stopped after %zu of %zu images", i, n);
        }
        MKD_TRY(predict_one(it, it->args->positional[i + 1]));
        if (n > 1) {
            mkd_progress("predict", "image", (double)(i + 1), (double)n, NULL);
        }
    }
    return 0;
}

int mkd_cmd_predict(int argc, char **argv) {
    mkd_args args;
    int status = mkd_args_parse(&args, flags, N_FLAGS, argc, argv);
    if (status != 0) {
        return status;
    }
    if (args.help) {
        mkd_cmd_print_help(argv[0], flags, N_FLAGS);
        return 0;
    }
    if (args.n_positional < 2) {
        return mkd_cmd_usage("predict: found no %s, expected RUN IMAGE...",
                             args.n_positional ? "image" : "run folder");
    }
    job it = {.args = &args};
    if (args.flags[FLAG_SCORE] && (!mkd_parse_f64(&it.min_score, args.flags[FLAG_SCORE]) ||
                                   !(it.min_score >= 0 && it.min_score <= 1))) {
        return mkd_cmd_usage("predict: --score: found '%s', expected a number from 0 to 1",
                             args.flags[FLAG_SCORE]);
    }
    // a limit below the model's own must reach its decoder
    mkd_str limit = {0};
    mkd_str_printf(&limit, "model.score_threshold=%s",
                   args.flags[FLAG_SCORE] ? args.flags[FLAG_SCORE] : "");
    const char *overrides[] = {limit.text};
    mkd_catch_interrupts();
    MKD_GOTO(mkd_str_status(&limit));
    MKD_GOTO(check_names(&args));
    MKD_GOTO(mkd_run_model_open(&it.model, args.positional[0], overrides,
                                args.flags[FLAG_SCORE] ? 1 : 0));
    MKD_GOTO(predict_all(&it));
done:
    mkd_run_model_close(&it.model);
    mkd_str_free(&limit);
    return status;
}
