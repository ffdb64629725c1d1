/* At the foot of the sidebar: how many tasks wait; it opens the queue. Not there while none does. */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

#define LK_TYPE_QUEUE_BUTTON (lk_queue_button_get_type())
G_DECLARE_FINAL_TYPE(LkQueueButton, lk_queue_button, LK, QUEUE_BUTTON, AdwBin)

G_END_DECLS
