// PNG through libspng, straight into 8-bit RGB. Chunks behind the picture are read too: only the
// end chunk says that the file is whole.

#include <spng.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/status.h"
#include "io/image.h"
#include "io/image_codecs.h"

enum {
    FILE_MAX_BYTES = 1 << 28,
    CHUNK_MAX_BYTES = 1 << 24, // of metadata, unpacked
    DEFLATE_MAX_RATIO = 1032
};

// spng and zlib report some failed allocations as broken data; here they are told apart
static MKD_THREAD_LOCAL bool is_memory_out;

static void *noted(void *memory) {
    is_memory_out |= !memory;
    return memory;
}

static void *allocate(size_t bytes) {
    return noted(mkd_alloc(bytes));
}

static void *allocate_array(size_t count, size_t size) {
    return noted(mkd_alloc_array(count, size));
}

static void *resize(void *old, size_t bytes) {
    return noted(mkd_realloc_array(old, bytes, 1));
}

static int new_context(spng_ctx **out, int flags) {
    struct spng_alloc alloc = {allocate, resize, allocate_array, mkd_free};
    is_memory_out = false;
    *out = spng_ctx_new2(&alloc, flags);
    return *out ? 0 : MKD_ENOMEM;
}

static int fail_decode(int error, const char *name) {
    if (is_memory_out || error == SPNG_EMEM) {
        MKD_FAIL(MKD_ENOMEM, "%s: out of memory in the PNG decoder", name);
    }
    MKD_FAIL(MKD_EFORMAT, "%s: broken PNG: %s", name, spng_strerror(error));
}

/// Every chunk up to the end chunk must lie within the file: spng would do without the last bytes.
static int check_whole(const uint8_t *bytes, size_t n_bytes, const char *name) {
    enum { SIGNATURE_BYTES = 8, AROUND_BYTES = 12 }; // length, type and checksum
    size_t left = n_bytes - SIGNATURE_BYTES;
    for (const uint8_t *at = bytes + SIGNATURE_BYTES; left >= AROUND_BYTES;) {
        size_t length = (size_t)at[0] << 24 | (size_t)at[1] << 16 | (size_t)at[2] << 8 | at[3];
        if (length > left - AROUND_BYTES) {
            break;
        }
        if (memcmp(at + 4, "IEND", 4) == 0) {
            return 0;
        }
        at += length + AROUND_BYTES;
        left -= length + AROUND_BYTES;
    }
    MKD_FAIL(MKD_EFORMAT, "%s: truncated PNG: %zu bytes end before the end chunk", name, n_bytes);
}

/// A decoder that has read the header and found its size credible.
static int open_decoder(spng_ctx **out, struct spng_ihdr *header, const void *bytes, size_t n_bytes,
                        const char *name) {
    MKD_TRY(new_context(out, 0));
    int error = spng_set_png_buffer(*out, bytes, n_bytes);
    if (error == 0) {
        error = spng_set_chunk_limits(*out, CHUNK_MAX_BYTES, CHUNK_MAX_BYTES);
    }
    if (error == 0) {
        error = spng_get_ihdr(*out, header);
    }
    if (error) {
        return fail_decode(error, name);
    }
    return mkd_image__check_size(header->width, header->height, name);
}

/// Refuses a header whose pixels cannot come out of so few bytes, however well they pack.
static int check_packing(const struct spng_ihdr *header, size_t n_bytes, const char *name) {
    static const uint64_t channels_of_color[7] = {1, 0, 3, 1, 2, 0, 4};
    uint64_t bits = header->bit_depth * channels_of_color[header->color_type];
    uint64_t raw_bytes = header->height * (1 + (header->width * bits + 7) / 8);
    if (raw_bytes / DEFLATE_MAX_RATIO > n_bytes) {
        MKD_FAIL(MKD_EFORMAT, "%s: broken PNG: found %zu bytes, which cannot hold %u x %u px", name,
                 n_bytes, header->width, header->height);
    }
    return 0;
}

