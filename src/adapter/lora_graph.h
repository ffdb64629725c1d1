/* An adapter in a graph: what every adapted layer's output becomes. */
#pragma once

#include "adapter/lora.h"
#include "tensor/adapter_ops.h"
#include "tensor/autodiff.h"

/** An adapter in a graph. Make it with lk_lora_graph before building the model and give lk_lora_attach to the builder.
 */
typedef struct LkLoraGraph {
    const LkLora *lora;
    LkRef state;    /* f32: "adapter" */
    LkRef shadow;   /* the same in the compute type, refreshed by the graph's first node */
    LkRef gradient; /* f32: "adapter.gradient", or LK_NONE where nothing is trained */
    bool *used;     /* per module: the model has such a layer in this graph. Owned; freed by lk_lora_graph_clear */
    float strength; /* factor of every module's effect: 1 while training */
} LkLoraGraph;

/** Adds the adapter's states to a graph. `name` is the state's name: several adapters can be in one graph. */
bool lk_lora_graph(LkLoraGraph *in_graph, LkGraph *graph, const LkLora *lora, const char *name, bool train,
                   float strength);
void lk_lora_graph_clear(LkLoraGraph *in_graph);

/** For LkAdapterHook: context is an LkLoraGraph. */
LkRef lk_lora_attach(void *context, LkGraph *graph, const LkAdaptedLayer *layer);

/** The stretch of the state from the first to the last used part of a group; false where there is none. */
bool lk_lora_used_range(const LkLoraGraph *in_graph, int group, int64_t *first, int64_t *count);
