#include "report/canvas.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cairo-svg.h>
#include <cairo.h>

#include "base/status.h"
#include "report/text.h"

enum { SIDE_MAX_PX = 16384, TEXT_BYTES = 256 };

static int check_surface(const mkd_canvas *canvas) {
    cairo_status_t status = canvas->cr ? cairo_status(canvas->cr) : CAIRO_STATUS_NO_MEMORY;
    if (status == CAIRO_STATUS_SUCCESS) {
        status = cairo_surface_status(canvas->surface);
    }
    if (status != CAIRO_STATUS_SUCCESS) {
        MKD_FAIL(status == CAIRO_STATUS_NO_MEMORY ? MKD_ENOMEM : MKD_EINVAL, "drawing: %s",
                 cairo_status_to_string(status));
    }
    return 0;
}

static int check_size(double width, double height) {
    if (!(width >= 1 && height >= 1 && width <= SIDE_MAX_PX && height <= SIDE_MAX_PX)) {
        MKD_FAIL(MKD_EINVAL, "drawing: found a size of %g x %g, expected 1 to %d on each side",
                 width, height, SIDE_MAX_PX);
    }
    return 0;
}

// takes a surface over and prepares it
static int start(mkd_canvas *out, cairo_surface_t *surface) {
    out->surface = surface;
    out->cr = cairo_create(surface);
    int status = check_surface(out);
    if (status < 0) {
        mkd_canvas_free(out);
        return status;
    }
    // the same text widths on every kind of surface
    cairo_font_options_t *options = cairo_font_options_create();
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
    cairo_set_font_options(out->cr, options);
    cairo_font_options_destroy(options);
    cairo_set_line_join(out->cr, CAIRO_LINE_JOIN_ROUND);
    cairo_set_line_cap(out->cr, CAIRO_LINE_CAP_ROUND);
    return 0;
}

int mkd_canvas_raster(mkd_canvas *out, int width, int height, double scale, bool dark) {
    *out = (mkd_canvas){.width = width, .height = height, .dark = dark};
    MKD_TRY(check_size(width * scale, height * scale));
    cairo_surface_t *surface = cairo_image_surface_create(
        CAIRO_FORMAT_RGB24, (int)lround(width * scale), (int)lround(height * scale));
    MKD_TRY(start(out, surface));
    cairo_scale(out->cr, scale, scale);
    return 0;
}

// RGB24 surface with the image's pixels; check cairo_surface_status
static cairo_surface_t *surface_of_image(const mkd_image *image) {
    cairo_surface_t *surface =
        cairo_image_surface_create(CAIRO_FORMAT_RGB24, image->width_px, image->height_px);
    if (cairo_surface_status(surface) != CAIRO_STATUS_SUCCESS) {
        return surface;
    }
    uint8_t *pixels = cairo_image_surface_get_data(surface);
    size_t stride_bytes = (size_t)cairo_image_surface_get_stride(surface);
    size_t channels = (size_t)image->channels, width_px = (size_t)image->width_px;
    for (size_t y = 0; y < (size_t)image->height_px; y++) {
        const uint8_t *in = image->pixels + y * width_px * channels;
        for (size_t x = 0; x < width_px; x++, in += channels) {
            uint32_t red = in[0], green = in[channels / 2], blue = in[channels - 1];
            uint32_t word = 0xff000000u | red << 16 | green << 8 | blue;
            memcpy(pixels + y * stride_bytes + 4 * x, &word, sizeof word);
        }
    }
    cairo_surface_mark_dirty(surface);
    return surface;
}

int mkd_canvas_from_image(mkd_canvas *out, const mkd_image *image, double scale) {
    *out = (mkd_canvas){0};
    if (!image->pixels || (image->channels != 1 && image->channels != 3)) {
        MKD_FAIL(MKD_EINVAL, "drawing: found an image of %d channels, expected 1 or 3",
                 image->pixels ? image->channels : 0);
    }
    MKD_TRY(mkd_canvas_raster(out, image->width_px, image->height_px, scale, false));
    cairo_surface_t *surface = surface_of_image(image);
    cairo_set_source_surface(out->cr, surface, 0.0, 0.0);
    // the border's pixels are repeated, or an enlarged picture would fade out there
    cairo_pattern_set_extend(cairo_get_source(out->cr), CAIRO_EXTEND_PAD);
    cairo_pattern_set_filter(cairo_get_source(out->cr), CAIRO_FILTER_BILINEAR);
    cairo_paint(out->cr);
    cairo_surface_destroy(surface);
    int status = check_surface(out);
    if (status < 0) {
        mkd_canvas_free(out);
    }
    return status;
}

