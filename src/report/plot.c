// Layout from the outside in: title, legend (in rows above the data, so that it never hides any),
// axis labels, tick texts, and the data area with what is left.

#include "report/plot.h"

#include <math.h>
#include <string.h>

#include <cairo.h>

#include "base/status.h"
#include "report/canvas.h"
#include "report/text.h"
#include "report/ticks.h"

enum { WIDTH_MIN = 160, HEIGHT_MIN = 120 };

static const double TITLE_SIZE = 14.0, LABEL_SIZE = 11.5, TICK_SIZE = 11.0, LEGEND_ROW = 18.0,
                    PAD = 12.0, SWATCH = 16.0, WRAP_ROW = 14.0;

typedef struct painter {
    mkd_canvas *canvas;
    const mkd_plot *plot;
    mkd_ticks x, y;
    double left, top, right, bottom; // of the data area
} painter;

// the finite values of one axis that can be shown on it
typedef struct range {
    double low, high;
} range;

static bool shows(const mkd_plot_axis *axis, double value) {
    return isfinite(value) && (!axis->log || value > 0.0);
}

static void widen(range *r, const mkd_plot_axis *axis, double value) {
    if (shows(axis, value)) {
        r->low = fmin(r->low, value);
        r->high = fmax(r->high, value);
    }
}

static void data_ranges(range *x, range *y, const mkd_plot *plot) {
    *x = *y = (range){INFINITY, -INFINITY};
    for (size_t s = 0; !plot->bars && s < plot->n_series; s++) {
        const mkd_plot_series *series = &plot->series[s];
        for (size_t i = 0; i < series->n; i++) {
            if (!shows(&plot->x, series->x[i]) || !shows(&plot->y, series->y[i])) {
                continue;
            }
            widen(x, &plot->x, series->x[i]);
            widen(y, &plot->y, series->y[i]);
            if (series->low && series->high) {
                widen(y, &plot->y, series->low[i]);
                widen(y, &plot->y, series->high[i]);
            }
        }
    }
    for (size_t b = 0; plot->bars && b < plot->n_groups * plot->n_series; b++) {
        const mkd_plot_bar *bar = &plot->bars[b];
        if (!isfinite(bar->value)) {
            continue;
        }
        double error = isfinite(bar->error) ? bar->error : 0.0;
        widen(y, &plot->y, 0.0);
        widen(y, &plot->y, bar->value);
        widen(y, &plot->y, bar->value < 0.0 ? bar->value - error : bar->value + error);
        for (size_t i = 0; bar->points && i < bar->n_points; i++) {
            widen(y, &plot->y, bar->points[i]);
        }
    }
}

// @return 1 if there is something to show, 0 if not, or a negative status
static int make_ticks(mkd_ticks *out, const mkd_plot_axis *axis, range data, int target,
                      bool tight) {
    bool fixed = axis->minimum != 0.0 || axis->maximum != 0.0;
    if (fixed && !(axis->minimum < axis->maximum)) {
        MKD_FAIL(MKD_EINVAL, "plot: found axis range %g to %g, expected a rising one",
                 axis->minimum, axis->maximum);
    }
    if (fixed) {
        data = (range){axis->minimum, axis->maximum};
    }
    bool empty = data.low > data.high;
    if (empty) {
        data = (range){axis->log ? 1.0 : 0.0, axis->log ? 10.0 : 1.0};
    }
    // curves that begin near zero show it
    if (!fixed && tight && !axis->log && data.low > 0.0 && data.low < 0.1 * data.high) {
        data.low = 0.0;
    }
    if (!fixed && tight && !axis->log) {
        // a tick just beyond the end is worth the little room
        MKD_TRY(mkd_ticks_linear(out, data.low, data.high, target, true));
        double next = ceil(data.high / out->step - 1e-9) * out->step;
        data.high = next - data.high < 0.03 * (data.high - data.low) ? next : data.high;
    }
    MKD_TRY(axis->log ? mkd_ticks_log(out, data.low, data.high, target + 3)
                      : mkd_ticks_linear(out, data.low, data.high, target, fixed || tight));
    return !empty;
}

static double place_x(const painter *p, double value) {
    return p->left + mkd_ticks_place(&p->x, value) * (p->right - p->left);
}

static double place_y(const painter *p, double value) {
    return p->bottom - mkd_ticks_place(&p->y, value) * (p->bottom - p->top);
}

