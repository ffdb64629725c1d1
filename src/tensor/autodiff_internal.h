/* What the rules of the single operations (autodiff_rules.c) may ask of the differentiation (autodiff.c). */
#pragma once

#include "tensor/autodiff.h"

typedef struct LkDiff LkDiff;

/** Whether a parameter's gradient passes through this tensor. */
bool lk_diff_needs(const LkDiff *diff, LkRef ref);

/** The value of a forward tensor in the backward pass: the tensor itself, or its copy computed again. */
LkRef lk_diff_saved(LkDiff *diff, LkRef ref);

/** Adds `gradient` to what is known of the gradient of `ref`. */
void lk_diff_add(LkDiff *diff, LkRef ref, LkRef gradient);

/** What has been gathered of the gradient of `ref`, with its shape but perhaps in f32; LK_NONE when nothing reached
 * it yet. */
LkRef lk_diff_partial(LkDiff *diff, LkRef ref);

/** Whether several nodes read `ref`, so that its gradient is a sum. Such sums are gathered in f32: rounding every
 * partial sum to bf16 costs more accuracy than all other roundings of a layer together. */
bool lk_diff_is_shared(const LkDiff *diff, LkRef ref);

/** Whether no node is left that reads `ref`, so that what the one at hand adds makes its gradient complete. */
bool lk_diff_is_last(const LkDiff *diff, LkRef ref);

/** Replaces the gathered gradient of `ref` (by one that includes it). */
void lk_diff_set(LkDiff *diff, LkRef ref, LkRef gradient);

/** Where the gradient of some columns of a tensor goes, which the one node that reads them makes. */
LkRef lk_diff_columns(LkDiff *diff, LkRef ref);

/** For a parameter: the place in the gradient state where its gradient is accumulated, seen as [rows, cols]. */
LkRef lk_diff_parameter_gradient(LkDiff *diff, LkRef ref);

LkGraph *lk_diff_graph(LkDiff *diff);

/** Appends the backward nodes of one forward node; d_out is the gradient of its output 0. */
typedef void (*LkDiffRule)(LkDiff *diff, const LkNode *node, LkRef d_out);

/** Appends `op` with these inputs and one output shaped like `shape_of`; returns it. */
LkRef lk_diff_emit(LkDiff *diff, LkOp op, const LkAttributes *attr, int n_in, const LkRef *in, LkRef shape_of);

/* Rules of the adapters' operations (adapter_rules.c). */
void lk_multiply_rule(LkDiff *diff, const LkNode *node, LkRef dy);
void lk_scale_rows_rule(LkDiff *diff, const LkNode *node, LkRef dy);
void lk_dropout_rule(LkDiff *diff, const LkNode *node, LkRef dy);
void lk_gather_taps_rule(LkDiff *diff, const LkNode *node, LkRef dy);
void lk_kronecker_rule(LkDiff *diff, const LkNode *node, LkRef dy);
void lk_dora_scale_rule(LkDiff *diff, const LkNode *node, LkRef dy);

/** The rule of an operation; NULL where it has none. */
LkDiffRule lk_diff_rule(LkOp op);
