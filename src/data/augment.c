// Augmentation as the monocular detectors of CenterNet's family draw it (Zhou et al., "Objects as
// Points", 2019; MonoDLE, GUPNet, DID-M3D, MonoSKD): mirror, scale-crop, colors.
//
//   canvas = k (image - center) + canvas size / 2,   k = canvas width / crop width
//
// The published code solves this map from three points rounded to 32 bits. The rounding moves
// pixels by up to 7e-5 px, enough to change an 8-bit level here and there, so it is kept:
// `solve_map` gives their map to the last digit that matters.
//
// The three color steps (brightness f c, contrast f c + (1 - f) mean(gray), saturation f c +
// (1 - f) gray, in a drawn order) all use the gray of the image before any of them. So they compose
// to one map a c + b gray + m mean(gray), and the image is read once. Gray has the weights of b, g,
// r on r, g, b, as published.

#include "data/augment.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/rng.h"
#include "base/status.h"

#define OPTION(name, default_text, low, high, help)                                                \
    {                                                                                              \
#name, MKD_OPTION_FLOAT, offsetof(mkd_augment_options, name), default_text, low, high,     \
            NULL, "", help                                                                         \
    }

const mkd_option mkd_augment_option_table[] = {
    OPTION(flip_probability, "0.5", 0, 1, "probability of mirroring a sample"),
    OPTION(scale_crop_probability, "0.5", 0, 1, "probability of cropping at another scale"),
    OPTION(scale_range, "0.4", 0, 0.9,
           "crop over image size is N(1, range), clipped to 1 +- range"),
    OPTION(shift_range, "0.1", 0, 1,
           "the crop's center moves by N(0, range) image sizes, clipped to +- 2 range"),
    OPTION(color_probability, "1", 0, 1, "probability of changing the colors"),
    OPTION(brightness_range, "0.4", 0, 1, "brightness factor is 1 + U(-range, range)"),
    OPTION(contrast_range, "0.4", 0, 1, "contrast factor is 1 + U(-range, range)"),
    OPTION(saturation_range, "0.4", 0, 1, "saturation factor is 1 + U(-range, range)"),
    OPTION(lighting_sigma, "0.1", 0, 1, "standard deviation along the principal color axes"),
    {.key = NULL},
};

const mkd_color_norm mkd_color_norm_imagenet = {{0.485F, 0.456F, 0.406F}, {0.229F, 0.224F, 0.225F}};

// principal axes of ImageNet's colors (Krizhevsky et al., 2012; values of the published code)
static const double color_spread[3] = {0.2141788, 0.01817699, 0.00341571};
static const double color_axes[3][3] = {{-0.58752847, -0.69563484, 0.41340352},
                                        {-0.5832747, 0.00994535, -0.81221408},
                                        {-0.56089297, 0.71832671, 0.41158938}};
static const double PI = 3.14159265358979323846;

// Canvas to image through three pairs of points: the centers, the points half a width above them,
// and those half a width to the left of these. Image points are rounded to 32 bits.
static int solve_map(mkd_augmentation *a, const double center_px[2], double crop_width_px) {
    float x0 = (float)center_px[0], y0 = (float)center_px[1];
    float y1 = (float)(center_px[1] - 0.5 * crop_width_px);
    float x2 = x0 - (y0 - y1);
    double half_width = 0.5 * a->canvas.width_px, half_height = 0.5 * a->canvas.height_px;
    double step_x = ((double)x0 - (double)x2) / half_width;
    double step_y = ((double)y0 - (double)y1) / half_width;
    a->image_from_canvas = (mkd_affine){{step_x, 0, (double)x0 - step_x * half_width, 0, step_y,
                                         (double)y0 - step_y * half_height}};
    return mkd_affine_invert(&a->canvas_from_image, &a->image_from_canvas);
}

static int crop(mkd_augmentation *a, double scale, const double center_px[2]) {
    double half_width = 0.5 * scale * a->image_width_px;
    double half_height = 0.5 * scale * a->image_height_px;
    a->crop_scale = scale;
    a->crop_px = (mkd_box2d){center_px[0] - half_width, center_px[1] - half_height,
                             center_px[0] + half_width, center_px[1] + half_height};
    return solve_map(a, center_px, 2 * half_width);
}

