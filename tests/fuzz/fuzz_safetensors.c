#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "io/safetensors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    mkd_safetensors *file;
    if (mkd_safetensors_parse(&file, data, size, "input") < 0) {
        return 0;
    }
    volatile uint64_t sum = mkd_safetensors_metadata(file, "format") != NULL;
    for (size_t i = 0; i < mkd_safetensors_count(file); i++) {
        mkd_tensor tensor;
        if (mkd_safetensors_view(&tensor, file, i) == 0) {
            sum += mkd_hash64(tensor.data, mkd_tensor_bytes(&tensor)); // every byte can be read
        }
    }
    mkd_safetensors_close(file);
    (void)sum;
    return 0;
}
