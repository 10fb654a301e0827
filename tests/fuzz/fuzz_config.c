// A YAML config of any bytes, and the same bytes as an override. What is accepted must come back
// the same from its own dump.

#include "base/config.h"

#include "fuzz/fuzz.h"
#include "unit/base/config_schema.h"

static void expect_same_again(const mkd_config *config) {
    mkd_str dump = {0};
    FUZZ_EXPECT(mkd_config_dump(&dump, config, true, false) == 0);
    mkd_config *again;
    FUZZ_EXPECT(mkd_config_parse(&again, test_schema, "dump", dump.text, dump.length, NULL, 0) ==
                0);
    FUZZ_EXPECT(mkd_config_hash(again, NULL) == mkd_config_hash(config, NULL));
    mkd_config_free(again);
    mkd_str_free(&dump);
}

static void take(int status, mkd_config *config) {
    fuzz_expect_status(status);
    FUZZ_EXPECT((status == 0) == (config != NULL));
    if (config) {
        expect_same_again(config);
        mkd_config_free(config);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint64_t before = fuzz_live_blocks();
    char *text = fuzz_text(data, size);
    mkd_config *config;
    int status = mkd_config_parse(&config, test_schema, "input", text, size, NULL, 0);
    take(status, config);
    const char *override = text;
    status = mkd_config_load(&config, test_schema, NULL, &override, 1);
    take(status, config);
    free(text);
    FUZZ_EXPECT(fuzz_live_blocks() == before);
    return 0;
}
