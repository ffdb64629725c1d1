/* The nodes that our own kernels compute, the same for every backend: which kernels, and their arguments. */
#pragma once

#include "kernels/kernels.h"
#include "tensor/graph.h"

enum { LK_MAX_LAUNCHES = 2 };

/** The arguments of any kernel. */
typedef union LkKernelArgs {
    LkGroupNormArgs group_norm;
    LkGroupNormBackwardArgs group_norm_backward;
    LkLayerNormArgs layer_norm;
    LkLayerNormBackwardArgs layer_norm_backward;
    LkActivationArgs activation;
    LkActivationBackwardArgs activation_backward;
    LkGegluArgs geglu;
    LkGegluBackwardArgs geglu_backward;
    LkAxpbyArgs axpby;
    LkAddRowsArgs add_rows;
    LkSumRowsArgs sum_rows;
    LkUpsample2Args upsample2;
    LkCopy2dArgs copy2d;
    LkEmbeddingArgs embedding;
    LkTimeEmbeddingArgs time_embedding;
    LkQSampleArgs q_sample;
    LkLossArgs loss;
    LkCastArgs cast;
    LkDequantiseArgs dequantise;
    LkFillArgs fill;
    LkMultiplyArgs multiply;
    LkScaleRowsArgs scale_rows;
    LkSumProductsArgs sum_products;
    LkTapsArgs taps;
    LkDropoutArgs dropout;
    LkLimitNormArgs limit_norm;
    LkKroneckerArgs kronecker;
    LkDoraScaleArgs dora_scale;
    LkDoraScaleBackwardArgs dora_scale_backward;
    LkSumSquaresArgs sum_squares;
    LkClipArgs clip;
    LkNoteArgs note;
    LkAdamwArgs adamw;
    LkEmaArgs ema;
    LkOptimizerArgs optimizer;
    LkOptimizer8Args optimizer_8bit;
    LkAdafactorArgs adafactor;
} LkKernelArgs;

typedef struct LkLaunch {
    LkKernelId id;
    LkDType dtype;
    LkKernelArgs args;
} LkLaunch;

/** The kernels of one node, to be run in this order. */
typedef struct LkLaunches {
    int count;
    LkLaunch launch[LK_MAX_LAUNCHES];
} LkLaunches;

/** Where a node's tensors and its scratch memory lie; NULL for an input that is LK_NONE. */
typedef struct LkNodeMemory {
    void *in[LK_MAX_INPUTS], *out[LK_MAX_OUTPUTS];
    void *scratch;
} LkNodeMemory;

/** Whether own kernels compute this operation. */
bool lk_op_has_kernel(LkOp op);

/** Bytes of scratch memory that the kernels of a node need. */
size_t lk_node_scratch(const LkGraph *graph, const LkNode *node);

/** Fills in the kernels of a node for which lk_op_has_kernel holds. */
void lk_node_launches(const LkGraph *graph, const LkNode *node, const LkNodeMemory *memory, LkLaunches *launches);
