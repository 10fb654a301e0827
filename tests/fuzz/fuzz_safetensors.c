// The checkpoint format: every tensor is a view inside the file or refused.

#include "fuzz.h"

#include "io/safetensors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint64_t before = fuzz_live_blocks();
    mkd_safetensors *file = NULL;
    int status = mkd_safetensors_parse(&file, data, size, "input");
    fuzz_expect_status(status);
    for (size_t i = 0; status == 0 && i < mkd_safetensors_count(file); i++) {
        mkd_tensor view = {0};
        int viewed = mkd_safetensors_view(&view, file, i);
        fuzz_expect_status(viewed);
        if (viewed == 0) {
            fuzz_read_tensor(&view);
        }
        FUZZ_EXPECT(mkd_safetensors_find(file, mkd_safetensors_name(file, i)) == (long)i);
    }
    if (status == 0) {
        (void)mkd_safetensors_metadata(file, "format");
    }
    mkd_safetensors_close(file);
    FUZZ_EXPECT(fuzz_live_blocks() == before);
    return 0;
}
