/* What a run is trained on, as text for its state: other pictures or captions make another run. */
#pragma once

#include "training/latents.h"

/** One line a picture: hash of its bytes, hash of its caption, repeats, name. Free with g_free. */
char *lk_dataset_digest(const LkDataset *dataset, const LkLatents *latents);

/** Says in a few words what differs ("1 picture is new ('x.png')"); NULL where nothing does. */
char *lk_dataset_digest_differences(const char *before, const char *now);
