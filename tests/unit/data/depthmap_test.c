#include "tests.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/rng.h"
#include "base/status.h"
#include "data/dataset.h"
#include "data/depthmap.h"

enum { SMALL_MAX = 4096 };

static mkd_depth_map new_map(int width, int height) {
    mkd_depth_map map = {.width_px = width, .height_px = height};
    map.depth_m = mkd_alloc_array((size_t)(width * height), sizeof *map.depth_m);
    assert_non_null(map.depth_m);
    return map;
}

// --- the algorithm once more, one pixel at a time
// --------------------------------------------------

typedef struct plain {
    int width, height;
    double v[SMALL_MAX];
} plain;

static double at(const plain *p, int x, int y) {
    return p->v[y * p->width + x];
}

static bool inside(const plain *p, int x, int y) {
    return x >= 0 && x < p->width && y >= 0 && y < p->height;
}

static void plain_square(plain *out, const plain *in, int radius, bool minimum) {
    *out = *in;
    for (int y = 0; y < in->height; y++) {
        for (int x = 0; x < in->width; x++) {
            double best = at(in, x, y);
            for (int j = -radius; j <= radius; j++) {
                for (int i = -radius; i <= radius; i++) {
                    if (inside(in, x + i, y + j)) {
                        double v = at(in, x + i, y + j);
                        best = minimum ? fmin(best, v) : fmax(best, v);
                    }
                }
            }
            out->v[y * in->width + x] = best;
        }
    }
}

static bool plain_fill(plain *p, int radius) {
    plain dilated;
    bool holes = false;
    plain_square(&dilated, p, radius, false);
    for (int i = 0; i < p->width * p->height; i++) {
        p->v[i] = p->v[i] > 0 ? p->v[i] : dilated.v[i];
        holes = holes || !(p->v[i] > 0);
    }
    return holes;
}

static void plain_scatter(plain *p, const float *depth_m) {
    for (int y = 0; y < p->height; y++) {
        for (int x = 0; x < p->width; x++) {
            for (int k = -3; k <= 3; k++) {
                for (int vertical = 0; vertical < 2; vertical++) {
                    int i = vertical ? x : x + k, j = vertical ? y + k : y;
                    double d = inside(p, i, j) ? (double)depth_m[j * p->width + i] : 0;
                    int radius = d <= 15 ? 3 : d <= 30 ? 2 : 1;
                    if (d > 0.1 && abs(k) <= radius) {
                        double *v = &p->v[y * p->width + x];
                        *v = fmax(*v, 256 - d);
                    }
                }
            }
        }
    }
}

