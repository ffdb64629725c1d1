/* Which help page belongs to what: to a page or dialog of the window, to a parameter, to an error. */
#pragma once

#include "training/parameters.h"

#include <adwaita.h>

G_BEGIN_DECLS

/** The topic of what the window shows: of its dialog, else of the page that has the focus. */
const char *lk_help_context(AdwApplicationWindow *window);

/** The topic that says more about a parameter than its row. */
const char *lk_help_topic_of_parameter(const LkParameter *parameter);

/** The topic of what made a training fail: a code of LkError, 0 where it is not known any more. */
const char *lk_help_topic_of_error(int code);

/** The number of topics named here, and one of them: for a test that they are there. */
const char *lk_help_context_nth(guint index);

G_END_DECLS
