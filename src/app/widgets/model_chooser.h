/* Asks for the file of a base model. */
#pragma once

#include <gtk/gtk.h>

/** Over the window of `widget`. The answer goes to gtk_file_dialog_open_finish: `callback`'s source is the dialog. */
void lk_model_chooser_open(GtkWidget *widget, GCancellable *cancellable, GAsyncReadyCallback callback,
                           gpointer user_data);
