/* The person's own presets: read from the store and kept, for all projects. */
#pragma once

#include "app/core/store_thread.h"
#include "project/presets.h"

G_BEGIN_DECLS

#define LK_TYPE_OWN_PRESETS (lk_own_presets_get_type())
G_DECLARE_FINAL_TYPE(LkOwnPresets, lk_own_presets, LK, OWN_PRESETS, GObject)

/* Signals: `changed`; `failed` (GError). */

/** Reads them at once; `changed` says when they are there. */
LkOwnPresets *lk_own_presets_new(LkStoreThread *store);

/** LkPresetRecord *, by name (borrowed, until `changed`). */
const GPtrArray *lk_own_presets_get_all(LkOwnPresets *self);
/** The one of this number, or NULL. */
const LkPresetRecord *lk_own_presets_find(LkOwnPresets *self, gint64 id);
const LkPresetRecord *lk_own_presets_find_name(LkOwnPresets *self, const char *name);

/** Stores a new one (id 0) or takes the place of one. The answer is its number. */
void lk_own_presets_save(LkOwnPresets *self, gint64 id, const char *name, const char *purpose, GHashTable *values,
                         GAsyncReadyCallback callback, gpointer user_data);
gint64 lk_own_presets_save_finish(LkOwnPresets *self, GAsyncResult *result, GError **error);
void lk_own_presets_rename(LkOwnPresets *self, gint64 id, const char *name);
void lk_own_presets_delete(LkOwnPresets *self, gint64 id);

G_END_DECLS
