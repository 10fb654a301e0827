// Depth completion by classic image processing, after J. Ku, A. Harakeh, S. Waslander, "In Defense
// of Classical Image Processing: Fast Depth Completion on the CPU" (CRV 2018, "IP-Basic"), in its
// multi-scale form. Written from the description; the steps are
//
//   1 invert              v = C - d, so that a maximum (dilation) keeps the nearest surface and 0
//   can
//                         stand for unknown
//   2 dilate by distance  crosses of 7, 5, 3 px for near (<= 15 m), middle (<= 30 m) and far points
//   3 close               5x5 dilation, then 5x5 erosion
//   4 fill small holes    unknown pixels take their 7x7 maximum
//   5 extend              each column's highest known value goes up to the image's top
//   6 fill large holes    unknown pixels take their 31x31 maximum; again until none is left
//   7 median              5x5, border repeated
//   8 bilateral           disc of radius 2 px, sigma 2 px in space and 0.5 m in depth
//   9 invert back
//
// Differences: C is 256 m (KITTI's 16-bit depth maps end there), not 100 m, which changes no step
// but what is called unknown. In step 2 all bins scatter into one map with a maximum; near points
// have larger v, so this equals the paper's overwriting from far to near. Step 6 is repeated, since
// detectors that read depth want a map without holes. The Gaussian exp(-t) over depth differences
// is (1 - t/32)^32 for t < 32, else 0: within 0.009 of it, and five multiplications instead of a
// call.
//
// Speed: dilation with a w x w square is a running maximum along x, then along y, by doubling: a
// maximum over 2k neighbors is the maximum of two over k. On a padded map both directions are one
// loop over flat memory, with step 1 or a row. The median sorts each column of five once for the
// five windows that share it, then rows; 13 of 25 can still be the median and go through selection.

#include "data/depthmap.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/status.h"

static const float INVERT_M = 256.0F, FARTHEST_M = 255.0F, NEAREST_M = 0.1F;
static const float NEAR_M = 15.0F, MIDDLE_M = 30.0F;
static const float OUTSIDE = -1e4F; // no depth difference to it is small
enum { LARGEST_RADIUS = 15, MEDIAN_RADIUS = 2, BILATERAL_RADIUS = 2 };

// What one call works on: the map, inverted in place, and a scratch map with room for a border.
typedef struct completion {
    float *v; // [height, width]
    int width, height;
    float *padded; // [height + 2 r, width + 2 r] of the step at hand
} completion;

static inline float max_of(float a, float b) {
    return a > b ? a : b;
}

static inline float min_of(float a, float b) {
    return a < b ? a : b;
}

int mkd_depth_map_from_points(mkd_depth_map *out, const mkd_points *points,
                              const double camera_from_points[12], const mkd_camera *camera) {
    *out = (mkd_depth_map){0};
    int width = camera->width_px, height = camera->height_px;
    if (width <= 0 || height <= 0) {
        MKD_FAIL(MKD_EINVAL, "depth map: found a camera of %d x %d px, expected an image size",
                 width, height);
    }
    float *depth_m = mkd_alloc_array((size_t)width * (size_t)height, sizeof *depth_m);
    if (!depth_m) {
        return MKD_ENOMEM;
    }
    const double *t = camera_from_points;
    for (size_t i = 0; i < points->n; i++) {
        const float *p = &points->at[4 * i];
        double point_m[3], at_px[2];
        for (int k = 0; k < 3; k++) {
            point_m[k] = t[4 * k] * (double)p[0] + t[4 * k + 1] * (double)p[1] +
                         t[4 * k + 2] * (double)p[2] + t[4 * k + 3];
        }
        if (!(point_m[2] > 0)) {
            continue;
        }
        mkd_camera_project(at_px, camera, point_m);
        double column = floor(at_px[0] + 0.5), row = floor(at_px[1] + 0.5);
        if (column >= 0 && column < width && row >= 0 && row < height) {
            float *pixel = &depth_m[(size_t)row * (size_t)width + (size_t)column];
            float z_m = (float)point_m[2];
            *pixel = *pixel > 0 ? min_of(*pixel, z_m) : z_m;
        }
    }
    *out = (mkd_depth_map){.depth_m = depth_m, .width_px = width, .height_px = height};
    return 0;
}

