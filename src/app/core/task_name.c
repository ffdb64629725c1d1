#include "app/core/task_name.h"

#include <glib/gi18n.h>

char *lk_task_name_tidy(const char *typed)
{
    GString *name = g_string_new(NULL);
    gboolean gap = FALSE, seen = FALSE;
    for (const char *c = typed; *c; c = g_utf8_next_char(c)) {
        gunichar one = g_utf8_get_char(c);
        if (g_unichar_isspace(one) || g_unichar_iscntrl(one)) {
            gap = name->len > 0;
            continue;
        }
        if (gap)
            g_string_append_c(name, ' ');
        gap = FALSE;
        seen = seen || g_unichar_isgraph(one);
        g_string_append_unichar(name, one);
    }
    if (!seen)
        g_string_truncate(name, 0);
    return g_string_free(name, FALSE);
}

/* Whether another of the tasks has this title. */
static gboolean is_taken(LkTask *task, const char *title, GListModel *tasks)
{
    for (guint i = 0; i < g_list_model_get_n_items(tasks); i++) {
        g_autoptr(LkTask) other = g_list_model_get_item(tasks, i);
        g_autofree char *theirs = lk_task_make_title(other);
        if (other != task && g_str_equal(theirs, title))
            return TRUE;
    }
    return FALSE;
}

char *lk_task_name_problem(LkTask *task, const char *name, GListModel *tasks)
{
    const glong length = g_utf8_strlen(name, -1);
    if (!*name)
        return g_strdup(_("A task needs a name."));
    if (length > LK_TASK_NAME_LONGEST)
        return g_strdup_printf(_("A name can have %d characters; this one has %ld."), LK_TASK_NAME_LONGEST, length);
    if (is_taken(task, name, tasks))
        return g_strdup(_("Another task of this project is called that."));
    return NULL;
}
