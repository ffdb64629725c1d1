#include "backend/held_weights.h"

#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

static unsigned bucket_of(const char *name)
{
    return (unsigned)(lk_hash64(name, strlen(name), 0) % LK_HELD_BUCKETS);
}

LkHeldWeight *lk_held_weight_list(const LkHeldWeights *weights, const char *name)
{
    return weights->bucket[bucket_of(name)];
}

LkHeldWeight *lk_held_weight_find(const LkHeldWeights *weights, const char *name, int form, LkDType dtype, bool on_host)
{
    for (LkHeldWeight *w = lk_held_weight_list(weights, name); w; w = w->next)
        if (w->form == form && w->dtype == dtype && w->on_host == on_host && strcmp(w->name, name) == 0)
            return w;
    return NULL;
}

void *lk_held_weight_new(LkHeldWeights *weights, size_t size, const LkTensor *tensor, int form, LkDType dtype,
                         bool on_host, size_t bytes, LkError *error)
{
    LkHeldWeight *weight = calloc(1, size);
    char *name = strdup(tensor->name);
    if (!weight || !name) {
        free(weight);
        free(name);
        lk_fail(error, LK_ERROR_MEMORY, "There is not enough memory to describe the weight '%s'.", tensor->name);
        return NULL;
    }
    LkHeldWeight **bucket = &weights->bucket[bucket_of(name)];
    *weight = (LkHeldWeight){.name = name,
                             .form = form,
                             .dtype = dtype,
                             .on_host = on_host,
                             .rank = tensor->rank,
                             .bytes = bytes,
                             .next = *bucket};
    memcpy(weight->shape, tensor->shape, sizeof weight->shape);
    return *bucket = weight;
}

void lk_held_weights_trim(LkHeldWeights *weights, bool all, LkDevice *device,
                          void (*release)(LkDevice *device, LkHeldWeight *weight))
{
    for (int b = 0; b < LK_HELD_BUCKETS; b++)
        for (LkHeldWeight **link = &weights->bucket[b]; *link;) {
            LkHeldWeight *weight = *link;
            if (weight->users > 0 && !all) {
                link = &weight->next;
                continue;
            }
            *link = weight->next;
            free(weight->name);
            release(device, weight);
        }
}

int64_t lk_held_weights_planned(const LkHeldWeights *weights, bool on_host)
{
    int64_t bytes = 0;
    for (int b = 0; b < LK_HELD_BUCKETS; b++)
        for (const LkHeldWeight *w = weights->bucket[b]; w; w = w->next)
            bytes += w->users > 0 && w->on_host == on_host ? (int64_t)w->bytes : 0;
    return bytes;
}

int64_t lk_held_weights_missing(const LkUses *uses, bool on_host)
{
    int64_t bytes = 0;
    for (int i = 0; i < uses->count; i++) {
        const LkHeldWeight *weight = uses->items[i];
        bytes += weight->data || weight->on_host != on_host ? 0 : (int64_t)weight->bytes;
    }
    return bytes;
}