static cairo_status_t write_svg(void *payload, const unsigned char *bytes, unsigned n) {
    mkd_str *svg = payload;
    mkd_str_append_bytes(svg, (const char *)bytes, n);
    return svg->failed ? CAIRO_STATUS_WRITE_ERROR : CAIRO_STATUS_SUCCESS;
}

int mkd_canvas_svg(mkd_canvas *out, int width, int height) {
    *out = (mkd_canvas){.width = width, .height = height};
    MKD_TRY(check_size(width, height));
    return start(out, cairo_svg_surface_create_for_stream(write_svg, &out->svg, width, height));
}

void mkd_canvas_free(mkd_canvas *canvas) {
    if (canvas->cr) {
        cairo_destroy(canvas->cr);
    }
    if (canvas->surface) {
        cairo_surface_destroy(canvas->surface);
    }
    mkd_str_free(&canvas->svg);
    *canvas = (mkd_canvas){0};
}

int mkd_canvas_to_image(mkd_image *out, mkd_canvas *canvas) {
    *out = (mkd_image){0};
    MKD_TRY(check_surface(canvas));
    cairo_surface_flush(canvas->surface);
    int width_px = cairo_image_surface_get_width(canvas->surface);
    int height_px = cairo_image_surface_get_height(canvas->surface);
    const uint8_t *pixels = cairo_image_surface_get_data(canvas->surface);
    size_t stride_bytes = (size_t)cairo_image_surface_get_stride(canvas->surface);
    MKD_TRY(mkd_image_new(out, width_px, height_px, 3));
    uint8_t *to = out->pixels;
    for (size_t y = 0; y < (size_t)height_px; y++) {
        for (size_t x = 0; x < (size_t)width_px; x++, to += 3) {
            uint32_t word;
            memcpy(&word, pixels + y * stride_bytes + 4 * x, sizeof word);
            to[0] = (uint8_t)(word >> 16);
            to[1] = (uint8_t)(word >> 8);
            to[2] = (uint8_t)word;
        }
    }
    return 0;
}

// "rgb(0%,44.7%,69.8%)" -> the ink of that color; @return bytes consumed, 0 if it is none
static size_t match_ink(const char **css, uint32_t *rgb, const char *text) {
    double percent[3];
    const char *at = text + 4;
    for (int i = 0; i < 3; i++) {
        char *end;
        percent[i] = strtod(at, &end);
        if (end == at || *end != '%') {
            return 0;
        }
        at = end + 1;
        at += i < 2 ? strspn(at, ", ") : 0;
    }
    if (*at != ')') {
        return 0;
    }
    *rgb = 0;
    for (int i = 0; i < 3; i++) {
        *rgb = *rgb << 8 | (uint32_t)lround(percent[i] * 2.55);
    }
    for (int i = 0; i < MKD_INK_COUNT; i++) {
        if (mkd_ink_rgb((mkd_ink)i, false) == *rgb) {
            *css = mkd_ink_css((mkd_ink)i);
            return (size_t)(at + 1 - text);
        }
    }
    return 0;
}

// cairo's ids (glyph0-1, clip2, ...) are the same in every file: the page needs them unique
static void append_svg_body(mkd_str *out, const char *body, const char *end, const char *prefix) {
    static const char *const id_marks[] = {" id=\"", "href=\"#", "url(#"};
    const char *copied = body;
    for (const char *at = body; at < end;) {
        size_t skip = 0;
        for (size_t i = 0; i < MKD_COUNT(id_marks); i++) {
            size_t length = strlen(id_marks[i]);
            if (!strncmp(at, id_marks[i], length)) {
                mkd_str_append_bytes(out, copied, (size_t)(at - copied) + length);
                mkd_str_append(out, prefix);
                skip = length;
            }
        }
        const char *css;
        uint32_t rgb;
        if (!skip && !strncmp(at, "rgb(", 4) && (skip = match_ink(&css, &rgb, at)) > 0) {
            mkd_str_append_bytes(out, copied, (size_t)(at - copied));
            mkd_str_printf(out, "var(%s,#%06x)", css, (unsigned)rgb);
        }
        at += skip ? skip : 1;
        copied = skip ? at : copied;
    }
    mkd_str_append_bytes(out, copied, (size_t)(end - copied));
}