// Copies the map into the middle of `padded`, with a border of `radius` filled with `border`.
static void pad(completion *c, int radius, float border) {
    size_t pitch = (size_t)(c->width + 2 * radius), width = (size_t)c->width;
    size_t n = pitch * (size_t)(c->height + 2 * radius);
    for (size_t i = 0; i < n; i++) {
        c->padded[i] = border;
    }
    for (int y = 0; y < c->height; y++) {
        memcpy(&c->padded[(size_t)(y + radius) * pitch + (size_t)radius], &c->v[(size_t)y * width],
               width * sizeof *c->v);
    }
}

static void fold_max(float *v, size_t n, size_t step) {
    for (size_t i = 0; i + step < n; i++) {
        v[i] = max_of(v[i], v[i + step]);
    }
}

static void fold_min(float *v, size_t n, size_t step) {
    for (size_t i = 0; i + step < n; i++) {
        v[i] = min_of(v[i], v[i + step]);
    }
}

// Running maximum (or minimum) over `window` elements that lie `stride` apart, in place.
static void run_window(float *v, size_t n, size_t window, size_t stride, bool minimum) {
    size_t reach = 1;
    while (reach < window) {
        size_t step = 2 * reach <= window ? reach : window - reach;
        (minimum ? fold_min : fold_max)(v, n, step * stride);
        reach += step;
    }
}

// Square filter of side 2 * radius + 1; the result of pixel (x, y) is at padded[y * pitch + x].
// Pixels outside the image do not take part.
static size_t filter_square(completion *c, int radius, bool minimum) {
    size_t pitch = (size_t)(c->width + 2 * radius);
    size_t n = pitch * (size_t)(c->height + 2 * radius), window = (size_t)(2 * radius + 1);
    pad(c, radius, minimum ? INFINITY : 0.0F);
    run_window(c->padded, n, window, 1, minimum);
    run_window(c->padded, n, window, pitch, minimum);
    return pitch;
}

static void replace_by_square(completion *c, int radius, bool minimum) {
    size_t pitch = filter_square(c, radius, minimum), width = (size_t)c->width;
    for (size_t y = 0; y < (size_t)c->height; y++) {
        memcpy(&c->v[y * width], &c->padded[y * pitch], width * sizeof *c->v);
    }
}

// Unknown pixels take the largest value of the square around them. @return number still unknown
static size_t fill_holes(completion *c, int radius) {
    size_t pitch = filter_square(c, radius, false), width = (size_t)c->width, n_left = 0;
    for (size_t y = 0; y < (size_t)c->height; y++) {
        float *row = &c->v[y * width];
        const float *largest = &c->padded[y * pitch];
        for (size_t x = 0; x < width; x++) {
            row[x] = row[x] > 0 ? row[x] : largest[x];
            n_left += !(row[x] > 0);
        }
    }
    return n_left;
}

// Step 1 and 2. @return number of known pixels
static size_t scatter_crosses(completion *c, const float *depth_m) {
    size_t n_known = 0;
    for (int y = 0; y < c->height; y++) {
        for (int x = 0; x < c->width; x++) {
            float d = depth_m[(size_t)y * (size_t)c->width + (size_t)x];
            if (!(d > NEAREST_M)) {
                continue;
            }
            n_known++;
            float value = INVERT_M - min_of(d, FARTHEST_M);
            int radius = d <= NEAR_M ? 3 : d <= MIDDLE_M ? 2 : 1;
            for (int k = -radius; k <= radius; k++) {
                if (x + k >= 0 && x + k < c->width) {
                    float *at = &c->v[(size_t)y * (size_t)c->width + (size_t)(x + k)];
                    *at = max_of(*at, value);
                }
                if (y + k >= 0 && y + k < c->height) {
                    float *at = &c->v[(size_t)(y + k) * (size_t)c->width + (size_t)x];
                    *at = max_of(*at, value);
                }
            }
        }
    }
    return n_known;
}

