#include "io/image.h"

#include "base/alloc.h"
#include "base/fs.h"
#include "base/status.h"
#include "io/image_codecs.h"

enum { FILE_MAX_BYTES = 1 << 28 };

int mkd_image__check_size(int64_t width_px, int64_t height_px, const char *name) {
    if (width_px < 1 || height_px < 1 || width_px > MKD_IMAGE_MAX_PX / height_px) {
        MKD_FAIL(MKD_EFORMAT, "%s: found an image of %lld x %lld px, expected 1 to %d px", name,
                 (long long)width_px, (long long)height_px, MKD_IMAGE_MAX_PX);
    }
    return 0;
}

int mkd_image__check(const mkd_image *image, const char *name) {
    bool has_channels = image->channels == 1 || image->channels == 3;
    if (!image->pixels || !has_channels ||
        mkd_image__check_size(image->width_px, image->height_px, name) < 0) {
        MKD_FAIL(MKD_EINVAL,
                 "%s: found an image of %d x %d px and %d channels, expected 1 to %d px and 1 or 3 "
                 "channels",
                 name, image->width_px, image->height_px, image->channels, MKD_IMAGE_MAX_PX);
    }
    return 0;
}

int mkd_image_new(mkd_image *out, int width_px, int height_px, int channels) {
    *out = (mkd_image){0};
    mkd_image image = {(uint8_t[]){0}, width_px, height_px, channels};
    MKD_TRY(mkd_image__check(&image, "image"));
    image.pixels = mkd_alloc((size_t)width_px * (size_t)height_px * (size_t)channels);
    if (!image.pixels) {
        return MKD_ENOMEM;
    }
    *out = image;
    return 0;
}

void mkd_image_free(mkd_image *image) {
    if (image) {
        mkd_free(image->pixels);
        *image = (mkd_image){0};
    }
}

int mkd_image_decode(mkd_image *out, const void *bytes, size_t n_bytes, const char *name) {
    *out = (mkd_image){0};
    if (mkd_png__is(bytes, n_bytes)) {
        return mkd_png__decode(out, bytes, n_bytes, name);
    }
    if (mkd_jpeg__is(bytes, n_bytes)) {
        return mkd_jpeg__decode(out, bytes, n_bytes, name);
    }
    MKD_FAIL(MKD_EFORMAT, "%s: found neither PNG nor JPEG", name);
}

int mkd_image_read(mkd_image *out, const char *path) {
    *out = (mkd_image){0};
    char *bytes;
    size_t n_bytes;
    MKD_TRY(mkd_fs_read(&bytes, &n_bytes, path, FILE_MAX_BYTES));
    int status = mkd_image_decode(out, bytes, n_bytes, path);
    mkd_free(bytes);
    return status;
}

int mkd_image_probe(int *width_px, int *height_px, const char *path) {
    mkd_fs_map map;
    MKD_TRY(mkd_fs_map_open(&map, path));
    int status;
    if (mkd_png__is(map.data, map.bytes)) {
        status = mkd_png__probe(width_px, height_px, map.data, map.bytes, path);
    } else if (mkd_jpeg__is(map.data, map.bytes)) {
        status = mkd_jpeg__probe(width_px, height_px, map.data, map.bytes, path);
    } else {
        status = mkd_error_set(MKD_EFORMAT, "%s: found neither PNG nor JPEG", path);
    }
    mkd_fs_map_close(&map);
    return status;
}
