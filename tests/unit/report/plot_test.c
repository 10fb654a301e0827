#include "tests.h"

#include <string.h>

#include "base/status.h"
#include "markup.h"
#include "report/plot.h"
#include "report/theme.h"

static const double xs[] = {0, 1, 2, 3}, ys[] = {1, 3, 2, 4}, lows[] = {0.5, 2, 1, 3},
                    highs[] = {2, 4, 3, 5};
static const mkd_plot_series curve = {
    .name = "plain & <simple>", .x = xs, .y = ys, .low = lows, .high = highs, .n = 4, .color = 1};
static const mkd_plot line_plot = {
    .title = "AP \"R40\"", .x.label = "epoch", .y.label = "AP", .series = &curve, .n_series = 1};

static size_t count(const char *text, const char *part) {
    size_t n = 0;
    for (const char *at = strstr(text, part); at; at = strstr(at + 1, part)) {
        n++;
    }
    return n;
}

static void test_svg_is_well_formed_and_follows_the_theme(void **state) {
    (void)state;
    mkd_str s = {0};
    assert_int_equal(mkd_plot_svg(&s, &line_plot, 400, 300), 0);
    markup_check(s.text);
    assert_int_equal(strncmp(s.text, "<svg ", 5), 0);
    assert_non_null(strstr(s.text, "viewBox=\"0 0 400 300\""));
    assert_non_null(strstr(s.text, "aria-label=\"AP &quot;R40&quot;\""));
    assert_non_null(strstr(s.text, "var(--s1,#d55e00)"));
    assert_non_null(strstr(s.text, "var(--grid,#e3e7ec)"));
    assert_int_equal(count(s.text, "rgb("), 0);
    mkd_str_free(&s);
}

static void test_two_plots_share_no_id(void **state) {
    (void)state;
    mkd_str s = {0};
    mkd_plot other = line_plot;
    other.title = "another";
    mkd_str_append(&s, "<div>");
    assert_int_equal(mkd_plot_svg(&s, &line_plot, 400, 300), 0);
    assert_int_equal(mkd_plot_svg(&s, &other, 400, 300), 0);
    mkd_str_append(&s, "</div>");
    markup_check(s.text);
    // every reference carries the prefix of its plot
    assert_int_equal(count(s.text, "href=\"#"), count(s.text, "href=\"#p"));
    assert_int_equal(count(s.text, "url(#"), count(s.text, "url(#p"));
    mkd_str_free(&s);
}

static const uint8_t *pixel(const mkd_image *image, int x, int y) {
    return image->pixels + 3 * (y * image->width_px + x);
}

static size_t count_color(const mkd_image *image, uint32_t rgb, int x0, int y0, int x1, int y1) {
    size_t n = 0;
    for (int y = y0; y < y1; y++) {
        for (int x = x0; x < x1; x++) {
            const uint8_t *p = pixel(image, x, y);
            int distance = abs(p[0] - (int)(rgb >> 16)) + abs(p[1] - (int)(rgb >> 8 & 255)) +
                           abs(p[2] - (int)(rgb & 255));
            n += distance < 12;
        }
    }
    return n;
}

static void test_image_light_and_dark(void **state) {
    (void)state;
    for (int dark = 0; dark < 2; dark++) {
        mkd_image image;
        assert_int_equal(mkd_plot_image(&image, &line_plot, 400, 300, 2.0, dark), 0);
        assert_int_equal(image.width_px, 800);
        assert_int_equal(image.height_px, 600);
        uint32_t card = mkd_ink_rgb(MKD_INK_CARD, dark);
        assert_int_equal(count_color(&image, card, 0, 0, 20, 20), 400);
        uint32_t line = mkd_ink_rgb(mkd_ink_series(1), dark);
        assert_true(count_color(&image, line, 0, 0, 800, 600) > 1000);
        mkd_image_free(&image);
    }
}

static void test_a_curve_runs_from_corner_to_corner(void **state) {
    (void)state;
    const double at[] = {0.0, 1.0};
    const mkd_plot_series diagonal = {.x = at, .y = at, .n = 2, .color = 0};
    mkd_plot plot = mkd_plot_precision_recall(NULL, &diagonal, 1);
    mkd_image image;
    assert_int_equal(mkd_plot_image(&image, &plot, 400, 300, 1.0, false), 0);
    uint32_t rgb = mkd_ink_rgb(mkd_ink_series(0), false);
    // rising: below the middle on the left, above it on the right, nothing in the other corners
    assert_true(count_color(&image, rgb, 40, 150, 200, 300) > 100);
    assert_true(count_color(&image, rgb, 240, 0, 400, 130) > 100);
    assert_int_equal(count_color(&image, rgb, 40, 0, 180, 120), 0);
    assert_int_equal(count_color(&image, rgb, 280, 180, 400, 300), 0);
    mkd_image_free(&image);
}