static void draw_swatch(const painter *p, const mkd_plot_series *series, double x, double y) {
    cairo_t *cr = p->canvas->cr;
    mkd_canvas_ink(p->canvas, mkd_ink_series(series->color), 1.0);
    if (p->plot->bars) {
        cairo_rectangle(cr, x + 3.0, y - 9.0, 10.0, 10.0);
        cairo_fill(cr);
        return;
    }
    const double dashes[] = {5.0, 4.0};
    cairo_set_line_width(cr, 2.5);
    cairo_set_dash(cr, dashes, series->dashed ? 2 : 0, 0.0);
    mkd_canvas_line(p->canvas, x, y - 4.0, x + SWATCH, y - 4.0);
    cairo_set_dash(cr, NULL, 0, 0.0);
}

// @return the y below the legend
static double draw_legend(const painter *p, double y) {
    double x = PAD;
    bool any = false;
    mkd_canvas_font(p->canvas, LABEL_SIZE, false);
    for (size_t s = 0; s < p->plot->n_series; s++) {
        const mkd_plot_series *series = &p->plot->series[s];
        if (!series->name) {
            continue;
        }
        double width = SWATCH + 6.0 + mkd_canvas_text_width(p->canvas, series->name);
        if (any && x + width > p->canvas->width - PAD) {
            x = PAD;
            y += LEGEND_ROW;
        }
        draw_swatch(p, series, x, y + 12.0);
        mkd_canvas_ink(p->canvas, MKD_INK_TEXT, 1.0);
        mkd_canvas_text(p->canvas, series->name, x + SWATCH + 6.0, y + 12.0, MKD_ANCHOR_LEFT);
        x += width + 16.0;
        any = true;
    }
    return any ? y + LEGEND_ROW : y;
}

static double draw_head(const painter *p) {
    double y = PAD;
    if (p->plot->title && *p->plot->title) {
        mkd_canvas_font(p->canvas, TITLE_SIZE, true);
        mkd_canvas_ink(p->canvas, MKD_INK_TEXT, 1.0);
        mkd_canvas_text(p->canvas, p->plot->title, PAD, y + 11.0, MKD_ANCHOR_LEFT);
        y += 22.0;
    }
    return draw_legend(p, y) + 8.0;
}

static double widest_tick(mkd_canvas *canvas, const mkd_ticks *ticks) {
    double widest = 0.0;
    for (size_t i = 0; i < ticks->n; i++) {
        char text[MKD_TICK_TEXT_BYTES];
        mkd_tick_text(text, ticks, ticks->at[i]);
        widest = fmax(widest, mkd_canvas_text_width(canvas, text));
    }
    return widest;
}

static void draw_y_axis(const painter *p) {
    mkd_canvas *canvas = p->canvas;
    cairo_set_line_width(canvas->cr, 1.0);
    mkd_canvas_font(canvas, TICK_SIZE, false);
    for (size_t i = 0; i < p->y.n; i++) {
        char text[MKD_TICK_TEXT_BYTES];
        double y = round(place_y(p, p->y.at[i])) + 0.5;
        mkd_tick_text(text, &p->y, p->y.at[i]);
        mkd_canvas_ink(canvas, MKD_INK_GRID, 1.0);
        mkd_canvas_line(canvas, p->left, y, p->right, y);
        mkd_canvas_ink(canvas, MKD_INK_MUTED, 1.0);
        mkd_canvas_text(canvas, text, p->left - 7.0, y + 0.36 * TICK_SIZE, MKD_ANCHOR_RIGHT);
    }
    const char *label = p->plot->y.label;
    if (!label) {
        return;
    }
    mkd_canvas_font(canvas, LABEL_SIZE, false);
    mkd_canvas_ink(canvas, MKD_INK_MUTED, 1.0);
    // a unit is read upright
    bool upright = mkd_utf8_length(label) <= 2;
    cairo_save(canvas->cr);
    cairo_translate(canvas->cr, PAD + 0.8 * LABEL_SIZE, 0.5 * (p->top + p->bottom));
    cairo_rotate(canvas->cr, upright ? 0.0 : -0.5 * 3.14159265358979323846);
    mkd_canvas_text(canvas, label, upright ? -3.0 : 0.0, upright ? 4.0 : 0.0, MKD_ANCHOR_CENTER);
    cairo_restore(canvas->cr);
}

