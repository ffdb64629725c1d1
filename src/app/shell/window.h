/* The window: all projects, and over them the one that is open. */
#pragma once

#include "app/application.h"

G_BEGIN_DECLS

#define LK_TYPE_WINDOW (lk_window_get_type())
G_DECLARE_FINAL_TYPE(LkWindow, lk_window, LK, WINDOW, AdwApplicationWindow)

LkWindow *lk_window_new(LkApplication *application);

/** Reads a project's parameters and shows its pages, beginning with `page` ("dataset", …; NULL: dataset). */
void lk_window_open_project(LkWindow *self, LkProject *project, const char *page);

/** The same, with one of its tasks shown on that page ("training", "results"); `task` may be NULL. */
void lk_window_open_task(LkWindow *self, LkProject *project, const char *page, LkTask *task);

/** What was dropped or opened. Folders and pictures: into the open project, else into a new one (a project's own folder
 * opens it); a job's settings likewise; of a model file, what is in it. */
void lk_window_add_files(LkWindow *self, GFile **files, int n_files);

/** Something went wrong that has no place of its own: shown with its words. */
void lk_window_show_error(LkWindow *self, const char *heading, const GError *error);

G_END_DECLS
