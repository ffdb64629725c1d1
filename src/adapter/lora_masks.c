#include "adapter/lora_masks.h"

#include "base/hash.h"
#include "base/philox.h"

#include <stdlib.h>
#include <string.h>

bool lk_lora_mask_is_of_outputs(const LkLoraModule *m, const LkLoraDropout *dropout)
{
    return m->shape.algo != LK_ALGO_LORA || m->shape.dora || dropout->outputs;
}

int64_t lk_lora_mask_size(const LkLoraModule *m, const LkLoraDropout *dropout)
{
    if (!lk_lora_mask_is_of_outputs(m, dropout))
        return dropout->rows[m->side] * m->shape.dim;
    return m->shape.dora ? 2 * m->shape.out : m->shape.out;
}

/** As sd-scripts (LoRA) and LyCORIS (what leaves out outputs): a number below the share leaves its rank out. */
static void fill_mask(const LkLoraModule *m, const LkLoraDropout *dropout, LkRandom stream, float *out)
{
    bool outputs = lk_lora_mask_is_of_outputs(m, dropout);
    int64_t count = outputs ? m->shape.out : lk_lora_mask_size(m, dropout);
    bool left_out = dropout->modules > 0 && lk_random_uniform(stream, 0) < (double)dropout->modules;
    float kept = outputs ? 1 : 1 / (1 - dropout->ranks);
    for (int64_t i = 0; i < count; i++) {
        bool rank = dropout->ranks > 0 && lk_random_uniform(stream, 1 + (uint64_t)i) < (double)dropout->ranks;
        out[i] = left_out || rank ? 0 : kept;
        if (m->shape.dora)
            out[count + i] = left_out ? -1 : rank ? 0 : 1;
    }
}

int64_t lk_lora_masks(const LkLora *lora, const LkLoraDropout *dropout, uint64_t seed, uint32_t step, float *out)
{
    int64_t total = 0;
    for (int i = 0; i < lk_lora_count(lora); i++) {
        const LkLoraModule *m = lk_lora_at(lora, i);
        LkRandom stream = {
            .seed = lk_hash64(m->name, strlen(m->name), seed), .purpose = LK_RANDOM_ADAPTER_MASK, .step = step};
        if (out)
            fill_mask(m, dropout, stream, out + total);
        total += lk_lora_mask_size(m, dropout);
    }
    return total;
}

void lk_lora_graph_drop(LkLoraGraph *in_graph, LkGraph *graph, const LkLoraDropout *dropout)
{
    const int64_t key[1] = {4}, total[1] = {lk_lora_masks(in_graph->lora, dropout, 0, 0, NULL)};
    int count = lk_lora_count(in_graph->lora);
    in_graph->dropout = *dropout;
    if (dropout->numbers > 0)
        in_graph->key = lk_graph_input(graph, "adapter dropout key", LK_I32, 1, key);
    if (dropout->ranks == 0 && dropout->modules == 0)
        return;
    in_graph->masks = lk_graph_input(graph, "adapter masks", LK_F32, 1, total);
    in_graph->mask_at = calloc((size_t)count + 1, sizeof *in_graph->mask_at);
    if (!in_graph->mask_at) {
        graph->out_of_memory = true;
        in_graph->masks = LK_NONE;
        return;
    }
    for (int i = 0; i < count; i++)
        in_graph->mask_at[i + 1] = in_graph->mask_at[i] + lk_lora_mask_size(lk_lora_at(in_graph->lora, i), dropout);
}
