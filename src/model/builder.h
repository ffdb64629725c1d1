/* What the networks' files share: layers as functions on names of the checkpoint. */
#pragma once

#include "model/checkpoint.h"
#include "tensor/adapter_ops.h"

/** Where an adapter attaches: called after every Linear and convolution; returns the output to use. */
typedef struct LkAdapterHook {
    void *context;
    LkRef (*attach)(void *context, LkGraph *graph, const LkAdaptedLayer *layer);
    /** Sets `begun` of layers that read the same x to what can be made of it alone (y is not there yet), or leaves it:
     * nodes before the layers' own can run beside them. May be NULL. */
    void (*begin)(void *context, LkGraph *graph, LkAdaptedLayer *layers, int count);
    /** Whether the layer's output must be its own, with nothing added yet. NULL: no layer's. */
    bool (*wants_own)(void *context, const char *layer);
} LkAdapterHook;

typedef struct LkBuilder {
    LkGraph *graph;
    const LkCheckpoint *checkpoint;
    LkAdapterHook adapter; /* attach = NULL: none */
} LkBuilder;

enum { LK_NAME_MAX = 192 };

/** A name put together of parts, kept in a buffer that the caller holds. */
typedef struct LkName {
    char text[LK_NAME_MAX];
} LkName;

LkName lk_name(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** A matrix weight (compute type) with the file's shape; a 1×1 convolution's is seen as a matrix. */
LkRef lk_build_weight(LkBuilder *b, const char *name);

/** A vector (f32). */
LkRef lk_build_vector(LkBuilder *b, const char *name);

/* Layers: `layer` + ".weight" and ".bias"; a Linear can be without bias. */
LkRef lk_build_linear(LkBuilder *b, const char *layer, LkRef x);
/** Linears of the same x, at most LK_MAX_SIBLINGS, whose adapters may be computed together: y[i] is that of layer i. */
void lk_build_linears(LkBuilder *b, int count, const LkName *layers, bool with_bias, LkRef x, LkRef *y);
/** x's Linear added to `to`, of the output's size: by the product itself where the adapter does not mind. */
LkRef lk_build_linear_onto(LkBuilder *b, const char *layer, LkRef x, LkRef to);
LkRef lk_build_conv(LkBuilder *b, const char *layer, LkRef x, int stride, int pad_before, int pad_after);
LkRef lk_build_group_norm(LkBuilder *b, const char *layer, LkRef x, int groups, float eps, bool silu);
LkRef lk_build_layer_norm(LkBuilder *b, const char *layer, LkRef x, float eps);
