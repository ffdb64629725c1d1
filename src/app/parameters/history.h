/* Undo of parameter changes in one project: what was set before and after, step by step. */
#pragma once

#include "app/core/project.h"

G_BEGIN_DECLS

#define LK_TYPE_PARAMETER_HISTORY (lk_parameter_history_get_type())
G_DECLARE_FINAL_TYPE(LkParameterHistory, lk_parameter_history, LK, PARAMETER_HISTORY, GObject)

/* Properties: `can-undo`, `can-redo`. Signal `step` (text: the label of the step that was just undone or done again).
 */

LkParameterHistory *lk_parameter_history_new(LkProject *project);

/** Within how many seconds changes of one single parameter that follow each other are one step; two at first. */
void lk_parameter_history_join_within(LkParameterHistory *self, double seconds);

/** Sets parameters as one step with a label ("Batch Size", translated): char * → char *, NULL unsets. What is that way
 * already is left out; without any change there is no step. Changes of one single parameter that follow each other
 * soon are one step. */
void lk_parameter_history_set(LkParameterHistory *self, const char *label, GHashTable *values);
/** The same with one parameter. */
void lk_parameter_history_set_one(LkParameterHistory *self, const char *label, const char *key, const char *value);
/** Makes these the only settings of those that `covers` says yes to; the others stay. */
void lk_parameter_history_replace(LkParameterHistory *self, const char *label, GHashTable *values,
                                  bool (*covers)(const char *key));

void lk_parameter_history_undo(LkParameterHistory *self);
void lk_parameter_history_redo(LkParameterHistory *self);

G_END_DECLS
