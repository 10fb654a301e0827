#include <stddef.h>
#include <stdint.h>

#include "base/alloc.h"
#include "io/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    mkd_image image;
    uint16_t *pixels;
    int width_px, height_px;
    if (mkd_image_decode(&image, data, size, "input") == 0) {
        mkd_image_free(&image);
    }
    if (mkd_png16_decode(&pixels, &width_px, &height_px, data, size, "input") == 0) {
        mkd_free(pixels);
    }
    return 0;
}
