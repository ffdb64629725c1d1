/* What oneDNN itself does on the shapes of a program: the yardstick of products and convolutions. */
#pragma once

#include "tensor/graph.h"

/** Fills best[n] with the seconds that oneDNN alone takes for node n, all layouts to its liking (0: not a product or
 * convolution). Shapes that occur often are measured once. */
void alone_measure(const LkGraph *graph, double *best);
