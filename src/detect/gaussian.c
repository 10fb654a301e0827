// Law and Deng, "CornerNet", ECCV 2018: a peak must stay positive where a box moved there still
// overlaps the true one by t. With h, w the box's size the three cases (shrunk, grown, shifted)
// give
//   r1 = (B + sqrt(B^2 - 4 C)) / 2,     B = h + w,         C = w h (1 - t) / (1 + t)
//   r2 = (B + sqrt(B^2 - 16 C)) / 2,    B = 2 (h + w),     C = (1 - t) w h
//   r3 = (B + sqrt(B^2 - 16 t C)) / 2,  B = -2 t (h + w),  C = (t - 1) w h
// The divisor 2 instead of 2a is a slip of the published code that the whole family inherited;
// radii, and so all published results, rest on it. It is kept.

#include "detect/gaussian.h"

#include <math.h>

static double root(double b, double discriminant) {
    return (b + sqrt(discriminant > 0 ? discriminant : 0)) / 2;
}

int mkd_gaussian_radius(double height, double width, double min_overlap) {
    double t = min_overlap;
    double sum = height + width;
    double area = height * width;
    double c1 = area * (1 - t) / (1 + t);
    double c2 = (1 - t) * area;
    double r1 = root(sum, sum * sum - 4 * c1);
    double r2 = root(2 * sum, 4 * sum * sum - 16 * c2);
    double r3 = root(-2 * t * sum, 4 * t * t * sum * sum + 16 * t * c2);
    double smallest = fmin(r1, fmin(r2, r3));
    return smallest > 0 ? (int)smallest : 0;
}

void mkd_gaussian_draw(float *map, int height, int width, int channels, int channel, int center_x,
                       int center_y, int radius) {
    double sigma = (2.0 * radius + 1) / 6;
    for (int dy = -radius; dy <= radius; dy++) {
        int y = center_y + dy;
        for (int dx = -radius; dx <= radius && y >= 0 && y < height; dx++) {
            int x = center_x + dx;
            if (x < 0 || x >= width) {
                continue;
            }
            float value = (float)exp(-(double)(dx * dx + dy * dy) / (2 * sigma * sigma));
            float *cell = &map[((long)y * width + x) * channels + channel];
            *cell = value > *cell ? value : *cell;
        }
    }
}
