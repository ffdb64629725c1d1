/* What a parameter's value is edited with: a switch, number, choice, text … by the parameter's type. Values are texts
 * as lk_job_set takes them; NULL is unset. */
#pragma once

#include "training/parameters.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define LK_TYPE_PARAMETER_EDITOR (lk_parameter_editor_get_type())
G_DECLARE_FINAL_TYPE(LkParameterEditor, lk_parameter_editor, LK, PARAMETER_EDITOR, AdwBin)

/* Signals: `edited` (text or NULL): the person changed the value; `choose`: a file, folder or list of prompts is to be
 * chosen in a dialog. */

LkParameterEditor *lk_parameter_editor_new(const LkParameter *parameter);

/** Shows a value without `edited`. A text that is being typed stays as it is where it means the same. */
void lk_parameter_editor_set_text(LkParameterEditor *self, const char *text);
/** The value that is shown; NULL or "" is unset. Free with g_free. */
char *lk_parameter_editor_get_text(LkParameterEditor *self);
/** What an empty field means, shown in it ("Unset", "0.0001"). */
void lk_parameter_editor_set_placeholder(LkParameterEditor *self, const char *text);
/** The CSS class that the row needs for it, or NULL. */
const char *lk_parameter_editor_get_row_class(LkParameterEditor *self);
/** The widget that takes the focus. */
GtkWidget *lk_parameter_editor_get_focus(LkParameterEditor *self);

/** Sizes and choices are shown so: the title of a choice, else the value. */
const char *lk_parameter_choice_title(const LkChoice *choice);

G_END_DECLS
