/* What a run is trained on, as text for its state: other pictures or captions make another run. */
#pragma once

#include "training/latent_masks.h"
#include "training/latents.h"

/** One line a picture: hash of its bytes and its mask, hash of its caption, repeats, name. `masks` may be NULL. Free
 * with g_free. */
char *lk_dataset_digest(const LkDataset *dataset, const LkLatents *latents, const LkLatentMasks *masks);

/** Says in a few words what differs ("1 picture is new ('x.png')"); NULL where nothing does. */
char *lk_dataset_digest_differences(const char *before, const char *now);
