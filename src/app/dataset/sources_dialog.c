#include "app/dataset/sources_dialog.h"

#include "app/dataset/find_masks.h"
#include "app/dataset/source_row.h"
#include "app/dataset/undo_toast.h"

#include <glib/gi18n.h>

struct _LkSourcesDialog {
    AdwDialog parent_instance;
    GtkWidget *toasts, *sources_group, *choose_row, *remove_row;
    AdwSwitchRow *alpha_row, *loss_row;
    GtkListBox *sources;
    GtkLabel *masks_label;
    LkPictureList *list;
    GtkWidget *page; /* not owned; it outlives the dialog, which it has presented */
    GCancellable *cancellable;
    gboolean showing; /* rows become what the project has, not the other way round */
};

G_DEFINE_FINAL_TYPE(LkSourcesDialog, lk_sources_dialog, ADW_TYPE_DIALOG)

/* ---- folders ----------------------------------------------------------------------------------------- */

/* Rows of places that are still there stay as they are, open or closed. */
static void update_sources(LkSourcesDialog *self)
{
    g_autoptr(GArray) sources = lk_picture_list_get_sources(self->list);
    for (guint i = 0; i < sources->len; i++) {
        const LkPictureSource *source = &g_array_index(sources, LkPictureSource, i);
        GtkListBoxRow *row = gtk_list_box_get_row_at_index(self->sources, (int)i);
        while (row && lk_source_row_get_id(LK_SOURCE_ROW(row)) != source->id) {
            gtk_list_box_remove(self->sources, GTK_WIDGET(row));
            row = gtk_list_box_get_row_at_index(self->sources, (int)i);
        }
        if (row)
            lk_source_row_update(LK_SOURCE_ROW(row), source);
        else
            gtk_list_box_append(self->sources, lk_source_row_new(self->list, source));
    }
    GtkListBoxRow *row;
    while ((row = gtk_list_box_get_row_at_index(self->sources, (int)sources->len)))
        gtk_list_box_remove(self->sources, GTK_WIDGET(row));
    gtk_widget_set_visible(self->sources_group, sources->len > 0);
}

/* On the page, where the progress is seen. */
static void add_rest_action(GtkWidget *widget, const char *name, GVariant *parameter)
{
    LkSourcesDialog *self = LK_SOURCES_DIALOG(widget);
    g_autoptr(GtkWidget) page = g_object_ref(self->page);
    const char *const paths[] = {g_variant_get_bytestring(parameter), NULL};
    g_autoptr(GVariant) target = g_variant_ref_sink(g_variant_new_bytestring_array(paths, -1));
    adw_dialog_close(ADW_DIALOG(self));
    gtk_widget_activate_action_variant(page, "dataset.add-paths", target);
}

/* ---- masks ------------------------------------------------------------------------------------------- */

static void update_masks(LkSourcesDialog *self)
{
    const guint count = lk_count_masks(self->list, TRUE);
    g_autofree char *text = g_strdup_printf("%'u", count);
    gtk_label_set_label(self->masks_label, text);
    gtk_widget_set_visible(self->remove_row, lk_count_masks(self->list, FALSE) > 0);
    self->showing = TRUE;
    adw_switch_row_set_active(self->alpha_row, lk_uses_transparency(self->list));
    adw_switch_row_set_active(self->loss_row, lk_uses_masks(self->list));
    gtk_widget_set_sensitive(GTK_WIDGET(self->loss_row), count > 0 || lk_uses_masks(self->list));
    self->showing = FALSE;
}

static void alpha_changed_cb(LkSourcesDialog *self)
{
    if (!self->showing && self->list)
        lk_use_transparency(self->list, adw_switch_row_get_active(self->alpha_row));
}

static void loss_changed_cb(LkSourcesDialog *self)
{
    if (!self->showing && self->list)
        lk_use_masks(self->list, adw_switch_row_get_active(self->loss_row));
}

static void found_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(LkSourcesDialog) self = data;
    g_autoptr(GError) error = NULL;
    guint changed = 0;
    g_autofree char *text = lk_find_masks_finish(LK_PICTURE_LIST(source), result, &changed, &error);
    if (!self->list)
        return; /* closed */
    gtk_widget_set_sensitive(self->choose_row, TRUE);
    gtk_widget_grab_focus(self->choose_row); /* it has lost the keyboard, and Escape should close the dialog */
    lk_undo_toast(self->toasts, self->list, changed, text ? text : error->message);
}

static void folder_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(LkSourcesDialog) self = data;
    g_autoptr(GFile) folder = gtk_file_dialog_select_folder_finish(GTK_FILE_DIALOG(source), result, NULL);
    g_autofree char *path = folder ? g_file_get_path(folder) : NULL;
    if (!path || !self->list)
        return;
    gtk_widget_set_sensitive(self->choose_row, FALSE);
    lk_find_masks(self->list, path, self->cancellable, found_cb, g_object_ref(self));
}

