/* One frozen weight on its way from its file: opened, checked, read by all threads. */
#pragma once

#include "backend/backend.h"

typedef struct LkWeightReader {
    const LkWeightSource *source;
    LkSourceWeight weight;
} LkWeightReader;

/** Opens a weight of `count` elements; false with an error where the source has none of that name and size. */
bool lk_weight_reader_open(LkWeightReader *reader, const LkWeightSource *source, const char *name, int64_t count,
                           LkError *error);
void lk_weight_reader_close(LkWeightReader *reader);

/** Elements first..first+count-1 in the weight's own type. Any number of threads may ask at once. */
bool lk_weight_reader_get(const LkWeightReader *reader, int64_t first, int64_t count, void *to, LkError *error);

/** The same, read by all threads. */
bool lk_weight_reader_get_large(const LkWeightReader *reader, int64_t first, int64_t count, void *to, LkError *error);
