/* The text in a caption file's bytes, whatever encoding other programs wrote it in. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

/* A caption is a few lines; something larger is another kind of file. */
#define LK_CAPTION_MOST_BYTES ((size_t)1 << 20)

#define LK_CAPTION_UTF8 "UTF-8"

/** The text of a file's bytes as UTF-8 without a byte order mark. *encoding (may be NULL) gets a static name of what it
 * was taken for: "UTF-8", "UTF-16" (with a mark), "GB18030" (Chinese) or "Windows-1252" (Western European). Others
 * cannot be told from the latter. NULL where it is no text. Free with g_free. */
char *lk_caption_decode(const char *bytes, size_t size, const char **encoding);

/** Writes a caption file that is not UTF-8 anew as UTF-8, atomically; one that is UTF-8 stays as it is. Fails with
 * LK_ERROR_IO, or LK_ERROR_FORMAT where it is no text. */
bool lk_caption_convert(const char *path, GError **error);
