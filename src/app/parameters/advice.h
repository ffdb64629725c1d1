/* What can be done where training does not fit into the memory, or would be very short: changes that apply with one
 * click, with the figures that follow. */
#pragma once

#include "app/parameters/history.h"
#include "app/parameters/planning.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define LK_TYPE_ADVICE (lk_advice_get_type())
G_DECLARE_FINAL_TYPE(LkAdvice, lk_advice, LK, ADVICE, AdwBin)

/** Follows a planning; changes go through the history. It is invisible where there is nothing to say. */
GtkWidget *lk_advice_new(LkPlanning *planning, LkParameterHistory *history);

/** One change that may help. */
typedef struct LkFix {
    const char *kind;    /* "batch": of fixes of one kind the first that is enough is the one to take */
    char *title;         /* "Batch size 2 instead of 4" */
    char *note;          /* what else it does ("same result"), or NULL */
    GHashTable *changes; /* char * → char * */
} LkFix;

void lk_fix_free(LkFix *fix);
/** Changes that need less memory than a job, the mildest first; those of kind "joined" come last. LkFix, free with
 * g_ptr_array_unref. */
GPtrArray *lk_fixes_for_memory(const LkJob *job, gboolean bf16);

G_END_DECLS
