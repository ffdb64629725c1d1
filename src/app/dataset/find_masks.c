#include "app/dataset/find_masks.h"

#include "dataset/mask.h"

#include <glib/gi18n.h>

/* Paths of pictures, and what the thread found for them. */
typedef struct Search {
    char *folder;
    GPtrArray *pictures, *masks; /* char *; a mask may be NULL */
} Search;

static void search_free(gpointer data)
{
    Search *search = data;
    g_free(search->folder);
    g_ptr_array_unref(search->pictures);
    g_ptr_array_unref(search->masks);
    g_free(search);
}

static void work(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    Search *search = data;
    GError *error = NULL;
    g_autoptr(LkMasks) masks = lk_masks_new(search->folder, &error);
    if (!masks) {
        g_task_return_error(task, error);
        return;
    }
    for (guint i = 0; i < search->pictures->len; i++)
        g_ptr_array_add(search->masks, lk_masks_find(masks, search->pictures->pdata[i]));
    g_task_return_boolean(task, TRUE);
}

void lk_find_masks(LkPictureList *list, const char *folder, GCancellable *cancellable, GAsyncReadyCallback callback,
                   gpointer user_data)
{
    Search *search = g_new0(Search, 1);
    search->folder = g_strdup(folder);
    search->pictures = g_ptr_array_new_with_free_func(g_free);
    search->masks = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < g_list_model_get_n_items(G_LIST_MODEL(list)); i++) {
        g_autoptr(LkPicture) picture = g_list_model_get_item(G_LIST_MODEL(list), i);
        g_ptr_array_add(search->pictures, g_strdup(lk_picture_get_path(picture)));
    }
    g_autoptr(GTask) task = g_task_new(list, cancellable, callback, user_data);
    g_task_set_source_tag(task, lk_find_masks);
    g_task_set_task_data(task, search, search_free);
    g_task_run_in_thread(task, work);
}

/* ---- what training does with them -------------------------------------------------------------------- */

static gboolean is_set(LkPictureList *list, const char *key)
{
    LkProject *project = lk_picture_list_get_project(list);
    return project && g_strcmp0(lk_project_get_setting(project, key), "true") == 0;
}

static void set(LkPictureList *list, const char *key, gboolean on)
{
    LkProject *project = lk_picture_list_get_project(list);
    if (project && is_set(list, key) != on)
        lk_project_set_setting(project, key, on ? "true" : "false");
}

/* Masks that nobody has spoken about so far are meant to be used. */
static void masks_come(LkPictureList *list)
{
    LkProject *project = lk_picture_list_get_project(list);
    if (project && !lk_project_get_setting(project, "masked_loss"))
        lk_use_masks(list, TRUE);
}

gboolean lk_uses_masks(LkPictureList *list)
{
    return is_set(list, "masked_loss");
}

void lk_use_masks(LkPictureList *list, gboolean use)
{
    set(list, "masked_loss", use);
}

gboolean lk_uses_transparency(LkPictureList *list)
{
    return is_set(list, "alpha_mask");
}

void lk_use_transparency(LkPictureList *list, gboolean use)
{
    set(list, "alpha_mask", use);
    if (use)
        masks_come(list);
}

/* ---- files ------------------------------------------------------------------------------------------- */

static guint take(LkPictureList *list, const Search *search, guint found)
{
    g_autofree LkPictureChange *changes = g_new(LkPictureChange, found + 1);
    guint n = 0;
    for (guint i = 0; i < search->masks->len; i++) {
        LkPicture *picture = search->masks->pdata[i] ? lk_picture_list_find(list, search->pictures->pdata[i]) : NULL;
        if (picture)
            changes[n++] = (LkPictureChange){picture, LK_PICTURE_FIELD_MASK, search->masks->pdata[i]};
    }
    g_autofree char *label = g_strdup_printf(ngettext("Add a Mask to %'u Picture", "Add Masks to %'u Pictures", n), n);
    return n ? lk_picture_list_edit(list, label, changes, n) : 0;
}

char *lk_find_masks_finish(LkPictureList *list, GAsyncResult *result, guint *changed, GError **error)
{
    *changed = 0;
    if (!g_task_propagate_boolean(G_TASK(result), error))
        return NULL;
    const Search *search = g_task_get_task_data(G_TASK(result));
    guint found = 0;
    for (guint i = 0; i < search->masks->len; i++)
        found += search->masks->pdata[i] != NULL;
    if (found)
        *changed = take(list, search, found);
    if (found)
        masks_come(list);
    if (!found)
        return g_strdup(_("No file there is named as one of the pictures"));
    return g_strdup_printf(ngettext("Mask found for %'u picture", "Masks found for %'u pictures", found), found);
}

guint lk_count_masks(LkPictureList *list, gboolean own)
{
    guint count = 0;
    for (guint i = 0; i < g_list_model_get_n_items(G_LIST_MODEL(list)); i++) {
        g_autoptr(LkPicture) picture = g_list_model_get_item(G_LIST_MODEL(list), i);
        count += lk_picture_get_mask(picture) || (own && lk_picture_get_own_mask(picture));
    }
    return count;
}

guint lk_remove_masks(LkPictureList *list)
{
    const guint count = lk_count_masks(list, FALSE);
    g_autofree LkPictureChange *changes = g_new(LkPictureChange, count + 1);
    guint n = 0;
    for (guint i = 0; i < g_list_model_get_n_items(G_LIST_MODEL(list)); i++) {
        g_autoptr(LkPicture) picture = g_list_model_get_item(G_LIST_MODEL(list), i);
        if (lk_picture_get_mask(picture)) /* the list keeps it */
            changes[n++] = (LkPictureChange){picture, LK_PICTURE_FIELD_MASK, ""};
    }
    g_autofree char *label =
        g_strdup_printf(ngettext("Remove the Mask of %'u Picture", "Remove the Masks of %'u Pictures", n), n);
    return n ? lk_picture_list_edit(list, label, changes, n) : 0;
}
