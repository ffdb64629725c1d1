/* Softmax attention of the CPU backend, forward and backward, tile by tile: the matrix of scores never exists as a
 * whole.
 *
 *     o = softmax(scale · q kᵀ) v     for every batch element and head
 *
 * The sums are those of one softmax with a fixed order of keys: results depend on the shape and on the processor's
 * instruction set, never on the number of threads or on timing. */
#pragma once

#include "base/dtype.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Where the numbers lie. A token's row holds all heads, head h at offset h * head_dim; q and dq are
 * [batch, q_len] rows, k, v, dk and dv [batch, kv_rows] rows, o and d_o [batch, q_len] rows. */
typedef struct LkAttentionShape {
    int64_t batch, heads, q_len, kv_len, head_dim;
    int64_t q_stride, kv_stride, o_stride; /* elements between consecutive rows, at least heads * head_dim */
    int64_t kv_rows; /* rows of k and v of one batch element, the first kv_len of which count; 0 means kv_len */
    float scale;     /* factor of the scores, above 0 */
    bool causal;     /* query i sees keys 0..i only */
    LkDType dtype;   /* of q, k, v, o and their gradients: LK_F32 or LK_BF16 (sums are f32 in both) */
} LkAttentionShape;

/** Attention prepared for one shape; immutable, so that several threads may run it with a workspace each. */
typedef struct LkCpuAttention LkCpuAttention;

/** Prepares the forward pass (`backward` false) or the backward pass for `threads` threads (0: all cores). NULL and an
 * error if the shape is not one of the above. Free with lk_cpu_attention_free, which takes NULL too. */
LkCpuAttention *lk_cpu_attention_new(const LkAttentionShape *shape, bool backward, int threads, LkError *error);
void lk_cpu_attention_free(LkCpuAttention *attention);

/** Bytes of the workspace, aligned to 64, that a run needs. Its content need not survive between runs. */
size_t lk_cpu_attention_workspace(const LkCpuAttention *attention);

/** The instruction set in use: "avx512-bf16", "avx512", "avx2" or "portable". It follows oneDNN's ONEDNN_MAX_CPU_ISA.
 */
const char *lk_cpu_attention_isa(const LkCpuAttention *attention);

/** Writes o and, unless `lse` is NULL, the natural logarithm of the sum of exp(scale q·k) as [batch, heads, q_len]. */
bool lk_cpu_attention_forward(const LkCpuAttention *attention, const void *q, const void *k, const void *v, void *o,
                              float *lse, void *workspace, LkError *error);

/** Writes dq, dk and dv (strides of q, k, v; rows of dk and dv that do not count become 0) from the forward pass's
 * o and lse and the gradient d_o. The recomputation of the probabilities from lse follows Dao et al., FlashAttention,
 * arXiv:2205.14135, section 3.1 and appendix B. */
bool lk_cpu_attention_backward(const LkCpuAttention *attention, const void *q, const void *k, const void *v,
                               const void *o, const float *lse, const void *d_o, void *dq, void *dk, void *dv,
                               void *workspace, LkError *error);