int mkd_augment_none(mkd_augmentation *out, int image_width_px, int image_height_px,
                     mkd_canvas canvas) {
    if (image_width_px <= 0 || image_height_px <= 0 || canvas.width_px <= 0 ||
        canvas.height_px <= 0) {
        MKD_FAIL(MKD_EINVAL,
                 "augmentation: found image %d x %d and canvas %d x %d px, expected above 0",
                 image_width_px, image_height_px, canvas.width_px, canvas.height_px);
    }
    *out = (mkd_augmentation){.image_width_px = image_width_px,
                              .image_height_px = image_height_px,
                              .canvas = canvas,
                              .color_of_pixel = 1};
    return crop(out, 1, (const double[2]){0.5 * image_width_px, 0.5 * image_height_px});
}

int mkd_augment_crop(mkd_augmentation *augmentation, double scale, double shift_x, double shift_y) {
    if (!(scale > 0) || !isfinite(scale) || !isfinite(shift_x) || !isfinite(shift_y)) {
        MKD_FAIL(MKD_EINVAL,
                 "augmentation: found scale %g and shift (%g, %g), expected a scale > 0", scale,
                 shift_x, shift_y);
    }
    const double center_px[2] = {(0.5 + shift_x) * augmentation->image_width_px,
                                 (0.5 + shift_y) * augmentation->image_height_px};
    return crop(augmentation, scale, center_px);
}

static double clip(double value, double low, double high) {
    return fmin(fmax(value, low), high);
}

void mkd_augment_recolor(mkd_augmentation *augmentation, const mkd_color_step order[3],
                         const double factors[3], const double lighting[3]) {
    mkd_augmentation *a = augmentation;
    a->recolor = true;
    a->color_of_pixel = 1;
    a->color_of_gray = a->color_of_mean = 0;
    for (int i = 0; i < 3; i++) {
        double f = factors[order[i]];
        a->color_of_pixel *= f;
        a->color_of_mean = a->color_of_mean * f + (order[i] == MKD_COLOR_CONTRAST ? 1 - f : 0);
        a->color_of_gray = a->color_of_gray * f + (order[i] == MKD_COLOR_SATURATION ? 1 - f : 0);
    }
    for (int c = 0; c < 3; c++) {
        a->color_offset[c] = 0;
        for (int i = 0; i < 3; i++) {
            a->color_offset[c] += color_axes[c][i] * color_spread[i] * lighting[i];
        }
    }
}

static void draw_colors(mkd_augmentation *a, mkd_rng *rng, const mkd_augment_options *o) {
    static const mkd_color_step orders[6][3] = {
        {MKD_COLOR_BRIGHTNESS, MKD_COLOR_CONTRAST, MKD_COLOR_SATURATION},
        {MKD_COLOR_BRIGHTNESS, MKD_COLOR_SATURATION, MKD_COLOR_CONTRAST},
        {MKD_COLOR_CONTRAST, MKD_COLOR_BRIGHTNESS, MKD_COLOR_SATURATION},
        {MKD_COLOR_CONTRAST, MKD_COLOR_SATURATION, MKD_COLOR_BRIGHTNESS},
        {MKD_COLOR_SATURATION, MKD_COLOR_BRIGHTNESS, MKD_COLOR_CONTRAST},
        {MKD_COLOR_SATURATION, MKD_COLOR_CONTRAST, MKD_COLOR_BRIGHTNESS}};
    bool recolor = mkd_rng_uniform(rng) < o->color_probability;
    const mkd_color_step *order = orders[mkd_rng_below(rng, 6)];
    const double ranges[3] = {o->brightness_range, o->contrast_range, o->saturation_range};
    double factors[3], lighting[3];
    for (int i = 0; i < 3; i++) {
        factors[i] = 1 + mkd_rng_range(rng, -1, 1) * ranges[i];
    }
    for (int i = 0; i < 3; i++) {
        lighting[i] = mkd_rng_normal(rng) * o->lighting_sigma;
    }
    if (recolor) {
        mkd_augment_recolor(a, order, factors, lighting);
    }
}

int mkd_augment_draw(mkd_augmentation *out, int image_width_px, int image_height_px,
                     mkd_canvas canvas, const mkd_augment_options *options, uint64_t seed,
                     uint32_t epoch, uint64_t sample) {
    MKD_TRY(mkd_augment_none(out, image_width_px, image_height_px, canvas));
    mkd_rng rng = mkd_rng_at(seed, epoch, sample, MKD_RNG_AUGMENT);
    // every value is drawn whether it is used or not, so that one option does not move the others
    out->flip = mkd_rng_uniform(&rng) < options->flip_probability;
    bool scale_crop = mkd_rng_uniform(&rng) < options->scale_crop_probability;
    double r = options->scale_range, shift = options->shift_range;
    double scale = clip(1 + r * mkd_rng_normal(&rng), 1 - r, 1 + r);
    double shift_x = clip(shift * mkd_rng_normal(&rng), -2 * shift, 2 * shift);
    double shift_y = clip(shift * mkd_rng_normal(&rng), -2 * shift, 2 * shift);
    draw_colors(out, &rng, options);
    if (!scale_crop) {
        return 0;
    }
    return mkd_augment_crop(out, scale, shift_x, shift_y);
}

