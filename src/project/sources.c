#include "project/sources.h"

#include "project/query.h"
#include "project/store_private.h"

#include <glib/gi18n.h>
#include <string.h>

#define SELECT                                                                                                         \
    "SELECT id, project, kind, path, recursive, regularisation, repeats, added, held,"                                 \
    " (SELECT count(*) FROM picture WHERE project = source.project AND source = source.id AND NOT removed) FROM "      \
    "source "

void lk_source_record_free(LkSourceRecord *record)
{
    if (!record)
        return;
    g_free(record->path);
    g_free(record);
}

static void *make(const LkQuery *query)
{
    LkSourceRecord *record = g_new0(LkSourceRecord, 1);
    record->id = lk_query_int(query, 0);
    record->project = lk_query_int(query, 1);
    record->kind = (LkSourceKind)lk_query_int(query, 2);
    record->path = lk_query_dup(query, 3);
    record->recursive = lk_query_int(query, 4);
    record->regularisation = lk_query_int(query, 5);
    record->repeats = (guint)lk_query_int(query, 6);
    record->added = lk_query_int(query, 7);
    record->held = lk_query_int(query, 8);
    record->pictures = (guint)lk_query_int(query, 9);
    return record;
}

static const char *missing(void)
{
    return _("This folder or file does not belong to the project any more.");
}

GPtrArray *lk_sources_list(LkStore *store, gint64 project, GError **error)
{
    LkQuery query;
    lk_query_open(&query, store, SELECT "WHERE project = ? ORDER BY id", LK_INT(project));
    return lk_query_list(&query, make, (GDestroyNotify)lk_source_record_free, error);
}

LkSourceRecord *lk_sources_get(LkStore *store, gint64 id, GError **error)
{
    LkQuery query;
    lk_query_open(&query, store, SELECT "WHERE id = ?", LK_INT(id));
    return lk_query_first(&query, make, missing(), error);
}

/** Puts a better sentence in the place of "has this already"; `pictures`: it was not the source itself. */
static bool path_taken(LkStore *store, const char *path, bool pictures, GError **error)
{
    if (!lk_store_failed_unique(store))
        return false;
    g_clear_error(error);
    g_autofree char *shown = g_filename_display_name(path);
    return pictures ? lk_set_error(error, LK_ERROR_USAGE,
                                   _("Pictures in “%s” belong to this project already, from another source."), shown)
                    : lk_set_error(error, LK_ERROR_USAGE, _("“%s” belongs to this project already."), shown);
}

/** A path without slashes at its end, so that what is below it begins with it and a slash; NULL for none. */
static char *tidy(const char *path, GError **error)
{
    char *result = g_strdup(path ? path : "");
    for (size_t size = strlen(result); size && result[size - 1] == '/'; size--)
        result[size - 1] = 0;
    if (*result)
        return result;
    g_free(result);
    lk_set_error(error, LK_ERROR_USAGE, _("Choose a folder or a file as a source of pictures, not all of the disk."));
    return NULL;
}

gint64 lk_sources_add(LkStore *store, const LkSourceRecord *draft, GError **error)
{
    g_autofree char *path = tidy(draft->path, error);
    if (!path)
        return 0;
    gint64 id =
        lk_store_insert(store, error,
                        "INSERT INTO source (project, kind, path, recursive, regularisation, repeats, added)"
                        " VALUES (?, ?, ?, ?, ?, ?, ?)",
                        LK_INT(draft->project), LK_INT(draft->kind), LK_TEXT(path), LK_INT(draft->recursive),
                        LK_INT(draft->regularisation), LK_INT(MAX(draft->repeats, 1)), LK_INT(g_get_real_time()));
    if (!id)
        path_taken(store, path, false, error);
    return id;
}

bool lk_sources_set_repeats(LkStore *store, gint64 id, guint repeats, GError **error)
{
    if (!repeats)
        return lk_set_error(error, LK_ERROR_USAGE,
                            _("Repeats must be at least 1. To leave pictures out, exclude them."));
    return lk_store_run_on(store, error, missing(), "UPDATE source SET repeats = ?2 WHERE id = ?1", LK_INT(id),
                           LK_INT(repeats));
}

bool lk_sources_set_recursive(LkStore *store, gint64 id, bool recursive, GError **error)
{
    return lk_store_run_on(store, error, missing(), "UPDATE source SET recursive = ?2 WHERE id = ?1", LK_INT(id),
                           LK_INT(recursive));
}

bool lk_sources_set_regularisation(LkStore *store, gint64 id, bool regularisation, GError **error)
{
    return lk_store_run_on(store, error, missing(), "UPDATE source SET regularisation = ?2 WHERE id = ?1", LK_INT(id),
                           LK_INT(regularisation));
}

bool lk_sources_set_held(LkStore *store, gint64 id, bool held, GError **error)
{
    return lk_store_run_on(store, error, missing(), "UPDATE source SET held = ?2 WHERE id = ?1", LK_INT(id),
                           LK_INT(held));
}

/** All that holds a path of source ?1 (project ?2), from ?3 to ?4. A picture's path goes by way of one that none can
 * have: while rows change one by one, a new path may be the old one of another row. */
static const char *const relocations[] = {
    "UPDATE source SET path = ?4 WHERE id = ?1",
    "UPDATE picture SET path = char(1) || lk_moved(path, ?3, ?4), mask = lk_moved(mask, ?3, ?4)"
    " WHERE project = ?2 AND source = ?1",
    "UPDATE picture SET path = substr(path, 2) WHERE project = ?2 AND source = ?1",
    "UPDATE project SET cover = lk_moved(cover, ?3, ?4) WHERE id = ?2",
    "UPDATE undo_change SET path = lk_moved(path, ?3, ?4)"
    " WHERE step IN (SELECT id FROM undo_step WHERE project = ?2)",
};

bool lk_sources_relocate(LkStore *store, gint64 id, const char *path, GError **error)
{
    g_autofree char *to = tidy(path, error);
    g_autoptr(LkSourceRecord) source = to ? lk_sources_get(store, id, error) : NULL;
    if (!source || !lk_store_begin(store, error))
        return false;
    bool ok = true;
    for (gsize i = 0; ok && i < G_N_ELEMENTS(relocations); i++)
        ok = lk_store_run(store, error, relocations[i], LK_INT(id), LK_INT(source->project), LK_TEXT(source->path),
                          LK_TEXT(to)) ||
             path_taken(store, to, i > 0, error);
    return lk_store_end(store, ok, error);
}

bool lk_sources_remove(LkStore *store, gint64 id, GError **error)
{
    return lk_store_run_on(store, error, missing(), "DELETE FROM source WHERE id = ?", LK_INT(id));
}
