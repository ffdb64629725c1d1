/* What the reference's operations see of a node, and their names. Private to this folder. */
#pragma once

#include "tensor/graph.h"

/** A node with its tensors' shapes and memory. A tensor that is LK_NONE has memory NULL and an empty shape. */
typedef struct ReferenceCall {
    const LkNode *node;
    const LkAttributes *attr;
    const LkTensor *in_tensor[LK_MAX_INPUTS], *out_tensor[LK_MAX_OUTPUTS];
    double *in[LK_MAX_INPUTS], *out[LK_MAX_OUTPUTS];
} ReferenceCall;

/** Runs one node; false where an index in the data is out of range. */
typedef bool ReferenceOp(const ReferenceCall *call);

ReferenceOp reference_matmul, reference_conv2d, reference_conv2d_backward_data;
ReferenceOp reference_attention, reference_attention_backward;
ReferenceOp reference_group_norm, reference_group_norm_backward, reference_layer_norm, reference_layer_norm_backward;
ReferenceOp reference_activation, reference_activation_backward, reference_geglu, reference_geglu_backward;
ReferenceOp reference_add, reference_add_rows, reference_sum_rows;
ReferenceOp reference_upsample2, reference_upsample2_backward, reference_concat, reference_slice;
ReferenceOp reference_embedding, reference_time_embedding, reference_q_sample, reference_loss, reference_cast;
ReferenceOp reference_fetch, reference_dequantise;
ReferenceOp reference_dropout, reference_limit_norm, reference_multiply, reference_scale_rows, reference_sum_products;
ReferenceOp reference_gather_taps, reference_spread_taps, reference_kronecker, reference_kronecker_backward;
ReferenceOp reference_dora_scale, reference_dora_scale_backward;
ReferenceOp reference_zero, reference_clip_coefficient, reference_note, reference_adamw;
ReferenceOp reference_sgd, reference_lion, reference_schedule_free, reference_adamw_8bit, reference_lion_8bit;
ReferenceOp reference_adapt_gather, reference_adapt_settle, reference_adapt_apply, reference_adafactor, reference_ema;

/* Scalar functions and their derivatives. */
double reference_silu(double x);
double reference_silu_derivative(double x);
double reference_gelu(double x); /* exact: x Φ(x) */
double reference_gelu_derivative(double x);