static void extend_to_top(completion *c) {
    size_t width = (size_t)c->width;
    for (size_t x = 0; x < width; x++) {
        int y = 0;
        while (y < c->height && !(c->v[(size_t)y * width + x] > 0)) {
            y++;
        }
        for (int up = 0; up < y && y < c->height; up++) {
            c->v[(size_t)up * width + x] = c->v[(size_t)y * width + x];
        }
    }
}

static inline void order(float *a, float *b) {
    float low = min_of(*a, *b), high = max_of(*a, *b);
    *a = low;
    *b = high;
}

static inline void sort_5(float *a, float *b, float *c, float *d, float *e) {
    order(a, b);
    order(d, e);
    order(c, e);
    order(c, d);
    order(a, d);
    order(a, c);
    order(b, e);
    order(b, d);
    order(b, c);
}

// Median of 13 by forgetting: of 8 values neither the smallest nor the largest can be it; both go
// and one of the rest comes in, until 3 are left. Each block moves the smallest to the lowest index
// and the largest to v[7]. Written out because loops here would keep the caller's from being
// vectorized.
static inline float median_of_13(float *v) {
    order(&v[0], &v[1]);
    order(&v[2], &v[3]);
    order(&v[4], &v[5]);
    order(&v[6], &v[7]);
    order(&v[0], &v[2]);
    order(&v[4], &v[6]);
    order(&v[0], &v[4]);
    order(&v[1], &v[3]);
    order(&v[5], &v[7]);
    order(&v[3], &v[7]);
    v[7] = v[8];
    order(&v[1], &v[2]);
    order(&v[3], &v[4]);
    order(&v[5], &v[6]);
    order(&v[1], &v[3]);
    order(&v[1], &v[5]);
    order(&v[1], &v[7]);
    order(&v[2], &v[4]);
    order(&v[4], &v[6]);
    order(&v[6], &v[7]);
    v[7] = v[9];
    order(&v[2], &v[3]);
    order(&v[4], &v[5]);
    order(&v[6], &v[7]);
    order(&v[2], &v[4]);
    order(&v[2], &v[6]);
    order(&v[3], &v[5]);
    order(&v[5], &v[7]);
    v[7] = v[10];
    order(&v[3], &v[4]);
    order(&v[5], &v[6]);
    order(&v[3], &v[5]);
    order(&v[3], &v[7]);
    order(&v[4], &v[6]);
    order(&v[6], &v[7]);
    v[7] = v[11];
    order(&v[4], &v[5]);
    order(&v[6], &v[7]);
    order(&v[4], &v[6]);
    order(&v[5], &v[7]);
    v[7] = v[12];
    order(&v[5], &v[6]);
    return max_of(v[5], min_of(v[6], v[7]));
}

