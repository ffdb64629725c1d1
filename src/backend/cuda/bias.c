#include "backend/cuda/bias.h"

static bool is_cast(const LkCudaBias *bias)
{
    return bias->ref != LK_NONE && !bias->weight && bias->dtype != LK_F32;
}

bool lk_cuda_bias_init(LkCudaBias *bias, LkProgram *program, LkRef ref, LkDType dtype, LkError *error)
{
    *bias = (LkCudaBias){.ref = ref, .dtype = dtype, .count = lk_tensor_count(lk_graph_tensor(program->graph, ref))};
    if (!lk_cuda_is_weight(program->graph, ref))
        return true;
    bias->weight = lk_cuda_weight(program, ref, LK_CUDA_PLAIN, dtype, error);
    return bias->weight != NULL;
}

int64_t lk_cuda_bias_scratch(const LkCudaBias *bias)
{
    return is_cast(bias) ? lk_cuda_aligned(bias->count * (int64_t)lk_dtype_size(bias->dtype)) : 0;
}

void lk_cuda_bias_bind(LkCudaBias *bias, const LkProgram *program)
{
    if (bias->weight)
        bias->source = (const uint8_t *)bias->weight->data +
                       (size_t)lk_graph_tensor(program->graph, bias->ref)->offset * lk_dtype_size(bias->dtype);
    else
        bias->source = lk_program_address(program, bias->ref);
}

const void *lk_cuda_bias_enqueue(const LkCudaBias *bias, LkDevice *device, void *scratch, bool *ok, LkError *error)
{
    if (!is_cast(bias))
        return bias->source;
    *ok = lk_cuda_launch(device, LK_KERNEL_CAST_FROM_F32, bias->dtype,
                         &(LkCastArgs){.x = bias->source, .y = scratch, .count = bias->count}, error);
    return scratch;
}