static int decode_pixels(spng_ctx *context, void *out, size_t n_bytes, int format,
                         const char *name) {
    size_t expected = 0;
    int error = spng_decoded_image_size(context, format, &expected);
    if (error == 0 && expected != n_bytes) {
        error = SPNG_EBUFSIZ;
    }
    if (error == 0) {
        error = spng_decode_image(context, out, n_bytes, format, 0);
    }
    if (error == 0) {
        error = spng_decode_chunks(context);
    }
    return error ? fail_decode(error, name) : 0;
}

bool mkd_png__is(const void *bytes, size_t n_bytes) {
    return n_bytes >= 8 && memcmp(bytes, "\x89PNG\r\n\x1a\n", 8) == 0;
}

int mkd_png__probe(int *width_px, int *height_px, const void *bytes, size_t n_bytes,
                   const char *name) {
    spng_ctx *context;
    struct spng_ihdr header;
    int status = open_decoder(&context, &header, bytes, n_bytes, name);
    if (status == 0) {
        *width_px = (int)header.width;
        *height_px = (int)header.height;
    }
    spng_ctx_free(context);
    return status;
}

int mkd_png__decode(mkd_image *out, const void *bytes, size_t n_bytes, const char *name) {
    spng_ctx *context;
    struct spng_ihdr header;
    int status;
    MKD_GOTO(open_decoder(&context, &header, bytes, n_bytes, name));
    MKD_GOTO(check_whole(bytes, n_bytes, name));
    MKD_GOTO(check_packing(&header, n_bytes, name));
    MKD_GOTO(mkd_image_new(out, (int)header.width, (int)header.height, 3));
    size_t n_pixels = (size_t)header.width * header.height;
    MKD_GOTO(decode_pixels(context, out->pixels, 3 * n_pixels, SPNG_FMT_RGB8, name));
done:
    if (status < 0) {
        mkd_image_free(out);
    }
    spng_ctx_free(context);
    return status;
}

int mkd_png16_decode(uint16_t **out, int *width_px, int *height_px, const void *bytes,
                     size_t n_bytes, const char *name) {
    *out = NULL;
    if (!mkd_png__is(bytes, n_bytes)) {
        MKD_FAIL(MKD_EFORMAT, "%s: found no PNG, expected 16-bit gray PNG", name);
    }
    spng_ctx *context;
    struct spng_ihdr header;
    uint16_t *pixels = NULL;
    int status;
    MKD_GOTO(open_decoder(&context, &header, bytes, n_bytes, name));
    if (header.bit_depth != 16 || header.color_type != SPNG_COLOR_TYPE_GRAYSCALE) {
        bool is_gray = header.color_type == SPNG_COLOR_TYPE_GRAYSCALE;
        status = mkd_error_set(MKD_EFORMAT, "%s: found %d-bit %s PNG, expected 16-bit gray", name,
                               header.bit_depth, is_gray ? "gray" : "color");
        goto done;
    }
    MKD_GOTO(check_whole(bytes, n_bytes, name));
    MKD_GOTO(check_packing(&header, n_bytes, name));
    size_t n_pixels = (size_t)header.width * header.height;
    pixels = mkd_alloc_array(n_pixels, sizeof *pixels);
    if (!pixels) {
        status = MKD_ENOMEM;
        goto done;
    }
    MKD_GOTO(decode_pixels(context, pixels, 2 * n_pixels, SPNG_FMT_PNG, name));
    *out = pixels;
    pixels = NULL;
    *width_px = (int)header.width;
    *height_px = (int)header.height;
done:
    mkd_free(pixels);
    spng_ctx_free(context);
    return status;
}

