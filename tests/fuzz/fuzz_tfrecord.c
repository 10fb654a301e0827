#include <stddef.h>
#include <stdint.h>

#include "io/tfrecord.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    mkd_tfrecord_reader reader = mkd_tfrecord_of(data, size, "input");
    const uint8_t *record;
    size_t n_bytes;
    while (mkd_tfrecord_next(&record, &n_bytes, &reader) == 1) {
    }
    return 0;
}
