#include "app/dataset/import_summary.h"

#include "app/dataset/import_plan.h"

#include <glib/gi18n.h>

G_DEFINE_BOXED_TYPE(LkImportSummary, lk_import_summary, lk_import_summary_copy, lk_import_summary_free)

static void free_problem(gpointer data)
{
    LkImportProblem *problem = data;
    g_free(problem->path);
    g_free(problem->text);
    g_free(problem);
}

LkImportSummary *lk_import_summary_new(void)
{
    LkImportSummary *summary = g_new0(LkImportSummary, 1);
    summary->duplicates = g_ptr_array_new_with_free_func(free_problem);
    summary->unreadable = g_ptr_array_new_with_free_func(free_problem);
    summary->fresh = g_ptr_array_new_with_free_func(g_free);
    summary->new_ones = g_array_new(FALSE, FALSE, sizeof(gint64));
    return summary;
}

void lk_import_problems_add(GPtrArray *problems, const char *path, const char *text)
{
    LkImportProblem *problem = g_new0(LkImportProblem, 1);
    *problem = (LkImportProblem){g_strdup(path), g_strdup(text)};
    g_ptr_array_add(problems, problem);
}

static void copy_problems(GPtrArray *to, const GPtrArray *from)
{
    for (guint i = 0; i < from->len; i++) {
        const LkImportProblem *problem = from->pdata[i];
        lk_import_problems_add(to, problem->path, problem->text);
    }
}

LkImportSummary *lk_import_summary_copy(const LkImportSummary *summary)
{
    LkImportSummary *copy = lk_import_summary_new();
    copy->added = summary->added;
    copy->captions = summary->captions;
    copy->known = summary->known;
    copy->restored = summary->restored;
    copy->cancelled = summary->cancelled;
    copy->found = summary->found;
    copy->paths = g_strdupv(summary->paths);
    for (guint i = 0; i < summary->fresh->len; i++)
        g_ptr_array_add(copy->fresh, g_strdup(summary->fresh->pdata[i]));
    g_array_append_vals(copy->new_ones, summary->new_ones->data, summary->new_ones->len);
    copy_problems(copy->duplicates, summary->duplicates);
    copy_problems(copy->unreadable, summary->unreadable);
    return copy;
}

void lk_import_summary_free(LkImportSummary *summary)
{
    if (!summary)
        return;
    g_ptr_array_unref(summary->duplicates);
    g_ptr_array_unref(summary->unreadable);
    g_strfreev(summary->paths);
    g_ptr_array_unref(summary->fresh);
    g_array_unref(summary->new_ones);
    g_free(summary);
}

/* ---- in words ---------------------------------------------------------------------------------------- */

static void add_part(GPtrArray *parts, guint count, const char *one, const char *many)
{
    if (!count)
        return;
    GString *text = g_string_new(g_dngettext(GETTEXT_PACKAGE, one, many, count));
    g_autofree char *number = g_strdup_printf("%u", count);
    g_string_replace(text, "%u", number, 1);
    g_ptr_array_add(parts, g_string_free(text, FALSE));
}
/* Marks the two for translation. */
#define NP_(one, many) one, many

char *lk_import_summary_to_text(const LkImportSummary *summary)
{
    g_autoptr(GPtrArray) parts = g_ptr_array_new_with_free_func(g_free);
    add_part(parts, summary->added, NP_("%u picture added", "%u pictures added"));
    add_part(parts, summary->restored, NP_("%u is back", "%u are back"));
    add_part(parts, summary->known, NP_("%u was there already", "%u were there already"));
    add_part(parts, summary->duplicates->len, NP_("%u is a duplicate and left out", "%u are duplicates and left out"));
    add_part(parts, summary->unreadable->len, NP_("%u cannot be read", "%u cannot be read"));
    if (!parts->len)
        g_ptr_array_add(parts, g_strdup(summary->cancelled ? _("No picture added") : _("No pictures found")));
    if (summary->cancelled)
        g_ptr_array_add(parts, g_strdup(_("stopped")));
    g_ptr_array_add(parts, NULL);
    /* translators: between parts such as "12 pictures added", "2 were there already" */
    return g_strjoinv(_(", "), (char **)parts->pdata);
}

char *lk_import_summary_to_details(const LkImportSummary *summary)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < summary->unreadable->len; i++) {
        const LkImportProblem *problem = summary->unreadable->pdata[i];
        g_autofree char *name = g_filename_display_basename(problem->path);
        g_string_append_printf(text, "%s%s: %s", text->len ? "\n" : "", name, problem->text);
    }
    for (guint i = 0; i < summary->duplicates->len; i++) {
        const LkImportProblem *problem = summary->duplicates->pdata[i];
        g_autofree char *name = g_filename_display_basename(problem->path);
        g_autofree char *line = g_strdup_printf(_("%s: the same file as %s"), name, problem->text);
        g_string_append_printf(text, "%s%s", text->len ? "\n" : "", line);
    }
    return g_string_free(text, FALSE);
}
