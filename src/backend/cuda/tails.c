/* Adapters among the frozen weights: every run puts its own parts behind the rows of the weights that it reads them
 * with, some hundred in one launch. Between runs the room means nothing, so that programs of several adapters, or of
 * other strengths of one, can share the weights. */
#include "backend/cuda/cuda_backend.h"

#include <stdlib.h>

bool lk_cuda_tails_add(LkCudaProgram *program, int32_t n, const LkCudaTail *tail, LkError *error)
{
    LkCudaTails *tails = &program->tails;
    for (int i = 0; i < tails->count; i++)
        if (tails->items[i].weight == tail->weight)
            return true;
    if (tails->count == tails->capacity) {
        int wanted = tails->capacity ? 2 * tails->capacity : 64;
        LkCudaTail *larger = realloc(tails->items, (size_t)wanted * sizeof *larger);
        if (!larger)
            return lk_fail(error, LK_ERROR_MEMORY, "There is not enough memory for the program.");
        tails->items = larger;
        tails->capacity = wanted;
    }
    if (tails->count == 0)
        tails->before = n;
    tails->items[tails->count++] = *tail;
    return true;
}

static LkTail tail_of(const LkCudaProgram *program, const LkCudaTail *tail)
{
    const LkTensor *u = lk_graph_tensor(program->base.graph, tail->u);
    const LkHeldWeight *weight = &tail->weight->held;
    int64_t row = weight->shape[weight->rank - 1];
    return (LkTail){.u = lk_program_address(&program->base, tail->u),
                    .to = (uint8_t *)weight->data + row * (int64_t)lk_dtype_size(weight->dtype),
                    .rows = (int32_t)lk_tensor_rows(u),
                    .step = (int32_t)(row + tail->weight->room),
                    .width = (int16_t)tail->width,
                    .begin = (int16_t)tail->begin,
                    .terms = (int16_t)lk_tensor_cols(u)};
}

bool lk_cuda_fill_tails(LkDevice *device, LkDType dtype, const LkTail *tails, int count, LkError *error)
{
    for (int i = 0; i < count;) {
        LkFillTailsArgs args = {0};
        for (; i < count && args.count < LK_TAILS_AT_ONCE; i++) {
            int64_t numbers = (int64_t)tails[i].rows * tails[i].width;
            args.tails[args.count++] = tails[i];
            args.most = numbers > args.most ? numbers : args.most;
        }
        if (!lk_cuda_launch(device, LK_KERNEL_FILL_TAILS, dtype, &args, error))
            return false;
    }
    return true;
}

bool lk_cuda_tails_fill(const LkCudaProgram *program, int32_t n, LkError *error)
{
    const LkCudaTails *own = &program->tails;
    if (own->count == 0 || n != own->before)
        return true;
    LkTail *tails = malloc((size_t)own->count * sizeof *tails);
    if (!tails)
        return lk_fail(error, LK_ERROR_MEMORY, "There is not enough memory for the program.");
    for (int i = 0; i < own->count; i++)
        tails[i] = tail_of(program, &own->items[i]);
    LkDType dtype = own->items[0].weight->held.dtype;
    bool ok = lk_cuda_fill_tails(program->base.device, dtype, tails, own->count, error);
    free(tails);
    return ok;
}
