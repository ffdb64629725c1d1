#include "dataset/mask.h"

#include "dataset/scan.h"
#include "format/gerror.h"

#include <glib/gi18n.h>
#include <string.h>

struct LkMasks {
    char *folder;
    GHashTable *names; /* a name without its extension → GPtrArray of the whole names, sorted */
};

static char *stem_of(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot && dot > name ? g_strndup(name, (gsize)(dot - name)) : g_strdup(name);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void unref_list(void *list)
{
    g_ptr_array_unref(list);
}

static void add_name(LkMasks *masks, const char *name)
{
    char *stem = stem_of(name);
    GPtrArray *list = g_hash_table_lookup(masks->names, stem);
    if (!list) {
        list = g_ptr_array_new_with_free_func(g_free);
        g_hash_table_insert(masks->names, g_strdup(stem), list);
    }
    g_free(stem);
    g_ptr_array_add(list, g_strdup(name));
    g_ptr_array_sort(list, compare_names);
}

LkMasks *lk_masks_new(const char *conditioning_data_dir, GError **error)
{
    g_autoptr(GError) cause = NULL;
    GDir *dir = g_dir_open(conditioning_data_dir, 0, &cause);
    if (!dir) {
        lk_set_error(error, LK_ERROR_IO, _("The folder of masks cannot be read: %s."), cause->message);
        return NULL;
    }
    LkMasks *masks = g_new(LkMasks, 1);
    masks->folder = g_strdup(conditioning_data_dir);
    masks->names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, unref_list);
    for (const char *name; (name = g_dir_read_name(dir));)
        if (lk_scan_is_picture_name(name))
            add_name(masks, name);
    g_dir_close(dir);
    return masks;
}

void lk_masks_free(LkMasks *masks)
{
    if (!masks)
        return;
    g_free(masks->folder);
    g_hash_table_unref(masks->names);
    g_free(masks);
}

char *lk_masks_find(const LkMasks *masks, const char *picture_path)
{
    g_autofree char *name = g_path_get_basename(picture_path);
    g_autofree char *stem = stem_of(name);
    const GPtrArray *list = g_hash_table_lookup(masks->names, stem);
    if (!list)
        return NULL;
    const char *best = g_ptr_array_index(list, 0);
    for (guint i = 0; i < list->len; i++)
        if (strcmp(g_ptr_array_index(list, i), name) == 0)
            best = g_ptr_array_index(list, i);
    return g_build_filename(masks->folder, best, NULL);
}
