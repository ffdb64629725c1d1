/* A bar of the parts that memory is needed for, in relation to what the device has. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define LK_TYPE_MEMORY_BAR (lk_memory_bar_get_type())
G_DECLARE_FINAL_TYPE(LkMemoryBar, lk_memory_bar, LK, MEMORY_BAR, GtkWidget)

typedef enum LkMemoryPart {
    LK_MEMORY_WEIGHTS,
    LK_MEMORY_ACTIVATIONS,
    LK_MEMORY_LORA,
    LK_MEMORY_WORKSPACE,
    LK_MEMORY_SAMPLES,
    LK_MEMORY_PROGRAM,
    LK_MEMORY_PARTS,
} LkMemoryPart;

/** What a part is called (translated), and the CSS class of its colour. */
const char *lk_memory_part_title(LkMemoryPart part);
const char *lk_memory_part_style(LkMemoryPart part);

/** Bytes of the parts, of the device, and what of it is free for training. Where the parts are more than that, the bar
 * is as long as they are, with a line where the device ends. */
void lk_memory_bar_set(LkMemoryBar *self, const gint64 parts[LK_MEMORY_PARTS], gint64 size, gint64 available);

G_END_DECLS
