/* Frozen weights: kept in the layouts that the programs' products want, shared by all programs. */
#include "backend/cpu/cpu.h"

#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

static unsigned bucket_of(const char *name)
{
    return (unsigned)(lk_hash64(name, strlen(name), 0) % LK_WEIGHT_BUCKETS);
}

LkStoredWeight *lk_cpu_weight_list(const LkDevice *device, const char *name)
{
    return device->weights[bucket_of(name)];
}

LkStoredWeight *lk_cpu_weight_find(const LkDevice *device, const char *name, LkWeightRole role, LkDType dtype)
{
    for (LkStoredWeight *w = lk_cpu_weight_list(device, name); w; w = w->next)
        if (w->role == role && w->dtype == dtype && strcmp(w->name, name) == 0)
            return w;
    return NULL;
}

static void free_weight(LkStoredWeight *weight)
{
    free(weight->name);
    dnnl_memory_desc_destroy(weight->desc);
    dnnl_memory_desc_destroy(weight->plain);
    lk_cpu_memory_free(weight->data, weight->bytes);
    free(weight);
}

static LkStoredWeight *new_weight(LkDevice *device, const LkTensor *tensor, LkWeightRole role,
                                  const_dnnl_memory_desc_t desc, const_dnnl_memory_desc_t plain, LkError *error)
{
    LkStoredWeight *weight = calloc(1, sizeof *weight);
    if (weight)
        weight->name = strdup(tensor->name);
    if (!weight || !weight->name || dnnl_memory_desc_clone(&weight->desc, desc) != dnnl_success ||
        dnnl_memory_desc_clone(&weight->plain, plain) != dnnl_success) {
        if (weight)
            free_weight(weight);
        lk_fail(error, LK_ERROR_MEMORY, "There is not enough memory to describe the weight '%s'.", tensor->name);
        return NULL;
    }
    weight->role = role;
    weight->dtype = tensor->dtype;
    weight->rank = tensor->rank;
    memcpy(weight->shape, tensor->shape, sizeof weight->shape);
    weight->bytes = dnnl_memory_desc_get_size(desc);
    unsigned bucket = bucket_of(tensor->name);
    weight->next = device->weights[bucket];
    device->weights[bucket] = weight;
    return weight;
}

LkStoredWeight *lk_cpu_weight(LkProgram *program, LkRef ref, LkWeightRole role, const_dnnl_memory_desc_t desc,
                              const_dnnl_memory_desc_t plain, LkError *error)
{
    const LkTensor *tensor = lk_graph_tensor(program->graph, lk_graph_owner(program->graph, ref));
    LkStoredWeight *weight = lk_cpu_weight_find(program->device, tensor->name, role, tensor->dtype);
    if (weight && !dnnl_memory_desc_equal(weight->desc, desc)) {
        lk_fail(error, LK_ERROR_DEVICE, "The weight '%s' is wanted in two layouts.", tensor->name);
        return NULL;
    }
    if (!weight)
        weight = new_weight(program->device, tensor, role, desc, plain, error);
    return weight && lk_uses_add(&program->uses, weight, &weight->users, error) ? weight : NULL;
}

LkWeightRole lk_cpu_plain_role(const LkTensor *weight)
{
    return weight->taps_first ? LK_WEIGHT_TAPS : lk_dtype_is_code(weight->dtype) ? LK_WEIGHT_CODES : LK_WEIGHT_PLAIN;
}

bool lk_cpu_weight_plain(LkProgram *program, LkRef ref, LkError *error)
{
    const LkTensor *tensor = lk_graph_tensor(program->graph, lk_graph_owner(program->graph, ref));
    LkWeightRole role = lk_cpu_plain_role(tensor);
    bool in_bytes = role != LK_WEIGHT_PLAIN;
    dnnl_dims_t count = {in_bytes ? lk_weight_bytes(tensor) : lk_tensor_count(tensor)};
    dnnl_data_type_t type = in_bytes ? dnnl_u8 : lk_cpu_data_type(tensor->dtype);
    dnnl_memory_desc_t desc;
    if (!lk_cpu_status(dnnl_memory_desc_create_with_tag(&desc, 1, count, type, dnnl_a), "describing a weight", error))
        return false;
    bool ok = lk_cpu_weight(program, ref, role, desc, desc, error) != NULL;
    dnnl_memory_desc_destroy(desc);
    return ok;
}

void lk_cpu_weights_trim(LkDevice *device, bool all)
{
    for (int b = 0; b < LK_WEIGHT_BUCKETS; b++)
        for (LkStoredWeight **link = &device->weights[b]; *link;) {
            LkStoredWeight *weight = *link;
            if (weight->users > 0 && !all) {
                link = &weight->next;
                continue;
            }
            *link = weight->next;
            if (weight->data)
                device->weight_bytes -= (int64_t)weight->bytes;
            free_weight(weight);
        }
}

int64_t lk_cpu_planned_weights(const LkDevice *device)
{
    int64_t bytes = 0;
    for (int b = 0; b < LK_WEIGHT_BUCKETS; b++)
        for (const LkStoredWeight *w = device->weights[b]; w; w = w->next)
            bytes += w->users > 0 ? (int64_t)w->bytes : 0;
    return bytes;
}
