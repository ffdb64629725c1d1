/* Frozen weights: kept in the layouts that the programs' products want, shared by all programs. */
#include "backend/cpu/cpu.h"

#include <stdlib.h>

LkStoredWeight *lk_cpu_weight_find(const LkHeld *held, const char *name, LkWeightRole role, LkDType dtype)
{
    return (LkStoredWeight *)lk_held_weight_find(&held->weights, name, role, dtype, false);
}

static bool copy_layouts(LkStoredWeight *weight, const_dnnl_memory_desc_t desc, const_dnnl_memory_desc_t plain,
                         LkError *error)
{
    dnnl_status_t status = dnnl_memory_desc_clone(&weight->desc, desc);
    if (status == dnnl_success)
        status = dnnl_memory_desc_clone(&weight->plain, plain);
    return lk_cpu_status(status, "describing a weight", error);
}

LkStoredWeight *lk_cpu_weight(LkProgram *program, LkRef ref, LkWeightRole role, const_dnnl_memory_desc_t desc,
                              const_dnnl_memory_desc_t plain, LkError *error)
{
    const LkTensor *tensor = lk_graph_tensor(program->graph, lk_graph_owner(program->graph, ref));
    LkStoredWeight *weight = lk_cpu_weight_find(program->held, tensor->name, role, tensor->dtype);
    if (weight && !dnnl_memory_desc_equal(weight->desc, desc)) {
        lk_fail(error, LK_ERROR_DEVICE, "The weight '%s' is wanted in two layouts.", tensor->name);
        return NULL;
    }
    if (!weight) {
        weight = lk_held_weight_new(&program->held->weights, sizeof *weight, tensor, role, tensor->dtype, false,
                                    dnnl_memory_desc_get_size(desc), error);
        if (!weight || !copy_layouts(weight, desc, plain, error))
            return NULL; /* one that lacks its layouts has no user and goes with the next trim */
    }
    return lk_uses_add(&program->uses, weight, &weight->held.users, error) ? weight : NULL;
}

LkWeightRole lk_cpu_plain_role(const LkTensor *weight)
{
    return weight->taps_first ? LK_WEIGHT_TAPS : lk_dtype_is_code(weight->dtype) ? LK_WEIGHT_CODES : LK_WEIGHT_PLAIN;
}

LkHeldWeight *lk_cpu_weight_plain(LkProgram *program, LkRef ref, LkError *error)
{
    const LkTensor *tensor = lk_graph_tensor(program->graph, lk_graph_owner(program->graph, ref));
    LkWeightRole role = lk_cpu_plain_role(tensor);
    bool in_bytes = role != LK_WEIGHT_PLAIN;
    dnnl_dims_t count = {in_bytes ? lk_weight_bytes(tensor) : lk_tensor_count(tensor)};
    dnnl_data_type_t type = in_bytes ? dnnl_u8 : lk_cpu_data_type(tensor->dtype);
    dnnl_memory_desc_t desc;
    if (!lk_cpu_status(dnnl_memory_desc_create_with_tag(&desc, 1, count, type, dnnl_a), "describing a weight", error))
        return NULL;
    LkStoredWeight *weight = lk_cpu_weight(program, ref, role, desc, desc, error);
    dnnl_memory_desc_destroy(desc);
    return weight ? &weight->held : NULL;
}

static void release(LkDevice *device, LkHeldWeight *held)
{
    LkStoredWeight *weight = (LkStoredWeight *)held;
    if (held->data)
        device->weight_bytes -= (int64_t)held->bytes;
    dnnl_memory_desc_destroy(weight->desc);
    dnnl_memory_desc_destroy(weight->plain);
    lk_cpu_memory_free(held->data, held->bytes);
    free(weight);
}

void lk_cpu_weights_trim(LkDevice *device, bool all)
{
    lk_held_weights_trim(&device->held.weights, all, device, release);
}

int64_t lk_cpu_planned_weights(const LkDevice *device)
{
    return lk_held_weights_planned(&device->held.weights, false);
}
