// Warping pixels with an augmentation's map: bilinear, as Pillow samples. The center of canvas
// pixel i, i + 0.5, goes back to s in the image's continuous coordinates; outside [0, size) the
// result is 0; else the pixels floor(s - 0.5) and the next are mixed (at the edges one of them
// twice), first along x, then along y, in double, and an 8-bit result is cut to its whole part, not
// rounded.
//
// The map has no rotation, so taps depend on the column alone or the row alone, and each source row
// is mixed along x once for all canvas rows that need it.

#include "data/augment.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/status.h"

// The two source positions of a canvas position; first < 0: outside.
typedef struct tap {
    int first, second;
    double weight; // of the second
} tap;

typedef struct warp {
    tap *columns, *rows;
    int width, height; // of the canvas
} warp;

static void warp_free(warp *w) {
    mkd_free(w->columns);
    mkd_free(w->rows);
}

static int clamp_index(int i, int size) {
    return i < 0 ? 0 : i >= size ? size - 1 : i;
}

static void fill_taps(tap *taps, int n, double step, double offset, int size, bool mirror) {
    for (int i = 0; i < n; i++) {
        double at = step * (i + 0.5) + offset;
        if (!(at >= 0 && at < size)) {
            taps[i] = (tap){-1, -1, 0};
            continue;
        }
        int whole = (int)floor(at - 0.5);
        int first = clamp_index(whole, size), second = clamp_index(whole + 1, size);
        taps[i] = (tap){mirror ? size - 1 - first : first, mirror ? size - 1 - second : second,
                        at - 0.5 - whole};
    }
}

static int warp_new(warp *out, const mkd_augmentation *a, int width_px, int height_px,
                    const char *what) {
    *out = (warp){.width = a->canvas.width_px, .height = a->canvas.height_px};
    if (width_px != a->image_width_px || height_px != a->image_height_px) {
        MKD_FAIL(MKD_EINVAL, "%s: found %d x %d px, expected the augmentation's %d x %d", what,
                 width_px, height_px, a->image_width_px, a->image_height_px);
    }
    const double *back = a->image_from_canvas.at;
    out->columns = mkd_alloc_array((size_t)out->width, sizeof *out->columns);
    out->rows = mkd_alloc_array((size_t)out->height, sizeof *out->rows);
    if (!out->columns || !out->rows) {
        warp_free(out);
        return MKD_ENOMEM;
    }
    fill_taps(out->columns, out->width, back[0], back[2], width_px, a->flip);
    fill_taps(out->rows, out->height, back[4], back[5], height_px, false);
    return 0;
}

// One source row mixed along x; [width, 3].
static void mix_row(double *restrict out, const uint8_t *restrict row, const warp *w) {
    for (int x = 0; x < w->width; x++) {
        const tap *t = &w->columns[x];
        if (t->first < 0) {
            out[3 * x] = out[3 * x + 1] = out[3 * x + 2] = 0;
            continue;
        }
        const uint8_t *a = &row[3 * t->first], *b = &row[3 * t->second];
        out[3 * x] = a[0] + (b[0] - a[0]) * t->weight;
        out[3 * x + 1] = a[1] + (b[1] - a[1]) * t->weight;
        out[3 * x + 2] = a[2] + (b[2] - a[2]) * t->weight;
    }
}

// Two mixed rows to one canvas row of whole levels 0..255.
static void mix_rows(float *restrict out, const double *restrict a, const double *restrict b,
                     double weight, int n) {
    for (int i = 0; i < n; i++) {
        out[i] = (float)(int)(a[i] + (b[i] - a[i]) * weight);
    }
}

// Levels 0..255 of the whole canvas. `mixed` are two rows of [width, 3].
static void warp_levels(float *out, double *mixed, const mkd_image *image, const warp *w) {
    size_t row_floats = 3 * (size_t)w->width, source_row = 3 * (size_t)image->width_px;
    int held[2] = {-1, -1};
    for (int y = 0; y < w->height; y++) {
        const tap *t = &w->rows[y];
        float *row = &out[(size_t)y * row_floats];
        if (t->first < 0) {
            memset(row, 0, row_floats * sizeof *row);
            continue;
        }
        const double *ends[2];
        for (int k = 0; k < 2; k++) {
            // neighbors differ in parity, so both have a place
            int source = k ? t->second : t->first, place = source & 1;
            if (held[place] != source) {
                mix_row(&mixed[(size_t)place * row_floats],
                        &image->pixels[(size_t)source * source_row], w);
                held[place] = source;
            }
            ends[k] = &mixed[(size_t)place * row_floats];
        }
        mix_rows(row, ends[0], ends[1], t->weight, 3 * w->width);
    }
}

