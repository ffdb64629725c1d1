/* All parameters as rows, made from the table: the basic ones in sight, the others in groups that open. It shows the
 * settings of a project, and changes them through a history. */
#pragma once

#include "app/parameters/history.h"
#include "app/parameters/parameter_row.h"
#include "app/parameters/planning.h"

G_BEGIN_DECLS

#define LK_TYPE_FORM (lk_form_get_type())
G_DECLARE_FINAL_TYPE(LkForm, lk_form, LK, FORM, AdwBin)

/* Property `found` (bool, read only): whether the search has hits; true without a search. */

GtkWidget *lk_form_new(LkProject *project, LkPlanning *planning, LkParameterHistory *history);

/** The values of the project's preset (char * → char *), which changes are told by and taken back to; NULL: none. */
void lk_form_set_preset(LkForm *self, GHashTable *values);
/** How many parameters differ from the preset. */
guint lk_form_count_changes(LkForm *self);

/** Shows only rows with all words of a text; "" shows all. */
void lk_form_search(LkForm *self, const char *text);

/** The row of a parameter, which is made and brought into view where it is in a closed group; NULL for those that a
 * project gives. */
LkParameterRow *lk_form_get_row(LkForm *self, const char *key);
/** Opens the explanation of a row at its button. */
void lk_form_explain(LkForm *self, LkParameterRow *row, GtkWidget *button);

G_END_DECLS
