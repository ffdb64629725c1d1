/* What devices and programs hold, as far as it is the same whatever the device: states by name, the list of the weights
 * that a program uses. Where the memory comes from is the backend's. */
#pragma once

#include "backend/backend.h"

/** The adapter, an optimizer's moments: kept from one program to the next. */
typedef struct LkHeldState {
    char *name;
    size_t bytes;
    void *data;
    struct LkHeldState *next;
} LkHeldState;

/** How a backend takes memory for a state, zeroed, and gives it back. */
typedef struct LkHeldMemory {
    void *(*take)(LkDevice *device, size_t bytes, LkError *error); /* NULL with the error */
    void (*give)(LkDevice *device, void *data, size_t bytes);
} LkHeldMemory;

/** The state of this tensor, made where there is none of its name yet; NULL with the error. */
LkHeldState *lk_held_state(LkHeldState **states, LkDevice *device, const LkTensor *tensor, const LkHeldMemory *memory,
                           LkError *error);

/** Bytes of a graph's states that are not there yet. */
int64_t lk_held_states_missing(const LkHeldState *states, const LkGraph *graph);

void lk_held_states_free(LkHeldState **states, LkDevice *device, const LkHeldMemory *memory);

/** What a program uses of what its device holds, each once. */
typedef struct LkUses {
    void **items;
    int count, capacity;
} LkUses;

/** Whether it is in the list. */
bool lk_uses_have(const LkUses *uses, const void *item);
/** Adds it, unless it is there, and then counts one user more. */
bool lk_uses_add(LkUses *uses, void *item, int *users, LkError *error);