static int wrap_text(mkd_canvas *canvas, const char *text, double x, double y, double width) {
    char line[128] = "";
    int n_lines = 0;
    while (*text) {
        size_t word = strcspn(text, " "), length = strlen(line);
        char longer[sizeof line];
        memcpy(longer, line, sizeof line);
        if (length && length + 1 < sizeof line) {
            longer[length++] = ' ';
        }
        size_t taken = word < sizeof line - 1 - length ? word : sizeof line - 1 - length;
        memcpy(longer + length, text, taken);
        longer[length + taken] = '\0';
        bool fits = mkd_canvas_text_width(canvas, longer) <= width || n_lines == 2;
        if (*line && !fits) {
            if (!isnan(x)) {
                mkd_canvas_text(canvas, line, x, y + WRAP_ROW * n_lines, MKD_ANCHOR_CENTER);
            }
            n_lines++;
            line[0] = '\0';
            continue;
        }
        memcpy(line, longer, sizeof line);
        text += word;
        text += strspn(text, " ");
    }
    if (*line && !isnan(x)) {
        mkd_canvas_text(canvas, line, x, y + WRAP_ROW * n_lines, MKD_ANCHOR_CENTER);
    }
    return n_lines + 1;
}

static void draw_x_axis(const painter *p) {
    mkd_canvas *canvas = p->canvas;
    cairo_set_line_width(canvas->cr, 1.0);
    mkd_canvas_font(canvas, TICK_SIZE, false);
    for (size_t i = 0; !p->plot->bars && i < p->x.n; i++) {
        char text[MKD_TICK_TEXT_BYTES];
        double x = round(place_x(p, p->x.at[i])) + 0.5;
        mkd_tick_text(text, &p->x, p->x.at[i]);
        mkd_canvas_ink(canvas, MKD_INK_GRID, 1.0);
        mkd_canvas_line(canvas, x, p->top, x, p->bottom);
        mkd_canvas_ink(canvas, MKD_INK_MUTED, 1.0);
        mkd_canvas_text(canvas, text, x, p->bottom + 7.0 + 0.8 * TICK_SIZE, MKD_ANCHOR_CENTER);
    }
    for (size_t g = 0; p->plot->bars && g < p->plot->n_groups; g++) {
        double group = (p->right - p->left) / (double)p->plot->n_groups;
        mkd_canvas_ink(canvas, MKD_INK_TEXT, 1.0);
        wrap_text(canvas, p->plot->group_names[g], p->left + group * ((double)g + 0.5),
                  p->bottom + 8.0 + 0.8 * TICK_SIZE, group - 6.0);
    }
    if (p->plot->x.label) {
        mkd_canvas_font(canvas, LABEL_SIZE, false);
        mkd_canvas_ink(canvas, MKD_INK_MUTED, 1.0);
        mkd_canvas_text(canvas, p->plot->x.label, 0.5 * (p->left + p->right),
                        canvas->height - PAD + 2.0, MKD_ANCHOR_CENTER);
    }
}

static void draw_band(const painter *p, const mkd_plot_series *series) {
    cairo_t *cr = p->canvas->cr;
    const mkd_plot_axis *x = &p->plot->x, *y = &p->plot->y;
    mkd_canvas_ink(p->canvas, mkd_ink_series(series->color), 0.18);
    // one polygon for each stretch without a gap
    for (size_t first = 0; first < series->n;) {
        size_t last = first;
        while (last < series->n && shows(x, series->x[last]) && shows(y, series->low[last]) &&
               shows(y, series->high[last])) {
            last++;
        }
        for (size_t i = first; i < last; i++) {
            cairo_line_to(cr, place_x(p, series->x[i]), place_y(p, series->high[i]));
        }
        for (size_t i = last; i > first; i--) {
            cairo_line_to(cr, place_x(p, series->x[i - 1]), place_y(p, series->low[i - 1]));
        }
        cairo_close_path(cr);
        cairo_fill(cr);
        first = last + 1;
    }
}

static void draw_dot(cairo_t *cr, double x, double y, double radius) {
    cairo_new_sub_path(cr);
    cairo_arc(cr, x, y, radius, 0.0, 2.0 * 3.14159265358979323846);
    cairo_fill(cr);
}

