/* The system's dialogs for choosing pictures and folders of pictures. */
#pragma once

#include <gtk/gtk.h>

/** Asks for pictures, or for folders, any number. Nobody is called when the person chooses none. */
typedef void (*LkPicturesChosen)(gpointer data, const char *const *paths);

/** `owner` is kept alive until the answer, and is `data` of the callback. */
void lk_picture_chooser_pictures(GtkWidget *owner, LkPicturesChosen chosen);
void lk_picture_chooser_folders(GtkWidget *owner, LkPicturesChosen chosen);
