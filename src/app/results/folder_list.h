/* Where a LoRA goes: the folders that were used before, each with the program whose it is, and any other. */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

#define LK_TYPE_FOLDER_LIST (lk_folder_list_get_type())
G_DECLARE_FINAL_TYPE(LkFolderList, lk_folder_list, LK, FOLDER_LIST, AdwBin)

/** The chosen folder, never NULL. */
const char *lk_folder_list_get_folder(LkFolderList *self);
/** Adds a folder, or WebUI's or ComfyUI's main folder, and chooses it. It is remembered when something was exported. */
void lk_folder_list_choose(LkFolderList *self, const char *path);

G_END_DECLS