static void test_gaps_and_no_data(void **state) {
    (void)state;
    const double nan[] = {NAN, NAN, NAN, NAN};
    const mkd_plot_series gaps = {.name = "gone", .x = xs, .y = nan, .n = 4, .color = 2};
    const mkd_plot plot = {.series = &gaps, .n_series = 1};
    mkd_image image;
    assert_int_equal(mkd_plot_image(&image, &plot, 300, 200, 1.0, false), 0);
    uint32_t rgb = mkd_ink_rgb(mkd_ink_series(2), false);
    assert_true(count_color(&image, rgb, 0, 0, 300, 40) > 0); // the legend alone
    assert_int_equal(count_color(&image, rgb, 0, 50, 300, 200), 0);
    mkd_image_free(&image);
    const mkd_plot nothing = {.x.log = true, .y.log = true};
    mkd_str s = {0};
    assert_int_equal(mkd_plot_svg(&s, &nothing, 300, 200), 0);
    markup_check(s.text);
    mkd_str_free(&s);
}

static void test_log_axes_leave_out_what_is_not_positive(void **state) {
    (void)state;
    const double mixed[] = {-1.0, 0.0, 10.0, 1000.0};
    const mkd_plot_series series = {.name = "a", .x = xs, .y = mixed, .n = 4};
    const mkd_plot plot = {.y.log = true, .series = &series, .n_series = 1};
    mkd_str s = {0};
    assert_int_equal(mkd_plot_svg(&s, &plot, 300, 200), 0);
    markup_check(s.text);
    assert_null(strstr(s.text, "nan"));
    assert_null(strstr(s.text, "inf"));
    mkd_str_free(&s);
}

static void test_bars(void **state) {
    (void)state;
    const double seeds[] = {9.0, 11.0};
    const mkd_plot_series names[] = {{.name = "plain", .color = 0},
                                     {.name = "distilled", .color = 1}};
    const mkd_plot_bar bars[] = {
        {10.0, 1.4, seeds, 2}, {20.0, NAN, NULL, 0}, {5.0, 0, NULL, 0}, {NAN, 0, NULL, 0}};
    const char *const groups[] = {"AP3D@0.7 Car moderate with a long name", "BEV"};
    const mkd_plot plot = {
        .series = names, .n_series = 2, .bars = bars, .group_names = groups, .n_groups = 2};
    mkd_image image;
    assert_int_equal(mkd_plot_image(&image, &plot, 400, 300, 1.0, false), 0);
    // bars are not quite opaque: compare their areas by hue, blue against orange
    size_t blue[2] = {0}, orange = 0;
    for (int y = 50; y < 300; y++) {
        for (int x = 0; x < 400; x++) {
            const uint8_t *p = pixel(&image, x, y);
            blue[x > 220] += p[2] > p[0] + 100;
            orange += p[0] > p[2] + 100;
        }
    }
    assert_true(blue[0] > 1000 && blue[1] > 500);
    assert_near((double)orange / (double)blue[0], 2.0, 0.25);
    assert_near((double)blue[1] / (double)blue[0], 0.5, 0.1);
    mkd_image_free(&image);
}

static void test_bad_input(void **state) {
    (void)state;
    mkd_str s = {0};
    assert_int_equal(mkd_plot_svg(&s, &line_plot, 100, 300), MKD_EINVAL);
    assert_string_equal(mkd_error_last(),
                        "plot: found a size of 100 x 300, expected at least 160 x 120");
    mkd_plot wrong = line_plot;
    wrong.y.minimum = 2.0;
    wrong.y.maximum = 1.0;
    assert_int_equal(mkd_plot_svg(&s, &wrong, 400, 300), MKD_EINVAL);
    assert_string_equal(mkd_error_last(), "plot: found axis range 2 to 1, expected a rising one");
    const mkd_plot_bar bar = {1.0, 0, NULL, 0};
    const mkd_plot empty = {.series = &curve, .n_series = 1, .bars = &bar};
    assert_int_equal(mkd_plot_svg(&s, &empty, 400, 300), MKD_EINVAL);
    mkd_image image;
    assert_int_equal(mkd_plot_image(&image, &line_plot, 400, 300, 1000.0, false), MKD_EINVAL);
    mkd_str_free(&s);
}

static void test_theme_colors_differ(void **state) {
    (void)state;
    // the SVG's colors are told apart by value
    for (int i = 0; i < MKD_INK_COUNT; i++) {
        for (int k = 0; k < i; k++) {
            assert_int_not_equal(mkd_ink_rgb((mkd_ink)i, false), mkd_ink_rgb((mkd_ink)k, false));
        }
    }
    assert_int_equal(mkd_ink_series(9), mkd_ink_series(1));
    assert_int_equal(mkd_ink_series(-1), mkd_ink_series(7));
}

static void test_broken_utf8_draws(void **state) {
    (void)state;
    mkd_plot plot = line_plot;
    plot.title = "run \xff\xfe";
    mkd_str s = {0};
    assert_int_equal(mkd_plot_svg(&s, &plot, 400, 300), 0);
    markup_check(s.text);
    mkd_str_free(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_svg_is_well_formed_and_follows_the_theme),
        cmocka_unit_test(test_two_plots_share_no_id),
        cmocka_unit_test(test_image_light_and_dark),
        cmocka_unit_test(test_a_curve_runs_from_corner_to_corner),
        cmocka_unit_test(test_gaps_and_no_data),
        cmocka_unit_test(test_log_axes_leave_out_what_is_not_positive),
        cmocka_unit_test(test_bars),
        cmocka_unit_test(test_bad_input),
        cmocka_unit_test(test_theme_colors_differ),
        cmocka_unit_test(test_broken_utf8_draws),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
