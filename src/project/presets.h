/* The user's own presets: named tables of parameters, for all projects. */
#pragma once

#include "project/store.h"

typedef struct LkPresetRecord {
    gint64 id;
    char *name;
    char *purpose; /* what it is for, in the user's words, or "" */
    gint64 created, changed;
    GHashTable *values; /* char * → char * */
} LkPresetRecord;

void lk_preset_record_free(LkPresetRecord *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LkPresetRecord, lk_preset_record_free)

/** All presets by name: LkPresetRecord, free with g_ptr_array_unref. */
GPtrArray *lk_presets_list(LkStore *store, GError **error);
/** The preset of this name, ignoring the case of Latin letters, in *record (NULL if there is none). */
bool lk_presets_find(LkStore *store, const char *name, LkPresetRecord **record, GError **error);

/** Stores a preset: a new one (id 0) or in place of that one. Returns its number, 0 on failure: LK_ERROR_USAGE if the
 * name is empty or another preset has it. */
gint64 lk_presets_save(LkStore *store, gint64 id, const char *name, const char *purpose, GHashTable *values,
                       GError **error);
bool lk_presets_rename(LkStore *store, gint64 id, const char *name, GError **error);
bool lk_presets_delete(LkStore *store, gint64 id, GError **error);
