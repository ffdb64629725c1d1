/* Plans on disk. cuDNN compiles attention for each shape, a third of a second or more each time; a plan that was
 * written down is there in a millisecond. The folder is a cache: it may be deleted at any time, and whatever is wrong
 * with a file only means that its plan is made again. */
#pragma once

#include "backend/cuda/cudnn_engine.h"

typedef struct LkCudnnStore {
    char folder[512];
    uint64_t card; /* of all that a plan depends on but its name: the card's properties, the driver, the library */
} LkCudnnStore;

/** Opens (and makes) the folder for the card of `cudnn`, and clears it of what nothing has used for two months. False
 * where it cannot be used, or where the library cannot tell one card from another. */
bool lk_cudnn_store_open(LkCudnnStore *store, const LkCudnn *cudnn, const char *folder);

/** Finds a plan; its `config` is NULL. */
bool lk_cudnn_store_load(const LkCudnnStore *store, const LkCudnn *cudnn, const char *name, LkCudnnChosen *out);

/** Writes a plan down, if it can be. */
void lk_cudnn_store_save(const LkCudnnStore *store, const char *name, const LkCudnnChosen *chosen);
