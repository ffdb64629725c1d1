/* Entries of a ZIP archive that are stored as they are, as PyTorch's files have them.
 *
 * Every number of the archive is checked before it is used; the entries' bytes stay in the file. */
#pragma once

#include "base/input.h"

#include <glib.h>

typedef struct LkZipEntry {
    char *name;      /* valid UTF-8 */
    uint64_t offset; /* of its bytes in the input */
    uint64_t size;
} LkZipEntry;

typedef struct LkZip {
    LkZipEntry *entries; /* sorted by name */
    size_t count;
    char *names; /* all of them */
} LkZip;

/** Reads the directory of an archive. NULL, and the reason in `error`: a clause to follow the file's name with
 * LK_ERROR_FORMAT where it is broken, in several parts, encrypted or compressed; any other code is a whole sentence
 * (it cannot be read, or there is not enough memory). */
LkZip *lk_zip_open(const LkInput *input, LkError *error);
void lk_zip_free(LkZip *zip);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LkZip, lk_zip_free)

/** The entry of that name, or NULL. */
const LkZipEntry *lk_zip_find(const LkZip *zip, const char *name);
