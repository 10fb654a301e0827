#include "scratch.h"

#include <stdlib.h>

#include "io/image.h"

// the fixtures show 5 x 3 px of (50 x, 100 y, 31 x y mod 256); in JPEGs, each is 6 x 6 px
static void expected_color(int out[3], int x, int y) {
    out[0] = 50 * x;
    out[1] = 100 * y;
    out[2] = 31 * x * y % 256;
}

static void check_pixels(const mkd_image *image, bool is_gray) {
    assert_int_equal(image->width_px, 5);
    assert_int_equal(image->height_px, 3);
    assert_int_equal(image->channels, 3);
    for (int i = 0; i < 15; i++) {
        int color[3];
        expected_color(color, i % 5, i / 5);
        for (int c = 0; c < 3; c++) {
            assert_int_equal(image->pixels[3 * i + c], color[is_gray ? 0 : c]);
        }
    }
}

static void test_png_of_every_color_type(void **state) {
    (void)state;
    static const char *const paths[] = {IO_DATA("rgb.png"), IO_DATA("rgba.png"),
                                        IO_DATA("palette.png"), IO_DATA("interlaced.png"),
                                        IO_DATA("gray.png")};
    for (size_t i = 0; i < MKD_COUNT(paths); i++) {
        mkd_image image;
        int width_px, height_px;
        assert_int_equal(mkd_image_read(&image, paths[i]), 0);
        check_pixels(&image, i == 4);
        mkd_image_free(&image);
        assert_int_equal(mkd_image_probe(&width_px, &height_px, paths[i]), 0);
        assert_int_equal(width_px, 5);
        assert_int_equal(height_px, 3);
    }
}

static void check_jpeg(const char *path, int scale, bool is_gray, int tolerance) {
    mkd_image image;
    int width_px, height_px;
    assert_int_equal(mkd_image_read(&image, path), 0);
    assert_int_equal(image.channels, 3);
    assert_int_equal(mkd_image_probe(&width_px, &height_px, path), 0);
    assert_int_equal(width_px, 5 * scale);
    assert_int_equal(height_px, 3 * scale);
    assert_int_equal(image.width_px, width_px);
    assert_int_equal(image.height_px, height_px);
    for (int y = 0; y < height_px; y++) {
        for (int x = 0; x < width_px; x++) {
            int color[3];
            expected_color(color, x / scale, y / scale);
            for (int c = 0; c < 3; c++) {
                int found = image.pixels[3 * (y * width_px + x) + c];
                assert_true(abs(found - color[is_gray ? 0 : c]) <= tolerance);
            }
        }
    }
    mkd_image_free(&image);
}

static void test_jpeg(void **state) {
    (void)state;
    check_jpeg(IO_DATA("rgb.jpg"), 6, false, 20);
    check_jpeg(IO_DATA("gray.jpg"), 1, true, 8);
    mkd_image image;
    assert_int_equal(mkd_image_read(&image, IO_DATA("progressive.jpg")), 0);
    assert_int_equal(image.width_px, 30);
    mkd_image_free(&image);
    size_t n_bytes;
    char *bytes = read_whole(&n_bytes, IO_DATA("cmyk.jpg"));
    assert_int_equal(mkd_image_decode(&image, bytes, n_bytes, "a.jpg"), MKD_EUNSUPPORTED);
    assert_message("a.jpg: found a CMYK JPEG, expected color or gray");
    mkd_free(bytes);
}

static void test_png_round_trip(void **state) {
    (void)state;
    for (int channels = 1; channels <= 3; channels += 2) {
        for (int level = 1; level <= 9; level += 4) {
            mkd_image image, back;
            assert_int_equal(mkd_image_new(&image, 17, 9, channels), 0);
            for (int i = 0; i < 17 * 9 * channels; i++) {
                image.pixels[i] = (uint8_t)(i * i);
            }
            assert_int_equal(mkd_png_write("a.png", &image, level), 0);
            assert_int_equal(mkd_image_read(&back, "a.png"), 0);
            for (int i = 0; i < 17 * 9 * 3; i++) {
                assert_int_equal(back.pixels[i], image.pixels[channels == 3 ? i : i / 3]);
            }
            mkd_image_free(&image);
            mkd_image_free(&back);
        }
    }
}

static void test_jpeg_round_trip(void **state) {
    (void)state;
    for (int channels = 1; channels <= 3; channels += 2) {
        mkd_image image, back;
        uint8_t *bytes;
        size_t n_bytes;
        assert_int_equal(mkd_image_new(&image, 32, 16, channels), 0);
        for (int i = 0; i < 32 * 16; i++) {
            for (int c = 0; c < channels; c++) {
                image.pixels[i * channels + c] = (uint8_t)(4 * (i % 32) + 20 * c);
            }
        }
        assert_int_equal(mkd_jpeg_encode(&bytes, &n_bytes, &image, 95), 0);
        assert_int_equal(mkd_image_decode(&back, bytes, n_bytes, "a"), 0);
        for (int i = 0; i < 32 * 16 * 3; i++) {
            int expected = image.pixels[channels == 3 ? i : i / 3];
            assert_true(abs(back.pixels[i] - expected) <= 8);
        }
        mkd_free(bytes);
        mkd_image_free(&image);
        mkd_image_free(&back);
    }
}

