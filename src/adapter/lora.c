#include "adapter/lora.h"

#include "base/hash.h"
#include "base/philox.h"

#include <glib/gi18n.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGN = 32 }; /* elements: parts begin on a cache line in every type */

struct LkLora {
    LkLoraModule *modules;
    int count, capacity;
    int64_t elements;
};

LkLora *lk_lora_new(void)
{
    return calloc(1, sizeof(LkLora));
}

void lk_lora_free(LkLora *lora)
{
    if (!lora)
        return;
    for (int i = 0; i < lora->count; i++) {
        free((char *)(uintptr_t)lora->modules[i].name);
        free((char *)(uintptr_t)lora->modules[i].layer);
    }
    free(lora->modules);
    free(lora);
}

/** Takes `count` elements of the state. */
static int64_t take(LkLora *lora, int64_t count)
{
    int64_t at = lora->elements;
    lora->elements += (count + ALIGN - 1) / ALIGN * ALIGN;
    return at;
}

bool lk_lora_add(LkLora *lora, const char *name, const char *layer, int group, int64_t in, int64_t out, int dim,
                 float alpha, bool convolution)
{
    if (lora->count == lora->capacity) {
        int wanted = lora->capacity ? lora->capacity * 2 : 64;
        LkLoraModule *larger = realloc(lora->modules, (size_t)wanted * sizeof *larger);
        if (!larger)
            return false;
        lora->modules = larger;
        lora->capacity = wanted;
    }
    LkLoraModule module = {.name = strdup(name),
                           .layer = strdup(layer),
                           .group = group,
                           .in = in,
                           .out = out,
                           .dim = dim,
                           .alpha = alpha,
                           .convolution = convolution};
    if (!module.name || !module.layer) {
        free((char *)(uintptr_t)module.name);
        free((char *)(uintptr_t)module.layer);
        return false;
    }
    module.down = take(lora, dim * in);
    module.up = take(lora, out * dim);
    lora->modules[lora->count++] = module;
    return true;
}

int lk_lora_count(const LkLora *lora)
{
    return lora->count;
}

const LkLoraModule *lk_lora_at(const LkLora *lora, int index)
{
    return &lora->modules[index];
}

const LkLoraModule *lk_lora_find_layer(const LkLora *lora, const char *layer)
{
    for (int i = 0; i < lora->count; i++)
        if (strcmp(lora->modules[i].layer, layer) == 0)
            return &lora->modules[i];
    return NULL;
}

const LkLoraModule *lk_lora_find_name(const LkLora *lora, const char *name)
{
    for (int i = 0; i < lora->count; i++)
        if (strcmp(lora->modules[i].name, name) == 0)
            return &lora->modules[i];
    return NULL;
}

int64_t lk_lora_elements(const LkLora *lora)
{
    return lora->elements;
}

void lk_lora_initialise(const LkLora *lora, uint64_t seed, float *state)
{
    memset(state, 0, (size_t)lora->elements * sizeof *state);
    for (int i = 0; i < lora->count; i++) {
        const LkLoraModule *m = &lora->modules[i];
        /* Named streams: a module starts alike whichever other modules are trained. */
        uint64_t key = lk_hash64(m->name, strlen(m->name), seed);
        LkRandom stream = {.seed = key, .purpose = LK_RANDOM_INIT};
        double bound = 1 / sqrt((double)m->in);
        for (int64_t k = 0; k < m->dim * m->in; k++)
            state[m->down + k] = (float)((2 * lk_random_uniform(stream, (uint64_t)k) - 1) * bound);
    }
}

bool lk_lora_graph(LkLoraGraph *in_graph, LkGraph *graph, const LkLora *lora, const char *name, bool train,
                   float strength)
{
    const int64_t shape[1] = {lora->elements};
    *in_graph = (LkLoraGraph){.lora = lora, .gradient = LK_NONE, .strength = strength};
    in_graph->used = calloc((size_t)lora->count + 1, sizeof *in_graph->used);
    if (!in_graph->used)
        graph->out_of_memory = true;
    in_graph->state = lk_graph_state(graph, name, LK_F32, 1, shape);
    in_graph->shadow = graph->compute == LK_F32 ? in_graph->state : lk_cast(graph, in_graph->state, graph->compute);
    if (train)
        in_graph->gradient = lk_graph_state(graph, "adapter.gradient", LK_F32, 1, shape);
    return in_graph->used != NULL;
}

void lk_lora_graph_clear(LkLoraGraph *in_graph)
{
    free(in_graph->used);
    in_graph->used = NULL;
}

LkRef lk_lora_attach(void *context, LkGraph *graph, const char *layer, LkRef x, LkRef y)
{
    LkLoraGraph *in_graph = context;
    const LkLoraModule *m = lk_lora_find_layer(in_graph->lora, layer);
    if (!m || x == LK_NONE || y == LK_NONE)
        return y;
    if (lk_tensor_cols(lk_graph_tensor(graph, x)) != m->in || lk_tensor_cols(lk_graph_tensor(graph, y)) != m->out)
        return lk_graph_problem(graph, _("the LoRA's module '%s' does not fit the base model"), m->name);
    in_graph->used[m - in_graph->lora->modules] = true;
    int64_t down_shape[2] = {m->dim, m->in}, up_shape[2] = {m->out, m->dim};
    LkRef down = lk_graph_parameter(graph, in_graph->shadow, in_graph->gradient, m->down, 2, down_shape);
    LkRef up = lk_graph_parameter(graph, in_graph->shadow, in_graph->gradient, m->up, 2, up_shape);
    LkMatmul options = LK_MATMUL_DEFAULT;
    options.trans_b = true;
    options.alpha = in_graph->strength * m->alpha / (float)m->dim; /* at the narrow place: the cheapest one */
    LkRef h = lk_matmul(graph, x, down, options);
    options.alpha = 1;
    options.addend = y;
    return lk_matmul(graph, h, up, options);
}

bool lk_lora_used_range(const LkLoraGraph *in_graph, int group, int64_t *first, int64_t *count)
{
    int64_t begin = -1, end = -1;
    for (int i = 0; i < in_graph->lora->count; i++) {
        const LkLoraModule *m = &in_graph->lora->modules[i];
        if (m->group != group || !in_graph->used[i])
            continue;
        if (begin < 0)
            begin = m->down;
        end = m->up + (m->out * m->dim + ALIGN - 1) / ALIGN * ALIGN;
    }
    *first = begin;
    *count = end - begin;
    return begin >= 0;
}
