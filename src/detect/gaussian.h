/// Gaussian peaks on heat maps, as CornerNet's successors paint them.
#ifndef MKD_DETECT_GAUSSIAN_H
#define MKD_DETECT_GAUSSIAN_H

#ifdef __cplusplus
extern "C" {
#endif

/// Radius within which a box of this size (pixels of the map) keeps an overlap of `min_overlap`.
int mkd_gaussian_radius(double height, double width, double min_overlap);

/// Paints exp(-(x^2 + y^2) / (2 sigma^2)), sigma = (2 radius + 1) / 6, around a cell of channel
/// `channel`, by maximum, clipped to the map.
/// @param map  [height, width, channels]
void mkd_gaussian_draw(float *map, int height, int width, int channels, int channel, int center_x,
                       int center_y, int radius);

#ifdef __cplusplus
}
#endif

#endif
