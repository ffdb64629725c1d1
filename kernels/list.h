/* Which kernels there are, and the phases of each. */
#pragma once

/* X(ID, args struct, number of phases) */
#define LK_KERNEL_LIST(X)                                                                                              \
    X(GROUP_NORM, LkGroupNormArgs, 3)                                                                                  \
    X(GROUP_NORM_BACKWARD, LkGroupNormBackwardArgs, 3)                                                                 \
    X(LAYER_NORM, LkLayerNormArgs, 1)                                                                                  \
    X(LAYER_NORM_BACKWARD, LkLayerNormBackwardArgs, 1)                                                                 \
    X(ACTIVATION, LkActivationArgs, 1)                                                                                 \
    X(ACTIVATION_BACKWARD, LkActivationBackwardArgs, 1)                                                                \
    X(GEGLU, LkGegluArgs, 1)                                                                                           \
    X(GEGLU_BACKWARD, LkGegluBackwardArgs, 1)                                                                          \
    X(GEGLU_LOW_RANK, LkGegluArgs, 1)                                                                                  \
    X(GEGLU_LOW_RANK_BACKWARD, LkGegluBackwardArgs, 1)                                                                 \
    X(AXPBY, LkAxpbyArgs, 1)                                                                                           \
    X(ADD_ROWS, LkAddRowsArgs, 1)                                                                                      \
    X(SUM_ROWS, LkSumRowsArgs, 2)                                                                                      \
    X(UPSAMPLE2, LkUpsample2Args, 1)                                                                                   \
    X(UPSAMPLE2_BACKWARD, LkUpsample2Args, 1)                                                                          \
    X(COPY2D, LkCopy2dArgs, 1)                                                                                         \
    X(FILL_TAILS, LkFillTailsArgs, 1)                                                                                  \
    X(EMBEDDING, LkEmbeddingArgs, 1)                                                                                   \
    X(TIME_EMBEDDING, LkTimeEmbeddingArgs, 1)                                                                          \
    X(Q_SAMPLE, LkQSampleArgs, 1)                                                                                      \
    X(LOSS, LkLossArgs, 2)                                                                                             \
    X(CAST_FROM_F32, LkCastArgs, 1)                                                                                    \
    X(CAST_TO_F32, LkCastArgs, 1)                                                                                      \
    X(DEQUANTISE_I8, LkDequantiseArgs, 1)                                                                              \
    X(DEQUANTISE_E4M3, LkDequantiseArgs, 1)                                                                            \
    X(FILL, LkFillArgs, 1)                                                                                             \
    X(SOFTMAX, LkSoftmaxArgs, 1)                                                                                       \
    X(SOFTMAX_BACKWARD, LkSoftmaxBackwardArgs, 1)                                                                      \
    X(VAE_SAMPLE, LkVaeSampleArgs, 1)                                                                                  \
    X(MULTIPLY, LkMultiplyArgs, 1)                                                                                     \
    X(SCALE_ROWS, LkScaleRowsArgs, 1)                                                                                  \
    X(SUM_PRODUCTS, LkSumProductsArgs, 2)                                                                              \
    X(GATHER_TAPS, LkTapsArgs, 1)                                                                                      \
    X(SPREAD_TAPS, LkTapsArgs, 1)                                                                                      \
    X(DROPOUT, LkDropoutArgs, 1)                                                                                       \
    X(KRONECKER, LkKroneckerArgs, 1)                                                                                   \
    X(KRONECKER_LEFT, LkKroneckerArgs, 1)                                                                              \
    X(KRONECKER_RIGHT, LkKroneckerArgs, 1)                                                                             \
    X(DORA_SCALE, LkDoraScaleArgs, 1)                                                                                  \
    X(DORA_SCALE_BACKWARD, LkDoraScaleBackwardArgs, 1)                                                                 \
    X(SUM_SQUARES, LkSumSquaresArgs, 2)                                                                                \
    X(CLIP, LkClipArgs, 1)                                                                                             \
    X(NOTE, LkNoteArgs, 1)                                                                                             \
    X(ADAMW, LkAdamwArgs, 1)                                                                                           \
    X(SGD, LkOptimizerArgs, 1)                                                                                         \
    X(LION, LkOptimizerArgs, 1)                                                                                        \
    X(SCHEDULE_FREE, LkOptimizerArgs, 1)                                                                               \
    X(PRODIGY_GATHER, LkOptimizerArgs, 2)                                                                              \
    X(PRODIGY_SETTLE, LkOptimizerArgs, 1)                                                                              \
    X(PRODIGY_APPLY, LkOptimizerArgs, 1)                                                                               \
    X(DADAPT_GATHER, LkOptimizerArgs, 2)                                                                               \
    X(DADAPT_SETTLE, LkOptimizerArgs, 1)                                                                               \
    X(DADAPT_APPLY, LkOptimizerArgs, 1)                                                                                \
    X(ADAMW_8BIT, LkOptimizer8Args, 1)                                                                                 \
    X(LION_8BIT, LkOptimizer8Args, 1)                                                                                  \
    X(ADAFACTOR, LkAdafactorArgs, 2)                                                                                   \
    X(LIMIT_NORM, LkLimitNormArgs, 2)                                                                                  \
    X(EMA, LkEmaArgs, 1)                                                                                               \
    X(ADD_PARTS, LkAddPartsArgs, 1)                                                                                    \
    X(ADD_LOW_RANK, LkAddLowRankArgs, 1)

