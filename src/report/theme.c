// Series colors are those of Okabe and Ito ("Color universal design", 2008), in an order that keeps
// neighbors far apart, black left out; yellow is darkened on white and blue lightened on black so
// that each keeps a contrast of about 3 to 1.

#include "report/theme.h"

typedef struct ink_entry {
    const char *css;
    uint32_t light, dark;
} ink_entry;

// the light colors must all differ: svg.c finds an ink by its color
static const ink_entry inks[MKD_INK_COUNT] = {
    [MKD_INK_PAGE] = {"--page", 0xf6f7f9, 0x101418},
    [MKD_INK_CARD] = {"--card", 0xffffff, 0x181d23},
    [MKD_INK_TEXT] = {"--text", 0x1b2430, 0xe6eaef},
    [MKD_INK_MUTED] = {"--muted", 0x5b6676, 0x98a3b1},
    [MKD_INK_GRID] = {"--grid", 0xe3e7ec, 0x2b323b},
    [MKD_INK_AXIS] = {"--axis", 0x9aa4b1, 0x5a6572},
    [MKD_INK_ACCENT] = {"--accent", 0x0b63a5, 0x6cb6f0},
    [MKD_INK_SERIES + 0] = {"--s0", 0x0072b2, 0x4aa8e0},
    [MKD_INK_SERIES + 1] = {"--s1", 0xd55e00, 0xf08339},
    [MKD_INK_SERIES + 2] = {"--s2", 0x009e73, 0x2fc297},
    [MKD_INK_SERIES + 3] = {"--s3", 0xbf6394, 0xdd8fbb},
    [MKD_INK_SERIES + 4] = {"--s4", 0xc98a00, 0xf0b429},
    [MKD_INK_SERIES + 5] = {"--s5", 0x3f9fd0, 0x8fd0f5},
    [MKD_INK_SERIES + 6] = {"--s6", 0x6b5b95, 0xa996d8},
    [MKD_INK_SERIES + 7] = {"--s7", 0x7a7f2a, 0xd6d34e},
};

uint32_t mkd_ink_rgb(mkd_ink ink, bool dark) {
    return dark ? inks[ink].dark : inks[ink].light;
}

const char *mkd_ink_css(mkd_ink ink) {
    return inks[ink].css;
}

mkd_ink mkd_ink_series(int index) {
    int at = index % MKD_SERIES_COLORS;
    return (mkd_ink)((int)MKD_INK_SERIES + (at < 0 ? at + MKD_SERIES_COLORS : at));
}

void mkd_theme_css(mkd_str *out, bool dark) {
    for (int i = 0; i < MKD_INK_COUNT; i++) {
        mkd_str_printf(out, "%s:#%06x;", inks[i].css, (unsigned)mkd_ink_rgb((mkd_ink)i, dark));
    }
}
