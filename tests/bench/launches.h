/* How many kernels a card starts for a node. */
#pragma once

#include "tensor/graph.h"

/** Our own kernels as they are, a product's, convolution's or fused attention's as the backend asks for them. */
int roof_launches(int sm, const LkGraph *graph, const LkNode *node);

/** What is put behind the rows of the weights of joined products, at the beginning of a run. */
typedef struct RoofTails {
    int weights, launches;
    double bytes;
} RoofTails;

RoofTails roof_tails(const LkGraph *graph);

/** Whether a product's weight stays on the card. */
bool roof_is_held(const LkGraph *graph, const LkNode *node);

/** Of the gradient of a fused attention: calls of cuDNN, which takes some heads at a time where its scratch memory
 * would be too much. */
int roof_attention_calls(int sm, const LkGraph *graph, const LkNode *node);