/* X(ID, phase number, function, args struct, blocks, lanes): `blocks` and `lanes` (of a GPU's block) are expressions of
 * `a`, the args, and used by kernels.c alone. Compiled for each element type: */
#define LK_TYPED_PHASES(X)                                                                                             \
    X(GROUP_NORM, 0, group_norm_partial, LkGroupNormArgs, lk_chunk_blocks(a->n, a->s, a->c), span_lanes(a->c))         \
    X(GROUP_NORM, 1, group_norm_fold, LkGroupNormArgs, a->n * a->groups, 64)                                           \
    X(GROUP_NORM, 2, group_norm_apply, LkGroupNormArgs, lk_chunk_blocks(a->n, a->s, a->c), span_lanes(a->c))           \
    X(GROUP_NORM_BACKWARD, 0, group_norm_back_partial, LkGroupNormBackwardArgs, lk_chunk_blocks(a->n, a->s, a->c),     \
      span_lanes(a->c))                                                                                                \
    X(GROUP_NORM_BACKWARD, 1, group_norm_back_fold, LkGroupNormBackwardArgs, a->n * a->groups, 64)                     \
    X(GROUP_NORM_BACKWARD, 2, group_norm_back_apply, LkGroupNormBackwardArgs, lk_chunk_blocks(a->n, a->s, a->c),       \
      span_lanes(a->c))                                                                                                \
    X(LAYER_NORM, 0, layer_norm, LkLayerNormArgs, a->rows, row_lanes(a->c))                                            \
    X(LAYER_NORM_BACKWARD, 0, layer_norm_backward, LkLayerNormBackwardArgs, a->rows, row_lanes(a->c))                  \
    X(ACTIVATION, 0, activation, LkActivationArgs, lk_tiles(a->n), row_lanes(LK_TILE))                                 \
    X(ACTIVATION_BACKWARD, 0, activation_backward, LkActivationBackwardArgs, lk_tiles(a->n), row_lanes(LK_TILE))       \
    X(GEGLU, 0, geglu, LkGegluArgs, a->rows *lk_tiles(a->c), row_lanes(a->c))                                          \
    X(GEGLU_BACKWARD, 0, geglu_backward, LkGegluBackwardArgs, a->rows *lk_tiles(a->c), row_lanes(a->c))                \
    X(GEGLU_LOW_RANK, 0, geglu_low_rank, LkGegluArgs, lk_low_rank_blocks(a->rows, a->c), LK_LOW_RANK_LANES)            \
    X(GEGLU_LOW_RANK_BACKWARD, 0, geglu_low_rank_backward, LkGegluBackwardArgs, lk_low_rank_blocks(a->rows, a->c),     \
      LK_LOW_RANK_LANES)                                                                                               \
    X(ADD_LOW_RANK, 0, add_low_rank, LkAddLowRankArgs, lk_low_rank_blocks(a->rows, a->c), LK_LOW_RANK_LANES)           \
    X(AXPBY, 0, axpby, LkAxpbyArgs, lk_tiles(a->count), row_lanes(LK_TILE))                                            \
    X(ADD_ROWS, 0, add_rows, LkAddRowsArgs, lk_chunk_blocks(a->n, a->s, a->c), span_lanes(a->c))                       \
    X(SUM_ROWS, 0, sum_rows_partial, LkSumRowsArgs, lk_chunk_blocks(a->n, a->s, a->c), span_lanes(a->c))               \
    X(SUM_ROWS, 1, sum_rows_fold, LkSumRowsArgs, a->n *lk_ceil_div(a->c, LK_FOLD_WIDTH), 32)                           \
    X(UPSAMPLE2, 0, upsample2, LkUpsample2Args, a->n * a->h * a->w, row_lanes(a->c))                                   \
    X(UPSAMPLE2_BACKWARD, 0, upsample2_backward, LkUpsample2Args, a->n * a->h * a->w, row_lanes(a->c))                 \
    X(COPY2D, 0, copy2d, LkCopy2dArgs, a->rows *lk_tiles(a->cols), row_lanes(a->cols))                                 \
    X(FILL_TAILS, 0, fill_tails, LkFillTailsArgs, a->count *lk_tiles(a->most), row_lanes(a->most))                     \
    X(EMBEDDING, 0, embedding, LkEmbeddingArgs, a->rows, row_lanes(a->c))                                              \
    X(TIME_EMBEDDING, 0, time_embedding, LkTimeEmbeddingArgs, a->n, row_lanes(4 * a->c))                               \
    X(Q_SAMPLE, 0, q_sample, LkQSampleArgs, a->n *lk_tiles(a->s), row_lanes(a->s))                                     \
    X(LOSS, 0, loss_partial, LkLossArgs, a->n *lk_sum_tiles(a->s), row_lanes(a->s))                                    \
    X(LOSS, 1, loss_fold, LkLossArgs, a->n, 32)                                                                        \
    X(CAST_FROM_F32, 0, cast_from_f32, LkCastArgs, lk_tiles(a->count), row_lanes(LK_TILE))                             \
    X(CAST_TO_F32, 0, cast_to_f32, LkCastArgs, lk_tiles(a->count), row_lanes(LK_TILE))                                 \
    X(DEQUANTISE_I8, 0, dequantise_i8, LkDequantiseArgs, a->rows *lk_tiles(a->cols), row_lanes(a->cols))               \
    X(DEQUANTISE_E4M3, 0, dequantise_e4m3, LkDequantiseArgs, a->rows *lk_tiles(a->cols), row_lanes(a->cols))           \
    X(FILL, 0, fill, LkFillArgs, lk_tiles(a->count), row_lanes(LK_TILE))                                               \
    X(SOFTMAX, 0, softmax, LkSoftmaxArgs, a->rows, row_lanes(a->cols))                                                 \
    X(SOFTMAX_BACKWARD, 0, softmax_backward, LkSoftmaxBackwardArgs, a->rows, row_lanes(a->cols))                       \
    X(VAE_SAMPLE, 0, vae_sample, LkVaeSampleArgs, lk_tiles(a->positions), LK_MAX_LANES)                                \
    X(MULTIPLY, 0, multiply, LkMultiplyArgs, lk_tiles(a->count), row_lanes(LK_TILE))                                   \
    X(SCALE_ROWS, 0, scale_rows, LkScaleRowsArgs, lk_chunk_blocks(a->n, a->s, a->c), span_lanes(a->c))                 \
    X(SUM_PRODUCTS, 0, sum_products_partial, LkSumProductsArgs, lk_chunk_blocks(a->n, a->s, a->c), span_lanes(a->c))   \
    X(SUM_PRODUCTS, 1, sum_products_fold, LkSumProductsArgs, a->n *lk_ceil_div(a->c, LK_FOLD_WIDTH), 32)               \
    X(GATHER_TAPS, 0, gather_taps, LkTapsArgs, a->n * a->p * a->q * lk_ceil_div(a->c, LK_FOLD_WIDTH), row_lanes(a->c)) \
    X(SPREAD_TAPS, 0, spread_taps, LkTapsArgs, a->n * a->h * a->w * lk_ceil_div(a->c, LK_FOLD_WIDTH), row_lanes(a->c)) \
    X(DROPOUT, 0, dropout, LkDropoutArgs, lk_tiles(a->count), row_lanes(LK_TILE))                                      \
    X(KRONECKER, 0, kronecker, LkKroneckerArgs, a->m * a->p * a->taps, row_lanes(a->q))                                \
    X(KRONECKER_LEFT, 0, kronecker_left, LkKroneckerArgs, a->m * a->n, row_lanes(a->q))                                \
    X(KRONECKER_RIGHT, 0, kronecker_right, LkKroneckerArgs, a->p * a->taps * lk_ceil_div(a->q, LK_FOLD_WIDTH), 32)     \
    X(DORA_SCALE, 0, dora_scale, LkDoraScaleArgs, a->out, row_lanes(a->in))                                            \
    X(DORA_SCALE_BACKWARD, 0, dora_scale_backward, LkDoraScaleBackwardArgs, a->out, row_lanes(a->in))

