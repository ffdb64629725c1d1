#include "app/core/path_list.h"

static void change(GSettings *settings, const char *key, const char *path, gboolean add, guint most)
{
    g_auto(GStrv) old = g_settings_get_strv(settings, key);
    g_autoptr(GPtrArray) list = g_ptr_array_new();
    if (add)
        g_ptr_array_add(list, (gpointer)path);
    for (char **one = old; *one; one++)
        if (!g_str_equal(*one, path) && (most == 0 || list->len < most))
            g_ptr_array_add(list, *one);
    g_ptr_array_add(list, NULL);
    g_settings_set_strv(settings, key, (const char *const *)list->pdata);
}

void lk_path_list_remember(GSettings *settings, const char *key, const char *path, guint most)
{
    change(settings, key, path, TRUE, most);
}

void lk_path_list_forget(GSettings *settings, const char *key, const char *path)
{
    change(settings, key, path, FALSE, 0);
}
