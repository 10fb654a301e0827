// Archives of arrays: every member is read or refused, and found again by its name.

#include "fuzz.h"

#include "io/npz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint64_t before = fuzz_live_blocks();
    mkd_npz *npz = NULL;
    int status = mkd_npz_parse(&npz, data, size, "input");
    fuzz_expect_status(status);
    for (size_t i = 0; status == 0 && i < mkd_npz_count(npz); i++) {
        mkd_tensor tensor = {0};
        int read = mkd_npz_read(&tensor, npz, i);
        fuzz_expect_status(read);
        if (read == 0) {
            fuzz_read_tensor(&tensor);
        }
        mkd_tensor_free(&tensor);
        FUZZ_EXPECT(mkd_npz_find(npz, mkd_npz_name(npz, i)) == (long)i);
    }
    mkd_npz_close(npz);
    FUZZ_EXPECT(fuzz_live_blocks() == before);
    return 0;
}
