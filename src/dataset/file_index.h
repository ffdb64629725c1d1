/* Content hashes of files, remembered by what the file system says about them, so that an unchanged file is read once.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct LkFileIndex LkFileIndex;

/** Opens the index stored at `path`; one that is missing or damaged is empty (lines that are whole still count). */
LkFileIndex *lk_file_index_open(const char *path);

/** SHA-256 of a file's content. A file with the same device, inode, size and modification time as one hashed before is
 * not read. One changed within the last two seconds is hashed but not remembered: it could change again within a clock
 * tick. Safe from several threads. *was_known (may be NULL) says whether reading was saved. */
bool lk_file_index_hash(LkFileIndex *index, const char *path, uint8_t out[32], bool *was_known, GError **error);

/** Writes the index if it has grown, together with what another process has added meanwhile. */
bool lk_file_index_save(LkFileIndex *index, GError **error);

/** Frees without saving. */
void lk_file_index_free(LkFileIndex *index);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LkFileIndex, lk_file_index_free)
