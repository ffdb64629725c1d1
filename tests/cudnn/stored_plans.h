/* Plans that are kept in a folder between starts. */
#pragma once

#include "backend/cuda/cudnn_plan.h"

/** A plan by a new cache over a folder: whether it came from there, its workspace and engine; "" where there is none.
 * To be freed with g_free. */
char *plan_from_folder(const LkCudnn *described, const char *folder, const LkSdpaGeometry *geometry, bool backward);

/** The one file of a folder, or NULL. To be freed with g_free. */
char *only_file(const char *folder);
