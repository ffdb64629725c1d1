/* PNG pictures with text entries, such as the "parameters" that Stable Diffusion WebUI writes into what it makes. */
#pragma once

#include "format/metadata.h"

#include <stdint.h>

/** Writes 8-bit RGB, rows from the top, `stride` bytes apart (at least 3 · width), atomically. `texts` may be NULL;
 * keys are 1 to 79 printable ASCII characters. A text that fits Latin-1 becomes tEXt, any other iTXt (as Pillow does
 * it, whose files the other programs read). */
bool lk_png_write(const char *path, const uint8_t *rgb, int width, int height, size_t stride, const LkMetadata *texts,
                  GError **error);

/** The text entries of a PNG file (tEXt, zTXt, iTXt), as UTF-8; of two with one key the last. NULL on error. The
 *  picture itself is not decoded. */
LkMetadata *lk_png_read_texts(const char *path, GError **error);
/** The same of bytes in memory; `name` is for messages. */
LkMetadata *lk_png_read_texts_bytes(const void *data, size_t size, const char *name, GError **error);
