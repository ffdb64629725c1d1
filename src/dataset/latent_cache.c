#include "dataset/latent_cache.h"

#include "base/file.h"
#include "base/hash.h"
#include "dataset/file_index.h"
#include "format/gerror.h"

#include <glib/gi18n.h>

/* Raise it when decoding, scaling or what is stored changes: old entries are then simply not asked for any more. */
#define CONTENT_VERSION 1

#define KIND_MOMENTS 1
#define KIND_TEXT    2

struct LkLatentCache {
    char *folder;
    LkFileIndex *index;
    LkCacheCounts counts;
    GMutex lock; /* of the counts */
};

LkLatentCache *lk_latent_cache_open(const char *folder, GError **error)
{
    LkError cause = {0};
    if (!lk_make_folders(folder, &cause)) {
        lk_error_prefix(&cause, _("The cache folder cannot be made"));
        lk_gerror_take(error, &cause);
        return NULL;
    }
    LkLatentCache *cache = g_new0(LkLatentCache, 1);
    cache->folder = g_strdup(folder);
    g_autofree char *index_path = g_build_filename(folder, "files.index", NULL);
    cache->index = lk_file_index_open(index_path);
    g_mutex_init(&cache->lock);
    return cache;
}

void lk_latent_cache_close(LkLatentCache *cache)
{
    if (!cache)
        return;
    lk_file_index_save(cache->index, NULL);
    lk_file_index_free(cache->index);
    g_mutex_clear(&cache->lock);
    g_free(cache->folder);
    g_free(cache);
}

LkCacheCounts lk_latent_cache_counts(LkLatentCache *cache)
{
    g_mutex_lock(&cache->lock);
    const LkCacheCounts counts = cache->counts;
    g_mutex_unlock(&cache->lock);
    return counts;
}

static void count_one(LkLatentCache *cache, guint64 *counter)
{
    g_mutex_lock(&cache->lock);
    ++*counter;
    g_mutex_unlock(&cache->lock);
}

bool lk_latent_cache_file_hash(LkLatentCache *cache, const char *path, uint8_t hash[32], GError **error)
{
    bool was_known;
    if (!lk_file_index_hash(cache->index, path, hash, &was_known, error))
        return false;
    count_one(cache, was_known ? &cache->counts.files_known : &cache->counts.files_hashed);
    return true;
}

/* SHA-256 of a line of text that says what an entry is, and bytes. */
static LkCacheKey make_key(const char *text, const void *bytes, size_t size)
{
    LkSha256 state;
    LkCacheKey key;
    lk_sha256_init(&state);
    lk_sha256_update(&state, text, strlen(text) + 1);
    lk_sha256_update(&state, bytes, size);
    lk_sha256_final(&state, key.bytes);
    return key;
}

LkCacheKey lk_latent_key(const uint8_t file_hash[32], const LkBucketFit *fit, bool flipped, const char *vae_identity)
{
    const char *way = lk_interpolation_name(fit->interpolation);
    g_autofree char *text =
        g_strdup_printf("moments %d: scaled to %dx%d%s%s, cut %dx%d at %d,%d, %s, vae %s", CONTENT_VERSION,
                        fit->resized.width, fit->resized.height, way ? " by " : "", way ? way : "", fit->bucket.width,
                        fit->bucket.height, fit->crop_x, fit->crop_y, flipped ? "mirrored" : "straight", vae_identity);
    return make_key(text, file_hash, 32);
}

LkCacheKey lk_text_key(const int32_t *ids, size_t count, const char *encoder_identity)
{
    g_autofree char *text = g_strdup_printf("text %d: %zu ids, encoder %s", CONTENT_VERSION, count, encoder_identity);
    g_autofree uint8_t *bytes = g_malloc(4 * count + 1);
    for (size_t i = 0; i < count; i++)
        for (int b = 0; b < 4; b++) /* the same key on every machine */
            bytes[4 * i + (size_t)b] = (uint8_t)((uint32_t)ids[i] >> 8 * b);
    return make_key(text, bytes, 4 * count);
}

static bool get(LkLatentCache *cache, const LkCacheKey *key, LkCacheShape shape, float *out)
{
    const LkCacheAnswer answer = lk_cache_store_get(cache->folder, key, shape, out);
    count_one(cache, answer == LK_CACHE_HIT ? &cache->counts.hits : &cache->counts.misses);
    if (answer == LK_CACHE_DAMAGED)
        count_one(cache, &cache->counts.damaged);
    return answer == LK_CACHE_HIT;
}

static bool put(LkLatentCache *cache, const LkCacheKey *key, LkCacheShape shape, const float *data, GError **error)
{
    if (!lk_cache_store_put(cache->folder, key, shape, data, error))
        return false;
    count_one(cache, &cache->counts.written);
    return true;
}

static uint32_t side(int value)
{
    return value > 0 ? (uint32_t)value : 0;
}

bool lk_latent_cache_get_moments(LkLatentCache *cache, const LkCacheKey *key, int height, int width, int channels,
                                 float *out)
{
    return get(cache, key, (LkCacheShape){KIND_MOMENTS, {side(height), side(width), side(channels)}}, out);
}

bool lk_latent_cache_put_moments(LkLatentCache *cache, const LkCacheKey *key, int height, int width, int channels,
                                 const float *moments, GError **error)
{
    return put(cache, key, (LkCacheShape){KIND_MOMENTS, {side(height), side(width), side(channels)}}, moments, error);
}

bool lk_latent_cache_get_text(LkLatentCache *cache, const LkCacheKey *key, int rows, int width, float *out)
{
    return get(cache, key, (LkCacheShape){KIND_TEXT, {side(rows), side(width), 1}}, out);
}

bool lk_latent_cache_put_text(LkLatentCache *cache, const LkCacheKey *key, int rows, int width, const float *values,
                              GError **error)
{
    return put(cache, key, (LkCacheShape){KIND_TEXT, {side(rows), side(width), 1}}, values, error);
}
