#include "project/views.h"

#include "project/key_values.h"

static const LkKeyTable views = LK_KEY_TABLE("view", "project");

GHashTable *lk_views_get_all(LkStore *store, gint64 project, GError **error)
{
    return lk_key_values_get_all(store, &views, project, error);
}

bool lk_views_set(LkStore *store, gint64 project, const char *key, const char *value, GError **error)
{
    return lk_key_values_set(store, &views, project, key, value, error);
}
