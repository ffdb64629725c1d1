/* Products of few terms, made where their results are read instead of on their own. */
#pragma once

#include "tensor/graph.h"

/** The addends of a GEGLU's inputs: of x, and of a GEGLU_BACKWARD's dy. A MATMUL's (joined.h) is the first. */
enum { LK_LOW_RANK_X, LK_LOW_RANK_DY, LK_LOW_RANK_ADDENDS };

/** Looks for y = y0 + h · u, a product of at most graph->folded_terms terms (a LoRA's second) whose every reader is a
 * GEGLU or the gradient of one, and lets these read y0, h and u: y is not read any more. lk_autodiff does it, and
 * sweeps the graph (sweep.h); a graph without backward nodes wants both when it is complete. */
void lk_graph_fold_low_rank(LkGraph *graph);

/** Which input of the node the h of an addend is (u is the next one); only where node->attr.low_rank[which].given. */
int lk_low_rank_input(const LkNode *node, int which);
