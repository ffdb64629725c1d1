/* Entries of a ZIP archive in memory that are stored as they are, as PyTorch's files have them.
 *
 * Every number of the archive is checked before it is used; nothing is copied but names. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct LkZipEntry {
    char *name; /* valid UTF-8 */
    const uint8_t *data;
    size_t size;
} LkZipEntry;

typedef struct LkZip {
    GArray *entries;     /* LkZipEntry */
    GHashTable *by_name; /* name → LkZipEntry */
} LkZip;

/** Reads the directory of an archive; the bytes must outlive it. NULL, and a clause with what is wrong in *problem
 * (g_free), where it is broken, in several parts, encrypted or compressed. */
LkZip *lk_zip_open(const uint8_t *data, size_t size, char **problem);
void lk_zip_free(LkZip *zip);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LkZip, lk_zip_free)

/** The entry of that name, or NULL. */
const LkZipEntry *lk_zip_find(const LkZip *zip, const char *name);
