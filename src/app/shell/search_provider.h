/* Projects in the search of GNOME's overview (org.gnome.Shell.SearchProvider2), also while no window is open. */
#pragma once

#include "app/core/project_list.h"

G_BEGIN_DECLS

#define LK_TYPE_SEARCH_PROVIDER (lk_search_provider_get_type())
G_DECLARE_FINAL_TYPE(LkSearchProvider, lk_search_provider, LK, SEARCH_PROVIDER, GObject)

/* Signal `open` (LkProject, or NULL for none in particular): a result was chosen. */

LkSearchProvider *lk_search_provider_new(void);

/** Serves it at `path`, to which "/SearchProvider" is added. Questions wait until there are projects to look through.
 */
gboolean lk_search_provider_export(LkSearchProvider *self, GDBusConnection *connection, const char *path,
                                   GError **error);
void lk_search_provider_unexport(LkSearchProvider *self, GDBusConnection *connection);

void lk_search_provider_set_projects(LkSearchProvider *self, LkProjectList *projects);

/** Whether a project is meant: each of the words is in its name or its trigger word, whatever the case. */
gboolean lk_search_provider_matches(const char *name, const char *trigger_word, const char *const *words);

G_END_DECLS
