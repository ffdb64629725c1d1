/* What a card computes beside other things. A small product keeps a few of a card's many processors busy, and its start
 * takes as long as its work; so what need not be waited for goes into a stream of its own, a track, and the main stream
 * waits for it as late as it can.
 *
 *   main       everything that the next node reads
 *   small      a product much smaller than what the main track does meanwhile, such as a LoRA's with its down matrix; a
 *              copy of columns
 *   gradients  products that add to a state which nothing of the graph reads again, the adapter's gradients; and what
 *              they alone are made of
 *
 * A node of a track begins when all main nodes before it have ended, and after the track's own before it. Which node is
 * in which track is a function of the graph alone. Needs no CUDA. */
#pragma once

#include "tensor/graph.h"

typedef enum LkTrack { LK_TRACK_MAIN, LK_TRACK_SMALL, LK_TRACK_GRADIENTS, LK_TRACK_COUNT } LkTrack;

typedef struct LkTracks {
    int32_t n_nodes;
    uint8_t *track;                   /* per node: an LkTrack */
    int32_t *until;                   /* per node: LkPlanNeeds. Behind it the main track waits. */
    int32_t *signal;                  /* per node: the signal that its track gives once it has ended, or -1 */
    int32_t (*joins)[LK_TRACK_COUNT]; /* before node n, and at the end (n_nodes): signals for which the main track
                                        waits, or -1 */
    int32_t n_signals;                /* signals are used again when they were waited for */
} LkTracks;

/** NULL when out of memory. */
LkTracks *lk_tracks_new(const LkGraph *graph);
void lk_tracks_free(LkTracks *tracks);
