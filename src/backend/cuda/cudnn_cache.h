/* Plans that were made before: a network has hundreds of layers of a dozen shapes, and a plan of attention takes half a
 * second. */
#pragma once

#include "backend/cuda/cudnn_store.h"

/** A plan of that key with one more user, or NULL. Takes the cache that `cudnn` has, if any. */
LkCudnnPlan *lk_cudnn_cache_find(const LkCudnn *cudnn, const char *key);

/** Keeps a plan that was just made; nothing happens without a cache or for NULL. Returns the plan. */
LkCudnnPlan *lk_cudnn_cache_keep(const LkCudnn *cudnn, const char *key, LkCudnnPlan *plan);

/** Where plans are kept on disk, or NULL. */
const LkCudnnStore *lk_cudnn_cache_store(const LkCudnn *cudnn);

/* Users of a plan (cudnn_plan.c); lk_cudnn_plan_free takes one away. */
void lk_cudnn_plan_use(LkCudnnPlan *plan);
