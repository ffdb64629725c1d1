/* Files: whole reads, and writes that either happen whole or not at all. */
#pragma once

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

/** A file being written under a temporary name in the target's folder. */
typedef struct LkFileWriter LkFileWriter;

/** Opens a temporary file beside `path`. NULL on failure. */
LkFileWriter *lk_file_writer_new(const char *path, LkError *error);
bool lk_file_writer_write(LkFileWriter *writer, const void *data, size_t size, LkError *error);
/** Overwrites bytes already written (headers with offsets or checksums). */
bool lk_file_writer_patch(LkFileWriter *writer, uint64_t offset, const void *data, size_t size, LkError *error);
/** fsync, rename over `path`, fsync of the folder; frees the writer whatever happens. */
bool lk_file_writer_commit(LkFileWriter *writer, LkError *error);
/** Removes the temporary file and frees the writer. NULL is ignored. */
void lk_file_writer_abandon(LkFileWriter *writer);

/** Removes what writers left in a folder when their process was killed. Files that are still being written stay. */
void lk_file_remove_leftovers(const char *folder);

/** Replaces `path` by these bytes, atomically and durably. */
bool lk_file_replace(const char *path, const void *data, size_t size, LkError *error);

/** Reads a whole file of at most `cap` bytes; *data is malloc'ed, with a NUL behind the last byte. Devices and pipes
 * are refused, not waited for. */
bool lk_file_read(const char *path, size_t cap, char **data, size_t *size, LkError *error);

/** Makes what was done to the names in a file's folder (rename, unlink) durable. File systems that cannot sync a folder
 * are no failure. */
void lk_file_sync_folder(const char *path);

/** Makes a folder and its missing parents. */
bool lk_make_folders(const char *path, LkError *error);
