#include "backend/held.h"

#include <stdlib.h>
#include <string.h>

static LkHeldState *find(LkHeldState *states, const char *name)
{
    for (LkHeldState *s = states; s; s = s->next)
        if (strcmp(s->name, name) == 0)
            return s;
    return NULL;
}

static LkHeldState *state_new(LkDevice *device, const char *name, size_t bytes, const LkHeldMemory *memory,
                              LkError *error)
{
    LkHeldState *state = calloc(1, sizeof *state);
    if (state)
        state->name = strdup(name);
    if (!state || !state->name)
        lk_fail(error, LK_ERROR_MEMORY, "There is not enough memory for the adapter and its optimizer (%zu bytes).",
                bytes);
    else if ((state->data = memory->take(device, bytes, error)))
        return state;
    if (state)
        free(state->name);
    free(state);
    return NULL;
}

LkHeldState *lk_held_state(LkHeldState **states, LkDevice *device, const LkTensor *tensor, const LkHeldMemory *memory,
                           LkError *error)
{
    size_t bytes = (size_t)lk_tensor_bytes(tensor);
    LkHeldState *state = find(*states, tensor->name);
    if (state && state->bytes != bytes) {
        lk_fail(error, LK_ERROR_DEVICE, "The state '%s' is used with two sizes.", tensor->name);
        return NULL;
    }
    if (state || !(state = state_new(device, tensor->name, bytes, memory, error)))
        return state;
    state->bytes = bytes;
    state->next = *states;
    *states = state;
    return state;
}

int64_t lk_held_states_missing(const LkHeldState *states, const LkGraph *graph)
{
    int64_t bytes = 0;
    for (int32_t i = 0; i < graph->n_tensors; i++) {
        const LkTensor *t = &graph->tensors[i];
        if (t->kind == LK_TENSOR_STATE && !find((LkHeldState *)states, t->name))
            bytes += lk_tensor_bytes(t);
    }
    return bytes;
}

void lk_held_states_free(LkHeldState **states, LkDevice *device, const LkHeldMemory *memory)
{
    for (LkHeldState *state = *states, *next; state; state = next) {
        next = state->next;
        memory->give(device, state->data, state->bytes);
        free(state->name);
        free(state);
    }
    *states = NULL;
}

bool lk_uses_have(const LkUses *uses, const void *item)
{
    for (int i = 0; i < uses->count; i++)
        if (uses->items[i] == item)
            return true;
    return false;
}

bool lk_uses_add(LkUses *uses, void *item, int *users, LkError *error)
{
    if (lk_uses_have(uses, item))
        return true;
    if (uses->count == uses->capacity) {
        int wanted = uses->capacity ? uses->capacity * 2 : 256;
        void **larger = realloc(uses->items, (size_t)wanted * sizeof *larger);
        if (!larger)
            return lk_fail(error, LK_ERROR_MEMORY, "There is not enough memory to list the model's weights.");
        uses->items = larger;
        uses->capacity = wanted;
    }
    uses->items[uses->count++] = item;
    ++*users;
    return true;
}
