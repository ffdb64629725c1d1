/* Where the base model's weights are while a graph runs: a transformation of a whole graph (after autodiff).
 *
 * A weight that a product or convolution reads may be kept as 8-bit codes with a scale for each output channel; then
 * LK_OP_DEQUANTISE makes it in the arena right before it is read, and again before the next time. It may be kept in the
 * host's memory; then LK_OP_FETCH brings it into the arena, some weights ahead of the one that computes, so that a
 * graphics card copies and computes at once. What is read has the same numbers wherever the weight is kept.
 *
 * Which weights are kept on the host is a function of their names and sizes alone, so that all graphs of a device agree
 * about a weight. */
#pragma once

#include "tensor/graph.h"

/** Of a residency's share: all of it. */
enum { LK_RESIDENCY_ALL = 1000 };

typedef struct LkResidency {
    LkDType codes;       /* LK_I8 or LK_E4M3; any other: as computed */
    int host_share;      /* thousandths of the weights that are kept on the host */
    int64_t ahead_bytes; /* how much is fetched before it is read, at most; and at most a part of all that may move */
    int64_t least_count; /* weights of fewer elements stay as they are */
    const char *only;    /* all but weights whose names begin so stay as they are; NULL: none do */
} LkResidency;

/** Weights as they are. What is fetched ahead is some of the largest weights: a copy of it takes as long as a few
 * products. */
#define LK_RESIDENCY_DEFAULT ((LkResidency){.codes = LK_F32, .ahead_bytes = INT64_C(96) << 20, .least_count = 1024})

/** Whether the residency changes anything. */
bool lk_residency_is_any(const LkResidency *residency);

/** Whether a weight of this name is kept on the host where the residency says so of a share of them. More of them are
 * with every larger share, none leaves. */
bool lk_residency_on_host(const LkResidency *residency, const char *name);

/** Of what may move, one part in so many is fetched ahead at most. */
enum { LK_RESIDENCY_AHEAD_PARTS = 16 };

/** What a residency could move of a graph, rewritten or not: numbers of the weights that may move, and bytes of those
 * that may not. */
typedef struct LkResidencyExtent {
    int64_t movable_count, fixed_bytes;
} LkResidencyExtent;

bool lk_residency_extent(const LkGraph *graph, const LkResidency *residency, LkResidencyExtent *extent);

/** Rewrites the graph. Its nodes move: node numbers from before are not valid any more, references to tensors are. */
bool lk_graph_reside(LkGraph *graph, const LkResidency *residency, LkError *error);

/** codes [R,…] and f32 scales [R] → T like codes. */
LkRef lk_dequantise(LkGraph *graph, LkRef codes, LkRef scales);
