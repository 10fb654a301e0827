/// Augmentation: what is drawn for a sample, and its application to everything a frame has.
///
/// Pixels, boxes, camera, depth and points stay in step: projecting a point of the augmented scene
/// with the augmented camera gives the pixel that mkd_augment_pixel gives for the original one.
///
/// Coordinates are those of the published monocular detectors: continuous, with pixel (i, j)
/// covering [i, i + 1) x [j, j + 1). So the image is sampled at pixel centers (+ 0.5), and a mirror
/// is u' = width - u. (mkd_camera_flip, of the convention with centers at whole numbers, is not
/// used here.)
#ifndef MKD_DATA_AUGMENT_H
#define MKD_DATA_AUGMENT_H

#include "base/config.h"
#include "data/frame.h"
#include "geom/affine.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Section `data.augment` of a config; the defaults are MonoSKD's.
typedef struct mkd_augment_options {
    double flip_probability;
    double scale_crop_probability;
    double scale_range; ///< the crop is s times the image, s = N(1, range) clipped to 1 +- range
    double shift_range; ///< its center moves by N(0, range) image sizes, clipped to +- 2 range
    double color_probability;
    double brightness_range, contrast_range, saturation_range; ///< factor 1 + U(-range, range)
    double lighting_sigma; ///< standard deviation along ImageNet's principal color axes
} mkd_augment_options;

/// Rows of the section, ended by a NULL key.
extern const mkd_option mkd_augment_option_table[];

/// Size of the network's input.
typedef struct mkd_canvas {
    int width_px, height_px;
} mkd_canvas;

/// What was drawn for one sample. The scale is uniform, and the image's width alone fixes it.
typedef struct mkd_augmentation {
    int image_width_px, image_height_px;
    mkd_canvas canvas;
    bool flip;                    ///< mirrored in x, before all else
    mkd_affine canvas_from_image; ///< from pixels of the (mirrored) image to the canvas
    mkd_affine image_from_canvas; ///< its inverse
    double crop_scale;            ///< size of the crop over the image's; 1 without scale-crop
    mkd_box2d crop_px; ///< of the (mirrored) image, with the image's aspect: what a network that
                       ///< ignores aspect takes the canvas for (`coord_range` of DID-M3D)
    bool recolor;      ///< the members below count
    double color_of_pixel, color_of_gray, color_of_mean; ///< c' = a c + b gray + m mean(gray)
    double color_offset[3];                              ///< lighting, added to r, g, b
} mkd_augmentation;

/// The plain transform: scaled so that the width fits, centered; rows that do not fit are cut, rows
/// that are missing are black. Errors: EINVAL for a size that is not positive.
int mkd_augment_none(mkd_augmentation *out, int image_width_px, int image_height_px,
                     mkd_canvas canvas) MKD_NODISCARD;

/// Replaces the crop: `scale` times the image, its center moved by the shifts times the image's
/// size.
int mkd_augment_crop(mkd_augmentation *augmentation, double scale, double shift_x,
                     double shift_y) MKD_NODISCARD;

typedef enum mkd_color_step {
    MKD_COLOR_BRIGHTNESS,
    MKD_COLOR_CONTRAST,
    MKD_COLOR_SATURATION
} mkd_color_step;

/// Replaces the colors' part: the steps in `order`, each with its factor (indexed by
/// mkd_color_step), then lighting by `lighting` times the spread along ImageNet's three principal
/// color axes.
void mkd_augment_recolor(mkd_augmentation *augmentation, const mkd_color_step order[3],
                         const double factors[3], const double lighting[3]);

/// Draws an augmentation from the stream (seed, epoch, sample). What is drawn for one step does not
/// depend on the options of the others.
int mkd_augment_draw(mkd_augmentation *out, int image_width_px, int image_height_px,
                     mkd_canvas canvas, const mkd_augment_options *options, uint64_t seed,
                     uint32_t epoch, uint64_t sample) MKD_NODISCARD;

/// Where a pixel of the original image comes to lie on the canvas.
void mkd_augment_pixel(double out_px[2], const mkd_augmentation *augmentation,
                       const double in_px[2]);

/// Mean and standard deviation of r, g, b in 0..1 by which a network wants its input normalized.
typedef struct mkd_color_norm {
    float mean[3], deviation[3];
} mkd_color_norm;
extern const mkd_color_norm mkd_color_norm_imagenet;

/// Warps, recolors and normalizes an RGB image.
/// @param[out] out  [canvas height, canvas width, 3]
/// Errors: EINVAL if the image is not RGB or not of the augmentation's size; ENOMEM.
int mkd_augment_image(float *out, const mkd_image *image, const mkd_augmentation *augmentation,
                      const mkd_color_norm *norm) MKD_NODISCARD;

/// Warps a depth map; depths stay metres of the original scene (a method that scales them with the
/// crop multiplies by `crop_scale`). Bilinear over the known pixels, with the weights of the
/// unknown ones left out; 0 (unknown) where known pixels weigh less than half, and outside.
/// @param[out] out_m  [canvas height, canvas width]
int mkd_augment_depth(float *out_m, const mkd_depth_map *map,
                      const mkd_augmentation *augmentation) MKD_NODISCARD;

/// The camera that projects points of the augmented scene (x mirrored if `flip`) to the canvas.
mkd_camera mkd_augment_camera(const mkd_camera *camera, const mkd_augmentation *augmentation);

/// Objects of the augmented scene, in the order of `in` and as many. Boxes move with the image; if
/// `clip`, they are cut at the canvas, and one that lies outside has no area. Truncation stays that
/// of the original image. Rows without a 3D box (position -1000) keep it, alpha -10 stays -10.
int mkd_augment_objects(mkd_object_list *out, const mkd_object_list *in,
                        const mkd_augmentation *augmentation, bool clip) MKD_NODISCARD;

/// Points of the augmented scene in the camera's frame, where the flip is x' = -x exactly (in the
/// LiDAR's frame it would be a mirror at a tilted plane). Scale-crop changes no point.
/// @param camera_from_points  row-major 3x4; a frame's `camera_from_lidar`
int mkd_augment_points(mkd_points *out, const mkd_points *in, const double camera_from_points[12],
                       const mkd_augmentation *augmentation) MKD_NODISCARD;

#ifdef __cplusplus
}
#endif

#endif
