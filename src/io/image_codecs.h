/// PNG and JPEG of image.h, apart: each names `name` in its messages.
#ifndef MKD_IO_IMAGE_CODECS_H
#define MKD_IO_IMAGE_CODECS_H

#include <stdbool.h>

#include "io/image.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { MKD_IMAGE_MAX_PX = 64000000 };

/// EFORMAT if the image has no pixel or more than MKD_IMAGE_MAX_PX.
int mkd_image__check_size(int64_t width_px, int64_t height_px, const char *name) MKD_NODISCARD;
/// EINVAL if `image` cannot be encoded.
int mkd_image__check(const mkd_image *image, const char *name) MKD_NODISCARD;

bool mkd_png__is(const void *bytes, size_t n_bytes);
int mkd_png__probe(int *width_px, int *height_px, const void *bytes, size_t n_bytes,
                   const char *name) MKD_NODISCARD;
int mkd_png__decode(mkd_image *out, const void *bytes, size_t n_bytes,
                    const char *name) MKD_NODISCARD;

bool mkd_jpeg__is(const void *bytes, size_t n_bytes);
int mkd_jpeg__probe(int *width_px, int *height_px, const void *bytes, size_t n_bytes,
                    const char *name) MKD_NODISCARD;
int mkd_jpeg__decode(mkd_image *out, const void *bytes, size_t n_bytes,
                     const char *name) MKD_NODISCARD;

#ifdef __cplusplus
}
#endif

#endif
