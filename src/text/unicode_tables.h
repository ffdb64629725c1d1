/* What the CLIP tokenizer's reference knows of Unicode. Private to unicode.c. */
#pragma once

#include "text/unicode.h"

typedef struct LkClassRange {
    uint32_t first, last;
    uint8_t class; /* an LkCharClass */
} LkClassRange;

typedef struct LkLowerRange {
    uint32_t first, last, step;
    int32_t delta;
} LkLowerRange;

typedef struct LkDecomposition {
    uint32_t character, first, second; /* second is 0 where it is another character's double */
} LkDecomposition;

typedef struct LkCombiningRange {
    uint32_t first, last;
    uint8_t class;
} LkCombiningRange;

/* All sorted by character; lk_compositions holds rows of lk_decompositions, sorted by their two parts. */
extern const LkClassRange lk_class_ranges[];
extern const size_t lk_class_ranges_count;
extern const LkLowerRange lk_lower_ranges[];
extern const size_t lk_lower_ranges_count;
extern const LkDecomposition lk_decompositions[];
extern const size_t lk_decompositions_count;
extern const uint16_t lk_compositions[];
extern const size_t lk_compositions_count;
extern const LkCombiningRange lk_combining_ranges[];
extern const size_t lk_combining_ranges_count;
