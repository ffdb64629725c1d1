#include "app/widgets/model_chooser.h"

#include <glib/gi18n.h>

void lk_model_chooser_open(GtkWidget *widget, GCancellable *cancellable, GAsyncReadyCallback callback,
                           gpointer user_data)
{
    g_autoptr(GtkFileFilter) filter = gtk_file_filter_new();
    gtk_file_filter_set_name(filter, _("Models"));
    gtk_file_filter_add_suffix(filter, "safetensors");
    gtk_file_filter_add_suffix(filter, "ckpt");
    g_autoptr(GListStore) filters = g_list_store_new(GTK_TYPE_FILE_FILTER);
    g_list_store_append(filters, filter);
    g_autoptr(GtkFileDialog) dialog = gtk_file_dialog_new();
    gtk_file_dialog_set_title(dialog, _("Add Base Model"));
    gtk_file_dialog_set_filters(dialog, G_LIST_MODEL(filters));
    gtk_file_dialog_open(dialog, GTK_WINDOW(gtk_widget_get_root(widget)), cancellable, callback, user_data);
}
