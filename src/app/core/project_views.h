/* Where the person left off in a project (project/views.h), by way of the store's thread. */
#pragma once

#include "app/core/project.h"

G_BEGIN_DECLS

/** Reads everything that the project's pages remember. */
void lk_project_views_load(LkProject *project, GCancellable *cancellable, GAsyncReadyCallback callback,
                           gpointer user_data);
/** char * → char *, free with g_hash_table_unref; NULL with an error. */
GHashTable *lk_project_views_load_finish(LkProject *project, GAsyncResult *result, GError **error);

/** Remembers these (char * → char *; NULL forgets one), all or none. Takes the reference of `values`, which nobody may
 * change any more. */
void lk_project_views_save(LkProject *project, GHashTable *values);

G_END_DECLS