/* For float only: */
#define LK_FLOAT_PHASES(X)                                                                                             \
    X(SUM_SQUARES, 0, sum_squares_partial, LkSumSquaresArgs, lk_sum_tiles(a->count), LK_MAX_LANES)                     \
    X(SUM_SQUARES, 1, sum_squares_fold, LkSumSquaresArgs, 1, LK_MAX_LANES)                                             \
    X(CLIP, 0, clip, LkClipArgs, 1, 32)                                                                                \
    X(NOTE, 0, note, LkNoteArgs, 1, 32)                                                                                \
    X(ADAMW, 0, adamw, LkAdamwArgs, lk_tiles(a->count), LK_MAX_LANES)                                                  \
    X(SGD, 0, sgd, LkOptimizerArgs, lk_tiles(a->count), LK_MAX_LANES)                                                  \
    X(LION, 0, lion, LkOptimizerArgs, lk_tiles(a->count), LK_MAX_LANES)                                                \
    X(SCHEDULE_FREE, 0, schedule_free, LkOptimizerArgs, lk_tiles(a->count), LK_MAX_LANES)                              \
    X(PRODIGY_GATHER, 0, prodigy_gather, LkOptimizerArgs, lk_sum_tiles(a->count), LK_MAX_LANES)                        \
    X(PRODIGY_GATHER, 1, prodigy_fold, LkOptimizerArgs, 1, LK_MAX_LANES)                                               \
    X(PRODIGY_SETTLE, 0, prodigy_settle, LkOptimizerArgs, 1, 32)                                                       \
    X(PRODIGY_APPLY, 0, prodigy_apply, LkOptimizerArgs, lk_tiles(a->count), LK_MAX_LANES)                              \
    X(DADAPT_GATHER, 0, dadapt_gather, LkOptimizerArgs, lk_sum_tiles(a->count), LK_MAX_LANES)                          \
    X(DADAPT_GATHER, 1, dadapt_fold, LkOptimizerArgs, 1, LK_MAX_LANES)                                                 \
    X(DADAPT_SETTLE, 0, dadapt_settle, LkOptimizerArgs, 1, 32)                                                         \
    X(DADAPT_APPLY, 0, dadapt_apply, LkOptimizerArgs, lk_tiles(a->count), LK_MAX_LANES)                                \
    X(ADAMW_8BIT, 0, adamw_8bit, LkOptimizer8Args, lk_ceil_div(a->count, LK_QUANTUM), 32)                              \
    X(LION_8BIT, 0, lion_8bit, LkOptimizer8Args, lk_ceil_div(a->count, LK_QUANTUM), 32)                                \
    X(ADAFACTOR, 0, adafactor_means, LkAdafactorArgs, a->matrices, LK_MAX_LANES)                                       \
    X(ADAFACTOR, 1, adafactor_apply, LkAdafactorArgs, a->matrices, LK_MAX_LANES)                                       \
    X(LIMIT_NORM, 0, limit_norm_find, LkLimitNormArgs, 1, LK_MAX_LANES)                                                \
    X(LIMIT_NORM, 1, limit_norm_apply, LkLimitNormArgs, lk_tiles(a->a_count) + lk_tiles(a->b_count), LK_MAX_LANES)     \
    X(EMA, 0, ema, LkEmaArgs, lk_tiles(a->count), LK_MAX_LANES)                                                        \
    X(ADD_PARTS, 0, add_parts, LkAddPartsArgs, lk_tiles(a->count), row_lanes(a->count))
