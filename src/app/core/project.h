/* A project in the window: its record in the store as properties, and its training parameters. */
#pragma once

#include "app/core/store_thread.h"
#include "project/projects.h"

G_BEGIN_DECLS

#define LK_TYPE_PROJECT (lk_project_get_type())
G_DECLARE_FINAL_TYPE(LkProject, lk_project, LK, PROJECT, GObject)

/* Properties: `id`, `folder` (read-only); `name`, `goal`, `base-model`, `family`, `trigger-word`, `cover` (stored when
 * set; texts are "" when empty, `cover` may be NULL); `n-pictures`, `n-checkpoints` and `opened` (what the store said,
 * kept true by who changes them); `subtitle` ("SD 1.5 · rlk_bird").
 * Signal `setting-changed::KEY` (key): a parameter was set, unset or reset. */

/** Takes its texts from the record (copied). */
LkProject *lk_project_new(LkStoreThread *store, const LkProjectRecord *record);

gint64 lk_project_get_id(LkProject *self);
const char *lk_project_get_name(LkProject *self);
const char *lk_project_get_folder(LkProject *self);
const char *lk_project_get_goal(LkProject *self);
const char *lk_project_get_base_model(LkProject *self);
const char *lk_project_get_family(LkProject *self);
const char *lk_project_get_trigger_word(LkProject *self);
const char *lk_project_get_cover(LkProject *self);
guint lk_project_get_n_pictures(LkProject *self);
guint lk_project_get_n_checkpoints(LkProject *self);
gint64 lk_project_get_opened(LkProject *self);
LkStoreThread *lk_project_get_store(LkProject *self);

/** Reads the parameters from the store; pages are made after that. */
void lk_project_load(LkProject *self, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
gboolean lk_project_load_finish(LkProject *self, GAsyncResult *result, GError **error);

/** A training parameter as text that lk_job_set takes; NULL if it is not set (its default counts). */
const char *lk_project_get_setting(LkProject *self, const char *key);
/** Sets it, NULL unsets it; stored at once. */
void lk_project_set_setting(LkProject *self, const char *key, const char *value);
/** All that are set: char * → char *, borrowed. */
GHashTable *lk_project_get_settings(LkProject *self);
/** Makes these the only ones (copied). */
void lk_project_replace_settings(LkProject *self, GHashTable *settings);

G_END_DECLS
