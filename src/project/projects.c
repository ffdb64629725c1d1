#include "project/projects.h"

#include "project/query.h"
#include "project/store_private.h"

#include <glib/gi18n.h>

#define SELECT                                                                                                         \
    "SELECT id, name, folder, goal, base_model, family, trigger_word, cover, created, opened, deleted,"                \
    "  (SELECT count(*) FROM picture WHERE project = project.id AND NOT removed),"                                     \
    "  (SELECT count(*) FROM checkpoint JOIN task ON task.id = checkpoint.task"                                        \
    "     WHERE task.project = project.id AND task.deleted = 0),"                                                      \
    "  (SELECT count(*) FROM task WHERE project = project.id AND deleted = 0)"                                         \
    " FROM project "

static const char *const goals[] = {"character", "style", "object", "concept", NULL};

/** The statement that sets a field. */
static const char *const set_field[] = {
    [LK_PROJECT_NAME] = "UPDATE project SET name = ?2 WHERE id = ?1",
    [LK_PROJECT_FOLDER] = "UPDATE project SET folder = ?2 WHERE id = ?1",
    [LK_PROJECT_GOAL] = "UPDATE project SET goal = ?2 WHERE id = ?1",
    [LK_PROJECT_BASE_MODEL] = "UPDATE project SET base_model = ?2 WHERE id = ?1",
    [LK_PROJECT_FAMILY] = "UPDATE project SET family = ?2 WHERE id = ?1",
    [LK_PROJECT_TRIGGER_WORD] = "UPDATE project SET trigger_word = ?2 WHERE id = ?1",
    [LK_PROJECT_COVER] = "UPDATE project SET cover = ?2 WHERE id = ?1",
};

void lk_project_record_free(LkProjectRecord *record)
{
    if (!record)
        return;
    g_free(record->name);
    g_free(record->folder);
    g_free(record->goal);
    g_free(record->base_model);
    g_free(record->family);
    g_free(record->trigger_word);
    g_free(record->cover);
    g_free(record);
}

static void *make(const LkQuery *query)
{
    LkProjectRecord *record = g_new0(LkProjectRecord, 1);
    int i = 0;
    record->id = lk_query_int(query, i++);
    record->name = lk_query_dup(query, i++);
    record->folder = lk_query_dup(query, i++);
    record->goal = lk_query_dup(query, i++);
    record->base_model = lk_query_dup(query, i++);
    record->family = lk_query_dup(query, i++);
    record->trigger_word = lk_query_dup(query, i++);
    record->cover = lk_query_dup(query, i++);
    record->created = lk_query_int(query, i++);
    record->opened = lk_query_int(query, i++);
    record->deleted = lk_query_int(query, i++);
    record->pictures = (guint)lk_query_int(query, i++);
    record->checkpoints = (guint)lk_query_int(query, i++);
    record->tasks = (guint)lk_query_int(query, i++);
    return record;
}

static const char *missing(void)
{
    return _("This project is not in the store any more.");
}

GPtrArray *lk_projects_list(LkStore *store, GError **error)
{
    LkQuery query;
    lk_query_open(&query, store, SELECT "WHERE deleted = 0 ORDER BY opened DESC, id DESC");
    return lk_query_list(&query, make, (GDestroyNotify)lk_project_record_free, error);
}

GPtrArray *lk_projects_list_deleted(LkStore *store, GError **error)
{
    LkQuery query;
    lk_query_open(&query, store, SELECT "WHERE deleted <> 0 ORDER BY deleted DESC, id DESC");
    return lk_query_list(&query, make, (GDestroyNotify)lk_project_record_free, error);
}

LkProjectRecord *lk_projects_get(LkStore *store, gint64 id, GError **error)
{
    LkQuery query;
    lk_query_open(&query, store, SELECT "WHERE id = ?", LK_INT(id));
    return lk_query_first(&query, make, missing(), error);
}

/** What the tables would refuse as well, in words. */
static bool check(LkProjectField field, const char *value, GError **error)
{
    if (field == LK_PROJECT_NAME && !*value)
        return lk_set_error(error, LK_ERROR_USAGE, _("A project needs a name."));
    if (field == LK_PROJECT_GOAL && !g_strv_contains(goals, value))
        return lk_set_error(error, LK_ERROR_USAGE,
                            _("“%s” is not a goal of a project. It can be character, style, object or concept."),
                            value);
    return true;
}

