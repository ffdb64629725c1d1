/* What resuming needs, in one file: the adapter, the optimizer's moments, the step, and which job it belongs to.
 *
 * The file is a safetensors file, written under a temporary name and renamed; the one before it is kept beside it with
 * ".previous" in its name. Every tensor, and what the metadata says, has a checksum in the metadata. Random numbers
 * need no state: they are functions of seed and step. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct LkState {
    int64_t step;  /* optimizer steps done */
    char *job;     /* canonical text of the job as the run began with it (lk_job_canonical) */
    char *changes; /* what was changed since (lk_changes_write), or NULL */
    char *guard;   /* loss scale and trouble (lk_guard_write), or NULL: those of a new run */
    char *layout;  /* hash of the adapter's modules: names, sizes, places */
    char *dataset; /* what it is trained on (lk_dataset_digest), or NULL: an older version saved it */
    char *device;  /* device and library versions: other ones may give other bits */
    int64_t elements;
    float *adapter, *m, *v; /* [elements] */
} LkState;

/** A state with memory for `elements` of each array, zero. NULL when memory is out. */
LkState *lk_state_new(int64_t elements);
void lk_state_free(LkState *state);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LkState, lk_state_free)

/** Saves atomically; the file that was at `path` becomes lk_state_previous(path) where it is whole. Fails with
 * LK_ERROR_NUMERIC, and writes nothing, where a number is not finite. */
bool lk_state_save(const LkState *state, const char *path, GError **error);

/** Reads and checks a state file: version, sizes, checksums. */
LkState *lk_state_load(const char *path, GError **error);

/** The name under which the previous state is kept. Free with g_free. */
char *lk_state_previous(const char *path);

/** The name under which a state is written. A whole file of this name is what an interrupted save left. */
char *lk_state_next(const char *path);
