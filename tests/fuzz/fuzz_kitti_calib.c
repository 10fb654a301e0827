// KITTI's calibration files: whatever is accepted is finite.

#include "fuzz.h"

#include <math.h>

#include "data/kitti.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text = fuzz_text(data, size);
    mkd_kitti_calib calib;
    int status = mkd_kitti_parse_calib(&calib, text, "input");
    fuzz_expect_status(status);
    for (int i = 0; status == 0 && i < 12; i++) {
        FUZZ_EXPECT(isfinite(calib.p2[i]) && isfinite(calib.velo_to_cam[i]));
        FUZZ_EXPECT(i >= 9 || isfinite(calib.r0_rect[i]));
    }
    free(text);
    return 0;
}
