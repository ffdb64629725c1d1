#include "app/core/export_folders.h"

#include "app/core/path_list.h"

#include <glib/gi18n.h>

#define KEY "export-folders"
enum { MOST_FOLDERS = 8 };

LkFolderKind lk_folder_kind(const char *path)
{
    g_autofree char *plain = g_canonicalize_filename(path, "/");
    g_autofree char *parent = g_path_get_dirname(plain);
    g_autofree char *name = g_path_get_basename(plain), *above = g_path_get_basename(parent);
    if (!g_str_equal(above, "models"))
        return LK_FOLDER_PLAIN;
    return g_str_equal(name, "Lora")    ? LK_FOLDER_WEBUI
           : g_str_equal(name, "loras") ? LK_FOLDER_COMFYUI
                                        : LK_FOLDER_PLAIN;
}

const char *lk_folder_kind_title(LkFolderKind kind)
{
    static const char *const titles[] = {N_("Folder"), N_("Stable Diffusion WebUI"), N_("ComfyUI")};
    return _(titles[kind]);
}

char *lk_folder_for_loras(const char *chosen)
{
    static const char *const below[] = {"models/Lora", "models/loras", "ComfyUI/models/loras"};
    for (size_t i = 0; i < G_N_ELEMENTS(below); i++) {
        g_autofree char *path = g_build_filename(chosen, below[i], NULL);
        if (g_file_test(path, G_FILE_TEST_IS_DIR))
            return g_steal_pointer(&path);
    }
    return g_strdup(chosen);
}

char **lk_export_folders(GSettings *settings)
{
    return settings ? g_settings_get_strv(settings, KEY) : g_new0(char *, 1);
}

void lk_export_folders_remember(GSettings *settings, const char *path)
{
    if (settings)
        lk_path_list_remember(settings, KEY, path, MOST_FOLDERS);
}

void lk_export_folders_forget(GSettings *settings, const char *path)
{
    if (settings)
        lk_path_list_forget(settings, KEY, path);
}
