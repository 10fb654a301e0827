// ImageSets: whatever is accepted is a list of different names that stay inside their folder.

#include "fuzz.h"

#include "data/kitti.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint64_t before = fuzz_live_blocks();
    char *text = fuzz_text(data, size);
    mkd_id_list ids;
    int status = mkd_kitti_parse_ids(&ids, text, "input");
    fuzz_expect_status(status);
    for (size_t i = 0; status == 0 && i < ids.n; i++) {
        FUZZ_EXPECT(ids.at[i][0] != '\0' && memchr(ids.at[i], '\0', MKD_FRAME_ID_MAX));
        FUZZ_EXPECT(!strchr(ids.at[i], '/') && strcmp(ids.at[i], "..") != 0);
        for (size_t j = 0; j < i && i < 64; j++) {
            FUZZ_EXPECT(strcmp(ids.at[i], ids.at[j]) != 0);
        }
    }
    mkd_id_list_free(&ids);
    free(text);
    FUZZ_EXPECT(fuzz_live_blocks() == before);
    return 0;
}
