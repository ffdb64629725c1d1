/* Parameters that suit a purpose or a size of memory, as a table: what a new project begins with, and what people who
 * do not want to think about every parameter choose from. */
#pragma once

#include "backend/backend.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct LkPreset {
    const char *id;            /* "character": stable, for files */
    const char *title;         /* N_() */
    const char *purpose;       /* N_(): one line that says what it is for */
    bool part;                 /* changes some parameters (memory) and leaves the rest as they are */
    int steps;                 /* a run of this length is usual; 0: it says nothing about that */
    const char *values[12][2]; /* key and value; see LK_PRESET_PRECISION */
} LkPreset;

/** Stands for the precision that the device is fastest with. */
#define LK_PRESET_PRECISION "device"

extern const LkPreset lk_presets[];
extern const size_t lk_preset_count;

/** NULL if there is none. */
const LkPreset *lk_preset_find(const char *id);

/** Its parameters as lk_job_set takes them, char * → char *; those that are our defaults anyway are left out unless it
 * is a `part`. `device` may be NULL: then float32. */
GHashTable *lk_preset_values(const LkPreset *preset, const LkDeviceInfo *device);

/** "bf16", "fp16" or "no". */
const char *lk_preset_precision(const LkDeviceInfo *device);

/** Epochs that make about `steps` optimizer steps of `shown` pictures (each counted with its repeats) in batches; 10
 * where nothing is known of the pictures. Round numbers, from 1 to 1000. */
int lk_preset_epochs(int steps, int64_t shown, int batch, int accumulation);
/** How often to save in so many epochs: about ten times. */
int lk_preset_save_every(int epochs);

/** True for what a preset is about: not names, files, folders and texts, which are the user's own. */
bool lk_preset_covers(const char *key);
