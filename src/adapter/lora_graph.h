/* An adapter in a graph: what every adapted layer's output becomes. */
#pragma once

#include "adapter/lora.h"
#include "tensor/adapter_ops.h"
#include "tensor/autodiff.h"

/** What is left out at random while training; a share of 0 is none. */
typedef struct LkLoraDropout {
    float numbers; /* of those between down and up */
    float ranks;   /* of a picture in a LoRA; else of a layer's outputs, where nothing makes up for them */
    bool outputs;  /* of outputs in a LoRA too, as LyCORIS has it; with LoHa, LoKr and DoRA it is always so */
    float modules;
    int64_t rows[LK_GROUP_COUNT]; /* samples that a layer of each side sees at once */
} LkLoraDropout;

/** An adapter in a graph. Make it with lk_lora_graph before building the model and give lk_lora_attach to the builder.
 */
typedef struct LkLoraGraph {
    const LkLora *lora;
    LkRef state;    /* f32: "adapter" */
    LkRef shadow;   /* the same in the compute type, refreshed by the graph's first node */
    LkRef gradient; /* f32: "adapter.gradient", or LK_NONE where nothing is trained */
    bool *used;     /* per module: the model has such a layer in this graph. Owned; freed by lk_lora_graph_clear */
    LkLoraDropout dropout;
    LkRef masks;      /* f32 input: lk_lora_masks, or LK_NONE */
    LkRef key;        /* i32 [4] input: seed, its upper half, step, 0; or LK_NONE */
    int64_t *mask_at; /* per module: where its factors begin. Owned like `used` */
    float strength;   /* factor of every module's effect: 1 while training */
} LkLoraGraph;

/** Adds the adapter's states to a graph. `name` is the state's name: several adapters can be in one graph. */
bool lk_lora_graph(LkLoraGraph *in_graph, LkGraph *graph, const LkLora *lora, const char *name, bool train,
                   float strength);
/** Adds the inputs that `dropout` needs; before the model is built. */
void lk_lora_graph_drop(LkLoraGraph *in_graph, LkGraph *graph, const LkLoraDropout *dropout);
void lk_lora_graph_clear(LkLoraGraph *in_graph);

/** For LkAdapterHook: context is an LkLoraGraph. */
LkRef lk_lora_attach(void *context, LkGraph *graph, const LkAdaptedLayer *layer);
/** The same: LoRAs' products with their down matrices; those that lie one under the other are one product. */
void lk_lora_begin(void *context, LkGraph *graph, LkAdaptedLayer *layers, int count);
/** The same: whether the layer's module scales its output (DoRA). */
bool lk_lora_wants_own(void *context, const char *layer);

/** Factors of ranks and modules for one step: a pure function of the seed, the step and the module's name. Returns how
 * many there are, also where `out` is NULL. */
int64_t lk_lora_masks(const LkLora *lora, const LkLoraDropout *dropout, uint64_t seed, uint32_t step, float *out);

/** The stretch of the state from the first to the last used part of a group; false where there is none. */
bool lk_lora_used_range(const LkLoraGraph *in_graph, int group, int64_t *first, int64_t *count);