static double mean_gray(const float *levels, size_t n_pixels, const float weights[3]) {
    double sum = 0;
    for (size_t i = 0; i < n_pixels; i += 1024) {
        float part = 0;
        size_t end = i + 1024 < n_pixels ? i + 1024 : n_pixels;
        for (size_t k = i; k < end; k++) {
            part += weights[0] * levels[3 * k] + weights[1] * levels[3 * k + 1] +
                    weights[2] * levels[3 * k + 2];
        }
        sum += (double)part;
    }
    return sum / (255.0 * (double)n_pixels);
}

// Levels to normalized colors, in place.
static void finish_colors(float *pixels, size_t n_pixels, const mkd_augmentation *a,
                          const mkd_color_norm *norm) {
    // weights of b, g, r on r, g, b (augment.c)
    const float gray[3] = {0.114F, 0.587F, 0.299F};
    float of_pixel = (float)(a->color_of_pixel / 255.0), of_gray = 0, scale[3], offset[3];
    double constant = 0;
    if (a->recolor) {
        of_gray = (float)(a->color_of_gray / 255.0);
        constant = a->color_of_mean * mean_gray(pixels, n_pixels, gray);
    }
    for (int c = 0; c < 3; c++) {
        double shift = constant + (a->recolor ? a->color_offset[c] : 0) - (double)norm->mean[c];
        scale[c] = 1.0F / norm->deviation[c];
        offset[c] = (float)shift;
    }
    for (size_t i = 0; i < n_pixels; i++) {
        float *p = &pixels[3 * i];
        float g = of_gray * (gray[0] * p[0] + gray[1] * p[1] + gray[2] * p[2]);
        p[0] = (of_pixel * p[0] + g + offset[0]) * scale[0];
        p[1] = (of_pixel * p[1] + g + offset[1]) * scale[1];
        p[2] = (of_pixel * p[2] + g + offset[2]) * scale[2];
    }
}

int mkd_augment_image(float *out, const mkd_image *image, const mkd_augmentation *augmentation,
                      const mkd_color_norm *norm) {
    if (!image->pixels || image->channels != 3) {
        MKD_FAIL(MKD_EINVAL, "augmentation: found an image with %d channels, expected 3",
                 image->pixels ? image->channels : 0);
    }
    warp w;
    MKD_TRY(warp_new(&w, augmentation, image->width_px, image->height_px, "image"));
    double *mixed = mkd_alloc_array(6 * (size_t)w.width, sizeof *mixed);
    if (mixed) {
        warp_levels(out, mixed, image, &w);
        finish_colors(out, (size_t)w.width * (size_t)w.height, augmentation, norm);
    }
    mkd_free(mixed);
    warp_free(&w);
    return mixed ? 0 : MKD_ENOMEM;
}

static float sample_depth(const float *depth_m, size_t width, const tap *column, const tap *row) {
    const float *first = &depth_m[(size_t)row->first * width];
    const float *second = &depth_m[(size_t)row->second * width];
    const double values[4] = {(double)first[column->first], (double)first[column->second],
                              (double)second[column->first], (double)second[column->second]};
    double x = column->weight, y = row->weight, sum = 0, known = 0;
    const double weights[4] = {(1 - x) * (1 - y), x * (1 - y), (1 - x) * y, x * y};
    for (int k = 0; k < 4; k++) {
        bool is_known = values[k] > 0;
        sum += is_known ? weights[k] * values[k] : 0;
        known += is_known ? weights[k] : 0;
    }
    return known >= 0.5 ? (float)(sum / known) : 0.0F;
}

int mkd_augment_depth(float *out_m, const mkd_depth_map *map,
                      const mkd_augmentation *augmentation) {
    warp w;
    MKD_TRY(warp_new(&w, augmentation, map->width_px, map->height_px, "depth map"));
    for (int y = 0; y < w.height; y++) {
        for (int x = 0; x < w.width; x++) {
            const tap *column = &w.columns[x], *row = &w.rows[y];
            bool inside = column->first >= 0 && row->first >= 0;
            out_m[(size_t)y * (size_t)w.width + (size_t)x] =
                inside ? sample_depth(map->depth_m, (size_t)map->width_px, column, row) : 0.0F;
        }
    }
    warp_free(&w);
    return 0;
}
