#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "io/npz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    mkd_npz *npz;
    if (mkd_npz_parse(&npz, data, size, "input") < 0) {
        return 0;
    }
    for (size_t i = 0; i < mkd_npz_count(npz); i++) {
        mkd_tensor tensor;
        if (mkd_npz_find(npz, mkd_npz_name(npz, i)) != (long)i) {
            abort();
        }
        if (mkd_npz_read(&tensor, npz, i) == 0) {
            mkd_tensor_free(&tensor);
        }
    }
    mkd_npz_close(npz);
    return 0;
}
