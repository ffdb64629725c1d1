/* LoRA (Hu et al., arXiv:2106.09685): y = W x + b + (alpha / dim) · up · down · x beside a frozen layer.
 *
 * All adapter weights lie in one contiguous f32 state ("adapter"), gradients and optimizer state in others of the same
 * layout, so that clipping and the optimizer are one pass each and a checkpoint is one copy. */
#pragma once

#include "tensor/autodiff.h"
#include "tensor/graph_ops.h"

#include <stdbool.h>
#include <stdint.h>

/** One adapted layer. */
typedef struct LkLoraModule {
    const char *name;  /* in files: "lora_unet_down_blocks_0_…"; owned by the adapter */
    const char *layer; /* of the base model: "model.diffusion_model.input_blocks.1.1.…to_q" */
    int group;         /* optimizer group: LK_GROUP_TEXT … LK_GROUP_UNET */
    int64_t in, out;
    int dim;
    float alpha;
    bool convolution; /* a 1×1 convolution: its matrices are stored with two more dimensions in files */
    int64_t down, up; /* offsets of down [dim,in] and up [out,dim] in the state, in elements */
} LkLoraModule;

enum { LK_GROUP_TEXT, LK_GROUP_TEXT_2, LK_GROUP_UNET, LK_GROUP_COUNT };

typedef struct LkLora LkLora;

LkLora *lk_lora_new(void);
void lk_lora_free(LkLora *lora);

/** Adds a module; the names are copied. Modules of a group must be added one after the other. False: out of memory. */
bool lk_lora_add(LkLora *lora, const char *name, const char *layer, int group, int64_t in, int64_t out, int dim,
                 float alpha, bool convolution);

int lk_lora_count(const LkLora *lora);
const LkLoraModule *lk_lora_at(const LkLora *lora, int index);
/** The module of a layer or of a file's name, or NULL. */
const LkLoraModule *lk_lora_find_layer(const LkLora *lora, const char *layer);
const LkLoraModule *lk_lora_find_name(const LkLora *lora, const char *name);

/** Elements of the state, padding included. */
int64_t lk_lora_elements(const LkLora *lora);

/** Fills the state's initial values: down uniform in ±1/sqrt(in) (kaiming_uniform with a = sqrt 5, as kohya and
 * PyTorch's Linear), up zero; a pure function of the seed and the module's name. */
void lk_lora_initialise(const LkLora *lora, uint64_t seed, float *state);

/** A LoRA in a graph. Make it with lk_lora_graph before building the model and give lk_lora_attach to the builder. */
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
LkRef lk_lora_attach(void *context, LkGraph *graph, const char *layer, LkRef x, LkRef y);

/** The stretch of the state from the first to the last used module of a group; false where there is none. */
bool lk_lora_used_range(const LkLoraGraph *in_graph, int group, int64_t *first, int64_t *count);
