/* What a file that is opened or dropped is to the window, by its name. */
#pragma once

#include <glib.h>

typedef enum LkFileKind {
    LK_FILE_PICTURES, /* a picture or folder, and all that has no other kind */
    LK_FILE_MODEL,    /* a base model or LoRA: what is in it is shown */
    LK_FILE_SETTINGS, /* a job, or settings of another trainer: they are taken */
} LkFileKind;

/** Looks at the name alone. Other trainers keep settings in JSON and YAML; where there are other files beside it (not
 * `alone`), such a file is rather what some program wrote about pictures. */
LkFileKind lk_file_kind(const char *path, gboolean alone);

/** Of files that come together, the paths of one kind, in their order. Free with g_strfreev. */
char **lk_file_kind_pick(const char *const *paths, LkFileKind kind);
