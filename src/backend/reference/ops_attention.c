/* Softmax attention and its derivative, one head and one query at a time, with the whole row of probabilities. */
#include "backend/reference/ops.h"

#include <math.h>
#include <stdlib.h>

/** q [N,S,C], k and v [N,L,C], C = heads · width; of the L keys the first `valid` count. */
typedef struct Attention {
    int64_t n, s, l, c, heads, width, valid;
    double scale;
    bool causal;
} Attention;

static Attention attention(const ReferenceCall *call)
{
    const LkTensor *q = call->in_tensor[0], *k = call->in_tensor[1];
    const LkAttributes *attr = call->attr;
    int64_t valid = attr->kv_length > 0 && attr->kv_length < k->shape[1] ? attr->kv_length : k->shape[1];
    return (Attention){.n = q->shape[0],
                       .s = q->shape[1],
                       .l = k->shape[1],
                       .c = q->shape[2],
                       .heads = attr->heads,
                       .width = q->shape[2] / attr->heads,
                       .valid = valid,
                       .scale = attr->alpha,
                       .causal = attr->causal};
}

/** Probabilities of query `s` over the keys, p_j = exp(scale q·k_j) / Σ; returns log Σ exp(scale q·k_j). */
static double softmax_row(const Attention *a, const double *q, const double *k, int64_t s, double *p)
{
    double max = -INFINITY, sum = 0;
    for (int64_t j = 0; j < a->l; j++) {
        p[j] = -INFINITY;
        if (j >= a->valid || (a->causal && j > s))
            continue;
        double score = 0;
        for (int64_t d = 0; d < a->width; d++)
            score += q[d] * k[j * a->c + d];
        p[j] = a->scale * score;
        max = fmax(max, p[j]);
    }
    for (int64_t j = 0; j < a->l; j++)
        sum += p[j] = exp(p[j] - max);
    for (int64_t j = 0; j < a->l; j++)
        p[j] /= sum;
    return max + log(sum);
}

bool reference_attention(const ReferenceCall *call)
{
    Attention a = attention(call);
    int64_t step = lk_tensor_pitch(call->out_tensor[0]);
    double *p = calloc((size_t)a.l + 1, sizeof *p);
    if (!p)
        return false;
    for (int64_t n = 0; n < a.n; n++)
        for (int64_t h = 0; h < a.heads; h++) {
            const double *q = call->in[0] + n * a.s * a.c + h * a.width;
            const double *k = call->in[1] + n * a.l * a.c + h * a.width;
            const double *v = call->in[2] + n * a.l * a.c + h * a.width;
            double *o = call->out[0] + n * a.s * step + h * a.width;
            for (int64_t s = 0; s < a.s; s++) {
                call->out[1][(n * a.heads + h) * a.s + s] = softmax_row(&a, q + s * a.c, k, s, p);
                for (int64_t d = 0; d < a.width; d++) {
                    double sum = 0;
                    for (int64_t j = 0; j < a.l; j++)
                        sum += p[j] * v[j * a.c + d];
                    o[s * step + d] = sum;
                }
            }
        }
    free(p);
    return true;
}

/** With P the probabilities and dP_j = do·v_j: dv_j = Σ_s P_sj do_s, dS_j = P_j (dP_j - Σ_i P_i dP_i),
 * dq = scale Σ_j dS_j k_j, dk_j = scale Σ_s dS_sj q_s. Neither o nor the log-sum-exp is needed here. */
bool reference_attention_backward(const ReferenceCall *call)
{
    Attention a = attention(call);
    double *p = calloc(2 * (size_t)a.l + 1, sizeof *p), *dp = p + a.l;
    if (!p)
        return false;
    for (int64_t e = 0; e < a.n * a.s * a.c; e++)
        call->out[0][e] = 0;
    for (int64_t e = 0; e < a.n * a.l * a.c; e++)
        call->out[1][e] = call->out[2][e] = 0;
    for (int64_t n = 0; n < a.n; n++)
        for (int64_t h = 0; h < a.heads; h++)
            for (int64_t s = 0; s < a.s; s++) {
                int64_t row = (n * a.s + s) * a.c + h * a.width, keys = n * a.l * a.c + h * a.width;
                const double *q = call->in[0] + row, *d_o = call->in[5] + row;
                const double *k = call->in[1] + keys, *v = call->in[2] + keys;
                double *dq = call->out[0] + row, *dk = call->out[1] + keys, *dv = call->out[2] + keys, mean = 0;
                softmax_row(&a, q, k, s, p);
                for (int64_t j = 0; j < a.l; j++) {
                    dp[j] = 0;
                    for (int64_t d = 0; d < a.width; d++)
                        dp[j] += d_o[d] * v[j * a.c + d];
                    mean += p[j] * dp[j];
                }
                for (int64_t j = 0; j < a.l; j++)
                    for (int64_t d = 0; d < a.width; d++) {
                        dv[j * a.c + d] += p[j] * d_o[d];
                        dq[d] += a.scale * p[j] * (dp[j] - mean) * k[j * a.c + d];
                        dk[j * a.c + d] += a.scale * p[j] * (dp[j] - mean) * q[d];
                    }
            }
    free(p);
    return true;
}
