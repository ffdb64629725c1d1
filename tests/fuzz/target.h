/* What every fuzz program is made of: libFuzzer's entry point, and a check that ends the program. */
#pragma once

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/** Feeds one input to the code under test. Always 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** What must hold for any input. */
#define FUZZ_CHECK(condition)                                                                                          \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);                             \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)
