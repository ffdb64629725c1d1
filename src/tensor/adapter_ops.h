/* The operations of adapters as functions that append nodes, in the manner of graph_ops.h.
 *
 *   MULTIPLY             in a, b                            out y = alpha · a · b
 *   SCALE_ROWS           in x, v, [bias], [addend]          out y
 *   SUM_PRODUCTS         in dy, y, v, [bias]                out dv f32: the gradient of SCALE_ROWS for v
 *   GATHER_TAPS          in z                               out y
 *   SPREAD_TAPS          in dy                              out dz
 *   DROPOUT              in x, key i32 [4]                  out y: its own backward
 *   LIMIT_NORM           in a, b, gram_a, gram_b, [clip]    out a, b in place
 *   KRONECKER            in a, b                            out y
 *   KRONECKER_BACKWARD   in dy, a, b                        out da f32, db f32
 *   DORA_SCALE           in w, delta, magnitude, [keep]     out s f32, norm f32
 *   DORA_SCALE_BACKWARD  in ds, w, delta, magnitude, norm, [keep]  out d_delta, d_magnitude f32
 *
 * A convolution's change of weight is kept [O, k·k, I] ("taps outside channels"), so that one matrix product
 * multiplies the channels of all taps and none of the picture is copied: x [N,H,W,I] · [O·k·k, I]ᵀ, whose result
 * GATHER_TAPS sums over the taps. Its gradients are matrix products again: no operation for a convolution's weights. */
#pragma once

#include "tensor/graph_ops.h"

/** Layers that read the same, at most: q, k and v. */
enum { LK_MAX_SIBLINGS = 3 };

/** A layer of a model as an adapter sees it: y = weight · x + bias, or a convolution. */
typedef struct LkAdaptedLayer {
    const char *name; /* in the base model, without ".weight" */
    LkRef x, y;
    LkRef weight, bias; /* frozen; bias may be LK_NONE */
    int kernel, stride, pad_before, pad_after;
    LkRef begun; /* what the adapter made of x before the layer's own node, or LK_NONE */
} LkAdaptedLayer;

/** alpha · a · b by element. Same shapes, both T. */
LkRef lk_multiply(LkGraph *graph, LkRef a, LkRef b, float alpha);

/** (x + addend - bias) · v + bias for every position, rounded once: x [N,…,C], v f32 [N,C], bias f32 [C], addend like
 * x; the last two may be LK_NONE. v may have one row for all samples. */
LkRef lk_scale_rows(LkGraph *graph, LkRef x, LkRef v, LkRef bias, LkRef addend);

/** The second half of a convolution with kernel × kernel taps: z [N,H,W,C·k·k] (taps innermost), in the compute type or
 * f32 → [N,P,Q,C] in the compute type. Of f32 the sum is rounded once, as a convolution's is. */
LkRef lk_gather_taps(LkGraph *graph, LkRef z, int kernel, int stride, int pad_before, int pad_after);

/** alpha · a ⊗ b for each tap: a [m,n], b [p, taps·q] → [m·p, taps·n·q]. */
LkRef lk_kronecker(LkGraph *graph, LkRef a, LkRef b, int taps, float alpha);

/** DoRA (Liu et al., arXiv:2402.09353), norms over output rows as in LyCORIS: s = magnitude / (|w + delta| + eps), f32
 * [O]. w is a frozen weight [O,I] or [O,I,k,k], delta [O, k·k·I] with taps outside channels, magnitude f32 [O].
 * `strength` goes from 0 (s = 1) to 1; only 1 can be trained. `keep` f32 [O], or LK_NONE: where it is 0 the row of
 * delta does not count, where it is below, s = 1 (dropped rows and modules, as LyCORIS drops them). */
LkRef lk_dora_scale(LkGraph *graph, LkRef w, LkRef delta, LkRef magnitude, LkRef keep, float strength);

/** x / (1 - p), where a random number of each element says so, else 0: a pure function of `key` (i32 [4], an input:
 * seed, its upper half, step, 0), `stream` and the element's place. */
LkRef lk_dropout(LkGraph *graph, LkRef x, LkRef key, uint32_t stream, float p);

/** Max-norm regularisation of scale · a · b: scales a [M,K] and b [K,N] (f32, parts of a state, in place) alike, so
 * that the product's norm is at most `limit`; nothing changes where clip[1] (lk_clip_coefficient) is not finite. */
void lk_limit_norm(LkGraph *graph, LkRef a, LkRef b, LkRef clip, float scale, float limit);