static void draw_curve(const painter *p, const mkd_plot_series *series) {
    cairo_t *cr = p->canvas->cr;
    const double dashes[] = {6.0, 5.0};
    bool pen_down = false;
    mkd_canvas_ink(p->canvas, mkd_ink_series(series->color), 1.0);
    cairo_set_line_width(cr, 2.0);
    cairo_set_dash(cr, dashes, series->dashed ? 2 : 0, 0.0);
    for (size_t i = 0; i < series->n; i++) {
        if (!shows(&p->plot->x, series->x[i]) || !shows(&p->plot->y, series->y[i])) {
            pen_down = false;
            continue;
        }
        double x = place_x(p, series->x[i]), y = place_y(p, series->y[i]);
        if (pen_down) {
            cairo_line_to(cr, x, y);
        } else {
            cairo_move_to(cr, x, y);
        }
        pen_down = true;
    }
    cairo_stroke(cr);
    cairo_set_dash(cr, NULL, 0, 0.0);
    for (size_t i = 0; i < series->n && (series->markers || series->n == 1); i++) {
        if (shows(&p->plot->x, series->x[i]) && shows(&p->plot->y, series->y[i])) {
            draw_dot(cr, place_x(p, series->x[i]), place_y(p, series->y[i]), 3.0);
        }
    }
}

static void draw_bar(const painter *p, const mkd_plot_bar *bar, int color, double left,
                     double width) {
    cairo_t *cr = p->canvas->cr;
    if (!isfinite(bar->value)) {
        return;
    }
    double zero = place_y(p, 0.0), top = place_y(p, bar->value), middle = left + 0.5 * width;
    mkd_canvas_ink(p->canvas, mkd_ink_series(color), 0.85);
    cairo_rectangle(cr, left, fmin(zero, top), width, fabs(zero - top));
    cairo_fill(cr);
    mkd_canvas_ink(p->canvas, MKD_INK_TEXT, 0.9);
    if (isfinite(bar->error) && bar->error > 0.0) {
        double high = place_y(p, bar->value + bar->error);
        double low = place_y(p, bar->value - bar->error), cap = fmin(5.0, 0.3 * width);
        cairo_set_line_width(cr, 1.4);
        mkd_canvas_line(p->canvas, middle, low, middle, high);
        mkd_canvas_line(p->canvas, middle - cap, high, middle + cap, high);
        mkd_canvas_line(p->canvas, middle - cap, low, middle + cap, low);
    }
    for (size_t i = 0; bar->points && i < bar->n_points; i++) {
        // side by side in the bar's middle half, so that equal values stay two points
        double at = ((double)i + 0.5) / (double)bar->n_points - 0.5;
        if (isfinite(bar->points[i])) {
            double x = middle + 0.5 * width * at, y = place_y(p, bar->points[i]);
            mkd_canvas_ink(p->canvas, MKD_INK_CARD, 1.0);
            draw_dot(cr, x, y, 3.4);
            mkd_canvas_ink(p->canvas, MKD_INK_TEXT, 1.0);
            draw_dot(cr, x, y, 2.3);
        }
    }
}

static void draw_bars(const painter *p) {
    const mkd_plot *plot = p->plot;
    double group = (p->right - p->left) / (double)plot->n_groups;
    double gap = 3.0;
    double width =
        fmin((0.76 * group - gap * (double)(plot->n_series - 1)) / (double)plot->n_series, 44.0);
    double whole = width * (double)plot->n_series + gap * (double)(plot->n_series - 1);
    for (size_t g = 0; g < plot->n_groups; g++) {
        for (size_t s = 0; s < plot->n_series; s++) {
            double left =
                p->left + group * ((double)g + 0.5) - 0.5 * whole + (width + gap) * (double)s;
            draw_bar(p, &plot->bars[g * plot->n_series + s], plot->series[s].color, left, width);
        }
    }
}

static void draw_data(const painter *p) {
    cairo_t *cr = p->canvas->cr;
    cairo_save(cr);
    // a curve on the border keeps its whole width
    cairo_rectangle(cr, p->left - 3.0, p->top - 3.0, p->right - p->left + 6.0,
                    p->bottom - p->top + 6.0);
    cairo_clip(cr);
    if (p->plot->bars) {
        draw_bars(p);
    }
    for (size_t s = 0; !p->plot->bars && s < p->plot->n_series; s++) {
        if (p->plot->series[s].low && p->plot->series[s].high) {
            draw_band(p, &p->plot->series[s]);
        }
    }
    for (size_t s = 0; !p->plot->bars && s < p->plot->n_series; s++) {
        draw_curve(p, &p->plot->series[s]);
    }
    cairo_restore(cr);
    double base = p->plot->bars && p->y.minimum < 0.0 ? place_y(p, 0.0) : p->bottom;
    cairo_set_line_width(cr, 1.0);
    mkd_canvas_ink(p->canvas, MKD_INK_AXIS, 1.0);
    mkd_canvas_line(p->canvas, p->left, round(base) + 0.5, p->right, round(base) + 0.5);
}

