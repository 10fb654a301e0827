#include <stddef.h>
#include <stdint.h>

#include "io/npz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    mkd_tensor tensor;
    if (mkd_npy_parse(&tensor, data, size, "input") == 0) {
        mkd_tensor_free(&tensor);
    }
    return 0;
}
