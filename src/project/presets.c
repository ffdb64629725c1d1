#include "project/presets.h"

#include "project/key_values.h"
#include "project/query.h"
#include "project/store_private.h"

#include <glib/gi18n.h>

static const LkKeyTable preset_values = LK_KEY_TABLE("preset_value", "preset");

/* One row a value, so that a preset and its values are of one moment. */
#define SELECT(where)                                                                                                  \
    "SELECT id, name, purpose, created, changed, key, value FROM preset LEFT JOIN preset_value ON preset = id " where  \
    " ORDER BY name, id, key"

void lk_preset_record_free(LkPresetRecord *record)
{
    if (!record)
        return;
    g_free(record->name);
    g_free(record->purpose);
    g_clear_pointer(&record->values, g_hash_table_unref);
    g_free(record);
}

static LkPresetRecord *make(const LkQuery *query)
{
    LkPresetRecord *record = g_new0(LkPresetRecord, 1);
    record->id = lk_query_int(query, 0);
    record->name = lk_query_dup(query, 1);
    record->purpose = lk_query_dup(query, 2);
    record->created = lk_query_int(query, 3);
    record->changed = lk_query_int(query, 4);
    record->values = lk_key_values_new();
    return record;
}

/** Closes the query; the list is NULL on failure. */
static GPtrArray *gather(LkQuery *query, GError **error)
{
    GPtrArray *list = g_ptr_array_new_with_free_func((GDestroyNotify)lk_preset_record_free);
    LkPresetRecord *last = NULL;
    while (lk_query_next(query)) {
        if (!last || last->id != lk_query_int(query, 0)) {
            last = make(query);
            g_ptr_array_add(list, last);
        }
        if (!lk_query_is_null(query, 5))
            g_hash_table_insert(last->values, lk_query_dup(query, 5), lk_query_dup(query, 6));
    }
    if (!lk_query_close(query, error))
        g_clear_pointer(&list, g_ptr_array_unref);
    return list;
}

GPtrArray *lk_presets_list(LkStore *store, GError **error)
{
    LkQuery query;
    lk_query_open(&query, store, SELECT(""));
    return gather(&query, error);
}

bool lk_presets_find(LkStore *store, const char *name, LkPresetRecord **record, GError **error)
{
    LkQuery query;
    lk_query_open(&query, store, SELECT("WHERE name = ?"), LK_TEXT(name));
    g_autoptr(GPtrArray) list = gather(&query, error);
    *record = list && list->len ? g_ptr_array_steal_index(list, 0) : NULL;
    return list;
}

/** Puts a better sentence in the place of "has this already". */
static bool name_taken(LkStore *store, const char *name, GError **error)
{
    if (!lk_store_failed_unique(store))
        return false;
    g_clear_error(error);
    return lk_set_error(error, LK_ERROR_USAGE, _("There is already a preset named “%s”. Choose another name."), name);
}

static bool write_head(LkStore *store, gint64 *id, const char *name, const char *purpose, GError **error)
{
    gint64 now = g_get_real_time();
    if (*id)
        return lk_store_run_on(store, error, _("This preset was deleted in the meantime. Save it under a new name."),
                               "UPDATE preset SET name = ?2, purpose = ?3, changed = ?4 WHERE id = ?1", LK_INT(*id),
                               LK_TEXT(name), LK_TEXT(purpose), LK_INT(now));
    *id = lk_store_insert(store, error, "INSERT INTO preset (name, purpose, created, changed) VALUES (?1, ?2, ?3, ?3)",
                          LK_TEXT(name), LK_TEXT(purpose), LK_INT(now));
    return *id;
}

static bool check_name(const char *name, GError **error)
{
    return (name && *name) || lk_set_error(error, LK_ERROR_USAGE, _("A preset needs a name."));
}

gint64 lk_presets_save(LkStore *store, gint64 id, const char *name, const char *purpose, GHashTable *values,
                       GError **error)
{
    if (!check_name(name, error) || !lk_store_begin(store, error))
        return 0;
    bool ok = write_head(store, &id, name, purpose ? purpose : "", error) || name_taken(store, name, error);
    ok = ok && lk_key_values_set_many(store, &preset_values, id, values, true, error);
    return lk_store_end(store, ok, error) ? id : 0;
}

bool lk_presets_rename(LkStore *store, gint64 id, const char *name, GError **error)
{
    return check_name(name, error) && (lk_store_run_on(store, error, _("This preset was deleted in the meantime."),
                                                       "UPDATE preset SET name = ?2, changed = ?3 WHERE id = ?1",
                                                       LK_INT(id), LK_TEXT(name), LK_INT(g_get_real_time())) ||
                                       name_taken(store, name, error));
}

bool lk_presets_delete(LkStore *store, gint64 id, GError **error)
{
    return lk_store_run_on(store, error, _("This preset was deleted in the meantime."),
                           "DELETE FROM preset WHERE id = ?", LK_INT(id));
}
