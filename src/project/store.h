/* The program's SQLite store: projects, pictures' facts, undo history, settings, tasks and their metrics.
 *
 * What has a file of its own (pictures, captions, jobs, checkpoints) is only pointed at. A store is used from one
 * thread at a time; a second thread or process opens the same path for itself: readers do not wait for the writer, a
 * second writer waits a few seconds for the first.
 *
 * Throughout this folder: times are microseconds since 1970 (g_get_real_time), 0 meaning "not". Paths are bytes as the
 * file system has them; all other text is UTF-8. Errors are of the domain LK_ERROR, whole sentences: LK_ERROR_IO (disk
 * full, no permission, busy), LK_ERROR_FORMAT (damaged, or no store), LK_ERROR_UNSUPPORTED (made by a newer program),
 * LK_ERROR_USAGE (no such project, a name that is taken, …). A call that fails has changed nothing. */
#pragma once

#include "format/gerror.h"

#include <glib.h>
#include <stdbool.h>

typedef struct LkStore LkStore;

/** Opens the store at `path`, making it and missing parent folders, and brings one of an earlier version up to date. A
 * file that is damaged, something else, or from a newer program is refused and left as it is. NULL on failure. */
LkStore *lk_store_open(const char *path, GError **error);
/** Undoes a transaction that is still open, and closes. NULL is ignored. */
void lk_store_close(LkStore *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LkStore, lk_store_close)

const char *lk_store_path(const LkStore *store);
/** The version of the tables; this program's newest after lk_store_open. */
int lk_store_version(const LkStore *store);

/** Makes what follows one change that happens whole or not at all, also where the program is killed. Every function of
 * this folder that writes is such a change by itself; several together, or thousands of small ones (far faster so),
 * want one around them. They nest: an inner one that is rolled back leaves the outer one as it was. */
bool lk_store_begin(LkStore *store, GError **error);
/** Ends the innermost transaction and keeps it. On failure it is rolled back. */
bool lk_store_commit(LkStore *store, GError **error);
/** Ends the innermost transaction and undoes it. Without one nothing happens. */
void lk_store_rollback(LkStore *store);

/** Runs `body` in a transaction: kept if it returns true, undone if it returns false. */
typedef bool (*LkStoreBody)(LkStore *store, void *data, GError **error);
bool lk_store_transaction(LkStore *store, LkStoreBody body, void *data, GError **error);

/** Reads the whole store and fails with LK_ERROR_FORMAT where it is damaged (takes about a second for 100 MB). */
bool lk_store_check(LkStore *store, GError **error);

/** Writes a copy of the store to `path`, which must not exist. Not within a transaction. */
bool lk_store_copy_to(LkStore *store, const char *path, GError **error);

/** Renames a store that cannot be opened, and what belongs to it, to a free name beside it, so that a new one can be
 * made. Returns that name (free with g_free), NULL on failure. */
char *lk_store_set_aside(const char *path, GError **error);
