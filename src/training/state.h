/* What resuming needs, in one file: the adapter, the optimizer's moments, the step, and which job it belongs to.
 *
 * The file is a safetensors file, written under a temporary name and renamed; the one before it is kept beside it with
 * ".previous" in its name. Every tensor, and what the metadata says, has a checksum in the metadata. Random numbers
 * need no state: they are functions of seed and step. */
#pragma once

#include "base/dtype.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

enum { LK_STATE_ARRAYS = 6 };

/** An array beside the weights: what the optimizer keeps, the average. */
typedef struct LkStateArray {
    char *name;
    LkDType dtype; /* LK_F32 or LK_I32 */
    int64_t count;
    void *data;
} LkStateArray;

typedef struct LkState {
    int64_t step;  /* optimizer steps done */
    char *job;     /* canonical text of the job as the run began with it (lk_job_canonical) */
    char *changes; /* what was changed since (lk_changes_write), or NULL */
    char *guard;   /* loss scale and trouble (lk_guard_write), or NULL: those of a new run */
    char *layout;  /* hash of the adapter's modules: names, sizes, places */
    char *tiles;   /* side of the VAE's tiles in pixels, or NULL: whole pictures */
    char *dataset; /* what it is trained on (lk_dataset_digest), or NULL: an older version saved it */
    char *device;  /* device and library versions: other ones may give other bits */
    int64_t elements;
    float *adapter; /* [elements] */
    int n_arrays;
    LkStateArray arrays[LK_STATE_ARRAYS];
    char *averaging; /* what schedule-free averaging knows (lk_averaging_write), or NULL */
} LkState;

/** A state with memory for the adapter, zero, and no other arrays. NULL when memory is out. */
LkState *lk_state_new(int64_t elements);
/** Adds an array of zeros. False when memory is out, or there are too many. */
bool lk_state_add(LkState *state, const char *name, LkDType dtype, int64_t count);
/** The array of this name, or NULL. */
LkStateArray *lk_state_array(const LkState *state, const char *name);
/** The same of floats: its data, or NULL. */
float *lk_state_floats(const LkState *state, const char *name);
/** Whether two states have the same arrays, whatever is in them. */
bool lk_state_same_shape(const LkState *a, const LkState *b);
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
