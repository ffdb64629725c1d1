/* The keys of a dataset TOML: one row each says where it may stand, its type and range, and which field it is. Reader
 * and writer go by it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/** The tables of the file, from the outermost. */
typedef enum LkDatasetLevel {
    LK_DATASET_GENERAL,
    LK_DATASET_DATASET,
    LK_DATASET_SUBSET,
    LK_DATASET_LEVELS,
} LkDatasetLevel;

typedef enum LkDatasetKeyType {
    LK_DATASET_BOOLEAN,    /* bool */
    LK_DATASET_INTEGER,    /* int */
    LK_DATASET_NUMBER,     /* double */
    LK_DATASET_TEXT,       /* char * */
    LK_DATASET_TEXTS,      /* char **, ended by NULL */
    LK_DATASET_RESOLUTION, /* LkSize */
    LK_DATASET_SCALING,    /* int: LkInterpolation */
    LK_DATASET_ANY,        /* of unsupported keys */
} LkDatasetKeyType;

/** Which struct a key's value belongs to. */
typedef enum LkDatasetTarget {
    LK_DATASET_OF_BLOCK,  /* LkDatasetBlock */
    LK_DATASET_OF_SUBSET, /* LkSubset */
    LK_DATASET_UNSUPPORTED,
} LkDatasetTarget;

typedef struct LkDatasetKey {
    const char *name;
    LkDatasetTarget target;
    LkDatasetKeyType type;
    unsigned levels; /* bits of 1 << LkDatasetLevel */
    size_t offset;
    double least, most;  /* of numbers; for unsupported ones the value that means "off" is `least` */
    const char *instead; /* of an unsupported key: what to do */
} LkDatasetKey;

extern const LkDatasetKey lk_dataset_keys[];
extern const size_t lk_dataset_key_count;

/** "[general]", … */
extern const char *const lk_dataset_level_names[LK_DATASET_LEVELS];

/** The row of a key, or NULL. */
const LkDatasetKey *lk_dataset_find_key(const char *name);
