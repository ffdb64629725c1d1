/* Writer of ZIP archives with stored (not compressed) entries whose data is aligned, as PyTorch's reader likes it.
 * Grows to ZIP64 where sizes, offsets or the number of entries need it (APPNOTE.TXT 6.3.x, sections 4.3 to 4.5). */
#pragma once

#include "base/file.h"

typedef struct LkZipWriter LkZipWriter;

/** Opens a temporary file beside `path`; the data of each entry begins at a multiple of `alignment` (a power of two up
 *  to 4096). NULL on failure. */
LkZipWriter *lk_zip_writer_new(const char *path, unsigned alignment, LkError *error);
/** Adds one entry. */
bool lk_zip_writer_add(LkZipWriter *writer, const char *name, const void *data, uint64_t size, LkError *error);
/** Writes the directory and puts the file in place. Frees the writer whatever happens. */
bool lk_zip_writer_commit(LkZipWriter *writer, LkError *error);
/** Drops the file and the writer. NULL is ignored. */
void lk_zip_writer_abandon(LkZipWriter *writer);
