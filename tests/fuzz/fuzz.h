/// What the fuzz targets share. A target ends the program where a promise is broken.
#ifndef MKD_TESTS_FUZZ_H
#define MKD_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/status.h"
#include "tensor/tensor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_EXPECT(condition)                                                                     \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: expected %s; last error: %s\n", __FILE__, __LINE__,            \
                    #condition, mkd_error_last());                                                 \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/// The input as text, in a block of exactly its size. The caller frees it.
static inline char *fuzz_text(const uint8_t *data, size_t size) {
    char *text = malloc(size + 1);
    FUZZ_EXPECT(text);
    if (size > 0) {
        memcpy(text, data, size);
    }
    text[size] = '\0';
    return text;
}

/// A parser says 0, or a status with a message of one line.
static inline void fuzz_expect_status(int status) {
    FUZZ_EXPECT(status == 0 || (status < 0 && mkd_status_name(status)[0] == 'E'));
    if (status < 0) {
        FUZZ_EXPECT(mkd_error_last()[0] != '\0' && !strchr(mkd_error_last(), '\n'));
    }
}

/// Touches every byte of an array, so that a sanitizer sees one that is shorter than it says.
static inline void fuzz_read_tensor(const mkd_tensor *tensor) {
    const volatile uint8_t *bytes = tensor->data;
    FUZZ_EXPECT(mkd_tensor_count(tensor) >= 0);
    unsigned sum = 0;
    for (size_t i = 0; i < mkd_tensor_bytes(tensor); i++) {
        sum += bytes[i];
    }
    (void)sum;
}

static inline uint64_t fuzz_live_blocks(void) {
    mkd_alloc_counters counters;
    mkd_alloc_count(&counters);
    return counters.live_blocks;
}

#endif
