/* Remembers how a project's dataset was looked at: order, filter, and the picture that the person was at. */
#pragma once

#include "app/dataset/dataset_view.h"

G_BEGIN_DECLS

#define LK_TYPE_VIEW_MEMORY (lk_view_memory_get_type())
G_DECLARE_FINAL_TYPE(LkViewMemory, lk_view_memory, LK, VIEW_MEMORY, GObject)

/* Signal `came-back`: the picture of the last time is the current one again. It does not come where there is none, or
 * where the person was faster and has chosen something. */

/** Brings the view to what the project's store remembers, as soon as that is read and the pictures are there; then
 * keeps what becomes of it, until it is disposed of. */
LkViewMemory *lk_view_memory_new(LkDatasetView *view);

G_END_DECLS
