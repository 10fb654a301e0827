// JPEG through TurboJPEG. libjpeg goes on after damaged data with a warning and gray pixels; here
// the first warning is the end.

#include <string.h>
#include <turbojpeg.h>

#include "base/alloc.h"
#include "base/status.h"
#include "io/image.h"
#include "io/image_codecs.h"

static int new_handle(tjhandle *out, tjhandle handle) {
    *out = handle;
    if (!handle) {
        MKD_FAIL(MKD_ENOMEM, "jpeg: out of memory");
    }
    return 0;
}

bool mkd_jpeg__is(const void *bytes, size_t n_bytes) {
    return n_bytes >= 3 && memcmp(bytes, "\xff\xd8\xff", 3) == 0;
}

static int read_header(int *width_px, int *height_px, int *colorspace, tjhandle handle,
                       const void *bytes, size_t n_bytes, const char *name) {
    int subsampling;
    if (tjDecompressHeader3(handle, bytes, n_bytes, width_px, height_px, &subsampling, colorspace) <
        0) {
        MKD_FAIL(MKD_EFORMAT, "%s: broken JPEG: %s", name, tjGetErrorStr2(handle));
    }
    return mkd_image__check_size(*width_px, *height_px, name);
}

int mkd_jpeg__probe(int *width_px, int *height_px, const void *bytes, size_t n_bytes,
                    const char *name) {
    tjhandle handle;
    int colorspace;
    MKD_TRY(new_handle(&handle, tjInitDecompress()));
    int status = read_header(width_px, height_px, &colorspace, handle, bytes, n_bytes, name);
    tjDestroy(handle);
    return status;
}

int mkd_jpeg__decode(mkd_image *out, const void *bytes, size_t n_bytes, const char *name) {
    tjhandle handle;
    int width_px, height_px, colorspace, status;
    int flags = TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS;
    MKD_TRY(new_handle(&handle, tjInitDecompress()));
    MKD_GOTO(read_header(&width_px, &height_px, &colorspace, handle, bytes, n_bytes, name));
    if (colorspace == TJCS_CMYK || colorspace == TJCS_YCCK) {
        status =
            mkd_error_set(MKD_EUNSUPPORTED, "%s: found a CMYK JPEG, expected color or gray", name);
        goto done;
    }
    MKD_GOTO(mkd_image_new(out, width_px, height_px, 3));
    if (tjDecompress2(handle, bytes, n_bytes, out->pixels, width_px, 0, height_px, TJPF_RGB,
                      flags) < 0) {
        status = mkd_error_set(MKD_EFORMAT, "%s: broken JPEG: %s", name, tjGetErrorStr2(handle));
    }
done:
    if (status < 0) {
        mkd_image_free(out);
    }
    tjDestroy(handle);
    return status;
}

int mkd_jpeg_encode(uint8_t **out, size_t *n_bytes, const mkd_image *image, int quality) {
    *out = NULL;
    MKD_TRY(mkd_image__check(image, "jpeg"));
    if (quality < 1 || quality > 100) {
        MKD_FAIL(MKD_EINVAL, "jpeg: found quality %d, expected 1 to 100", quality);
    }
    tjhandle handle;
    unsigned char *bytes = NULL;
    unsigned long length = 0;
    bool is_color = image->channels == 3;
    MKD_TRY(new_handle(&handle, tjInitCompress()));
    int status = 0;
    if (tjCompress2(handle, image->pixels, image->width_px, 0, image->height_px,
                    is_color ? TJPF_RGB : TJPF_GRAY, &bytes, &length,
                    is_color ? TJSAMP_420 : TJSAMP_GRAY, quality, 0) < 0) {
        status = mkd_error_set(MKD_EINVAL, "jpeg: cannot encode %d x %d px: %s", image->width_px,
                               image->height_px, tjGetErrorStr2(handle));
        goto done;
    }
    *out = mkd_alloc(length);
    if (!*out) {
        status = MKD_ENOMEM;
        goto done;
    }
    memcpy(*out, bytes, length);
    *n_bytes = length;
done:
    tjFree(bytes);
    tjDestroy(handle);
    return status;
}
