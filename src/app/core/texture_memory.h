/* Textures that were shown lately: a table with a bound on its bytes, which drops what was not asked for longest. */
#pragma once

#include <gdk/gdk.h>

typedef struct LkTextureMemory LkTextureMemory;

/** Holds at most about `most_bytes` of pixels (one texture may be larger alone). */
LkTextureMemory *lk_texture_memory_new(gsize most_bytes);
void lk_texture_memory_free(LkTextureMemory *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LkTextureMemory, lk_texture_memory_free)

/** The texture kept under `key` (borrowed), or NULL. It counts as used now. */
GdkTexture *lk_texture_memory_get(LkTextureMemory *self, const char *key);
/** Keeps a texture, in the place of one with the same key. */
void lk_texture_memory_put(LkTextureMemory *self, const char *key, GdkTexture *texture);
void lk_texture_memory_remove(LkTextureMemory *self, const char *key);
/** The bytes of pixels held now. */
gsize lk_texture_memory_bytes(const LkTextureMemory *self);
