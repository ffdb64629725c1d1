/* Preferences and the state of the window (GSettings). What belongs to a project is in the store. */
#pragma once

#include <gio/gio.h>

/** The settings, also where the program runs from its build folder and its schema is not installed. NULL, with a
 * warning, where no schema is found. */
GSettings *lk_settings_new(void);

/** The folder of a kind of data that comes with the program ("demo"), installed or in the source tree; NULL if it is
 * not there. Free with g_free. */
char *lk_data_folder(const char *name);
