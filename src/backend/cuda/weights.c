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

LkCudaWeight *lk_cuda_weight_find(const LkDevice *device, const char *name, LkCudaLayout layout, LkDType dtype)
{
    for (LkCudaWeight *w = device->weights[bucket_of(name)]; w; w = w->next)
        if (w->layout == layout && w->dtype == dtype && strcmp(w->name, name) == 0)
            return w;
    return NULL;
}

/** Notes that the program uses this weight. */
static bool use(LkProgram *program, LkCudaWeight *weight, LkError *error)
{
    for (int i = 0; i < program->n_uses; i++)
        if (program->uses[i] == weight)
            return true;
    if (program->n_uses == program->use_capacity) {
        int wanted = program->use_capacity ? program->use_capacity * 2 : 256;
        LkCudaWeight **larger = realloc(program->uses, (size_t)wanted * sizeof(LkCudaWeight *));
        if (!larger)
            return lk_fail(error, LK_ERROR_MEMORY, "There is not enough memory to list the model's weights.");
        program->uses = larger;
        program->use_capacity = wanted;
    }
    program->uses[program->n_uses++] = weight;
    weight->users++;
    return true;
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
    weight->rank = tensor->rank;
    memcpy(weight->shape, tensor->shape, sizeof weight->shape);
    weight->bytes = (size_t)lk_cuda_aligned(lk_tensor_count(tensor) * (int64_t)lk_dtype_size(dtype));
    unsigned bucket = bucket_of(tensor->name);
    weight->next = device->weights[bucket];
    device->weights[bucket] = weight;
    return weight;
}

LkCudaWeight *lk_cuda_weight(LkProgram *program, LkRef ref, LkCudaLayout layout, LkDType dtype, LkError *error)
{
    const LkTensor *tensor = lk_graph_tensor(program->graph, lk_graph_owner(program->graph, ref));
    LkCudaWeight *weight = lk_cuda_weight_find(program->device, tensor->name, layout, dtype);
    if (!weight)
        weight = new_weight(program->device, tensor, layout, dtype, error);
    return weight && use(program, weight, error) ? weight : NULL;
}

/** Gives the memory of a weight back; that of its region with the region's last weight. */
static void release(LkDevice *device, LkCudaWeight *weight)
{
    if (weight->region && --weight->region->weights == 0) {
        (void)cudaFree(weight->region->data);
        free(weight->region);
    }
    if (weight->data)
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

int64_t lk_cuda_planned_weights(const LkDevice *device)
{
    int64_t bytes = 0;
    for (int b = 0; b < LK_CUDA_WEIGHT_BUCKETS; b++)
        for (const LkCudaWeight *w = device->weights[b]; w; w = w->next)
            bytes += w->users > 0 ? (int64_t)w->bytes : 0;
    return bytes;
}
