/* Where files go as long as the person has named no folder for them. As a Flatpak the program sees a home folder that
 * is empty and gone when it ends: there it is the folder for its data, which stays. */
#pragma once

#include <glib.h>

/** The folder in which new projects get theirs. `flatpak`: whether it runs as one. Free with g_free. */
char *lk_places_projects(gboolean flatpak);
/** The first folder that is offered for finished LoRAs; in a Flatpak it is made. Free with g_free. */
char *lk_places_exports(gboolean flatpak);
