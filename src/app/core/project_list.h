/* All projects of the store as a list (GListModel of LkProject), the one opened last first. */
#pragma once

#include "app/core/project.h"

G_BEGIN_DECLS

#define LK_TYPE_PROJECT_LIST (lk_project_list_get_type())
G_DECLARE_FINAL_TYPE(LkProjectList, lk_project_list, LK, PROJECT_LIST, GObject)

/* Property `loaded`: whether the store has answered. Signal `failed` (GError). */

/** Reads the list at once. */
LkProjectList *lk_project_list_new(LkStoreThread *store);
gboolean lk_project_list_get_loaded(LkProjectList *self);
/** Reads it again. Projects that stay keep their objects. */
void lk_project_list_refresh(LkProjectList *self);
LkProject *lk_project_list_find(LkProjectList *self, gint64 id);

/** What a new project begins with. */
typedef struct LkNewProject {
    const char *name, *goal, *folder, *base_model, *family, *trigger_word;
    const char *const *sources; /* folders and pictures, NULL-terminated; may be NULL */
    GHashTable *settings;       /* parameters, char * → char *; may be NULL */
} LkNewProject;

/** Makes a project; the answer is the LkProject (a new reference), which is in the list then. */
void lk_project_list_create_async(LkProjectList *self, const LkNewProject *draft, GAsyncReadyCallback callback,
                                  gpointer user_data);
LkProject *lk_project_list_create_finish(LkProjectList *self, GAsyncResult *result, GError **error);

/** A copy without tasks; it appears in the list. */
void lk_project_list_duplicate(LkProjectList *self, LkProject *project);
/** Takes a project out of the list; its files stay, and `lk_project_list_restore` brings it back. */
void lk_project_list_remove(LkProjectList *self, LkProject *project);
void lk_project_list_restore(LkProjectList *self, gint64 id);

/** A folder for a project's files that does not exist yet, below the folder that the settings name. Free with g_free.
 */
char *lk_project_folder_for_name(GSettings *settings, const char *name);

G_END_DECLS