static void test_png16(void **state) {
    (void)state;
    uint16_t *pixels;
    int width_px, height_px;
    assert_int_equal(mkd_png16_read(&pixels, &width_px, &height_px, IO_DATA("gray16.png")), 0);
    assert_int_equal(width_px, 5);
    assert_int_equal(height_px, 3);
    for (int i = 0; i < 15; i++) {
        assert_int_equal(pixels[i], i * 4369);
    }
    assert_int_equal(mkd_png16_write("a.png", pixels, 5, 3), 0);
    mkd_free(pixels);
    assert_int_equal(mkd_png16_read(&pixels, &width_px, &height_px, "a.png"), 0);
    assert_int_equal(pixels[14], 14 * 4369);
    mkd_free(pixels);

    // as a picture, its high bytes
    mkd_image image;
    assert_int_equal(mkd_image_read(&image, "a.png"), 0);
    assert_int_equal(image.pixels[3 * 14], 14 * 17);
    mkd_image_free(&image);
}

static void test_png16_refuses_others(void **state) {
    (void)state;
    uint16_t *pixels;
    int width_px, height_px;
    size_t n_bytes;
    char *bytes = read_whole(&n_bytes, IO_DATA("rgb.png"));
    assert_int_equal(mkd_png16_decode(&pixels, &width_px, &height_px, bytes, n_bytes, "a"),
                     MKD_EFORMAT);
    assert_message("a: found 8-bit color PNG, expected 16-bit gray");
    mkd_free(bytes);
    assert_int_equal(mkd_png16_decode(&pixels, &width_px, &height_px, "abc", 3, "a"), MKD_EFORMAT);
    assert_message("a: found no PNG, expected 16-bit gray PNG");
    assert_int_equal(mkd_png16_write("b.png", &(uint16_t){0}, 0, 4), MKD_EINVAL);
    assert_message("b.png: found 0 x 4 px to write, expected 1 to 64000000 px");
    assert_null(pixels);
}

static void test_sizes_that_lie(void **state) {
    (void)state;
    mkd_image image;
    int width_px, height_px;
    size_t n_bytes;
    mkd_alloc_counters counters;
    char *bytes = read_whole(&n_bytes, IO_DATA("huge.png"));
    assert_int_equal(mkd_image_decode(&image, bytes, n_bytes, "a"), MKD_EFORMAT);
    assert_message("a: found an image of 60000 x 60000 px, expected 1 to 64000000 px");
    assert_int_equal(mkd_image_probe(&width_px, &height_px, IO_DATA("huge.png")), MKD_EFORMAT);
    mkd_free(bytes);
    bytes = read_whole(&n_bytes, IO_DATA("lying.png"));
    assert_int_equal(mkd_image_decode(&image, bytes, n_bytes, "a"), MKD_EFORMAT);
    assert_message("a: broken PNG: found 69 bytes, which cannot hold 8000 x 8000 px");
    mkd_free(bytes);
    mkd_alloc_count(&counters);
    assert_true(counters.peak_bytes < (8u << 20));
}

static void test_truncated_anywhere(void **state) {
    (void)state;
    static const char *const paths[] = {IO_DATA("rgb.png"),    IO_DATA("interlaced.png"),
                                        IO_DATA("gray16.png"), IO_DATA("rgb.jpg"),
                                        IO_DATA("gray.jpg"),   IO_DATA("progressive.jpg")};
    for (size_t i = 0; i < MKD_COUNT(paths); i++) {
        size_t n_bytes;
        char *bytes = read_whole(&n_bytes, paths[i]);
        for (size_t n = 0; n < n_bytes; n++) {
            mkd_image image;
            // a copy of its own, so that a sanitizer sees a read behind the end
            char *part = mkd_alloc(n);
            memcpy(part, bytes, n);
            assert_int_equal(mkd_image_decode(&image, part, n, "a"), MKD_EFORMAT);
            assert_null(image.pixels);
            mkd_free(part);
        }
        mkd_free(bytes);
    }
}

