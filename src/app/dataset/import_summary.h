/* What became of files and folders that were to be added to a project. */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

/** A file that was not taken as it is, and why. */
typedef struct LkImportProblem {
    char *path;
    char *text; /* UTF-8: a sentence, or for duplicates the path of the other as shown */
} LkImportProblem;

typedef struct LkImportSummary {
    guint added;           /* pictures that are new to the project, duplicates and unreadable ones included */
    guint captions;        /* of these, how many came with a caption */
    guint known;           /* were in the project already */
    guint restored;        /* had been removed from the project and are back */
    GPtrArray *duplicates; /* LkImportProblem: the same bytes as another picture; added, but left out of training */
    GPtrArray *unreadable; /* LkImportProblem: cannot be read as a picture */
    gboolean cancelled;    /* stopped on request; what was added until then stays */
    /* Where it was stopped: */
    guint found;      /* pictures that were to be read; 0 where that was not known yet */
    char **paths;     /* what was to be added */
    GPtrArray *fresh; /* paths of pictures that came in or came back, owned */
    GArray *new_ones; /* gint64: sources that the project did not have before */
} LkImportSummary;

#define LK_TYPE_IMPORT_SUMMARY (lk_import_summary_get_type())
GType lk_import_summary_get_type(void);

LkImportSummary *lk_import_summary_new(void);
LkImportSummary *lk_import_summary_copy(const LkImportSummary *summary);
void lk_import_summary_free(LkImportSummary *summary);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LkImportSummary, lk_import_summary_free)

/** One line, as for a toast: "12 pictures added, 2 were there already, 1 is a duplicate, 3 cannot be read". Free with
 * g_free. */
char *lk_import_summary_to_text(const LkImportSummary *summary);
/** The names and reasons, one a line; "" where there is nothing to explain. Free with g_free. */
char *lk_import_summary_to_details(const LkImportSummary *summary);

G_END_DECLS
