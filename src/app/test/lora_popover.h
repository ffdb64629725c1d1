/* The LoRAs that can be inserted into a prompt: checkpoints by task, and the person's folders. */
#pragma once

#include "app/test/lora_list.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define LK_TYPE_LORA_POPOVER (lk_lora_popover_get_type())
G_DECLARE_FINAL_TYPE(LkLoraPopover, lk_lora_popover, LK, LORA_POPOVER, GtkPopover)

/* Signal `insert` (LkLoraItem). */

void lk_lora_popover_set_list(LkLoraPopover *self, LkLoraList *list);

G_END_DECLS