static void test_broken_bytes(void **state) {
    (void)state;
    mkd_image image;
    size_t n_bytes;
    char *bytes = read_whole(&n_bytes, IO_DATA("rgb.png"));
    assert_int_equal(mkd_image_decode(&image, bytes, n_bytes - 12, "a"), MKD_EFORMAT);
    assert_message("a: truncated PNG: 72 bytes end before the end chunk");
    bytes[n_bytes - 13] ^= 1; // the checksum of the pixels
    assert_int_equal(mkd_image_decode(&image, bytes, n_bytes, "a"), MKD_EFORMAT);
    assert_ptr_equal(strstr(mkd_error_last(), "a: broken PNG: "), mkd_error_last());
    mkd_free(bytes);
    bytes = read_whole(&n_bytes, IO_DATA("rgb.jpg"));
    assert_int_equal(mkd_image_decode(&image, bytes, n_bytes - 2, "a"), MKD_EFORMAT);
    assert_message("a: broken JPEG: Premature end of JPEG file");
    mkd_free(bytes);
    assert_int_equal(mkd_image_decode(&image, "GIF89a", 6, "a"), MKD_EFORMAT);
    assert_message("a: found neither PNG nor JPEG");
    assert_int_equal(mkd_image_read(&image, "none.png"), MKD_ENOTFOUND);
    assert_int_equal(mkd_fs_write_atomic("empty", "", 0), 0);
    int width_px, height_px;
    assert_int_equal(mkd_image_probe(&width_px, &height_px, "empty"), MKD_EFORMAT);
    assert_message("empty: found neither PNG nor JPEG");
}

static void test_arguments_are_checked(void **state) {
    (void)state;
    mkd_image image;
    uint8_t *bytes;
    size_t n_bytes;
    assert_int_equal(mkd_image_new(&image, 4, 4, 2), MKD_EINVAL);
    assert_message("image: found an image of 4 x 4 px and 2 channels, expected 1 to 64000000 px "
                   "and 1 or 3 channels");
    assert_int_equal(mkd_image_new(&image, -4, 4, 3), MKD_EINVAL);
    assert_int_equal(mkd_image_new(&image, INT32_MAX, INT32_MAX, 3), MKD_EINVAL);
    assert_null(image.pixels);
    assert_int_equal(mkd_image_new(&image, 4, 4, 3), 0);
    assert_int_equal(mkd_png_encode(&bytes, &n_bytes, &image, 0), MKD_EINVAL);
    assert_message("png: found compression level 0, expected 1 to 9");
    assert_int_equal(mkd_jpeg_encode(&bytes, &n_bytes, &image, 101), MKD_EINVAL);
    assert_message("jpeg: found quality 101, expected 1 to 100");
    mkd_image_free(&image);
    mkd_image_free(NULL);
    assert_int_equal(mkd_png_encode(&bytes, &n_bytes, &image, 1), MKD_EINVAL);
    assert_null(bytes);
}

static void test_every_failing_allocation(void **state) {
    (void)state;
    static const char *const paths[] = {IO_DATA("palette.png"), IO_DATA("rgb.jpg")};
    mkd_image image = {0};
    for (size_t i = 0; i < MKD_COUNT(paths); i++) {
        int status = MKD_ENOMEM;
        for (uint64_t nth = 1; status == MKD_ENOMEM; nth++) {
            mkd_image_free(&image);
            mkd_alloc_fail_at(nth);
            status = mkd_image_read(&image, paths[i]);
            assert_true(nth < 40);
        }
        assert_int_equal(status, 0);
    }
    uint8_t *bytes;
    size_t n_bytes;
    for (int is_jpeg = 0; is_jpeg < 2; is_jpeg++) {
        int status = MKD_ENOMEM;
        for (uint64_t nth = 1; status == MKD_ENOMEM; nth++) {
            mkd_alloc_fail_at(nth);
            status = is_jpeg ? mkd_jpeg_encode(&bytes, &n_bytes, &image, 90)
                             : mkd_png_encode(&bytes, &n_bytes, &image, 6);
            assert_true(nth < 40);
        }
        assert_int_equal(status, 0);
        mkd_free(bytes);
    }
    mkd_image_free(&image);
}

static void test_a_real_photograph(void **state) {
    (void)state;
    char path[4096];
    tests_shared_path(path, sizeof path, "data/kitti_mini/training/image_2/000000.png");
    mkd_image image;
    assert_int_equal(mkd_image_read(&image, path), 0);
    assert_int_equal(image.width_px, 1224);
    assert_int_equal(image.height_px, 370);
    mkd_image_free(&image);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(test_png_of_every_color_type),
        SCRATCH_TEST(test_jpeg),
        SCRATCH_TEST(test_png_round_trip),
        SCRATCH_TEST(test_jpeg_round_trip),
        SCRATCH_TEST(test_png16),
        SCRATCH_TEST(test_png16_refuses_others),
        SCRATCH_TEST(test_sizes_that_lie),
        SCRATCH_TEST(test_truncated_anywhere),
        SCRATCH_TEST(test_broken_bytes),
        SCRATCH_TEST(test_arguments_are_checked),
        SCRATCH_TEST(test_every_failing_allocation),
        cmocka_unit_test(test_a_real_photograph),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
