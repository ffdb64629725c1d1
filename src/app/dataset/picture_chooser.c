#include "app/dataset/picture_chooser.h"

#include <glib/gi18n.h>

typedef struct Question {
    GtkWidget *owner;
    LkPicturesChosen chosen;
    gboolean folders;
} Question;

static void answered_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autofree Question *question = data;
    g_autoptr(GtkWidget) owner = question->owner;
    GtkFileDialog *dialog = GTK_FILE_DIALOG(source);
    g_autoptr(GListModel) files = question->folders
                                      ? gtk_file_dialog_select_multiple_folders_finish(dialog, result, NULL)
                                      : gtk_file_dialog_open_multiple_finish(dialog, result, NULL);
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    for (guint i = 0; files && i < g_list_model_get_n_items(files); i++) {
        g_autoptr(GFile) file = g_list_model_get_item(files, i);
        char *path = g_file_get_path(file);
        if (path)
            g_strv_builder_take(builder, path);
    }
    g_auto(GStrv) paths = g_strv_builder_end(builder);
    if (paths[0])
        question->chosen(owner, (const char *const *)paths);
}

static GtkFileFilter *picture_filter(void)
{
    GtkFileFilter *filter = gtk_file_filter_new();
    gtk_file_filter_set_name(filter, _("Pictures"));
    gtk_file_filter_add_mime_type(filter, "image/*");
    return filter;
}

static void ask(GtkWidget *owner, LkPicturesChosen chosen, gboolean folders)
{
    Question *question = g_new(Question, 1);
    *question = (Question){g_object_ref(owner), chosen, folders};
    g_autoptr(GtkFileDialog) dialog = gtk_file_dialog_new();
    gtk_file_dialog_set_title(dialog, folders ? _("Add Folders of Pictures") : _("Add Pictures"));
    gtk_file_dialog_set_accept_label(dialog, _("_Add"));
    GtkWindow *window = GTK_WINDOW(gtk_widget_get_root(owner));
    if (folders) {
        gtk_file_dialog_select_multiple_folders(dialog, window, NULL, answered_cb, question);
        return;
    }
    g_autoptr(GListStore) filters = g_list_store_new(GTK_TYPE_FILE_FILTER);
    g_autoptr(GtkFileFilter) filter = picture_filter();
    g_list_store_append(filters, filter);
    gtk_file_dialog_set_filters(dialog, G_LIST_MODEL(filters));
    gtk_file_dialog_open_multiple(dialog, window, NULL, answered_cb, question);
}

void lk_picture_chooser_pictures(GtkWidget *owner, LkPicturesChosen chosen)
{
    ask(owner, chosen, FALSE);
}

void lk_picture_chooser_folders(GtkWidget *owner, LkPicturesChosen chosen)
{
    ask(owner, chosen, TRUE);
}
