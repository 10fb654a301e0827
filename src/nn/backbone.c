#include "nn/backbone.h"

#include <string.h>

#include "base/status.h"
#include "base/str.h"

#define MKD_BACKBONE(name) extern const mkd_backbone mkd_backbone_##name;
#include "nn/backbones.def"
#undef MKD_BACKBONE

const mkd_backbone *const *mkd_backbones(void) {
    static const mkd_backbone *const all[] = {
#define MKD_BACKBONE(name) &mkd_backbone_##name,
#include "nn/backbones.def"
#undef MKD_BACKBONE
        NULL,
    };
    return all;
}

int mkd_backbone_find(const mkd_backbone **out, const char *name) {
    const char *names[32];
    size_t n = 0;
    for (const mkd_backbone *const *b = mkd_backbones(); *b; b++) {
        if (strcmp((*b)->name, name) == 0) {
            *out = *b;
            return 0;
        }
        names[n++] = (*b)->name;
    }
    return mkd_unknown_name("backbone", name, names, n);
}
