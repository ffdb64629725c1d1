/* The masks of a dataset's pictures as the loss sees them: scaled and cut as their pictures are, and averaged over the
 * pixels that a latent pixel stands for (sd-scripts: apply_masked_loss). Small enough to be kept in memory. */
#pragma once

#include "dataset/dataset.h"
#include "training/events.h"

typedef struct LkLatentMasks LkLatentMasks;

/** Whether any picture has a mask: its own transparency where its subset says so, else the file of its mask, if
 * `files`. */
bool lk_latent_masks_wanted(const LkDataset *dataset, bool files);

/** Reads all masks. `factor` is the pixels of a latent pixel along each side. Fails with the names of those that cannot
 * be read; LK_ERROR_STOPPED when asked to stop. `events` may be NULL. */
LkLatentMasks *lk_latent_masks_new(const LkDataset *dataset, bool files, int factor, const LkTrainerEvents *events,
                                   GError **error);
void lk_latent_masks_free(LkLatentMasks *masks);

/** The mask of a picture [height, width, channels], each value 0 .. 1 and the same in all channels; all 1 where it has
 * none. */
void lk_latent_masks_get(const LkLatentMasks *masks, guint picture, guint variation, bool flipped, int channels,
                         float *out);

/** A hash of it; 0 where it has none. `masks` may be NULL. */
uint64_t lk_latent_masks_hash(const LkLatentMasks *masks, guint picture);
