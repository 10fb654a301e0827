// One .npy in memory: whatever is accepted has a whole, readable array behind it.

#include "fuzz.h"

#include "io/npz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint64_t before = fuzz_live_blocks();
    mkd_tensor tensor = {0};
    int status = mkd_npy_parse(&tensor, data, size, "input");
    fuzz_expect_status(status);
    if (status == 0) {
        fuzz_read_tensor(&tensor);
        FUZZ_EXPECT(mkd_tensor_bytes(&tensor) <= size);
    }
    mkd_tensor_free(&tensor);
    FUZZ_EXPECT(fuzz_live_blocks() == before);
    return 0;
}
