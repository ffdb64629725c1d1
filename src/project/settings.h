/* Training parameters of a project, and presets of the user: key → value, both text as in a job file. Keys are not
 * checked here: the table of parameters is the job's. */
#pragma once

#include "project/store.h"

/** All parameters that are set: char * → char *, free with g_hash_table_unref. */
GHashTable *lk_settings_get_all(LkStore *store, gint64 project, GError **error);
/** One parameter in *value (free with g_free), NULL if it is not set. */
bool lk_settings_get(LkStore *store, gint64 project, const char *key, char **value, GError **error);
/** Sets one; NULL unsets it. */
bool lk_settings_set(LkStore *store, gint64 project, const char *key, const char *value, GError **error);
bool lk_settings_unset(LkStore *store, gint64 project, const char *key, GError **error);
/** Sets or (NULL values) unsets many at once; others stay. */
bool lk_settings_set_many(LkStore *store, gint64 project, GHashTable *values, GError **error);
/** Makes these the only ones. */
bool lk_settings_replace(LkStore *store, gint64 project, GHashTable *values, GError **error);
