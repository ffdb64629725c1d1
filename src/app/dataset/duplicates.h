/* Which of some new files have the same bytes as another one. Reads only files whose size another has as well. For a
 * thread. */
#pragma once

#include <gio/gio.h>
#include <stdbool.h>
#include <stdint.h>

/** A file that may be a duplicate, or what another is a duplicate of. */
typedef struct LkTwinCandidate {
    char *path;
    gint64 bytes;
    bool fresh;    /* new: may be a duplicate */
    bool has_hash; /* `hash` is known already */
    uint8_t hash[32];
    const char *twin; /* out: the path of the file it is the same as (of the list), NULL for none */
} LkTwinCandidate;

GArray *lk_twin_candidates_new(void); /* of LkTwinCandidate, whose paths it owns */

/** Fills `twin` of the fresh ones: the other is one that is not fresh, or a fresh one that stands before it. Files that
 * cannot be read are nobody's twin. `progress` (may be NULL) is called before each file that is read. */
void lk_twins_find(GArray *candidates, GCancellable *cancellable, void (*progress)(void *data, guint done, guint total),
                   void *data);