// Median of each 5x5 window of a row; `sorted[k]` has the k-th of every column of five, two columns
// more on both sides.
static void median_row(float *restrict out, float *const sorted[5], size_t width) {
    const float *a = sorted[0], *b = sorted[1], *c = sorted[2], *d = sorted[3], *e = sorted[4];
    for (size_t x = 0; x < width; x++) {
        float p[5] = {a[x], a[x + 1], a[x + 2], a[x + 3], a[x + 4]};
        float q[5] = {b[x], b[x + 1], b[x + 2], b[x + 3], b[x + 4]};
        float r[5] = {c[x], c[x + 1], c[x + 2], c[x + 3], c[x + 4]};
        float s[5] = {d[x], d[x + 1], d[x + 2], d[x + 3], d[x + 4]};
        float t[5] = {e[x], e[x + 1], e[x + 2], e[x + 3], e[x + 4]};
        sort_5(&p[0], &p[1], &p[2], &p[3], &p[4]);
        sort_5(&q[0], &q[1], &q[2], &q[3], &q[4]);
        sort_5(&r[0], &r[1], &r[2], &r[3], &r[4]);
        sort_5(&s[0], &s[1], &s[2], &s[3], &s[4]);
        sort_5(&t[0], &t[1], &t[2], &t[3], &t[4]);
        // the others have 13 values or more on one side of them
        float v[13] = {p[3], p[4], q[2], q[3], q[4], r[1], r[2],
                       r[3], s[0], s[1], s[2], t[0], t[1]};
        out[x] = median_of_13(v);
    }
}

static void sort_columns(float *const sorted[5], const float *const rows[5], size_t width) {
    float *restrict s0 = sorted[0], *restrict s1 = sorted[1], *restrict s2 = sorted[2],
                    *restrict s3 = sorted[3], *restrict s4 = sorted[4];
    const float *r0 = rows[0], *r1 = rows[1], *r2 = rows[2], *r3 = rows[3], *r4 = rows[4];
    for (size_t x = 0; x < width; x++) {
        float a = r0[x], b = r1[x], c = r2[x], d = r3[x], e = r4[x];
        sort_5(&a, &b, &c, &d, &e);
        s0[x + 2] = a;
        s1[x + 2] = b;
        s2[x + 2] = c;
        s3[x + 2] = d;
        s4[x + 2] = e;
    }
    for (int k = 0; k < 5; k++) {
        sorted[k][0] = sorted[k][1] = sorted[k][2];
        sorted[k][width + 2] = sorted[k][width + 3] = sorted[k][width + 1];
    }
}

static void median(completion *c) {
    size_t width = (size_t)c->width, pitch = width + 2 * MEDIAN_RADIUS;
    // the scratch map holds a copy of the map, and behind it five sorted rows
    memcpy(c->padded, c->v, width * (size_t)c->height * sizeof *c->v);
    float *sorted[5];
    for (size_t k = 0; k < 5; k++) {
        sorted[k] = c->padded + width * (size_t)c->height + k * pitch;
    }
    for (int y = 0; y < c->height; y++) {
        const float *rows[5];
        for (int k = 0; k < 5; k++) {
            int row = y + k - MEDIAN_RADIUS;
            row = row < 0 ? 0 : row >= c->height ? c->height - 1 : row;
            rows[k] = &c->padded[(size_t)row * width];
        }
        sort_columns(sorted, rows, width);
        median_row(&c->v[(size_t)y * width], sorted, width);
    }
}

// Adds a neighbor with its weight over distance (`space`) and depth difference.
static inline void gather(float *sum, float *weights, float center, float neighbor, float space) {
    float difference = neighbor - center;
    // t / 32 with t = difference^2 / (2 * 0.5^2)
    float w = max_of(1.0F - difference * difference / 16.0F, 0.0F);
    w *= w;
    w *= w;
    w *= w;
    w *= w;
    w *= w;
    w *= space;
    *sum += w * difference;
    *weights += w;
}

