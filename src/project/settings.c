#include "project/settings.h"

#include "project/key_values.h"

static const LkKeyTable settings = LK_KEY_TABLE("setting", "project");

GHashTable *lk_settings_get_all(LkStore *store, gint64 project, GError **error)
{
    return lk_key_values_get_all(store, &settings, project, error);
}

bool lk_settings_get(LkStore *store, gint64 project, const char *key, char **value, GError **error)
{
    return lk_key_values_get(store, &settings, project, key, value, error);
}

bool lk_settings_set(LkStore *store, gint64 project, const char *key, const char *value, GError **error)
{
    return lk_key_values_set(store, &settings, project, key, value, error);
}

bool lk_settings_unset(LkStore *store, gint64 project, const char *key, GError **error)
{
    return lk_key_values_set(store, &settings, project, key, NULL, error);
}

bool lk_settings_set_many(LkStore *store, gint64 project, GHashTable *values, GError **error)
{
    return lk_key_values_set_many(store, &settings, project, values, false, error);
}

bool lk_settings_replace(LkStore *store, gint64 project, GHashTable *values, GError **error)
{
    return lk_key_values_set_many(store, &settings, project, values, true, error);
}
