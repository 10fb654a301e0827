/// Colors of plots and pages, light and dark.
#ifndef MKD_REPORT_THEME_H
#define MKD_REPORT_THEME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MKD_SERIES_COLORS 8

typedef enum mkd_ink {
    MKD_INK_PAGE, ///< behind everything
    MKD_INK_CARD, ///< behind plots and tables
    MKD_INK_TEXT,
    MKD_INK_MUTED, ///< labels, captions
    MKD_INK_GRID,  ///< grid lines, borders
    MKD_INK_AXIS,
    MKD_INK_ACCENT, ///< links, strong values
    MKD_INK_SERIES, ///< first of MKD_SERIES_COLORS colors that differ for color-blind readers too
    MKD_INK_COUNT = MKD_INK_SERIES + MKD_SERIES_COLORS
} mkd_ink;

/// 0xRRGGBB of an ink.
uint32_t mkd_ink_rgb(mkd_ink ink, bool dark);
/// The ink's name as a CSS custom property, "--text".
const char *mkd_ink_css(mkd_ink ink);
/// The series color at `index`, which wraps around.
mkd_ink mkd_ink_series(int index);
/// Appends "--page:#ffffff;..." for all inks.
void mkd_theme_css(mkd_str *out, bool dark);

#ifdef __cplusplus
}
#endif

#endif
