/* Masks that say which part of a picture the loss looks at: white counts, black does not. kohya's convention is a
 * folder (conditioning_data_dir) with a picture of the same name, in any picture format; or the picture's own
 * transparency (alpha_mask; LkPictureInfo.alpha says whether it has any). */
#pragma once

#include <glib.h>

/** The masks of a folder, found by name. Immutable, so threads may share it. */
typedef struct LkMasks LkMasks;

/** Lists a folder. NULL with LK_ERROR_IO when it cannot be read. */
LkMasks *lk_masks_new(const char *conditioning_data_dir, GError **error);
void lk_masks_free(LkMasks *masks);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LkMasks, lk_masks_free)

/** The path of a picture's mask: the file with the picture's name without its extension, the same extension preferred,
 * else the first in byte order. NULL for none. Free with g_free. */
char *lk_masks_find(const LkMasks *masks, const char *picture_path);
