#include "app/core/places.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>

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

/* The portal for documents shows a file as ID/NAME in its folder, a folder as ID/NAME/… */
gboolean lk_places_is_lone(const char *path)
{
    g_autofree char *documents = g_build_filename(g_get_user_runtime_dir(), "doc", G_DIR_SEPARATOR_S, NULL);
    if (!g_str_has_prefix(path, documents))
        return FALSE;
    g_auto(GStrv) parts = g_strsplit(path + strlen(documents), G_DIR_SEPARATOR_S, -1);
    return g_strv_length(parts) == 2;
}

/* Of several files of one name each gets its own: "a.png", "a-2.png". */
static char *copy_into(const char *path, const char *folder)
{
    g_autofree char *name = g_path_get_basename(path);
    const char *dot = strrchr(name, '.');
    int stem = dot ? (int)(dot - name) : (int)strlen(name);
    g_autoptr(GFile) source = g_file_new_for_path(path);
    for (int i = 1;; i++) {
        g_autofree char *own = i == 1 ? g_strdup(name) : g_strdup_printf("%.*s-%d%s", stem, name, i, name + stem);
        g_autofree char *target = g_build_filename(folder, own, NULL);
        g_autoptr(GFile) copy = g_file_new_for_path(target);
        g_autoptr(GError) error = NULL;
        if (g_file_copy(source, copy, G_FILE_COPY_TARGET_DEFAULT_PERMS, NULL, NULL, NULL, &error))
            return g_steal_pointer(&target);
        if (!g_error_matches(error, G_IO_ERROR, G_IO_ERROR_EXISTS))
            return NULL;
    }
}

void lk_places_take_in(char **paths, const char *project_folder)
{
    g_autofree char *folder = g_build_filename(project_folder, "pictures", NULL);
    for (; paths && *paths; paths++) {
        if (!lk_places_is_lone(*paths) || !g_file_test(*paths, G_FILE_TEST_IS_REGULAR) ||
            g_mkdir_with_parents(folder, 0777) != 0)
            continue;
        char *copy = copy_into(*paths, folder);
        if (copy) {
            g_free(*paths);
            *paths = copy;
        }
    }
}
