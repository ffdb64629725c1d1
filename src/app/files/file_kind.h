/* What a file that is opened or dropped is to the window, by its name. */
#pragma once

#include <glib.h>

typedef enum LkFileKind {
    LK_FILE_PICTURES, /* a picture or folder, and all that has no other kind */
    LK_FILE_MODEL,    /* a base model or LoRA: what is in it is shown */
    LK_FILE_SETTINGS, /* a job: its settings are taken */
} LkFileKind;

/** Looks at the name alone. */
LkFileKind lk_file_kind(const char *path);

/** The paths of one kind, in their order. Free with g_strfreev. */
char **lk_file_kind_pick(const char *const *paths, LkFileKind kind);
