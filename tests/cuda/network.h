/* A small network with everything that a training step has, as the tests of the CUDA backend run it. */
#pragma once

#include "graph_test.h"

/** Convolution, norms, self attention in heads of 8 (for which cards have a fused kernel), a LoRA, the loss, all
 * gradients; its outputs are the loss and the prediction. Values are drawn. Free with graph_test_free. */
GraphTest *test_step_network(LkDType compute);
