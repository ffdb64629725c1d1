/* Random small networks of all operations. */
#pragma once

#include "graph_test.h"

/** Appends a random network of about `steps` operations, some of them in segments, to the graph and returns its last
 * picture. A pure function of the test's seed. Results that nothing uses are left lying about on purpose. */
LkRef test_random_network(GraphTest *test, int steps);
