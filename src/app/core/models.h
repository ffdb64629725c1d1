/* Base models on disk: what a file is, and the list of those that the person has added. */
#pragma once

#include <gio/gio.h>

/** What a file or diffusers folder turned out to be. */
typedef struct LkModelInfo {
    char *path, *name; /* name: of the file without its extension */
    char *family;      /* "SD 1.5": short, as the window shows it; NULL where unknown */
    guint64 bytes;     /* on disk */
    char *problem;     /* why it will not work; NULL if it will */
} LkModelInfo;

void lk_model_info_free(LkModelInfo *info);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LkModelInfo, lk_model_info_free)

/** Reads the header of a base model on a thread (the weights are not read). Never fails: what is wrong with it is in
 * the result. */
void lk_model_info_read(const char *path, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
/** NULL only when cancelled. */
LkModelInfo *lk_model_info_read_finish(GAsyncResult *result, GError **error);

/** Puts a path first in the list of known models (`models` of the settings) or takes it out. */
void lk_models_remember(GSettings *settings, const char *path);
void lk_models_forget(GSettings *settings, const char *path);
