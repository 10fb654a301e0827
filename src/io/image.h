/// 8-bit images, height x width x channels, and reading and writing PNG and JPEG.
#ifndef MKD_IO_IMAGE_H
#define MKD_IO_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mkd_image {
    uint8_t *pixels; ///< [height, width, channels], no padding; owned, mkd_image_free
    int width_px, height_px;
    int channels; ///< 3 = RGB, 1 = gray
} mkd_image;

/// Black. EINVAL: channels other than 1 and 3, no pixel, or more than 64 megapixels.
int mkd_image_new(mkd_image *out, int width_px, int height_px, int channels) MKD_NODISCARD;
/// NULL is allowed.
void mkd_image_free(mkd_image *image);

/// Reads a PNG or JPEG (by content, not by name) as RGB. Images above 64 megapixels are refused
/// before memory is taken. Errors name the path and say what is broken; a truncated file is
/// EFORMAT.
int mkd_image_read(mkd_image *out, const char *path) MKD_NODISCARD;
/// Decodes from memory; `name` stands for the path in messages.
int mkd_image_decode(mkd_image *out, const void *bytes, size_t n_bytes,
                     const char *name) MKD_NODISCARD;
/// Width and height from the header alone.
int mkd_image_probe(int *width_px, int *height_px, const char *path) MKD_NODISCARD;

/// Encodes as PNG into memory (caller frees with mkd_free). `level` 1 (fast) to 9, as zlib's.
int mkd_png_encode(uint8_t **out, size_t *n_bytes, const mkd_image *image, int level) MKD_NODISCARD;
/// Atomic write of mkd_png_encode.
int mkd_png_write(const char *path, const mkd_image *image, int level) MKD_NODISCARD;
/// `quality` 1 to 100; color is subsampled 4:2:0. Caller frees with mkd_free.
int mkd_jpeg_encode(uint8_t **out, size_t *n_bytes, const mkd_image *image,
                    int quality) MKD_NODISCARD;

/// 16-bit gray PNG, as KITTI's depth maps use (value / 256 = meters). Caller frees with mkd_free.
int mkd_png16_read(uint16_t **out, int *width_px, int *height_px, const char *path) MKD_NODISCARD;
/// Decodes from memory; `name` stands for the path in messages.
int mkd_png16_decode(uint16_t **out, int *width_px, int *height_px, const void *bytes,
                     size_t n_bytes, const char *name) MKD_NODISCARD;
/// Atomic.
int mkd_png16_write(const char *path, const uint16_t *pixels, int width_px,
                    int height_px) MKD_NODISCARD;

#ifdef __cplusplus
}
#endif

#endif
