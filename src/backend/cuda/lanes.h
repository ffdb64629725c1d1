/* What a card computes beside other things. A small product keeps a few of a card's many processors busy, and its start
 * takes as long as its work; so what need not be waited for goes into a stream of its own, a lane, and the main stream
 * waits for it as late as it can.
 *
 *   main       everything that the next node reads
 *   small      a product much smaller than what the main lane does meanwhile, such as a LoRA's with its down matrix
 *   gradients  products that add to a state which nothing of the graph reads again, the adapter's gradients; and what
 *              they alone are made of
 *
 * A node of a lane begins when all main nodes before it have ended, and after the lane's own before it. Which node is
 * in which lane is a function of the graph alone. Needs no CUDA. */
#pragma once

#include "tensor/graph.h"

typedef enum LkLane { LK_LANE_MAIN, LK_LANE_SMALL, LK_LANE_GRADIENTS, LK_LANE_COUNT } LkLane;

typedef struct LkLanes {
    int32_t n_nodes;
    uint8_t *lane;                   /* per node: an LkLane */
    int32_t *until;                  /* per node: LkPlanNeeds. Behind it the main lane waits. */
    int32_t *signal;                 /* per node: the signal that its lane gives once it has ended, or -1 */
    int32_t (*joins)[LK_LANE_COUNT]; /* before node n, and at the end (n_nodes): signals for which the main lane waits,
                                        or -1 */
    int32_t n_signals;               /* signals are used again when they were waited for */
} LkLanes;

/** NULL when out of memory. */
LkLanes *lk_lanes_new(const LkGraph *graph);
void lk_lanes_free(LkLanes *lanes);
