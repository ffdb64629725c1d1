/* Dialogs for values that no field can hold: files, folders, and lists of prompts. */
#pragma once

#include "training/parameters.h"

#include <adwaita.h>

/** What was chosen; NULL unsets it. Not called when the dialog is closed without a choice. */
typedef void (*LkChosen)(const LkParameter *parameter, const char *text, gpointer data);

/** Lets the person choose a value. `owner` (a widget) is handed to `chosen` and kept until then. */
void lk_choose_value(GtkWidget *parent, const LkParameter *parameter, const char *value, LkChosen chosen,
                     gpointer owner);

/** Whether a value names a file; otherwise it is the prompts themselves. */
gboolean lk_prompts_is_file(const char *value);
/** The lines of prompts as a list for lk_job_set, NULL for none; and such a list as lines. Free with g_free. */
char *lk_prompts_from_lines(const char *lines);
char *lk_prompts_to_lines(const char *value);
