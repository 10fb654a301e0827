// KITTI's label and result lines: whatever is accepted is written and read back the same.

#include "fuzz.h"

#include "data/kitti.h"

static void write_and_read_back(const mkd_object_list *objects, bool with_score) {
    mkd_str first = {0}, second = {0};
    mkd_object_list again;
    FUZZ_EXPECT(mkd_kitti_format_objects(&first, objects, with_score, 17) == 0);
    char *text = fuzz_text((const uint8_t *)first.text, first.length);
    FUZZ_EXPECT(mkd_kitti_parse_objects(&again, text, "again", with_score) == 0);
    FUZZ_EXPECT(again.n == objects->n);
    FUZZ_EXPECT(mkd_kitti_format_objects(&second, &again, with_score, 17) == 0);
    FUZZ_EXPECT(first.length == second.length);
    FUZZ_EXPECT(first.length == 0 || memcmp(first.text, second.text, first.length) == 0);
    free(text);
    mkd_object_list_free(&again);
    mkd_str_free(&first);
    mkd_str_free(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    for (int with_score = 0; with_score < 2; with_score++) {
        uint64_t before = fuzz_live_blocks();
        char *text = fuzz_text(data, size);
        mkd_object_list objects;
        int status = mkd_kitti_parse_objects(&objects, text, "input", with_score);
        fuzz_expect_status(status);
        if (status == 0) {
            write_and_read_back(&objects, with_score);
        } else {
            FUZZ_EXPECT(!objects.at && objects.n == 0);
        }
        mkd_object_list_free(&objects);
        free(text);
        FUZZ_EXPECT(fuzz_live_blocks() == before);
    }
    return 0;
}
