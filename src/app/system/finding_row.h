/* One thing that was looked at on this computer, as a row: how it is, what to do, and a command to copy. */
#pragma once

#include "system/finding.h"

#include <adwaita.h>

/** `title` and `text` as plain text; `fix` and `command` may be NULL. */
GtkWidget *lk_system_row_new(LkSystemState state, const char *title, const char *text, const char *fix,
                             const char *command);
