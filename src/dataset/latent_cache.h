/* What the frozen networks make of pictures and captions, kept on disk: the VAE's moments and the text encoders'
 * outputs.
 *
 * Entries are named by content: a picture's key is a hash of its file's bytes, how it is scaled, cut and mirrored, and
 * which VAE encoded it. So renamed or moved pictures, other captions and other resolutions share the cache and nothing
 * in it is ever wrong, only unused. A damaged entry counts as missing and is made again. */
#pragma once

#include "dataset/bucket.h"
#include "dataset/cache_store.h"

#include <stddef.h>

typedef struct LkLatentCache LkLatentCache;

/** What a cache has done since it was opened. */
typedef struct LkCacheCounts {
    guint64 hits, misses;
    guint64 damaged; /* misses with a damaged file */
    guint64 written;
    guint64 files_hashed, files_known; /* picture files read for their hash, and those whose reading was saved */
} LkCacheCounts;

/** Opens or makes a cache in a folder. */
LkLatentCache *lk_latent_cache_open(const char *folder, GError **error);
/** Saves the index of file hashes (a failure only costs time later) and frees. NULL is ignored. */
void lk_latent_cache_close(LkLatentCache *cache);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LkLatentCache, lk_latent_cache_close)

LkCacheCounts lk_latent_cache_counts(LkLatentCache *cache);

/** SHA-256 of a picture file, from the index or by reading. */
bool lk_latent_cache_file_hash(LkLatentCache *cache, const char *path, uint8_t hash[32], GError **error);

/** The key of a picture's moments. `vae_identity` is a text that differs wherever the VAE's output may: the hash of its
 * weights and the precision it ran at. */
LkCacheKey lk_latent_key(const uint8_t file_hash[32], const LkBucketFit *fit, bool flipped, const char *vae_identity);

/** Moments of height × width latent pixels with `channels` values each (mean, then log-variance; channels last). get
 * gives false if they are not there. */
bool lk_latent_cache_get_moments(LkLatentCache *cache, const LkCacheKey *key, int height, int width, int channels,
                                 float *out);
bool lk_latent_cache_put_moments(LkLatentCache *cache, const LkCacheKey *key, int height, int width, int channels,
                                 const float *moments, GError **error);

/** The key of text encoder outputs for `count` token ids. `encoder_identity`: weights, precision, clip_skip. */
LkCacheKey lk_text_key(const int32_t *ids, size_t count, const char *encoder_identity);

/** Outputs of `rows` tokens (chunks × 77) with `width` values each. */
bool lk_latent_cache_get_text(LkLatentCache *cache, const LkCacheKey *key, int rows, int width, float *out);
bool lk_latent_cache_put_text(LkLatentCache *cache, const LkCacheKey *key, int rows, int width, const float *values,
                              GError **error);