gint64 lk_projects_create(LkStore *store, const char *name, const char *goal, const char *folder, GError **error)
{
    if (!check(LK_PROJECT_NAME, name ? name : "", error) || !check(LK_PROJECT_GOAL, goal ? goal : "", error))
        return 0;
    return lk_store_insert(store, error,
                           "INSERT INTO project (name, goal, folder, created, opened) VALUES (?1, ?2, ?3, ?4, ?4)",
                           LK_TEXT(name), LK_TEXT(goal), LK_TEXT(folder ? folder : ""), LK_INT(g_get_real_time()));
}

/** What goes along into a copy (?2) of a project (?1). */
static const char *const copies[] = {
    "INSERT INTO source (project, kind, path, recursive, regularisation, repeats, added)"
    " SELECT ?2, kind, path, recursive, regularisation, repeats, added FROM source WHERE project = ?1 ORDER BY id",
    /* a picture's new source is the one of the same path */
    "INSERT INTO picture (project, source, path, size, mtime_ns, width, height, hash, perceptual, sharpness, flags,"
    "  decode_error, caption, caption_mtime_ns, caption_state, repeats, excluded, mask, thumbnail,"
    "  look, removed)"
    " SELECT ?2, new.id, picture.path, size, mtime_ns, width, height, hash, perceptual, sharpness, flags,"
    "  decode_error, caption, caption_mtime_ns, caption_state, picture.repeats, excluded, mask, thumbnail,"
    "  look, removed"
    " FROM picture JOIN source AS old ON old.id = picture.source JOIN source AS new ON new.path = old.path"
    " WHERE picture.project = ?1 AND new.project = ?2 ORDER BY picture.path",
    "INSERT INTO setting (project, key, value) SELECT ?2, key, value FROM setting WHERE project = ?1",
};

gint64 lk_projects_duplicate(LkStore *store, gint64 id, const char *name, const char *folder, GError **error)
{
    if (!check(LK_PROJECT_NAME, name ? name : "", error) || !lk_store_begin(store, error))
        return 0;
    bool ok = lk_store_run_on(
        store, error, missing(),
        "INSERT INTO project (name, folder, goal, base_model, family, trigger_word, cover, created, opened)"
        " SELECT ?2, ?3, goal, base_model, family, trigger_word, cover, ?4, ?4 FROM project WHERE id = ?1",
        LK_INT(id), LK_TEXT(name), LK_TEXT(folder ? folder : ""), LK_INT(g_get_real_time()));
    gint64 copy = sqlite3_last_insert_rowid(store->db);
    for (gsize i = 0; ok && i < G_N_ELEMENTS(copies); i++)
        ok = lk_store_run(store, error, copies[i], LK_INT(id), LK_INT(copy));
    return lk_store_end(store, ok, error) ? copy : 0;
}

bool lk_projects_rename(LkStore *store, gint64 id, const char *name, GError **error)
{
    return lk_projects_set(store, id, LK_PROJECT_NAME, name, error);
}

bool lk_projects_set(LkStore *store, gint64 id, LkProjectField field, const char *value, GError **error)
{
    g_return_val_if_fail(field < G_N_ELEMENTS(set_field), false);
    if (!value && field != LK_PROJECT_COVER)
        value = "";
    return check(field, value, error) &&
           lk_store_run_on(store, error, missing(), set_field[field], LK_INT(id), LK_TEXT(value));
}

bool lk_projects_touch(LkStore *store, gint64 id, GError **error)
{
    return lk_store_run_on(store, error, missing(), "UPDATE project SET opened = ?2 WHERE id = ?1", LK_INT(id),
                           LK_INT(g_get_real_time()));
}

bool lk_projects_delete(LkStore *store, gint64 id, GError **error)
{
    return lk_store_run_on(store, error, missing(), "UPDATE project SET deleted = ?2 WHERE id = ?1", LK_INT(id),
                           LK_INT(g_get_real_time()));
}

bool lk_projects_undelete(LkStore *store, gint64 id, GError **error)
{
    return lk_store_run_on(store, error, missing(), "UPDATE project SET deleted = 0 WHERE id = ?1", LK_INT(id));
}

bool lk_projects_purge(LkStore *store, gint64 before, guint *count, GError **error)
{
    bool ok = lk_store_run(store, error, "DELETE FROM project WHERE deleted <> 0 AND deleted < ?", LK_INT(before));
    if (count)
        *count = ok ? (guint)sqlite3_changes(store->db) : 0;
    return ok;
}
