/* How many pictures are trained at which size, as bars; a click shows them. */
#pragma once

#include "app/dataset/dataset_view.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define LK_TYPE_BUCKET_BARS (lk_bucket_bars_get_type())
G_DECLARE_FINAL_TYPE(LkBucketBars, lk_bucket_bars, LK, BUCKET_BARS, AdwBin)

/* Signal `chosen` (text: a filter for the pictures of a size). */

/** Keeps up with the pictures of a list; once. */
void lk_bucket_bars_set_list(LkBucketBars *self, LkPictureList *list);

G_END_DECLS
