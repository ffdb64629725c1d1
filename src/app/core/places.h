/* Where files go as long as the person has named no folder for them. As a Flatpak the program sees a home folder that
 * is empty and gone when it ends: there it is the folder for its data, which stays. */
#pragma once

#include <glib.h>

/** The folder in which new projects get theirs. `flatpak`: whether it runs as one. Free with g_free. */
char *lk_places_projects(gboolean flatpak);
/** The first folder that is offered for finished LoRAs; in a Flatpak it is made. Free with g_free. */
char *lk_places_exports(gboolean flatpak);

/** Whether a portal has handed this file in alone: then no caption can be written beside it. (A file of a folder that
 * was handed in can have one.) Looks at the path alone. */
gboolean lk_places_is_lone(const char *path);
/** Copies such files into the folder `pictures` of a project's folder, and puts the copies' paths in their places. What
 * cannot be copied stays as it is. For a thread. */
void lk_places_take_in(char **paths, const char *project_folder);
