/* A folder of tensors under hashed names: one checksummed file each, written whole or not at all. Knows nothing of what
 * they mean; latent_cache.h does. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/** SHA-256 of everything an entry depends on. */
typedef struct LkCacheKey {
    uint8_t bytes[32];
} LkCacheKey;

/** The shape of an entry of float32 values; unused sides are 1. */
typedef struct LkCacheShape {
    uint32_t kind; /* what it is; an entry of another kind is no answer */
    uint32_t sides[3];
} LkCacheShape;

typedef enum LkCacheAnswer {
    LK_CACHE_MISS,
    LK_CACHE_HIT,
    LK_CACHE_DAMAGED, /* there is a file, but its content is not what was written or not what is asked for */
} LkCacheAnswer;

/** Number of float32 values of a shape; 0 if a side is 0 or the product is above 2^32. */
size_t lk_cache_shape_count(LkCacheShape shape);

/** Reads an entry into `out` (room for the shape's count). A damaged one may leave zeros there. Safe from several
 * threads. */
LkCacheAnswer lk_cache_store_get(const char *folder, const LkCacheKey *key, LkCacheShape shape, float *out);

/** Writes or replaces an entry; safe from several threads and processes. */
bool lk_cache_store_put(const char *folder, const LkCacheKey *key, LkCacheShape shape, const float *data,
                        GError **error);

/** Where the entry is (for messages and tests); free with g_free. */
char *lk_cache_store_path(const char *folder, const LkCacheKey *key);
