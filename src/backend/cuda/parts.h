/* Products whose sums are made in parts. */
#pragma once

#include "tensor/graph.h"

/** In how many parts a card makes the sums of a product (LK_OP_MATMUL); they are added in their order, by a kernel of
 * its own. 1 for most: the parts are for results so small that their blocks would leave most of the card idle. */
int64_t lk_product_parts(const LkGraph *graph, const LkNode *node);
