/* Frozen weights on the card: which forms there are, shared by all programs. */
#include "backend/cuda/cuda_backend.h"

#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

static unsigned bucket_of(const char *name)
{
    return (unsigned)(lk_hash64(name, strlen(name), 0) % LK_CUDA_WEIGHT_BUCKETS);
}

bool lk_cuda_is_weight(const LkGraph *graph, LkRef ref)
{
    return ref != LK_NONE && lk_graph_tensor(graph, lk_graph_owner(graph, ref))->kind == LK_TENSOR_WEIGHT;
}

LkCudaLayout lk_cuda_plain_layout(const LkTensor *weight)
{
    return weight->taps_first ? LK_CUDA_CHANNELS_LAST : LK_CUDA_PLAIN;
}

LkCudaWeight *lk_cuda_weight_find(const LkDevice *device, const char *name, LkCudaLayout layout, LkDType dtype,
                                  bool on_host)
{
    for (LkCudaWeight *w = device->weights[bucket_of(name)]; w; w = w->next)
        if (w->layout == layout && w->dtype == dtype && w->on_host == on_host && strcmp(w->name, name) == 0)
            return w;
    return NULL;
}

static LkCudaWeight *new_weight(LkDevice *device, const LkTensor *tensor, LkCudaLayout layout, LkDType dtype,
                                LkError *error)
{
    LkCudaWeight *weight = calloc(1, sizeof *weight);
    if (weight)
        weight->name = strdup(tensor->name);
    if (!weight || !weight->name) {
        free(weight);
        lk_fail(error, LK_ERROR_MEMORY, "There is not enough memory to describe the weight '%s'.", tensor->name);
        return NULL;
    }
    weight->layout = layout;
    weight->dtype = dtype;
    weight->on_host = tensor->on_host;
    weight->rank = tensor->rank;
    memcpy(weight->shape, tensor->shape, sizeof weight->shape);
    LkTensor stored = *tensor;
    stored.dtype = dtype;
    weight->bytes = (size_t)lk_cuda_aligned(lk_weight_bytes(&stored));
    unsigned bucket = bucket_of(tensor->name);
    weight->next = device->weights[bucket];
    device->weights[bucket] = weight;
    return weight;
}

LkCudaWeight *lk_cuda_weight(LkProgram *program, LkRef ref, LkCudaLayout layout, LkDType dtype, LkError *error)
{
    const LkTensor *tensor = lk_graph_tensor(program->graph, lk_graph_owner(program->graph, ref));
    LkCudaWeight *weight = lk_cuda_weight_find(program->device, tensor->name, layout, dtype, tensor->on_host);
    if (!weight)
        weight = new_weight(program->device, tensor, layout, dtype, error);
    return weight && lk_uses_add(&program->uses, weight, &weight->users, error) ? weight : NULL;
}

void lk_cuda_region_free(LkCudaRegion *region)
{
    if (region->data)
        (void)(region->on_host ? cudaFreeHost(region->data) : cudaFree(region->data));
    free(region);
}

/** Gives the memory of a weight back; that of its region with the region's last weight. */
static void release(LkDevice *device, LkCudaWeight *weight)
{
    if (weight->region && --weight->region->weights == 0)
        lk_cuda_region_free(weight->region);
    if (weight->data && !weight->on_host)
        device->allocated -= (int64_t)weight->bytes;
    free(weight->name);
    free(weight);
}

void lk_cuda_weights_trim(LkDevice *device, bool all)
{
    for (int b = 0; b < LK_CUDA_WEIGHT_BUCKETS; b++)
        for (LkCudaWeight **link = &device->weights[b]; *link;) {
            LkCudaWeight *weight = *link;
            if (weight->users > 0 && !all) {
                link = &weight->next;
                continue;
            }
            *link = weight->next;
            release(device, weight);
        }
}

/** Bytes of what programs use, on the host or on the card. */
static int64_t planned(const LkDevice *device, bool on_host)
{
    int64_t bytes = 0;
    for (int b = 0; b < LK_CUDA_WEIGHT_BUCKETS; b++)
        for (const LkCudaWeight *w = device->weights[b]; w; w = w->next)
            bytes += w->users > 0 && w->on_host == on_host ? (int64_t)w->bytes : 0;
    return bytes;
}

int64_t lk_cuda_planned_weights(const LkDevice *device)
{
    return planned(device, false);
}

int64_t lk_cuda_planned_host(const LkDevice *device)
{
    return planned(device, true);
}
