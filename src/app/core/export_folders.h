/* The folders that LoRAs were exported to, of every program that draws with them. */
#pragma once

#include <gio/gio.h>

/** Whose folder it is. */
typedef enum LkFolderKind { LK_FOLDER_PLAIN, LK_FOLDER_WEBUI, LK_FOLDER_COMFYUI } LkFolderKind;

/** By where it lies: models/Lora is that of Stable Diffusion WebUI and Forge, models/loras that of ComfyUI. */
LkFolderKind lk_folder_kind(const char *path);
/** "Stable Diffusion WebUI", "ComfyUI", "Folder". */
const char *lk_folder_kind_title(LkFolderKind kind);
/** Where LoRAs go when a person points at `chosen`: below the main folder of WebUI or ComfyUI its folder of LoRAs, else
 * that itself. Looks at the disk. Free with g_free. */
char *lk_folder_for_loras(const char *chosen);

/** Those that are remembered, the one used last first; also those that are not there just now. `settings` may be NULL.
 * Free with g_strfreev. */
char **lk_export_folders(GSettings *settings);
void lk_export_folders_remember(GSettings *settings, const char *path);
void lk_export_folders_forget(GSettings *settings, const char *path);
