/* Frozen weights that a device holds, shared by its programs: one entry for each stored form of each weight. What is
 * particular to a backend stands behind the entry, which is the first member of its own struct. */
#pragma once

#include "backend/held.h"

typedef struct LkHeldWeight {
    char *name;
    int form; /* in which order it is stored, as the backend counts them */
    LkDType dtype;
    bool on_host; /* of a card's program: kept in the host's memory, to be fetched */
    int rank;
    int64_t shape[LK_MAX_RANK]; /* in the file's order */
    size_t bytes;
    void *data; /* NULL until the first bind */
    int users;  /* programs */
    struct LkHeldWeight *next;
} LkHeldWeight;

enum { LK_HELD_BUCKETS = 1024 };

typedef struct LkHeldWeights {
    LkHeldWeight *bucket[LK_HELD_BUCKETS];
} LkHeldWeights;

/** All whose names have this name's hash: the first of a list. */
LkHeldWeight *lk_held_weight_list(const LkHeldWeights *weights, const char *name);

/** The stored form that exists already, or NULL. */
LkHeldWeight *lk_held_weight_find(const LkHeldWeights *weights, const char *name, int form, LkDType dtype,
                                  bool on_host);

/** A new entry for this tensor in a struct of `size` bytes, without data; NULL with the error where memory is short. */
void *lk_held_weight_new(LkHeldWeights *weights, size_t size, const LkTensor *tensor, int form, LkDType dtype,
                         bool on_host, size_t bytes, LkError *error);

/** Takes those out that no program uses (all of them where `all`) and has each freed by `release`. */
void lk_held_weights_trim(LkHeldWeights *weights, bool all, LkDevice *device,
                          void (*release)(LkDevice *device, LkHeldWeight *weight));

/** Bytes of what programs use, loaded or not, on the host or on the device. */
int64_t lk_held_weights_planned(const LkHeldWeights *weights, bool on_host);

/** Bytes of what a program uses, on the host or on the device, and the device does not hold yet. */
int64_t lk_held_weights_missing(const LkUses *uses, bool on_host);
