/// One self-contained HTML page: inline style, inline SVG, pictures as data. Light and dark.
///
/// A page is built from top to bottom. Its first failure is sticky: later calls do nothing, and
/// mkd_page_finish returns it with its message. All text is escaped.
#ifndef MKD_REPORT_HTML_H
#define MKD_REPORT_HTML_H

#include <stddef.h>

#include "base/compiler.h"
#include "base/status.h"
#include "base/str.h"
#include "io/image.h"
#include "report/plot.h"
#include "report/table.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Neighbors of one kind share a grid.
typedef enum mkd_page_group {
    MKD_PAGE_NO_GROUP,
    MKD_PAGE_PLOTS,   ///< side by side where there is room
    MKD_PAGE_PICTURES ///< one below the other
} mkd_page_group;

/// Zero-initialise through mkd_page_begin; free with mkd_page_free.
typedef struct mkd_page {
    mkd_str title, subtitle; ///< escaped
    mkd_str contents;        ///< the table of contents' entries
    mkd_str body;
    size_t n_sections;
    mkd_page_group group;
    mkd_error error; ///< code 0 while nothing failed
} mkd_page;

void mkd_page_begin(mkd_page *out, const char *title, const char *subtitle);
void mkd_page_free(mkd_page *page);

/// Begins a section, which the table of contents shows.
void mkd_page_section(mkd_page *page, const char *title);
void mkd_page_heading(mkd_page *page, const char *title);
/// A paragraph.
void mkd_page_text(mkd_page *page, const char *text);
/// Text in a fixed font that unfolds under its summary.
void mkd_page_details(mkd_page *page, const char *summary, const char *text);
/// `caption` Nullable, here and below.
void mkd_page_table(mkd_page *page, const mkd_table *table, const char *caption);
void mkd_page_plot(mkd_page *page, const mkd_plot *plot, int width, int height,
                   const char *caption);
/// A picture as JPEG of `quality` 1 to 100, or as PNG with quality 0.
void mkd_page_image(mkd_page *page, const mkd_image *image, int quality, const char *caption);

/// Appends the whole document; the page can go on afterwards.
int mkd_page_finish(mkd_str *out, mkd_page *page) MKD_NODISCARD;
/// Writes the whole document atomically.
int mkd_page_write(const char *path, mkd_page *page) MKD_NODISCARD;

#ifdef __cplusplus
}
#endif

#endif
