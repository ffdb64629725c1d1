/* A pickle as data: what it says is read, and nothing that it names is ever called.
 *
 * Known are texts, numbers, tuples, dictionaries, and what a file of PyTorch has beside them: storages and the tensors
 * that are rebuilt of them. Everything else, whatever it asks to be called, becomes LK_PICKLE_OTHER. Time and memory
 * are proportional to the pickle's size, and bounded. */
#pragma once

#include "format/filedtype.h"

#include <glib.h>

typedef enum LkPickleType {
    LK_PICKLE_OTHER,
    LK_PICKLE_NUMBER, /* whole; other numbers are LK_PICKLE_OTHER */
    LK_PICKLE_TEXT,
    LK_PICKLE_TUPLE, /* its items do not change any more */
    LK_PICKLE_DICT,
    LK_PICKLE_GLOBAL, /* `text` is "module name" */
    LK_PICKLE_STORAGE,
    LK_PICKLE_TENSOR,
} LkPickleType;

typedef struct LkPickleValue LkPickleValue;
struct LkPickleValue {
    LkPickleType type;
    int64_t number;        /* NUMBER; STORAGE: elements; TENSOR: first element in the storage */
    char *text;            /* TEXT, GLOBAL; STORAGE: its key in the archive */
    GPtrArray *items;      /* TUPLE: values; DICT: key, value, key, value, in the order in which they were set */
    LkFileDType dtype;     /* STORAGE */
    LkPickleValue *parent; /* TENSOR: its storage */
    LkPickleValue *shape, *strides; /* TENSOR: tuples */
};

typedef struct LkPickle {
    GPtrArray *values; /* all of them */
    LkPickleValue *root;
} LkPickle;

/** Reads a pickle of protocol 2 to 5. NULL, and a clause with what is wrong in *problem (g_free). */
LkPickle *lk_pickle_read(const uint8_t *data, size_t size, char **problem);
void lk_pickle_free(LkPickle *pickle);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LkPickle, lk_pickle_free)

/** What a text of a dictionary leads to, the last one that was set; or NULL. */
const LkPickleValue *lk_pickle_get(const LkPickleValue *dict, const char *key);
