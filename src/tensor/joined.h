/* A layer's product and its adapter's as one: [x | h] · [W | u]ᵀ. */
#pragma once

#include "tensor/graph.h"

/** Looks for y = y0 + h · uᵀ, a product of at most graph->folded_terms terms (a LoRA's second) onto y0 = x · Wᵀ + bias
 * + addend, a layer's with a frozen weight, where h = x · dᵀ. They become one MATMUL node, whose low_rank[0] is h · uᵀ,
 * and h gets its place behind x in x's rows, so that the backend can make both in one pass: x and h are columns of a
 * new tensor. An operation that can writes x there itself, if all who read x can read its rows apart; else x is copied
 * there, once for many products (the text's, which every block reads). Layers that share an h (adapter/lora_graph.h)
 * share the rows, and so do several h of one x, one after the other. Where h is needed longer, it is copied out of
 * them.
 *
 * What is behind the rows of W is the backend's to find room for and to fill; where W is fetched (residency.h), it is
 * columns of a tensor that has the room, so that runs end in the same numbers wherever their weights are. Weights that
 * are codes stay as they are.
 *
 * For training steps, once the weights have their places. Pictures are not drawn so: weights pass from one picture's
 * programs to the next one's, with room or without, and the same seed must give the same picture whatever came before.
 * Sweeps the graph. */
void lk_graph_join_products(LkGraph *graph);
