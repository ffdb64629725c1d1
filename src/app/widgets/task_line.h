/* The task that trains, at the foot of the sidebar of every page: how far, how long; a click shows it. */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

#define LK_TYPE_TASK_LINE (lk_task_line_get_type())
G_DECLARE_FINAL_TYPE(LkTaskLine, lk_task_line, LK, TASK_LINE, AdwBin)

G_END_DECLS
