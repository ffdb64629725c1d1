#include "app/dataset/bulk_actions.h"

#include "app/dataset/caption_run.h"
#include "app/dataset/leave_out.h"
#include "app/dataset/undo_toast.h"

#include <glib/gi18n.h>

/* What the actions work on; it lives as long as the group. */
typedef struct Bulk {
    GtkWidget *widget; /* not owned */
    LkDatasetView *view;
    GSimpleActionGroup *group; /* not owned */
    GCancellable *cancellable; /* of what the clipboard is asked */
} Bulk;

static void bulk_free(gpointer data)
{
    Bulk *bulk = data;
    g_cancellable_cancel(bulk->cancellable);
    g_object_unref(bulk->cancellable);
    g_signal_handlers_disconnect_by_data(bulk->view, bulk);
    g_object_unref(bulk->view);
    g_free(bulk);
}

gboolean lk_bulk_actions_get_all(GSimpleActionGroup *actions)
{
    g_autoptr(GVariant) state = g_action_group_get_action_state(G_ACTION_GROUP(actions), "all");
    return state && g_variant_get_boolean(state);
}

GPtrArray *lk_bulk_actions_get_pictures(GSimpleActionGroup *actions, LkDatasetView *view)
{
    if (!lk_bulk_actions_get_all(actions))
        return lk_dataset_view_get_chosen(view);
    GPtrArray *pictures = g_ptr_array_new_with_free_func(g_object_unref);
    GListModel *model = G_LIST_MODEL(lk_dataset_view_get_selection(view));
    const guint count = g_list_model_get_n_items(model);
    for (guint i = 0; i < count; i++)
        g_ptr_array_add(pictures, g_list_model_get_item(model, i));
    return pictures;
}

static GPtrArray *pictures_of(Bulk *bulk)
{
    return lk_bulk_actions_get_pictures(bulk->group, bulk->view);
}

/* ---- captions ---------------------------------------------------------------------------------------- */

static void applied_cb(GtkWidget *widget, guint n, const char *text, LkCaptionRun *run)
{
    lk_undo_toast(widget, g_object_get_data(G_OBJECT(run), "list"), n, text);
}

static void edit(Bulk *bulk, LkCaptionEditKind kind, const char *text)
{
    LkPictureList *list = lk_dataset_view_get_list(bulk->view);
    const LkCaptionEdit edit = {.kind = kind, .text = text};
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) pictures = pictures_of(bulk);
    g_autoptr(LkCaptionRun) run = lk_caption_run_new(list, pictures, &edit, &error);
    if (!run) {
        lk_undo_toast(bulk->widget, list, 0, error->message);
        return;
    }
    g_object_set_data_full(G_OBJECT(run), "list", g_object_ref(list), g_object_unref);
    g_signal_connect_object(run, "applied", G_CALLBACK(applied_cb), bulk->widget, G_CONNECT_SWAPPED);
    lk_caption_run_apply(run);
}

static void sort_cb(GSimpleAction *action, GVariant *parameter, gpointer data)
{
    edit(data, LK_CAPTION_EDIT_SORT, NULL);
}

static void dedupe_cb(GSimpleAction *action, GVariant *parameter, gpointer data)
{
    edit(data, LK_CAPTION_EDIT_DEDUPE, NULL);
}

static void trigger_cb(GSimpleAction *action, GVariant *parameter, gpointer data)
{
    edit(data, LK_CAPTION_EDIT_TRIGGERS, NULL);
}

/* ---- the clipboard ----------------------------------------------------------------------------------- */

static void copy_cb(GSimpleAction *action, GVariant *parameter, gpointer data)
{
    Bulk *bulk = data;
    LkPicture *picture = lk_dataset_view_get_current(bulk->view);
    if (!picture)
        return;
    gdk_clipboard_set_text(gtk_widget_get_clipboard(bulk->widget), lk_picture_get_caption(picture));
    g_autofree char *text = g_strdup_printf(_("Caption of “%s” copied"), lk_picture_get_name(picture));
    lk_undo_toast(bulk->widget, lk_dataset_view_get_list(bulk->view), 0, text);
}

typedef struct Pasting {
    Bulk *bulk;
    LkCaptionEditKind kind;
} Pasting;

static void pasted_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autofree Pasting *pasting = data;
    g_autoptr(GError) error = NULL;
    g_autofree char *text = gdk_clipboard_read_text_finish(GDK_CLIPBOARD(source), result, &error);
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return; /* the page is gone */
    if (text)
        edit(pasting->bulk, pasting->kind, text);
    else
        lk_undo_toast(pasting->bulk->widget, lk_dataset_view_get_list(pasting->bulk->view), 0,
                      _("There is no text in the clipboard"));
}

