/// A cairo surface that becomes an image or an SVG, and the few ways we draw on it.
#ifndef MKD_REPORT_CANVAS_H
#define MKD_REPORT_CANVAS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/str.h"
#include "io/image.h"
#include "report/theme.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mkd_canvas {
    // cairo_surface_t and cairo_t by their tags: who draws includes cairo.h
    struct _cairo_surface *surface;
    struct _cairo *cr;
    double width, height;
    bool dark;
    mkd_str svg; ///< what cairo wrote so far; empty on a raster canvas
} mkd_canvas;

/// A raster of width x height pixels, each `scale` by `scale` real ones.
int mkd_canvas_raster(mkd_canvas *out, int width, int height, double scale,
                      bool dark) MKD_NODISCARD;
/// A raster that starts as `image` (1 or 3 channels) enlarged by `scale`; one unit of the canvas is
/// one pixel of the image.
int mkd_canvas_from_image(mkd_canvas *out, const mkd_image *image, double scale) MKD_NODISCARD;
/// An SVG in light colors.
int mkd_canvas_svg(mkd_canvas *out, int width, int height) MKD_NODISCARD;
void mkd_canvas_free(mkd_canvas *canvas);

/// The raster's content as RGB; the canvas can be drawn on further. Reports cairo's first error.
int mkd_canvas_to_image(mkd_image *out, mkd_canvas *canvas) MKD_NODISCARD;
/// Ends the drawing and appends an <svg> element for inlining in HTML: no prolog, ids unique in the
/// page, theme colors as var(--name,#rgb), `label` (escaped here) as its description.
int mkd_canvas_to_svg(mkd_str *out, mkd_canvas *canvas, const char *label) MKD_NODISCARD;

typedef enum mkd_anchor { MKD_ANCHOR_LEFT, MKD_ANCHOR_CENTER, MKD_ANCHOR_RIGHT } mkd_anchor;

void mkd_canvas_ink(mkd_canvas *canvas, mkd_ink ink, double alpha);
void mkd_canvas_rgb(mkd_canvas *canvas, uint32_t rgb, double alpha);
void mkd_canvas_font(mkd_canvas *canvas, double size, bool bold);
/// Advance width of `text` in the current font.
double mkd_canvas_text_width(mkd_canvas *canvas, const char *text);
/// `text` with its base line at y and the anchor at x.
void mkd_canvas_text(mkd_canvas *canvas, const char *text, double x, double y, mkd_anchor anchor);
void mkd_canvas_line(mkd_canvas *canvas, double x0, double y0, double x1, double y1);

#ifdef __cplusplus
}
#endif

#endif
