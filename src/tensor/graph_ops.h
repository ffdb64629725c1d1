/* The operations as functions that append nodes and return the new tensor.
 *
 * T is the graph's compute type. [R,C] stands for any tensor seen as rows of its last dimension. Norm weights, biases
 * and statistics are f32. Wrong shapes are remembered in the graph (lk_graph_check) and give LK_NONE. */
#pragma once

#include "tensor/graph.h"

/** Options of lk_matmul. */
typedef struct LkMatmul {
    bool trans_a; /* a is [K,M] instead of [M,K] */
    bool trans_b; /* b is [N,K] instead of [K,N]: the layout of a Linear's weight */
    float alpha;  /* 0 means 1 */
    LkRef bias;   /* f32 [N], or LK_NONE */
    LkRef addend; /* same shape as the result, of its type or f32, or LK_NONE */
    LkRef into;   /* write into this tensor (then usually also the addend: accumulation), or LK_NONE */
} LkMatmul;
#define LK_MATMUL_DEFAULT ((LkMatmul){.bias = LK_NONE, .addend = LK_NONE, .into = LK_NONE})

/** alpha · op(a) · op(b) + bias + addend. The result has a's leading dimensions (or [M,N] with trans_a). joined.h may
 * give the node a second product. */
LkRef lk_matmul(LkGraph *graph, LkRef a, LkRef b, LkMatmul options);

/** Linear layer: x [R,K] · weight [N,K]ᵀ + bias; bias may be LK_NONE. */
LkRef lk_linear(LkGraph *graph, LkRef x, LkRef weight, LkRef bias);

/** Convolution of x [N,H,W,I] with weight [O,I,k,k] (+ bias f32 [O]), zero padding `before` (top, left) and `after`. */
LkRef lk_conv2d(LkGraph *graph, LkRef x, LkRef weight, LkRef bias, int stride, int pad_before, int pad_after);

/** Softmax attention. q [N,S,C], k and v [N,L,C], split into `heads` parts of C; scores scaled by `scale`. Also writes
 * the log-sum-exp f32 [N,heads,S] that the backward pass needs. */
LkRef lk_attention(LkGraph *graph, LkRef q, LkRef k, LkRef v, int64_t heads, float scale, bool causal);

/** Group norm of x [N,…,C] with gamma, beta f32 [C], then SiLU if asked. Statistics f32 [N,groups,2]. */
LkRef lk_group_norm(LkGraph *graph, LkRef x, LkRef gamma, LkRef beta, int groups, float eps, bool silu);

/** Layer norm over the last dimension. Statistics f32 [R,2]. */
LkRef lk_layer_norm(LkGraph *graph, LkRef x, LkRef gamma, LkRef beta, float eps);

LkRef lk_activation(LkGraph *graph, LkRef x, LkActivation activation);

/** x [R,2C] → x[:, :C] · gelu(x[:, C:]) (exact GELU). low_rank.h may give the node an addend of x. */
LkRef lk_geglu(LkGraph *graph, LkRef x);

/** a + b, same shapes. */
LkRef lk_add(LkGraph *graph, LkRef a, LkRef b);

/** x [N,…,C] + v [N,C] for every position. */
LkRef lk_add_rows(LkGraph *graph, LkRef x, LkRef v);

/** Nearest-neighbour enlargement of x [N,H,W,C] by 2. */
LkRef lk_upsample2(LkGraph *graph, LkRef x);

/** [a | b] along the channels. */
LkRef lk_concat(LkGraph *graph, LkRef a, LkRef b);

/** Channels begin .. begin+count-1. */
LkRef lk_slice(LkGraph *graph, LkRef x, int64_t begin, int64_t count);

/** table[ids] + positions[r mod P]: ids i32 [N,P], table T [V,C], positions T [P,C] → T [N,P,C]. */
LkRef lk_embedding(LkGraph *graph, LkRef ids, LkRef table, LkRef positions);

/** Sinusoidal features [cos | sin] of t f32 [N] → T [N,C]. */
LkRef lk_time_embedding(LkGraph *graph, LkRef t, int64_t channels);

/** a[n]·x + b[n]·z for x, z f32 [N,…], a, b f32 [N] → dtype. The noisy latent and the v target. */
LkRef lk_q_sample(LkGraph *graph, LkRef x, LkRef z, LkRef a, LkRef b, LkDType dtype);

/** Options of lk_loss. */
typedef struct LkLossOptions {
    LkLoss kind;
    LkRef huber_c; /* f32 [N]: threshold of HUBER and SMOOTH_L1; else LK_NONE */
    LkRef mask;    /* f32 like target: factor of each element's loss; or LK_NONE */
} LkLossOptions;
#define LK_LOSS_DEFAULT ((LkLossOptions){.kind = LK_LOSS_L2, .huber_c = LK_NONE, .mask = LK_NONE})

/** Mean over each sample's elements of mask · loss(pred - target), f32 [N] (unweighted), and in *d_pred the gradient of
 * mean over n of weight[n] · loss[n], times scalars[LK_SCALAR_LOSS_SCALE]. pred T, target f32, weight f32 [N]. */
LkRef lk_loss(LkGraph *graph, LkRef pred, LkRef target, LkRef weight, LkRef scalars, LkLossOptions options,
              LkRef *d_pred);

/** Other element type. */
LkRef lk_cast(LkGraph *graph, LkRef x, LkDType dtype);

/** Sets a tensor (a state, or a new activation) to zero. */
void lk_zero(LkGraph *graph, LkRef ref);

/* The step's changing numbers, one small f32 input that the host writes before each run. */
enum {
    LK_SCALAR_LOSS_SCALE,     /* factor of the loss before backward */
    LK_SCALAR_GRADIENT_SCALE, /* factor of the gradients in the optimizer: 1 / (loss scale · accumulation) */
    LK_SCALAR_EMA,            /* how much of the average stays */
    LK_SCALAR_SLOT,           /* where lk_note writes */
    LK_SCALAR_GROUPS = 8,     /* then those of each optimizer group (0: text encoder, 1: U-Net …): LkAdamwScalars, … */
    LK_SCALAR_GROUP_SIZE = 16,
    LK_SCALAR_MAX_GROUPS = 56,
    LK_SCALAR_COUNT = LK_SCALAR_GROUPS + LK_SCALAR_GROUP_SIZE * LK_SCALAR_MAX_GROUPS
};

/** Total norm of a gradient state and the factor that clips it: f32 [2] = {norm of g·gradient scale, factor of g}.
 * factor = gradient scale · min(1, max_norm / (norm + 1e-6)), as torch.nn.utils.clip_grad_norm_; NaN where the norm is
 * not finite, or one of `losses` (f32, or LK_NONE). */
LkRef lk_clip_coefficient(LkGraph *graph, LkRef gradient, LkRef scalars, LkRef losses, float max_norm);

/** Writes x (f32) into the state `notes` from element scalars[LK_SCALAR_SLOT] on. */
void lk_note(LkGraph *graph, LkRef x, LkRef scalars, LkRef notes);

/** AdamW step (Loshchilov & Hutter 2019, order of operations of torch.optim.AdamW) on views of f32 states, with the
 * scalars of optimizer group `group` and gradients multiplied by clip[1]. Where clip[1] is not finite, nothing
 * changes. */
void lk_adamw(LkGraph *graph, LkRef p, LkRef g, LkRef m, LkRef v, LkRef clip, LkRef scalars, int group);
