/* A checkpoint's file as it is, into a folder where another program looks for LoRAs. */
#pragma once

#include <gtk/gtk.h>

/** Copies the file at `from`; asks before it takes the place of another, says in a toast what was done, and remembers
 * the folder. `folder` NULL: asks for one first; WebUI's or ComfyUI's main folder will do. */
void lk_copy_to_folder(GtkWidget *parent, const char *from, const char *folder);

/** Sections of a menu: every folder that is remembered, and any other, as the action `action` (string; "" is any
 * other). */
GMenu *lk_copy_to_menu(const char *action);
