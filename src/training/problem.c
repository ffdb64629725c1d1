#include "training/problem.h"

#include "format/gerror.h"

#include <glib/gi18n.h>

static void problem_free(gpointer data)
{
    LkProblem *problem = data;
    g_free(problem->key);
    g_free(problem->value);
    g_free(problem->allowed);
    g_free(problem->text);
    g_free(problem);
}

GPtrArray *lk_problems_new(void)
{
    return g_ptr_array_new_with_free_func(problem_free);
}

void lk_problems_add(GPtrArray *problems, LkProblemKind kind, const char *key, const char *value, const char *allowed,
                     int line, const char *format, ...)
{
    if (problems == NULL) {
        return;
    }
    LkProblem *problem = g_new0(LkProblem, 1);
    problem->kind = kind;
    problem->key = g_strdup(key);
    problem->value = g_strdup(value);
    problem->allowed = g_strdup(allowed);
    problem->line = line;
    va_list args;
    va_start(args, format);
    problem->text = g_strdup_vprintf(format, args);
    va_end(args);
    g_ptr_array_add(problems, problem);
}

guint lk_problems_count(const GPtrArray *problems, LkProblemKind kind)
{
    guint count = 0;
    for (guint i = 0; problems != NULL && i < problems->len; i++) {
        const LkProblem *problem = problems->pdata[i];
        count += problem->kind == kind;
    }
    return count;
}

const char *lk_problem_kind_name(LkProblemKind kind)
{
    static const char *const names[] = {N_("error"), N_("warning"), N_("note")};
    return names[kind];
}

char *lk_problems_describe(const GPtrArray *problems, const char *source)
{
    GString *out = g_string_new(NULL);
    for (guint i = 0; problems != NULL && i < problems->len; i++) {
        const LkProblem *problem = problems->pdata[i];
        if (source != NULL) {
            g_string_append(out, source);
            if (problem->line > 0) {
                g_string_append_printf(out, _(" line %d"), problem->line);
            }
            g_string_append(out, ": ");
        }
        g_string_append_printf(out, "%s: %s\n", _(lk_problem_kind_name(problem->kind)), problem->text);
    }
    return g_string_free_and_steal(out);
}

bool lk_problems_fail(const GPtrArray *problems, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < problems->len; i++) {
        const LkProblem *problem = g_ptr_array_index(problems, i);
        if (problem->kind == LK_PROBLEM_ERROR)
            g_string_append_printf(text, "%s%s", text->len > 0 ? "\n" : "", problem->text);
    }
    return text->len == 0 || lk_set_error(error, LK_ERROR_USAGE, "%s", text->str);
}
