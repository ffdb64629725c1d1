/* Matrix product and convolution from their definitions. */
#include "backend/reference/ops.h"

#include "tensor/low_rank.h"

/** What a second product adds to a result: alpha Σ_k h[m,k] u[k,n], or u[n,k]. */
static double low_rank(const ReferenceCall *call, int64_t m, int64_t n)
{
    const LkLowRankAddend *addend = &call->attr->low_rank[0];
    if (!addend->given)
        return 0;
    int h = lk_low_rank_input(call->node, 0);
    int64_t ldh = lk_tensor_pitch(call->in_tensor[h]), ldu = lk_tensor_cols(call->in_tensor[h + 1]);
    double sum = 0;
    for (int64_t k = 0; k < lk_tensor_cols(call->in_tensor[h]); k++)
        sum += call->in[h][m * ldh + k] * call->in[h + 1][addend->trans_b ? n * ldu + k : k * ldu + n];
    return (double)addend->alpha * sum;
}

/** y[m,n] = alpha Σ_k A[m,k] B[k,n] + bias[n] + addend[m,n], where A = a or aᵀ, B = b or bᵀ; and a second product. */
bool reference_matmul(const ReferenceCall *call)
{
    const LkAttributes *attr = call->attr;
    int64_t m_count = lk_tensor_rows(call->out_tensor[0]), n_count = lk_tensor_cols(call->out_tensor[0]);
    int64_t k_count = attr->trans_a ? lk_tensor_rows(call->in_tensor[0]) : lk_tensor_cols(call->in_tensor[0]);
    const double *a = call->in[0], *b = call->in[1], *bias = attr->has_bias ? call->in[2] : NULL;
    const double *addend = attr->has_addend ? call->in[call->node->n_in - 1] : NULL;
    int64_t lda = lk_tensor_pitch(call->in_tensor[0]), ldb = lk_tensor_pitch(call->in_tensor[1]);
    int64_t ldy = lk_tensor_pitch(call->out_tensor[0]);
    for (int64_t m = 0; m < m_count; m++)
        for (int64_t n = 0; n < n_count; n++) {
            double sum = 0;
            for (int64_t k = 0; k < k_count; k++)
                sum += (attr->trans_a ? a[k * lda + m] : a[m * lda + k]) *
                       (attr->trans_b ? b[n * ldb + k] : b[k * ldb + n]);
            call->out[0][m * ldy + n] = attr->alpha * sum + (bias ? bias[n] : 0) +
                                        (addend ? addend[m * n_count + n] : 0) + low_rank(call, m, n);
        }
    return true;
}

/** A convolution: x [N,H,W,I], w [O,I,k,k], y [N,P,Q,O]. */
typedef struct Convolution {
    int64_t n, h, w, i, p, q, o, k, stride, pad;
} Convolution;

static Convolution convolution(const ReferenceCall *call, const LkTensor *x, const LkTensor *w, const LkTensor *y)
{
    return (Convolution){.n = x->shape[0],
                         .h = x->shape[1],
                         .w = x->shape[2],
                         .i = x->shape[3],
                         .p = y->shape[1],
                         .q = y->shape[2],
                         .o = y->shape[3],
                         .k = w->shape[2],
                         .stride = call->attr->stride,
                         .pad = call->attr->pad_before};
}

/** y[n,p,q,o] = bias[o] + Σ_{r,s,i} w[o,i,r,s] x[n, p·stride + r - pad, q·stride + s - pad, i], x = 0 outside. */
bool reference_conv2d(const ReferenceCall *call)
{
    Convolution c = convolution(call, call->in_tensor[0], call->in_tensor[1], call->out_tensor[0]);
    const double *x = call->in[0], *w = call->in[1], *bias = call->attr->has_bias ? call->in[2] : NULL;
    double *y = call->out[0];
    for (int64_t n = 0; n < c.n; n++)
        for (int64_t p = 0; p < c.p; p++)
            for (int64_t q = 0; q < c.q; q++)
                for (int64_t o = 0; o < c.o; o++) {
                    double sum = bias ? bias[o] : 0;
                    for (int64_t r = 0; r < c.k; r++)
                        for (int64_t s = 0; s < c.k; s++) {
                            int64_t row = p * c.stride + r - c.pad, col = q * c.stride + s - c.pad;
                            if (row < 0 || row >= c.h || col < 0 || col >= c.w)
                                continue;
                            for (int64_t i = 0; i < c.i; i++)
                                sum +=
                                    w[((o * c.i + i) * c.k + r) * c.k + s] * x[((n * c.h + row) * c.w + col) * c.i + i];
                        }
                    y[((n * c.p + p) * c.q + q) * c.o + o] = sum;
                }
    return true;
}

/** dx = Σ over the positions of y that x took part in: the transposed of the linear map above. */
bool reference_conv2d_backward_data(const ReferenceCall *call)
{
    Convolution c = convolution(call, call->out_tensor[0], call->in_tensor[1], call->in_tensor[0]);
    const double *dy = call->in[0], *w = call->in[1];
    double *dx = call->out[0];
    for (int64_t e = 0; e < c.n * c.h * c.w * c.i; e++)
        dx[e] = 0;
    for (int64_t n = 0; n < c.n; n++)
        for (int64_t p = 0; p < c.p; p++)
            for (int64_t q = 0; q < c.q; q++)
                for (int64_t o = 0; o < c.o; o++)
                    for (int64_t r = 0; r < c.k; r++)
                        for (int64_t s = 0; s < c.k; s++) {
                            int64_t row = p * c.stride + r - c.pad, col = q * c.stride + s - c.pad;
                            if (row < 0 || row >= c.h || col < 0 || col >= c.w)
                                continue;
                            for (int64_t i = 0; i < c.i; i++)
                                dx[((n * c.h + row) * c.w + col) * c.i + i] +=
                                    w[((o * c.i + i) * c.k + r) * c.k + s] * dy[((n * c.p + p) * c.q + q) * c.o + o];
                        }
    return true;
}