// height of the group names, which is known once the data area's width is about known
static double group_rows(const painter *p) {
    int most = 1;
    double group = (p->canvas->width - 90.0) / (double)p->plot->n_groups;
    mkd_canvas_font(p->canvas, TICK_SIZE, false);
    for (size_t g = 0; g < p->plot->n_groups; g++) {
        int n = wrap_text(p->canvas, p->plot->group_names[g], NAN, 0.0, group - 6.0);
        most = n > most ? n : most;
    }
    return WRAP_ROW * (most - 1);
}

static int draw(mkd_canvas *canvas, const mkd_plot *plot) {
    painter p = {.canvas = canvas, .plot = plot};
    range x, y;
    data_ranges(&x, &y, plot);
    p.top = draw_head(&p);
    p.bottom = canvas->height - PAD - TICK_SIZE - 6.0 - (plot->x.label ? LABEL_SIZE + 7.0 : 0.0);
    p.bottom -= plot->bars ? group_rows(&p) : 0.0;
    int y_target = (int)fmax(3.0, fmin(7.0, (p.bottom - p.top) / 36.0));
    int has_y = make_ticks(&p.y, &plot->y, y, y_target, false);
    MKD_TRY(has_y);
    mkd_canvas_font(canvas, TICK_SIZE, false);
    p.left = PAD + widest_tick(canvas, &p.y) + 7.0 + (plot->y.label ? LABEL_SIZE + 7.0 : 0.0);
    p.right = canvas->width - PAD - 6.0;
    int x_target = (int)fmax(2.0, fmin(8.0, (p.right - p.left) / 70.0));
    // curves run from border to border; the y axis ends on round numbers
    int has_x = make_ticks(&p.x, &plot->x, x, x_target, true);
    MKD_TRY(has_x);
    draw_x_axis(&p);
    draw_y_axis(&p);
    if (has_y && (has_x || plot->bars)) {
        draw_data(&p);
    }
    if (plot->bars ? y.low > y.high : x.low > x.high) {
        mkd_canvas_font(canvas, TITLE_SIZE, false);
        mkd_canvas_ink(canvas, MKD_INK_MUTED, 1.0);
        mkd_canvas_text(canvas, "no data", 0.5 * (p.left + p.right), 0.5 * (p.top + p.bottom),
                        MKD_ANCHOR_CENTER);
    }
    return 0;
}

static int check(const mkd_plot *plot, int width, int height) {
    if (width < WIDTH_MIN || height < HEIGHT_MIN) {
        MKD_FAIL(MKD_EINVAL, "plot: found a size of %d x %d, expected at least %d x %d", width,
                 height, WIDTH_MIN, HEIGHT_MIN);
    }
    if (plot->bars && (plot->n_groups == 0 || plot->n_series == 0 || plot->y.log)) {
        MKD_FAIL(MKD_EINVAL,
                 "plot: found a bar chart of %zu groups of %zu bars%s, expected at "
                 "least one of each on a linear axis",
                 plot->n_groups, plot->n_series, plot->y.log ? " on a logarithmic axis" : "");
    }
    return 0;
}

mkd_plot mkd_plot_precision_recall(const char *title, const mkd_plot_series *series,
                                   size_t n_series) {
    return (mkd_plot){.title = title,
                      .x = {.label = "recall", .minimum = 0.0, .maximum = 1.0},
                      .y = {.label = "precision", .minimum = 0.0, .maximum = 1.0},
                      .series = series,
                      .n_series = n_series};
}

int mkd_plot_svg(mkd_str *out, const mkd_plot *plot, int width, int height) {
    MKD_TRY(check(plot, width, height));
    mkd_canvas canvas;
    MKD_TRY(mkd_canvas_svg(&canvas, width, height));
    int status = draw(&canvas, plot);
    if (status >= 0) {
        status = mkd_canvas_to_svg(out, &canvas, plot->title ? plot->title : "plot");
    }
    mkd_canvas_free(&canvas);
    return status;
}

int mkd_plot_image(mkd_image *out, const mkd_plot *plot, int width, int height, double scale,
                   bool dark) {
    *out = (mkd_image){0};
    MKD_TRY(check(plot, width, height));
    mkd_canvas canvas;
    MKD_TRY(mkd_canvas_raster(&canvas, width, height, scale, dark));
    mkd_canvas_ink(&canvas, MKD_INK_CARD, 1.0);
    cairo_paint(canvas.cr);
    int status = draw(&canvas, plot);
    if (status >= 0) {
        status = mkd_canvas_to_image(out, &canvas);
    }
    mkd_canvas_free(&canvas);
    return status;
}
