#include "project/key_values.h"

#include "project/query.h"
#include "project/store_private.h"

GHashTable *lk_key_values_new(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

GHashTable *lk_key_values_get_all(LkStore *store, const LkKeyTable *table, gint64 owner, GError **error)
{
    GHashTable *values = lk_key_values_new();
    LkQuery query;
    lk_query_open(&query, store, table->all, LK_INT(owner));
    while (lk_query_next(&query))
        g_hash_table_insert(values, lk_query_dup(&query, 0), lk_query_dup(&query, 1));
    if (!lk_query_close(&query, error))
        g_clear_pointer(&values, g_hash_table_unref);
    return values;
}

bool lk_key_values_get(LkStore *store, const LkKeyTable *table, gint64 owner, const char *key, char **value,
                       GError **error)
{
    LkQuery query;
    lk_query_open(&query, store, table->one, LK_INT(owner), LK_TEXT(key));
    *value = lk_query_next(&query) ? lk_query_dup(&query, 0) : NULL;
    return lk_query_close(&query, error);
}

bool lk_key_values_set(LkStore *store, const LkKeyTable *table, gint64 owner, const char *key, const char *value,
                       GError **error)
{
    return value ? lk_store_run(store, error, table->set, LK_INT(owner), LK_TEXT(key), LK_TEXT(value))
                 : lk_store_run(store, error, table->unset, LK_INT(owner), LK_TEXT(key));
}

bool lk_key_values_set_many(LkStore *store, const LkKeyTable *table, gint64 owner, GHashTable *values, bool only,
                            GError **error)
{
    if (!lk_store_begin(store, error))
        return false;
    bool ok = !only || lk_store_run(store, error, table->clear, LK_INT(owner));
    GHashTableIter iter;
    g_hash_table_iter_init(&iter, values);
    for (void *key, *value; ok && g_hash_table_iter_next(&iter, &key, &value);)
        ok = lk_key_values_set(store, table, owner, key, value, error);
    return lk_store_end(store, ok, error);
}