static void choose_cb(LkSourcesDialog *self)
{
    g_autoptr(GtkFileDialog) dialog = gtk_file_dialog_new();
    gtk_file_dialog_set_title(dialog, _("Folder of Masks"));
    gtk_file_dialog_set_accept_label(dialog, _("_Choose"));
    GtkWindow *window = GTK_WINDOW(gtk_widget_get_root(GTK_WIDGET(self)));
    gtk_file_dialog_select_folder(dialog, window, self->cancellable, folder_cb, g_object_ref(self));
}

static void remove_masks_cb(LkSourcesDialog *self)
{
    const guint n = lk_remove_masks(self->list);
    g_autofree char *text = g_strdup_printf(
        ngettext("Mask of %'u picture removed; its file stays", "Masks of %'u pictures removed; their files stay", n),
        n);
    lk_undo_toast(self->toasts, self->list, n, text);
}

/* ---- GObject ----------------------------------------------------------------------------------------- */

static void pictures_changed_cb(LkSourcesDialog *self, guint aspects)
{
    if (!(aspects & LK_PICTURE_ASPECT_CHOICES))
        return;
    update_sources(self);
    update_masks(self);
}

AdwDialog *lk_sources_dialog_new(LkPictureList *list, GtkWidget *page)
{
    LkSourcesDialog *self = g_object_new(LK_TYPE_SOURCES_DIALOG, NULL);
    self->page = page;
    self->list = g_object_ref(list);
    if (lk_picture_list_get_project(list))
        g_signal_connect_object(lk_picture_list_get_project(list), "setting-changed", G_CALLBACK(update_masks), self,
                                G_CONNECT_SWAPPED);
    g_signal_connect_object(list, "pictures-changed", G_CALLBACK(pictures_changed_cb), self, G_CONNECT_SWAPPED);
    update_sources(self);
    update_masks(self);
    return ADW_DIALOG(self);
}

static void lk_sources_dialog_dispose(GObject *object)
{
    LkSourcesDialog *self = LK_SOURCES_DIALOG(object);
    g_cancellable_cancel(self->cancellable);
    gtk_widget_dispose_template(GTK_WIDGET(object), LK_TYPE_SOURCES_DIALOG);
    g_clear_object(&self->list);
    G_OBJECT_CLASS(lk_sources_dialog_parent_class)->dispose(object);
}

static void lk_sources_dialog_finalize(GObject *object)
{
    g_object_unref(LK_SOURCES_DIALOG(object)->cancellable);
    G_OBJECT_CLASS(lk_sources_dialog_parent_class)->finalize(object);
}

static void lk_sources_dialog_class_init(LkSourcesDialogClass *klass)
{
    GtkWidgetClass *widget_class = GTK_WIDGET_CLASS(klass);
    G_OBJECT_CLASS(klass)->dispose = lk_sources_dialog_dispose;
    G_OBJECT_CLASS(klass)->finalize = lk_sources_dialog_finalize;
    gtk_widget_class_install_action(widget_class, "sources.add-rest", "ay", add_rest_action);
    gtk_widget_class_set_template_from_resource(widget_class,
                                                "/io/github/lorikeet_lora/Lorikeet/ui/dataset-sources_dialog.ui");
    gtk_widget_class_bind_template_child(widget_class, LkSourcesDialog, toasts);
    gtk_widget_class_bind_template_child(widget_class, LkSourcesDialog, sources_group);
    gtk_widget_class_bind_template_child(widget_class, LkSourcesDialog, sources);
    gtk_widget_class_bind_template_child(widget_class, LkSourcesDialog, masks_label);
    gtk_widget_class_bind_template_child(widget_class, LkSourcesDialog, choose_row);
    gtk_widget_class_bind_template_child(widget_class, LkSourcesDialog, alpha_row);
    gtk_widget_class_bind_template_child(widget_class, LkSourcesDialog, loss_row);
    gtk_widget_class_bind_template_callback(widget_class, alpha_changed_cb);
    gtk_widget_class_bind_template_callback(widget_class, loss_changed_cb);
    gtk_widget_class_bind_template_child(widget_class, LkSourcesDialog, remove_row);
    gtk_widget_class_bind_template_callback(widget_class, choose_cb);
    gtk_widget_class_bind_template_callback(widget_class, remove_masks_cb);
}

static void lk_sources_dialog_init(LkSourcesDialog *self)
{
    gtk_widget_init_template(GTK_WIDGET(self));
    self->cancellable = g_cancellable_new();
}
