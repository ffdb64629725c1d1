#include "app/core/places.h"

#include <glib/gstdio.h>

char *lk_places_projects(gboolean flatpak)
{
    return flatpak ? g_build_filename(g_get_user_data_dir(), "lorikeet", "projects", NULL)
                   : g_build_filename(g_get_home_dir(), "Lorikeet", NULL);
}

char *lk_places_exports(gboolean flatpak)
{
    const char *downloads = g_get_user_special_dir(G_USER_DIRECTORY_DOWNLOAD);
    if (!flatpak)
        return g_strdup(downloads ? downloads : g_get_home_dir());
    char *folder = g_build_filename(g_get_user_data_dir(), "lorikeet", "LoRAs", NULL);
    g_mkdir_with_parents(folder, 0777);
    return folder;
}