void mkd_augment_pixel(double out_px[2], const mkd_augmentation *augmentation,
                       const double in_px[2]) {
    double at_px[2] = {augmentation->flip ? augmentation->image_width_px - in_px[0] : in_px[0],
                       in_px[1]};
    mkd_affine_apply(out_px, &augmentation->canvas_from_image, at_px);
}

mkd_camera mkd_augment_camera(const mkd_camera *camera, const mkd_augmentation *augmentation) {
    mkd_camera out = *camera;
    double *p = out.projection;
    if (augmentation->flip) {
        // u' = width - u of points with x' = -x; the divisor is z
        p[1] = -p[1];
        p[2] = augmentation->image_width_px - p[2];
        p[3] = -p[3];
        p[4] = -p[4];
    }
    const double *m = augmentation->canvas_from_image.at;
    for (int j = 0; j < 4; j++) {
        double u = p[j], v = p[4 + j], constant = j == 2;
        p[j] = m[0] * u + m[1] * v + m[2] * constant;
        p[4 + j] = m[3] * u + m[4] * v + m[5] * constant;
    }
    out.width_px = augmentation->canvas.width_px;
    out.height_px = augmentation->canvas.height_px;
    return out;
}

static mkd_box2d augment_box(const mkd_box2d *in, const mkd_augmentation *a, bool clipped) {
    double first_px[2], second_px[2];
    mkd_augment_pixel(first_px, a, (const double[2]){in->left_px, in->top_px});
    mkd_augment_pixel(second_px, a, (const double[2]){in->right_px, in->bottom_px});
    mkd_box2d out = {first_px[0], first_px[1], second_px[0], second_px[1]};
    if (a->flip) {
        out.left_px = second_px[0];
        out.right_px = first_px[0];
    }
    if (clipped) {
        double width = a->canvas.width_px, height = a->canvas.height_px;
        out = (mkd_box2d){clip(out.left_px, 0, width), clip(out.top_px, 0, height),
                          clip(out.right_px, 0, width), clip(out.bottom_px, 0, height)};
    }
    return out;
}

int mkd_augment_objects(mkd_object_list *out, const mkd_object_list *in,
                        const mkd_augmentation *augmentation, bool clip_boxes) {
    *out = (mkd_object_list){0};
    out->at = mkd_alloc_array(in->n, sizeof *out->at);
    if (!out->at) {
        return MKD_ENOMEM;
    }
    out->n = in->n;
    for (size_t i = 0; i < in->n; i++) {
        mkd_object *o = &out->at[i];
        *o = in->at[i];
        o->box_px = augment_box(&o->box_px, augmentation, clip_boxes);
        if (augmentation->flip && o->box.x_m != -1000) {
            o->box.x_m = -o->box.x_m;
            o->box.yaw_rad = mkd_wrap_angle(PI - o->box.yaw_rad);
        }
        if (augmentation->flip && o->alpha_rad != -10) {
            o->alpha_rad = mkd_wrap_angle(PI - o->alpha_rad);
        }
    }
    return 0;
}

int mkd_augment_points(mkd_points *out, const mkd_points *in, const double camera_from_points[12],
                       const mkd_augmentation *augmentation) {
    *out = (mkd_points){0};
    out->at = mkd_alloc_array(in->n, 4 * sizeof *out->at);
    if (!out->at) {
        return MKD_ENOMEM;
    }
    out->n = in->n;
    const double *t = camera_from_points;
    for (size_t i = 0; i < in->n; i++) {
        const float *p = &in->at[4 * i];
        float *q = &out->at[4 * i];
        for (int k = 0; k < 3; k++) {
            q[k] = (float)(t[4 * k] * (double)p[0] + t[4 * k + 1] * (double)p[1] +
                           t[4 * k + 2] * (double)p[2] + t[4 * k + 3]);
        }
        q[0] = augmentation->flip ? -q[0] : q[0];
        q[3] = p[3];
    }
    return 0;
}
