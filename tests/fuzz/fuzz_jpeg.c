#include <stddef.h>
#include <stdint.h>

#include "io/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    mkd_image image;
    if (mkd_image_decode(&image, data, size, "input") == 0) {
        mkd_image_free(&image);
    }
    return 0;
}
