#include "app/core/texture_memory.h"

typedef struct Entry {
    char *key;
    GdkTexture *texture;
    gsize bytes;
    GList link; /* in `order` */
} Entry;

struct LkTextureMemory {
    GHashTable *entries; /* key (of the entry) → Entry */
    GQueue order;        /* of Entry; the one used last first */
    gsize bytes, most_bytes;
};

static void entry_free(gpointer pointer)
{
    Entry *entry = pointer;
    g_object_unref(entry->texture);
    g_free(entry->key);
    g_free(entry);
}

LkTextureMemory *lk_texture_memory_new(gsize most_bytes)
{
    LkTextureMemory *self = g_new0(LkTextureMemory, 1);
    self->most_bytes = most_bytes;
    self->entries = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, entry_free);
    return self;
}

void lk_texture_memory_free(LkTextureMemory *self)
{
    g_hash_table_unref(self->entries);
    g_free(self);
}

static void drop(LkTextureMemory *self, Entry *entry)
{
    g_queue_unlink(&self->order, &entry->link);
    self->bytes -= entry->bytes;
    g_hash_table_remove(self->entries, entry->key);
}

GdkTexture *lk_texture_memory_get(LkTextureMemory *self, const char *key)
{
    Entry *entry = g_hash_table_lookup(self->entries, key);
    if (!entry)
        return NULL;
    g_queue_unlink(&self->order, &entry->link);
    g_queue_push_head_link(&self->order, &entry->link);
    return entry->texture;
}

void lk_texture_memory_put(LkTextureMemory *self, const char *key, GdkTexture *texture)
{
    Entry *entry = g_new0(Entry, 1);
    entry->key = g_strdup(key);
    entry->texture = g_object_ref(texture);
    /* Three or four bytes a pixel; the difference does not matter for a bound. */
    entry->bytes = (gsize)gdk_texture_get_width(texture) * (gsize)gdk_texture_get_height(texture) * 4;
    entry->link.data = entry;
    lk_texture_memory_remove(self, key);
    g_hash_table_insert(self->entries, entry->key, entry);
    g_queue_push_head_link(&self->order, &entry->link);
    self->bytes += entry->bytes;
    while (self->bytes > self->most_bytes && self->order.length > 1)
        drop(self, g_queue_peek_tail(&self->order));
}

void lk_texture_memory_remove(LkTextureMemory *self, const char *key)
{
    Entry *entry = g_hash_table_lookup(self->entries, key);
    if (entry)
        drop(self, entry);
}

gsize lk_texture_memory_bytes(const LkTextureMemory *self)
{
    return self->bytes;
}
