/* Tables of key and value that belong to something: settings and views of projects, values of presets. */
#pragma once

#include "project/store.h"

/** The statements of one such table. */
typedef struct LkKeyTable {
    const char *all, *one, *set, *unset, *clear;
} LkKeyTable;

/** They differ by the table's name and that of the column that says to what a row belongs. */
#define LK_KEY_TABLE(table, owner)                                                                                     \
    {                                                                                                                  \
        .all = "SELECT key, value FROM " table " WHERE " owner " = ?",                                                 \
        .one = "SELECT value FROM " table " WHERE " owner " = ? AND key = ?",                                          \
        .set = "INSERT INTO " table " (" owner ", key, value) VALUES (?, ?, ?)"                                        \
               " ON CONFLICT DO UPDATE SET value = excluded.value",                                                    \
        .unset = "DELETE FROM " table " WHERE " owner " = ? AND key = ?",                                              \
        .clear = "DELETE FROM " table " WHERE " owner " = ?",                                                          \
    }

/** An empty table of texts that it owns. */
GHashTable *lk_key_values_new(void);

/** All pairs: char * → char *. NULL on failure. */
GHashTable *lk_key_values_get_all(LkStore *store, const LkKeyTable *table, gint64 owner, GError **error);
/** One value in *value (free with g_free), NULL if there is none. */
bool lk_key_values_get(LkStore *store, const LkKeyTable *table, gint64 owner, const char *key, char **value,
                       GError **error);
/** Sets one; NULL unsets it. */
bool lk_key_values_set(LkStore *store, const LkKeyTable *table, gint64 owner, const char *key, const char *value,
                       GError **error);
/** Sets (NULL: unsets) many in one transaction; `only`: and removes all others. */
bool lk_key_values_set_many(LkStore *store, const LkKeyTable *table, gint64 owner, GHashTable *values, bool only,
                            GError **error);
