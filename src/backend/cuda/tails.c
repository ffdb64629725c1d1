/* Adapters among the frozen weights: every run puts its own parts behind the rows of the weights that it reads them
 * with, some hundred in one launch. Between runs the room means nothing, so that programs of several adapters, or of
 * other strengths of one, can share the weights. */
#include "backend/cuda/cuda_backend.h"
#include "tensor/low_rank.h"

#include <stdlib.h>

bool lk_cuda_tails_add(LkCudaProgram *program, const LkNode *node, const LkCudaWeight *weight, LkError *error)
{
    LkCudaTails *tails = &program->tails;
    for (int i = 0; i < tails->count; i++)
        if (tails->items[i].weight == weight)
            return true;
    if (tails->count == tails->capacity) {
        int wanted = tails->capacity ? 2 * tails->capacity : 64;
        LkCudaTail *larger = realloc(tails->items, (size_t)wanted * sizeof *larger);
        if (!larger)
            return lk_fail(error, LK_ERROR_MEMORY, "There is not enough memory for the program.");
        tails->items = larger;
        tails->capacity = wanted;
    }
    tails->items[tails->count++] = (LkCudaTail){weight, node};
    return true;
}

LkTail lk_cuda_tail(const LkProgram *program, const LkNode *node, void *weight, int64_t step)
{
    LkRef h = node->in[lk_low_rank_input(node, 0)], u = node->in[lk_low_rank_input(node, 0) + 1];
    const LkTensor *x = lk_graph_tensor(program->graph, node->in[0]), *factor = lk_graph_tensor(program->graph, u);
    int64_t columns = lk_tensor_cols(x);
    return (LkTail){.u = lk_program_address(program, u),
                    .to = (uint8_t *)weight + columns * (int64_t)lk_dtype_size(x->dtype),
                    .rows = (int32_t)lk_tensor_rows(factor),
                    .step = (int32_t)step,
                    .width = (int16_t)(lk_tensor_pitch(x) - columns),
                    .begin = (int16_t)(lk_graph_tensor(program->graph, h)->offset - columns),
                    .terms = (int16_t)lk_tensor_cols(factor)};
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

/** Elements from row to row of a weight with room. */
static int64_t step_of(const LkCudaWeight *weight)
{
    return weight->held.shape[weight->held.rank - 1] + weight->room;
}

bool lk_cuda_tails_fill(const LkCudaProgram *program, int32_t n, LkError *error)
{
    const LkCudaTails *own = &program->tails;
    if (own->count == 0 || &program->base.graph->nodes[n] != own->items[0].node)
        return true;
    LkTail *tails = malloc((size_t)own->count * sizeof *tails);
    if (!tails)
        return lk_fail(error, LK_ERROR_MEMORY, "There is not enough memory for the program.");
    for (int i = 0; i < own->count; i++)
        tails[i] = lk_cuda_tail(&program->base, own->items[i].node, own->items[i].weight->held.data,
                                step_of(own->items[i].weight));
    LkDType dtype = own->items[0].weight->held.dtype;
    bool ok = lk_cuda_fill_tails(program->base.device, dtype, tails, own->count, error);
    free(tails);
    return ok;
}
