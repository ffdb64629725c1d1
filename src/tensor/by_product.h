/* Values that are computed again for gradients of weights alone, made by the backward node that reads the same. */
#pragma once

#include "tensor/graph.h"

/** Looks for a GEGLU or layer norm whose result is read by nothing but products that add to a state (an adapter's
 * gradients), where the operation's own gradient, later, reads the same x: that gets the result as output 1, the
 * products come right behind it, and the node goes. One pass over x instead of two. lk_autodiff does it, before
 * products of few terms are folded (low_rank.h), and sweeps the graph after it. */
void lk_graph_make_by_products(LkGraph *graph);
