/* The pictures of a dataset as the VAE sees them: encoded once, kept in the latent cache, drawn from at every step. */
#pragma once

#include "backend/prepared.h"
#include "dataset/dataset.h"
#include "dataset/latent_cache.h"
#include "model/checkpoint.h"
#include "training/events.h"

typedef struct LkLatents LkLatents;

/** Finds which pictures and variations of them (mirrored ones too, where flip_aug asks for it) the cache lacks. The
 * cache and the dataset are borrowed. `device` names what computes: another processor or library version may give other
 * bits, so it does not share entries. Fails where a picture cannot be read. */
LkLatents *lk_latents_new(const LkDataset *dataset, LkLatentCache *cache, LkCheckpoint *checkpoint, const char *device,
                          GError **error);
void lk_latents_free(LkLatents *latents);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LkLatents, lk_latents_free)

/** Has pictures that are larger encoded in tiles of this side, in pixels (model/vae_tiles.h); 0, as at first: none.
 * What the cache lacks is found anew. */
void lk_latents_set_tile(LkLatents *latents, int side);

/** How many pictures must be encoded, each variation counted. */
guint lk_latents_missing(const LkLatents *latents);

/** SHA-256 of the picture's file. */
const uint8_t *lk_latents_file_hash(const LkLatents *latents, guint picture);

/** Fails with the names of pictures that cannot be used: `lines` (char *) are "path: reason". */
bool lk_refuse_pictures(const GPtrArray *lines, GError **error);
/** Adds to these lines why a picture cannot be used. False where that is for lack of memory, which is no fault of the
 * picture's: it is the error then. Takes `problem`. */
bool lk_note_picture(GPtrArray *lines, const char *path, GError *problem, GError **error);

/** Bytes of arena and weights that encoding will need on the device; 0 when nothing is missing. */
bool lk_latents_plan(LkLatents *latents, const LkBackend *api, LkDevice *device, int64_t *arena, int64_t *weights,
                     GError **error);

/** Encodes what is missing, once all of it is known to be decodable: else every picture that is not is named. The VAE's
 * weights leave the device afterwards. LK_ERROR_STOPPED when asked to stop. */
bool lk_latents_encode(LkLatents *latents, const LkBackend *api, LkDevice *device, const LkTrainerEvents *events,
                       GError **error);

/** The moments of a picture's variation (dataset/augment.h), channels last [h,w,8]: means, then log variances. */
bool lk_latents_moments(const LkLatents *latents, guint picture, guint variation, bool flipped, float *out,
                        GError **error);

/** Size of its latent. */
void lk_latents_size(const LkLatents *latents, guint picture, int *height, int *width);