static int compare_doubles(const void *a, const void *b) {
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void plain_median(plain *p) {
    plain in = *p;
    for (int y = 0; y < p->height; y++) {
        for (int x = 0; x < p->width; x++) {
            double window[25];
            for (int k = 0; k < 25; k++) {
                int i = x + k % 5 - 2, j = y + k / 5 - 2;
                i = i < 0 ? 0 : i >= p->width ? p->width - 1 : i;
                j = j < 0 ? 0 : j >= p->height ? p->height - 1 : j;
                window[k] = at(&in, i, j);
            }
            qsort(window, 25, sizeof *window, compare_doubles);
            p->v[y * p->width + x] = window[12];
        }
    }
}

static void plain_bilateral(plain *p, bool gaussian) {
    plain in = *p;
    for (int y = 0; y < p->height; y++) {
        for (int x = 0; x < p->width; x++) {
            double sum = 0, weights = 0, center = at(&in, x, y);
            for (int k = 0; k < 25; k++) {
                int i = k % 5 - 2, j = k / 5 - 2;
                if (i * i + j * j > 4 || !inside(p, x + i, y + j)) {
                    continue;
                }
                double difference = at(&in, x + i, y + j) - center;
                double t = difference * difference / (2 * 0.5 * 0.5);
                double range = gaussian ? exp(-t) : t < 32 ? pow(1 - t / 32, 32) : 0;
                double w = exp(-(i * i + j * j) / 8.0) * range;
                sum += w * at(&in, x + i, y + j);
                weights += w;
            }
            p->v[y * p->width + x] = sum / weights;
        }
    }
}

static void plain_complete(plain *p, const mkd_depth_map *map, bool gaussian) {
    memset(p, 0, sizeof *p);
    p->width = map->width_px;
    p->height = map->height_px;
    assert_true(p->width * p->height <= SMALL_MAX);
    plain_scatter(p, map->depth_m);
    plain dilated;
    plain_square(&dilated, p, 2, false);
    plain_square(p, &dilated, 2, true);
    plain_fill(p, 3);
    for (int x = 0; x < p->width; x++) {
        int top = 0;
        while (top < p->height && !(at(p, x, top) > 0)) {
            top++;
        }
        for (int y = 0; y < top && top < p->height; y++) {
            p->v[y * p->width + x] = at(p, x, top);
        }
    }
    while (plain_fill(p, 15)) {
    }
    plain_median(p);
    plain_bilateral(p, gaussian);
    for (int i = 0; i < p->width * p->height; i++) {
        p->v[i] = 256 - p->v[i];
    }
}

static void test_completion_equals_the_plain_algorithm(void **state) {
    (void)state;
    const int sizes[][2] = {{64, 50}, {61, 33}, {7, 5}, {1, 1}, {3, 40}, {90, 2}};
    for (unsigned k = 0; k < MKD_COUNT(sizes); k++) {
        for (unsigned density = 1; density <= 100; density *= 10) {
            mkd_rng rng = mkd_rng_at(1, k, density, MKD_RNG_TEST);
            mkd_depth_map map = new_map(sizes[k][0], sizes[k][1]);
            int n = map.width_px * map.height_px;
            map.depth_m[n / 2] = 7;
            for (int i = 0; i < n; i++) {
                if (mkd_rng_below(&rng, 100) < density) {
                    map.depth_m[i] = (float)mkd_rng_range(&rng, 1, 60);
                }
            }
            static plain expected, exact;
            plain_complete(&expected, &map, false);
            plain_complete(&exact, &map, true);
            assert_int_equal(mkd_depth_map_complete(&map), 0);
            for (int i = 0; i < n; i++) {
                assert_near(map.depth_m[i], expected.v[i], 2e-4);
                // the stand-in for the Gaussian moves no depth by more than this
                assert_near(map.depth_m[i], exact.v[i], 0.02);
            }
            mkd_depth_map_free(&map);
        }
    }
}

static void test_one_known_pixel_fills_the_map(void **state) {
    (void)state;
    mkd_depth_map map = new_map(100, 70);
    map.depth_m[30 * 100 + 99] = 12.5F;
    assert_int_equal(mkd_depth_map_complete(&map), 0);
    for (int i = 0; i < 100 * 70; i++) {
        assert_true(map.depth_m[i] == 12.5F);
    }
    mkd_depth_map_free(&map);
}

static void test_an_empty_map_stays_empty(void **state) {
    (void)state;
    mkd_depth_map map = new_map(20, 10);
    map.depth_m[7] = 0.05F; // too near to be true
    assert_int_equal(mkd_depth_map_complete(&map), 0);
    for (int i = 0; i < 200; i++) {
        assert_true(map.depth_m[i] == 0);
    }
    mkd_depth_map_free(&map);
}

static void test_the_farthest_depth_is_cut(void **state) {
    (void)state;
    mkd_depth_map map = new_map(9, 9);
    map.depth_m[40] = 1e6F;
    assert_int_equal(mkd_depth_map_complete(&map), 0);
    assert_true(map.depth_m[0] == 255.0F);
    mkd_depth_map_free(&map);
}

static void test_the_top_takes_the_highest_value_of_each_column(void **state) {
    (void)state;
    // the left half known from row 20 on at 10 m, the right half from row 25 on at 40 m
    mkd_depth_map map = new_map(80, 40);
    for (int y = 20; y < 40; y++) {
        for (int x = 0; x < 80; x++) {
            map.depth_m[y * 80 + x] = x < 40 ? 10.0F : y >= 25 ? 40.0F : 0.0F;
        }
    }
    assert_int_equal(mkd_depth_map_complete(&map), 0);
    assert_true(map.depth_m[0] == 10.0F && map.depth_m[30] == 10.0F);
    assert_true(map.depth_m[50] == 40.0F && map.depth_m[79] == 40.0F);
    mkd_depth_map_free(&map);
}

// A road 1.65 m below the camera and a wall, seen by lines every 6 px and 3 px apart.
static void test_a_road_and_a_wall(void **state) {
    (void)state;
    enum { WIDTH = 320, HEIGHT = 120 };
    mkd_depth_map map = new_map(WIDTH, HEIGHT);
    static float truth[WIDTH * HEIGHT];
    for (int y = 0; y < HEIGHT; y++) {
        double road = y > 40 ? 700 * 1.65 / ((y - 40) * 2.0) : 1e9;
        for (int x = 0; x < WIDTH; x++) {
            bool wall = x >= 200 && y >= 10 && y < 90;
            truth[y * WIDTH + x] = (float)(wall ? 11.5 : fmin(road, 50));
            if (y >= 10 && y % 6 == 0 && x % 3 == 0) {
                map.depth_m[y * WIDTH + x] = truth[y * WIDTH + x];
            }
        }
    }
    assert_int_equal(mkd_depth_map_complete(&map), 0);
    double sum = 0, sum_wall = 0;
    size_t n = 0, n_wall = 0;
    for (int y = 10; y < HEIGHT; y++) {
        for (int x = 0; x < WIDTH; x++) {
            double error = fabs((double)(map.depth_m[y * WIDTH + x] - truth[y * WIDTH + x]));
            assert_true(map.depth_m[y * WIDTH + x] > 0);
            if (x >= 206 && y < 84) {
                sum_wall += error;
                n_wall++;
            } else if (y > 60) {
                sum += error / (double)truth[y * WIDTH + x];
                n++;
            }
        }
    }
    // inside the wall it is exact; on the road a line's depth is held for 6 rows
    assert_true(sum_wall / (double)n_wall < 1e-4);
    assert_true(sum / (double)n < 0.08);
    mkd_depth_map_free(&map);
}

static void test_points_fall_on_the_nearest_pixel_and_the_nearest_stays(void **state) {
    (void)state;
    const mkd_camera camera = {{100, 0, 10, 0, 0, 100, 8, 0, 0, 0, 1, 0}, 20, 16};
    // LiDAR axes: x forward, y left, z up
    const double camera_from_lidar[12] = {0, -1, 0, 0, 0, 0, -1, 0, 1, 0, 0, 0.5};
    float coordinates[] = {
        19.5F, 0,       0,     0, // z = 20 at (10, 8)
        9.5F,  0,       0,     0, // z = 10 at the same pixel
        29.5F, 0,       0,     0, // z = 30, hidden
        9.5F,  -0.149F, 0,     0, // u = 11.49
        9.5F,  0.149F,  -0.6F, 0, // u = 8.51, v = 14
        9.5F,  -1.0F,   0,     0, // u = 20: outside
        9.5F,  1.049F,  0.84F, 0, // u = -0.49, v = -0.4: the corner
        -5.0F, 0,       0,     0, // behind
    };
    mkd_points points = {coordinates, sizeof coordinates / 16};
    mkd_depth_map map;
    assert_int_equal(mkd_depth_map_from_points(&map, &points, camera_from_lidar, &camera), 0);
    float expected[16 * 20] = {0};
    expected[8 * 20 + 10] = 10;
    expected[8 * 20 + 11] = 10;
    expected[14 * 20 + 9] = 10;
    expected[0] = 10;
    assert_memory_equal(map.depth_m, expected, sizeof expected);
    mkd_depth_map_free(&map);

    const mkd_camera sizeless = {{0}, 0, 16};
    assert_int_equal(mkd_depth_map_from_points(&map, &points, camera_from_lidar, &sizeless),
                     MKD_EINVAL);
    assert_string_equal(mkd_error_last(),
                        "depth map: found a camera of 0 x 16 px, expected an image size");
    assert_null(map.depth_m);
}

static void test_failing_allocations(void **state) {
    (void)state;
    mkd_alloc_counters before, after;
    mkd_depth_map map = new_map(8, 8);
    mkd_alloc_count(&before);
    for (uint64_t nth = 1; nth <= 2; nth++) {
        mkd_alloc_fail_at(nth);
        assert_int_equal(mkd_depth_map_complete(&map), MKD_ENOMEM);
    }
    mkd_alloc_fail_at(0);
    mkd_alloc_count(&after);
    assert_int_equal(before.live_blocks, after.live_blocks);
    mkd_depth_map_free(&map);
}

static void test_real_points(void **state) {
    (void)state;
    char path[512];
    tests_shared_path(path, sizeof path, "data/kitti_mini");
    mkd_dataset *dataset;
    assert_int_equal(mkd_dataset_open(&dataset, "kitti", path, "val"), 0);
    for (size_t k = 0; k < 3; k++) {
        mkd_frame frame;
        mkd_depth_map sparse;
        assert_int_equal(mkd_dataset_frame(&frame, dataset, k, MKD_READ_POINTS | MKD_READ_DEPTH),
                         0);
        assert_int_equal(mkd_depth_map_from_points(&sparse, &frame.points, frame.camera_from_lidar,
                                                   &frame.views[0].camera),
                         0);
        double sum = 0, sum_near = 0;
        size_t n = 0, n_near = 0;
        const mkd_depth_map *dense = &frame.views[0].depth;
        for (int i = 0; i < dense->width_px * dense->height_px; i++) {
            assert_true(dense->depth_m[i] > 0);
            if (sparse.depth_m[i] > 0) {
                double error = fabs((double)(dense->depth_m[i] - sparse.depth_m[i]));
                sum += error;
                n++;
                bool is_near = sparse.depth_m[i] < 20;
                sum_near += is_near ? error : 0;
                n_near += is_near;
            }
        }
        // about one point in six falls into the image; those seen past an edge take its depth
        assert_true(n > 15000);
        assert_true(sum / (double)n < 0.8);
        assert_true(sum_near / (double)n_near < 0.2);
        mkd_depth_map_free(&sparse);
        mkd_frame_free(&frame);
    }
    mkd_dataset_close(dataset);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_completion_equals_the_plain_algorithm),
        cmocka_unit_test(test_one_known_pixel_fills_the_map),
        cmocka_unit_test(test_an_empty_map_stays_empty),
        cmocka_unit_test(test_the_farthest_depth_is_cut),
        cmocka_unit_test(test_the_top_takes_the_highest_value_of_each_column),
        cmocka_unit_test(test_a_road_and_a_wall),
        cmocka_unit_test(test_points_fall_on_the_nearest_pixel_and_the_nearest_stays),
        cmocka_unit_test(test_failing_allocations),
        cmocka_unit_test(test_real_points),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
