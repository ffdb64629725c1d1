/* How a card makes a product (LK_OP_MATMUL): for the backend, and for counting what it takes. */
#pragma once

#include "tensor/graph.h"

typedef enum LkProductKind {
    LK_PRODUCT_PLAIN,    /* one call of cuBLASLt */
    LK_PRODUCT_IN_PARTS, /* its sums in parts, which a kernel adds in their order */
    LK_PRODUCT_ROUNDED,  /* onto an addend of another type: in f32 scratch memory, then rounded by a kernel */
    LK_PRODUCT_LOW_RANK, /* the same of few terms: by a kernel alone */
    LK_PRODUCT_JOINED,   /* a layer's and its adapter's (tensor/joined.h): one call, [x | h] · [W | u]ᵀ */
} LkProductKind;

LkProductKind lk_product_kind(const LkGraph *graph, const LkNode *node);

/** In how many parts; 1 for most. They are for results so small that their blocks would leave most of the card idle. */
int64_t lk_product_parts(const LkGraph *graph, const LkNode *node);
