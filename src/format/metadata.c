#include "format/metadata.h"

#include "format/gerror.h"

#include <string.h>

typedef struct Pair {
    char *key, *value;
} Pair;

struct LkMetadata {
    GPtrArray *pairs;
    GHashTable *by_key; /* key → Pair, both owned by `pairs` */
};

static void pair_free(void *data)
{
    Pair *pair = data;
    g_free(pair->key);
    g_free(pair->value);
    g_free(pair);
}

LkMetadata *lk_metadata_new(void)
{
    LkMetadata *metadata = g_new0(LkMetadata, 1);
    metadata->pairs = g_ptr_array_new_with_free_func(pair_free);
    metadata->by_key = g_hash_table_new(g_str_hash, g_str_equal);
    return metadata;
}

LkMetadata *lk_metadata_copy(const LkMetadata *metadata)
{
    LkMetadata *copy = lk_metadata_new();
    for (size_t i = 0; i < lk_metadata_count(metadata); i++)
        lk_metadata_set(copy, lk_metadata_key(metadata, i), lk_metadata_value(metadata, i));
    return copy;
}

void lk_metadata_free(LkMetadata *metadata)
{
    if (!metadata)
        return;
    g_hash_table_unref(metadata->by_key);
    g_ptr_array_unref(metadata->pairs);
    g_free(metadata);
}

/* Both texts go over to the list. */
static void set_owned(LkMetadata *metadata, char *key, char *value)
{
    Pair *pair = g_hash_table_lookup(metadata->by_key, key);
    if (pair) {
        g_free(key);
        g_free(pair->value);
        pair->value = value;
        return;
    }
    pair = g_new0(Pair, 1);
    pair->key = key;
    pair->value = value;
    g_ptr_array_add(metadata->pairs, pair);
    g_hash_table_insert(metadata->by_key, pair->key, pair);
}

static char *try_copy(const char *text, GError **error)
{
    const size_t size = strlen(text) + 1;
    char *copy = LK_TRY_NEW(char, size, error);
    return copy ? memcpy(copy, text, size) : NULL;
}

bool lk_metadata_try_set(LkMetadata *metadata, const char *key, const char *value, GError **error)
{
    char *own_key = try_copy(key, error), *own_value = own_key ? try_copy(value, error) : NULL;
    if (own_value)
        set_owned(metadata, own_key, own_value);
    else
        g_free(own_key);
    return own_value != NULL;
}

void lk_metadata_set(LkMetadata *metadata, const char *key, const char *value)
{
    set_owned(metadata, g_strdup(key), g_strdup(value ? value : ""));
}

void lk_metadata_setf(LkMetadata *metadata, const char *key, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    set_owned(metadata, g_strdup(key), g_strdup_vprintf(format, args));
    va_end(args);
}

const char *lk_metadata_get(const LkMetadata *metadata, const char *key)
{
    const Pair *pair = metadata ? g_hash_table_lookup(metadata->by_key, key) : NULL;
    return pair ? pair->value : NULL;
}

size_t lk_metadata_count(const LkMetadata *metadata)
{
    return metadata ? metadata->pairs->len : 0;
}

static const Pair *pair_at(const LkMetadata *metadata, size_t i)
{
    return i < lk_metadata_count(metadata) ? metadata->pairs->pdata[i] : NULL;
}

const char *lk_metadata_key(const LkMetadata *metadata, size_t i)
{
    const Pair *pair = pair_at(metadata, i);
    return pair ? pair->key : NULL;
}

const char *lk_metadata_value(const LkMetadata *metadata, size_t i)
{
    const Pair *pair = pair_at(metadata, i);
    return pair ? pair->value : NULL;
}