static void paste(Bulk *bulk, LkCaptionEditKind kind)
{
    Pasting *pasting = g_new(Pasting, 1);
    *pasting = (Pasting){bulk, kind};
    gdk_clipboard_read_text_async(gtk_widget_get_clipboard(bulk->widget), bulk->cancellable, pasted_cb, pasting);
}

static void paste_cb(GSimpleAction *action, GVariant *parameter, gpointer data)
{
    paste(data, LK_CAPTION_EDIT_SET);
}

static void append_cb(GSimpleAction *action, GVariant *parameter, gpointer data)
{
    paste(data, LK_CAPTION_EDIT_APPEND);
}

/* ---- pictures ---------------------------------------------------------------------------------------- */

static void leave_out(Bulk *bulk, gboolean left_out)
{
    LkPictureList *list = lk_dataset_view_get_list(bulk->view);
    g_autoptr(GPtrArray) pictures = pictures_of(bulk);
    const guint n = lk_leave_out_edit(list, pictures, left_out);
    g_autofree char *text =
        n == 0 ? g_strdup(left_out ? _("They are left out already") : _("They are used already"))
        : left_out
            ? g_strdup_printf(
                  ngettext("%'u picture left out of the training", "%'u pictures left out of the training", n), n)
            : g_strdup_printf(ngettext("%'u picture is used again", "%'u pictures are used again", n), n);
    lk_undo_toast(bulk->widget, list, n, text);
}

static void leave_out_cb(GSimpleAction *action, GVariant *parameter, gpointer data)
{
    leave_out(data, TRUE);
}

static void use_cb(GSimpleAction *action, GVariant *parameter, gpointer data)
{
    leave_out(data, FALSE);
}

static void take_out_cb(GSimpleAction *action, GVariant *parameter, gpointer data)
{
    Bulk *bulk = data;
    LkPictureList *list = lk_dataset_view_get_list(bulk->view);
    g_autoptr(GPtrArray) pictures = pictures_of(bulk);
    const guint n = pictures->len;
    if (!n)
        return;
    lk_picture_list_remove_pictures(list, (LkPicture *const *)pictures->pdata, n);
    g_autofree char *text = g_strdup_printf(ngettext("%'u picture taken out of the project; its file stays",
                                                     "%'u pictures taken out of the project; their files stay", n),
                                            n);
    lk_undo_toast(bulk->widget, list, n, text);
}

/* ---- which pictures ---------------------------------------------------------------------------------- */

static void clear_cb(GSimpleAction *action, GVariant *parameter, gpointer data)
{
    Bulk *bulk = data;
    gtk_selection_model_unselect_all(GTK_SELECTION_MODEL(lk_dataset_view_get_selection(bulk->view)));
    g_action_group_change_action_state(G_ACTION_GROUP(bulk->group), "all", g_variant_new_boolean(FALSE));
}

static const GActionEntry entries[] = {
    {.name = "all", .state = "false"},
    {.name = "clear", .activate = clear_cb},
    {.name = "sort", .activate = sort_cb},
    {.name = "dedupe", .activate = dedupe_cb},
    {.name = "trigger", .activate = trigger_cb},
    {.name = "copy", .activate = copy_cb},
    {.name = "paste", .activate = paste_cb},
    {.name = "append", .activate = append_cb},
    {.name = "leave-out", .activate = leave_out_cb},
    {.name = "use", .activate = use_cb},
    {.name = "take-out", .activate = take_out_cb},
};

/* There must be something to do it to. */
static void update_enabled(Bulk *bulk)
{
    const gboolean any = lk_dataset_view_get_n_shown(bulk->view) > 0;
    const char *triggers = lk_picture_list_get_trigger_words(lk_dataset_view_get_list(bulk->view));
    for (gsize i = 2; i < G_N_ELEMENTS(entries); i++) {
        GAction *action = g_action_map_lookup_action(G_ACTION_MAP(bulk->group), entries[i].name);
        const gboolean can = any && (!g_str_equal(entries[i].name, "trigger") || *triggers);
        g_simple_action_set_enabled(G_SIMPLE_ACTION(action), can);
    }
}

GSimpleActionGroup *lk_bulk_actions_new(GtkWidget *widget, LkDatasetView *view)
{
    GSimpleActionGroup *group = g_simple_action_group_new();
    Bulk *bulk = g_new0(Bulk, 1);
    *bulk = (Bulk){widget, g_object_ref(view), group, g_cancellable_new()};
    g_action_map_add_action_entries(G_ACTION_MAP(group), entries, G_N_ELEMENTS(entries), bulk);
    g_signal_connect_swapped(view, "notify::n-shown", G_CALLBACK(update_enabled), bulk);
    g_signal_connect_swapped(view, "notify::current", G_CALLBACK(update_enabled), bulk);
    g_object_set_data_full(G_OBJECT(group), "bulk", bulk, bulk_free);
    update_enabled(bulk);
    return group;
}
