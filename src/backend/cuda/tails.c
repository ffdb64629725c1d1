/* Adapters among the frozen weights: every run puts its own parts behind the rows of the weights that it reads them
 * with, some hundred in one launch. Between runs the room means nothing, so that programs of several adapters, or of other
 * strengths of one, can share the weights. */
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

bool lk_cuda_tails_fill(const LkCudaProgram *program, int32_t n, LkError *error)
{
    const LkCudaTails *tails = &program->tails;
    for (int i = 0; i < tails->count && n == tails->before;) {
        LkFillTailsArgs args = {0};
        for (; i < tails->count && args.count < LK_TAILS_AT_ONCE; i++) {
            LkTail tail = args.tails[args.count++] = tail_of(program, &tails->items[i]);
            args.most = (int64_t)tail.rows * tail.width > args.most ? (int64_t)tail.rows * tail.width : args.most;
        }
        LkDType dtype = tails->items[0].weight->held.dtype;
        if (!lk_cuda_launch(program->base.device, LK_KERNEL_FILL_TAILS, dtype, &args, error))
            return false;
    }
    return true;
}