// `in` points into a padded map, at the row's first pixel.
static void bilateral_row(float *restrict out, const float *restrict in, size_t width,
                          size_t pitch) {
    // exp(-r^2 / (2 * 2^2)) for r^2 = 1, 2, 4
    const float one = 0.882496903F, diagonal = 0.778800783F, two = 0.606530660F;
    const float *up = in - pitch, *down = in + pitch;
    for (size_t x = 0; x < width; x++) {
        float center = in[x], sum = 0, weights = 1;
        gather(&sum, &weights, center, in[x - 1], one);
        gather(&sum, &weights, center, in[x + 1], one);
        gather(&sum, &weights, center, up[x], one);
        gather(&sum, &weights, center, down[x], one);
        gather(&sum, &weights, center, up[x - 1], diagonal);
        gather(&sum, &weights, center, up[x + 1], diagonal);
        gather(&sum, &weights, center, down[x - 1], diagonal);
        gather(&sum, &weights, center, down[x + 1], diagonal);
        gather(&sum, &weights, center, in[x - 2], two);
        gather(&sum, &weights, center, in[x + 2], two);
        gather(&sum, &weights, center, (up - pitch)[x], two);
        gather(&sum, &weights, center, (down + pitch)[x], two);
        out[x] = center + sum / weights;
    }
}

static void bilateral(completion *c) {
    size_t width = (size_t)c->width, pitch = width + 2 * BILATERAL_RADIUS;
    pad(c, BILATERAL_RADIUS, OUTSIDE);
    for (size_t y = 0; y < (size_t)c->height; y++) {
        const float *in = &c->padded[(y + BILATERAL_RADIUS) * pitch + BILATERAL_RADIUS];
        bilateral_row(&c->v[y * width], in, width, pitch);
    }
}

int mkd_depth_map_complete(mkd_depth_map *map) {
    size_t width = (size_t)map->width_px, height = (size_t)map->height_px, n = width * height;
    completion c = {.width = map->width_px, .height = map->height_px};
    c.v = mkd_alloc_array(n, sizeof *c.v);
    c.padded = mkd_alloc_array((width + 2 * LARGEST_RADIUS) * (height + 2 * LARGEST_RADIUS),
                               sizeof *c.padded);
    if (!c.v || !c.padded) {
        mkd_free(c.v);
        mkd_free(c.padded);
        return MKD_ENOMEM;
    }
    if (scatter_crosses(&c, map->depth_m) > 0) {
        replace_by_square(&c, 2, false);
        replace_by_square(&c, 2, true);
        fill_holes(&c, 3);
        extend_to_top(&c);
        while (fill_holes(&c, LARGEST_RADIUS) > 0) {
        }
        median(&c);
        bilateral(&c);
        for (size_t i = 0; i < n; i++) {
            map->depth_m[i] = INVERT_M - c.v[i];
        }
    } else {
        memset(map->depth_m, 0, n * sizeof *map->depth_m);
    }
    mkd_free(c.padded);
    mkd_free(c.v);
    return 0;
}

int mkd_depth_map_read(mkd_depth_map *out, const char *path, int width_px, int height_px) {
    *out = (mkd_depth_map){0};
    uint16_t *pixels;
    int width, height;
    MKD_TRY(mkd_png16_read(&pixels, &width, &height, path));
    if (width > width_px || height > height_px || 10 * width < 9 * width_px ||
        10 * height < 9 * height_px) {
        mkd_free(pixels);
        MKD_FAIL(MKD_EFORMAT,
                 "%s: found %d x %d px, expected the image's %d x %d, or up to a tenth less", path,
                 width, height, width_px, height_px);
    }
    float *depth_m = mkd_alloc_array((size_t)width_px * (size_t)height_px, sizeof *depth_m);
    if (!depth_m) {
        mkd_free(pixels);
        return MKD_ENOMEM;
    }
    int top = height_px - height, left = (width_px - width) / 2;
    for (int y = 0; y < height_px; y++) {
        int row = y < top ? 0 : y - top;
        for (int x = 0; x < width_px; x++) {
            int column = x < left ? 0 : x - left >= width ? width - 1 : x - left;
            depth_m[(size_t)y * (size_t)width_px + (size_t)x] =
                (float)pixels[(size_t)row * (size_t)width + (size_t)column] / 256.0F;
        }
    }
    mkd_free(pixels);
    *out = (mkd_depth_map){.depth_m = depth_m, .width_px = width_px, .height_px = height_px};
    return 0;
}