// the drawing between <svg ...> and </svg>, without the id of its group, which counts the surfaces
// that the program has made so far: the same plot must give the same text
static int take_svg_body(mkd_str *out, const mkd_str *svg) {
    static const char mark[] = " id=\"surface";
    const char *begin = svg->text ? strstr(svg->text, "<svg") : NULL;
    const char *body = begin ? strchr(begin, '>') : NULL;
    const char *end = begin ? strstr(begin, "</svg>") : NULL;
    if (!body || !end) {
        MKD_FAIL(MKD_EUNSUPPORTED, "drawing: found no <svg> in what cairo wrote");
    }
    body++;
    for (const char *at = strstr(body, mark); at && at < end; at = strstr(body, mark)) {
        mkd_str_append_bytes(out, body, (size_t)(at - body));
        body = at + sizeof mark - 1 + strspn(at + sizeof mark - 1, "0123456789") + 1;
    }
    mkd_str_append_bytes(out, body, (size_t)(end - body));
    return mkd_str_status(out);
}

int mkd_canvas_to_svg(mkd_str *out, mkd_canvas *canvas, const char *label) {
    MKD_TRY(check_surface(canvas));
    cairo_surface_finish(canvas->surface);
    MKD_TRY(mkd_str_status(&canvas->svg));
    MKD_TRY(check_surface(canvas));
    mkd_str body = {0};
    int status = 0;
    MKD_GOTO(take_svg_body(&body, &canvas->svg));
    char prefix[24];
    snprintf(prefix, sizeof prefix, "p%08x-", (unsigned)mkd_hash64(body.text, body.length));
    mkd_str_printf(out,
                   "<svg xmlns=\"http://www.w3.org/2000/svg\" "
                   "xmlns:xlink=\"http://www.w3.org/1999/xlink\" viewBox=\"0 0 %g %g\" "
                   "width=\"%g\" height=\"%g\" role=\"img\" aria-label=\"",
                   canvas->width, canvas->height, canvas->width, canvas->height);
    mkd_html_escape(out, label);
    mkd_str_append(out, "\">");
    append_svg_body(out, body.text, body.text + body.length, prefix);
    mkd_str_append(out, "</svg>");
    status = mkd_str_status(out);
done:
    mkd_str_free(&body);
    return status;
}

void mkd_canvas_rgb(mkd_canvas *canvas, uint32_t rgb, double alpha) {
    cairo_set_source_rgba(canvas->cr, (double)(rgb >> 16 & 255) / 255.0,
                          (double)(rgb >> 8 & 255) / 255.0, (double)(rgb & 255) / 255.0, alpha);
}

void mkd_canvas_ink(mkd_canvas *canvas, mkd_ink ink, double alpha) {
    mkd_canvas_rgb(canvas, mkd_ink_rgb(ink, canvas->dark), alpha);
}

void mkd_canvas_font(mkd_canvas *canvas, double size, bool bold) {
    cairo_select_font_face(canvas->cr, "DejaVu Sans", CAIRO_FONT_SLANT_NORMAL,
                           bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(canvas->cr, size);
}

double mkd_canvas_text_width(mkd_canvas *canvas, const char *text) {
    char clean[TEXT_BYTES];
    mkd_utf8_clean(clean, sizeof clean, text);
    cairo_text_extents_t extents;
    cairo_text_extents(canvas->cr, clean, &extents);
    return extents.x_advance;
}

void mkd_canvas_text(mkd_canvas *canvas, const char *text, double x, double y, mkd_anchor anchor) {
    double width = anchor == MKD_ANCHOR_LEFT ? 0.0 : mkd_canvas_text_width(canvas, text);
    cairo_move_to(canvas->cr, x - (anchor == MKD_ANCHOR_CENTER ? 0.5 : 1.0) * width, y);
    // broken UTF-8 would put cairo into its error state
    char clean[TEXT_BYTES];
    mkd_utf8_clean(clean, sizeof clean, text);
    cairo_show_text(canvas->cr, clean);
    // the text's end must not become the start of the next path
    cairo_new_path(canvas->cr);
}

void mkd_canvas_line(mkd_canvas *canvas, double x0, double y0, double x1, double y1) {
    cairo_move_to(canvas->cr, x0, y0);
    cairo_line_to(canvas->cr, x1, y1);
    cairo_stroke(canvas->cr);
}
