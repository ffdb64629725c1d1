/* Frozen weights on the card: which forms there are, shared by all programs. */
#include "backend/cuda/cuda_backend.h"

#include <stdlib.h>
#include <string.h>

bool lk_cuda_is_weight(const LkGraph *graph, LkRef ref)
{
    return ref != LK_NONE && lk_graph_tensor(graph, lk_graph_owner(graph, ref))->kind == LK_TENSOR_WEIGHT;
}

LkCudaLayout lk_cuda_plain_layout(const LkTensor *weight)
{
    return weight->taps_first ? LK_CUDA_CHANNELS_LAST : LK_CUDA_PLAIN;
}

LkHeldWeight *lk_cuda_weight(LkProgram *program, LkRef ref, LkCudaLayout layout, LkDType dtype, LkError *error)
{
    const LkTensor *tensor = lk_graph_tensor(program->graph, lk_graph_owner(program->graph, ref));
    LkHeldWeights *all = &program->held->weights;
    LkHeldWeight *weight = lk_held_weight_find(all, tensor->name, layout, dtype, tensor->on_host);
    if (!weight) {
        LkTensor stored = *tensor;
        stored.dtype = dtype;
        weight = lk_held_weight_new(all, sizeof(LkCudaWeight), tensor, layout, dtype, tensor->on_host,
                                    (size_t)lk_cuda_aligned(lk_weight_bytes(&stored)), error);
    }
    return weight && lk_uses_add(&program->uses, weight, &weight->users, error) ? weight : NULL;
}

/** The widest form with room that is held, or NULL. */
static LkCudaWeight *find_with_room(const LkHeldWeights *all, const LkTensor *tensor)
{
    LkCudaWeight *found = NULL;
    for (LkHeldWeight *w = lk_held_weight_list(all, tensor->name); w; w = w->next) {
        LkCudaWeight *weight = (LkCudaWeight *)w;
        if (w->form == LK_CUDA_WITH_ROOM && w->dtype == tensor->dtype && strcmp(w->name, tensor->name) == 0 &&
            (!found || weight->room > found->room))
            found = weight;
    }
    return found;
}

LkCudaWeight *lk_cuda_factor(LkProgram *program, LkRef ref, int64_t room, LkError *error)
{
    const LkTensor *tensor = lk_graph_tensor(program->graph, lk_graph_owner(program->graph, ref));
    LkHeldWeights *all = &program->held->weights;
    bool whole = lk_graph_is_whole(program->graph, ref);
    LkCudaWeight *weight = whole ? find_with_room(all, tensor) : NULL;
    bool plain = room == 0 || !whole || lk_held_weight_find(all, tensor->name, LK_CUDA_PLAIN, tensor->dtype, false);
    if (!weight && plain)
        return (LkCudaWeight *)lk_cuda_weight(program, ref, LK_CUDA_PLAIN, tensor->dtype, error);
    if (!weight) {
        int64_t elements = lk_tensor_count(tensor) + lk_tensor_rows(tensor) * room;
        weight = lk_held_weight_new(all, sizeof *weight, tensor, LK_CUDA_WITH_ROOM, tensor->dtype, false,
                                    (size_t)lk_cuda_aligned(elements * (int64_t)lk_dtype_size(tensor->dtype)), error);
        if (!weight)
            return NULL;
        weight->room = room;
    }
    return lk_uses_add(&program->uses, weight, &weight->held.users, error) ? weight : NULL;
}

void lk_cuda_region_free(LkDevice *device, LkCudaRegion *region)
{
    (void)(region->on_host ? cudaFreeHost(region->data) : cudaFree(region->data));
    device->allocated -= region->on_host ? 0 : region->bytes;
    free(region);
}

/** Gives the memory of a weight back; that of its region with the region's last weight. */
static void release(LkDevice *device, LkHeldWeight *held)
{
    LkCudaWeight *weight = (LkCudaWeight *)held;
    if (weight->region && --weight->region->weights == 0)
        lk_cuda_region_free(device, weight->region);
    free(weight);
}

void lk_cuda_weights_trim(LkDevice *device, bool all)
{
    lk_held_weights_trim(&device->held.weights, all, device, release);
}

int64_t lk_cuda_planned_weights(const LkDevice *device)
{
    return lk_held_weights_planned(&device->held.weights, false);
}

int64_t lk_cuda_planned_host(const LkDevice *device)
{
    return lk_held_weights_planned(&device->held.weights, true);
}
