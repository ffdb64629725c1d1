/* Dead code: nodes whose results nobody reads. */
#pragma once

#include "tensor/graph.h"

/** Removes every node that neither changes a state nor leads to an output or to a node that does. */
void lk_graph_sweep(LkGraph *graph);