int mkd_png16_read(uint16_t **out, int *width_px, int *height_px, const char *path) {
    *out = NULL;
    char *bytes;
    size_t n_bytes;
    MKD_TRY(mkd_fs_read(&bytes, &n_bytes, path, FILE_MAX_BYTES));
    int status = mkd_png16_decode(out, width_px, height_px, bytes, n_bytes, path);
    mkd_free(bytes);
    return status;
}


static int encode(uint8_t **out, size_t *n_bytes, const void *pixels, struct spng_ihdr *header,
                  size_t pixel_bytes, int level) {
    enum { FAST_LEVEL = 3 };
    spng_ctx *context;
    MKD_TRY(new_context(&context, SPNG_CTX_ENCODER));
    size_t image_bytes = (size_t)header->width * header->height * pixel_bytes;
    int error = spng_set_option(context, SPNG_ENCODE_TO_BUFFER, 1);
    if (error == 0) {
        error = spng_set_option(context, SPNG_IMG_COMPRESSION_LEVEL, level);
    }
    // on photographs the choice among five filters nearly always falls on Paeth's, and costs a
    // third of the time of a fast level
    if (error == 0 && level <= FAST_LEVEL) {
        error = spng_set_option(context, SPNG_FILTER_CHOICE, SPNG_FILTER_CHOICE_PAETH);
    }
    if (error == 0) {
        error = spng_set_ihdr(context, header);
    }
    if (error == 0) {
        error = spng_encode_image(context, pixels, image_bytes, SPNG_FMT_PNG, SPNG_ENCODE_FINALIZE);
    }
    if (error == 0) {
        *out = spng_get_png_buffer(context, n_bytes, &error);
    }
    spng_ctx_free(context);
    if (error) {
        *out = NULL;
        int code = is_memory_out || error == SPNG_EMEM ? MKD_ENOMEM : MKD_EINVAL;
        MKD_FAIL(code, "png: cannot encode %u x %u px: %s", header->width, header->height,
                 spng_strerror(error));
    }
    return 0;
}

int mkd_png_encode(uint8_t **out, size_t *n_bytes, const mkd_image *image, int level) {
    *out = NULL;
    MKD_TRY(mkd_image__check(image, "png"));
    if (level < 1 || level > 9) {
        MKD_FAIL(MKD_EINVAL, "png: found compression level %d, expected 1 to 9", level);
    }
    struct spng_ihdr header = {.width = (uint32_t)image->width_px,
                               .height = (uint32_t)image->height_px,
                               .bit_depth = 8,
                               .color_type = image->channels == 3 ? SPNG_COLOR_TYPE_TRUECOLOR
                                                                  : SPNG_COLOR_TYPE_GRAYSCALE};
    return encode(out, n_bytes, image->pixels, &header, (size_t)image->channels, level);
}

int mkd_png_write(const char *path, const mkd_image *image, int level) {
    uint8_t *bytes;
    size_t n_bytes;
    MKD_TRY(mkd_png_encode(&bytes, &n_bytes, image, level));
    int status = mkd_fs_write_atomic(path, bytes, n_bytes);
    mkd_free(bytes);
    return status;
}

int mkd_png16_write(const char *path, const uint16_t *pixels, int width_px, int height_px) {
    enum { LEVEL = 6 };
    if (!pixels || mkd_image__check_size(width_px, height_px, path) < 0) {
        MKD_FAIL(MKD_EINVAL, "%s: found %d x %d px to write, expected 1 to %d px", path, width_px,
                 height_px, MKD_IMAGE_MAX_PX);
    }
    struct spng_ihdr header = {.width = (uint32_t)width_px,
                               .height = (uint32_t)height_px,
                               .bit_depth = 16,
                               .color_type = SPNG_COLOR_TYPE_GRAYSCALE};
    uint8_t *bytes;
    size_t n_bytes;
    MKD_TRY(encode(&bytes, &n_bytes, pixels, &header, sizeof *pixels, LEVEL));
    int status = mkd_fs_write_atomic(path, bytes, n_bytes);
    mkd_free(bytes);
    return status;
}
