/* The operations of optimizers beside AdamW, as functions that append nodes. All work on f32 states in place, with the
 * scalars of optimizer group `group` (the structs of kernels/args_optimizer.h) and gradients multiplied by clip[1];
 * where that is not finite, nothing changes.
 *
 *   SGD             in p, g, m, clip, scalars                             out p, m
 *   LION            in p, g, m, clip, scalars                             out p, m
 *   SCHEDULE_FREE   in p, g, z, v, clip, scalars                          out p, z, v
 *   ADAMW_8BIT      in p, g, m, v, m scale, v scale, clip, scalars        out p, m, v, m scale, v scale
 *   LION_8BIT       in p, g, m, m scale, clip, scalars                    out p, m, m scale
 *   ADAPT_GATHER    in p, g, m, v, s, carry, clip, scalars, [first p]     out m, v, s, carry
 *   ADAPT_SETTLE    in carry, clip, scalars                               out carry
 *   ADAPT_APPLY     in p, m, v, carry, clip, scalars                      out p
 *   ADAFACTOR       in p, g, rows, columns, table, clip, scalars          out p, rows, columns
 *   EMA             in e, p, scalars, clip                                out e */
#pragma once

#include "tensor/graph_ops.h"

/** What all of them take. */
typedef struct LkOptimizerRefs {
    LkRef p, g; /* f32 [count]: views of the weights and of their gradient (not used by settle and apply) */
    LkRef clip; /* f32 [2], from lk_clip_coefficient */
    LkRef scalars;
    int group;
} LkOptimizerRefs;

/** torch.optim.SGD with momentum, m f32 [count]. */
void lk_sgd(LkGraph *graph, const LkOptimizerRefs *o, LkRef m);
/** Lion (Chen et al., arXiv:2302.06675), m f32 [count]. */
void lk_lion(LkGraph *graph, const LkOptimizerRefs *o, LkRef m);
/** Schedule-free AdamW (Defazio et al., arXiv:2405.15682): p is y, z and v f32 [count]. */
void lk_schedule_free(LkGraph *graph, const LkOptimizerRefs *o, LkRef z, LkRef v);

/** AdamW and Lion with moments in 8 bits (Dettmers et al., arXiv:2110.02861): codes i32 [ceil(count / 4)], four in a
 * word from the lowest byte on, and a scale f32 [ceil(count / 256)] of each block. */
void lk_adamw_8bit(LkGraph *graph, const LkOptimizerRefs *o, LkRef m, LkRef v, LkRef m_scale, LkRef v_scale);
void lk_lion_8bit(LkGraph *graph, const LkOptimizerRefs *o, LkRef m, LkRef m_scale);

/** Prodigy (arXiv:2306.06101), or D-adapted Adam (arXiv:2301.07733) where `first` is LK_NONE, over some stretches of
 * the weights: gather for each, settle once, apply for each. carry f32 [LK_CARRY_COUNT]; `slot` differs from stretch to
 * stretch. m, v, s, first f32 [count]. */
void lk_adapt_gather(LkGraph *graph, const LkOptimizerRefs *o, LkRef m, LkRef v, LkRef s, LkRef first, LkRef carry,
                     int slot);
void lk_adapt_settle(LkGraph *graph, const LkOptimizerRefs *o, LkRef carry, bool dadapt);
void lk_adapt_apply(LkGraph *graph, const LkOptimizerRefs *o, LkRef m, LkRef v, LkRef carry, bool dadapt);

/** Adafactor over the matrices of `table`, i32 [matrices, LK_MATRIX_COUNT]; p and g are whole states. */
void lk_adafactor(LkGraph *graph, const LkOptimizerRefs *o, LkRef rows, LkRef columns, LkRef table);

/** e += (1 - scalars[LK_SCALAR_EMA]) · (p - e), f32 of the same shape; clip may be LK_NONE. */
void lk_ema(LkGraph *graph, LkRef e, LkRef p, LkRef scalars, LkRef clip);
