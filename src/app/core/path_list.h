/* Lists of paths in the settings, the one used last first. */
#pragma once

#include <gio/gio.h>

/** Puts a path first in the list `key`; one that is there moves. `most`: how many are kept, 0: all. */
void lk_path_list_remember(GSettings *settings, const char *key, const char *path, guint most);
void lk_path_list_forget(GSettings *settings, const char *key, const char *path);
