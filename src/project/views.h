/* Where the user left off in a project: page, sort order, filter, picture; what a document remembers and preferences do
 * not. Keys and values are the app's. */
#pragma once

#include "project/store.h"

/** All of a project: char * → char *, free with g_hash_table_unref. */
GHashTable *lk_views_get_all(LkStore *store, gint64 project, GError **error);
/** Sets one; NULL unsets it. */
bool lk_views_set(LkStore *store, gint64 project, const char *key, const char *value, GError **error);
