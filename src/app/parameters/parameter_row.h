/* One parameter in a list: title, one line about it, its value, a button that takes a change back, and help. */
#pragma once

#include "app/parameters/editor.h"
#include "training/problem.h"

G_BEGIN_DECLS

#define LK_TYPE_PARAMETER_ROW (lk_parameter_row_get_type())
G_DECLARE_FINAL_TYPE(LkParameterRow, lk_parameter_row, LK, PARAMETER_ROW, AdwActionRow)

/* Signals: `edited` (text or NULL), `reset`: wanted by the person; `choose`: a dialog for its value is wanted; `help`
 * (GtkWidget: the button that the explanation belongs to). */

LkParameterRow *lk_parameter_row_new(const LkParameter *parameter);
const LkParameter *lk_parameter_row_get_parameter(LkParameterRow *self);

/** Shows a value (NULL: unset), whether it can be taken back, and what takes its place when it is. */
void lk_parameter_row_set_value(LkParameterRow *self, const char *text, gboolean changed, const char *base);
/** The value that is shown. Free with g_free. */
char *lk_parameter_row_get_value(LkParameterRow *self);

/** The widget that takes the focus and holds the value. */
GtkWidget *lk_parameter_row_get_focus(LkParameterRow *self);

/** Shows what is wrong with the value in place of the subtitle; NULL: nothing. An error is red, the rest is not. */
void lk_parameter_row_set_problem(LkParameterRow *self, const LkProblem *problem);

/** What the job says, with the titles of parameters in place of their keys. Free with g_free. */
char *lk_parameter_message(const char *text);

/** Whether all words (folded by lk_parameter_fold) are in its title, key or help, in English or in the language of the
 * window. */
gboolean lk_parameter_row_matches(LkParameterRow *self, char **words);
/** A text for comparing: without case and accents. Free with g_free. */
char *lk_parameter_fold(const char *text);

/** Opens the explanation, as the button does. */
void lk_parameter_row_show_help(LkParameterRow *self);

G_END_DECLS
