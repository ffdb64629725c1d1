/* An ordered list of text pairs: what safetensors files and pictures carry beside their numbers. */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct LkMetadata LkMetadata;

LkMetadata *lk_metadata_new(void);
LkMetadata *lk_metadata_copy(const LkMetadata *metadata); /* NULL gives an empty one */
void lk_metadata_free(LkMetadata *metadata);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LkMetadata, lk_metadata_free)

/** Sets a key; one that is there keeps its place. Both texts are copied. */
void lk_metadata_set(LkMetadata *metadata, const char *key, const char *value);
/** The same for texts of a file, which may be large: false with an error where there is not enough memory. */
bool lk_metadata_try_set(LkMetadata *metadata, const char *key, const char *value, GError **error);
void lk_metadata_setf(LkMetadata *metadata, const char *key, const char *format, ...) G_GNUC_PRINTF(3, 4);

/** The value of a key, or NULL. */
const char *lk_metadata_get(const LkMetadata *metadata, const char *key);

/** Pairs in the order they were set. A NULL list has none. */
size_t lk_metadata_count(const LkMetadata *metadata);
const char *lk_metadata_key(const LkMetadata *metadata, size_t i);
const char *lk_metadata_value(const LkMetadata *metadata, size_t i);
