/// Line plots and bar charts, as SVG for a page or as an image. One drawing code for both.
#ifndef MKD_REPORT_PLOT_H
#define MKD_REPORT_PLOT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "base/str.h"
#include "io/image.h"

#ifdef __cplusplus
extern "C" {
#endif

/// A curve. A point with a NaN (or, on a logarithmic axis, without a positive value) is a gap.
typedef struct mkd_plot_series {
    const char *name;         ///< for the legend; Nullable: not in the legend
    const double *x, *y;      ///< [n]; bar charts need none
    const double *low, *high; ///< [n], Nullable: a band drawn behind the curve
    size_t n;
    int color; ///< index into the palette, 0..7
    bool dashed;
    bool markers; ///< a dot at every point
} mkd_plot_series;

typedef struct mkd_plot_axis {
    const char *label; ///< Nullable
    bool log;
    double minimum, maximum; ///< the exact range; both 0: from the data, widened to round numbers
} mkd_plot_axis;

/// One bar: `value` from 0, `error` up and down, and the single values it sums up as points.
typedef struct mkd_plot_bar {
    double value;         ///< NaN: no bar
    double error;         ///< 0 or NaN: no error bar
    const double *points; ///< Nullable
    size_t n_points;
} mkd_plot_bar;

typedef struct mkd_plot {
    const char *title; ///< Nullable
    mkd_plot_axis x, y;
    const mkd_plot_series *series;
    size_t n_series;
    /// Not NULL: a bar chart of n_groups groups of n_series bars, [n_groups, n_series]; series give
    /// names and colors alone.
    const mkd_plot_bar *bars;
    const char *const *group_names; ///< [n_groups]
    size_t n_groups;
} mkd_plot;

/// A plot of precision over recall: both axes from 0 to 1.
mkd_plot mkd_plot_precision_recall(const char *title, const mkd_plot_series *series,
                                   size_t n_series);

/// Appends an <svg> element of width x height px whose colors follow the page's theme (theme.h).
/// A plot without any finite point shows "no data". Errors: EINVAL for a size below 160 x 120 or an
/// axis range that is not rising; ENOMEM.
int mkd_plot_svg(mkd_str *out, const mkd_plot *plot, int width, int height) MKD_NODISCARD;

/// Draws into an image of (width * scale) x (height * scale) pixels.
int mkd_plot_image(mkd_image *out, const mkd_plot *plot, int width, int height, double scale,
                   bool dark) MKD_NODISCARD;

#ifdef __cplusplus
}
#endif

#endif
