/* The operations of adapters by their definitions. */
#include "backend/reference/ops.h"

#include "base/philox.h"

#include <math.h>

bool reference_multiply(const ReferenceCall *call)
{
    for (int64_t i = 0; i < lk_tensor_count(call->out_tensor[0]); i++)
        call->out[0][i] = (double)call->attr->alpha * call->in[0][i] * call->in[1][i];
    return true;
}

/** Rows of x that share one row of factors. */
static int64_t rows_of_factor(const LkTensor *x, const LkTensor *v)
{
    return lk_tensor_count(x) / lk_tensor_count(v);
}

bool reference_scale_rows(const ReferenceCall *call)
{
    int64_t c = lk_tensor_cols(call->in_tensor[0]), s = rows_of_factor(call->in_tensor[0], call->in_tensor[1]);
    for (int64_t r = 0; r < lk_tensor_rows(call->in_tensor[0]); r++)
        for (int64_t k = 0; k < c; k++) {
            double bias = call->attr->has_bias ? call->in[2][k] : 0;
            double x =
                call->in[0][r * c + k] + (call->attr->has_addend ? call->in[call->node->n_in - 1][r * c + k] : 0);
            call->out[0][r * c + k] = (x - bias) * call->in[1][r / s * c + k] + bias;
        }
    return true;
}

bool reference_sum_products(const ReferenceCall *call)
{
    int64_t c = lk_tensor_cols(call->in_tensor[0]), s = rows_of_factor(call->in_tensor[0], call->out_tensor[0]);
    const double *v = call->in[2];
    for (int64_t i = 0; i < lk_tensor_count(call->out_tensor[0]); i++)
        call->out[0][i] = 0;
    for (int64_t r = 0; r < lk_tensor_rows(call->in_tensor[0]); r++)
        for (int64_t k = 0; k < c; k++) {
            double y = call->in[1][r * c + k] - (call->attr->has_bias ? call->in[3][k] : 0);
            call->out[0][r / s * c + k] += v[r / s * c + k] != 0 ? call->in[0][r * c + k] * y / v[r / s * c + k] : 0;
        }
    return true;
}

/** Calls `visit` with the elements of z and y that belong together. */
static void each_tap(const ReferenceCall *call, const LkTensor *z, const LkTensor *y,
                     void (*visit)(const ReferenceCall *, int64_t z, int64_t y))
{
    const LkAttributes *attr = call->attr;
    for (int64_t n = 0; n < y->shape[0]; n++)
        for (int64_t p = 0; p < y->shape[1]; p++)
            for (int64_t q = 0; q < y->shape[2]; q++)
                for (int64_t c = 0; c < y->shape[3]; c++)
                    for (int64_t t = 0; t < attr->kernel * attr->kernel; t++) {
                        int64_t row = p * attr->stride + t / attr->kernel - attr->pad_before;
                        int64_t column = q * attr->stride + t % attr->kernel - attr->pad_before;
                        if (row < 0 || row >= z->shape[1] || column < 0 || column >= z->shape[2])
                            continue;
                        int64_t place = (n * z->shape[1] + row) * z->shape[2] + column;
                        visit(call, place * z->shape[3] + c * attr->kernel * attr->kernel + t,
                              ((n * y->shape[1] + p) * y->shape[2] + q) * y->shape[3] + c);
                    }
}

static void gather(const ReferenceCall *call, int64_t z, int64_t y)
{
    call->out[0][y] += call->in[0][z];
}

static void spread(const ReferenceCall *call, int64_t z, int64_t y)
{
    call->out[0][z] += call->in[0][y];
}

bool reference_gather_taps(const ReferenceCall *call)
{
    for (int64_t i = 0; i < lk_tensor_count(call->out_tensor[0]); i++)
        call->out[0][i] = 0;
    each_tap(call, call->in_tensor[0], call->out_tensor[0], gather);
    return true;
}

bool reference_spread_taps(const ReferenceCall *call)
{
    for (int64_t i = 0; i < lk_tensor_count(call->out_tensor[0]); i++)
        call->out[0][i] = 0;
    each_tap(call, call->out_tensor[0], call->in_tensor[0], spread);
    return true;
}

/** A Kronecker product: a [m,n], b [p,taps,q]. */
typedef struct Kronecker {
    int64_t m, n, p, q, taps;
} Kronecker;

static Kronecker kronecker_of(const ReferenceCall *call, const LkTensor *a, const LkTensor *b)
{
    return (Kronecker){.m = a->shape[0],
                       .n = a->shape[1],
                       .p = b->shape[0],
                       .q = b->shape[1] / call->attr->kernel,
                       .taps = call->attr->kernel};
}

/** Where a[i,j] · b[k,t,l] stands in the product. */
static int64_t product_at(const Kronecker *s, int64_t a, int64_t b)
{
    int64_t i = a / s->n, j = a % s->n, k = b / (s->taps * s->q), t = b / s->q % s->taps, l = b % s->q;
    return (((i * s->p + k) * s->taps + t) * s->n + j) * s->q + l;
}

bool reference_kronecker(const ReferenceCall *call)
{
    Kronecker s = kronecker_of(call, call->in_tensor[0], call->in_tensor[1]);
    for (int64_t a = 0; a < s.m * s.n; a++)
        for (int64_t b = 0; b < s.p * s.taps * s.q; b++)
            call->out[0][product_at(&s, a, b)] = (double)call->attr->alpha * call->in[0][a] * call->in[1][b];
    return true;
}

bool reference_kronecker_backward(const ReferenceCall *call)
{
    Kronecker s = kronecker_of(call, call->in_tensor[1], call->in_tensor[2]);
    double alpha = call->attr->alpha;
    for (int64_t a = 0; a < s.m * s.n; a++)
        call->out[0][a] = 0;
    for (int64_t b = 0; b < s.p * s.taps * s.q; b++)
        call->out[1][b] = 0;
    for (int64_t a = 0; a < s.m * s.n; a++)
        for (int64_t b = 0; b < s.p * s.taps * s.q; b++) {
            double dy = call->in[0][product_at(&s, a, b)];
            call->out[0][a] += alpha * dy * call->in[2][b];
            call->out[1][b] += alpha * dy * call->in[1][a];
        }
    return true;
}

/** w + delta at a row, channel and tap. */
static double changed(const double *w, const double *delta, int64_t row, int64_t in, int64_t taps, int64_t i, int64_t t)
{
    return w[(row * in + i) * taps + t] + delta[(row * taps + t) * in + i];
}

bool reference_dora_scale(const ReferenceCall *call)
{
    int64_t rows = call->in_tensor[0]->shape[0], in = call->in_tensor[0]->shape[1], taps = call->attr->kernel;
    for (int64_t o = 0; o < rows; o++) {
        double sum = 0, keep = call->attr->has_addend ? call->in[3][o] : 1;
        for (int64_t i = 0; i < in; i++)
            for (int64_t t = 0; t < taps; t++)
                sum += pow(keep > 0 ? changed(call->in[0], call->in[1], o, in, taps, i, t)
                                    : call->in[0][(o * in + i) * taps + t],
                           2);
        call->out[1][o] = sqrt(sum);
        double whole = call->in[2][o] / (sqrt(sum) + (double)call->attr->eps);
        call->out[0][o] = keep < 0 ? 1 : (double)call->attr->alpha * (whole - 1) + 1;
    }
    return true;
}

bool reference_dora_scale_backward(const ReferenceCall *call)
{
    int64_t rows = call->in_tensor[1]->shape[0], in = call->in_tensor[1]->shape[1], taps = call->attr->kernel;
    for (int64_t o = 0; o < rows; o++) {
        double norm = call->in[4][o], whole = norm + (double)call->attr->eps;
        double keep = call->attr->has_addend ? call->in[5][o] : 1;
        double d_norm = -call->in[0][o] * call->in[3][o] / (whole * whole);
        call->out[1][o] = keep < 0 ? 0 : call->in[0][o] / whole;
        for (int64_t i = 0; i < in; i++)
            for (int64_t t = 0; t < taps; t++)
                call->out[0][(o * taps + t) * in + i] =
                    norm > 0 && keep > 0 ? d_norm * changed(call->in[1], call->in[2], o, in, taps, i, t) / norm : 0;
    }
    return true;
}

bool reference_dropout(const ReferenceCall *call)
{
    const double *key = call->in[1];
    LkRandom stream = {.seed = (uint32_t)(int32_t)key[0] | (uint64_t)(uint32_t)(int32_t)key[1] << 32,
                       .purpose = LK_RANDOM_DROPOUT,
                       .step = (uint32_t)(int32_t)key[2]};
    double p = (double)call->attr->alpha;
    for (int64_t i = 0; i < lk_tensor_count(call->out_tensor[0]); i++) {
        uint32_t word = lk_random_u32(stream, ((uint64_t)call->attr->begin << 42) + (uint64_t)i);
        call->out[0][i] = (double)word >= floor(p * 4294967296.0) ? call->in[0][i] / (1 - p) : 0;
    }
    return true;
}

bool reference_limit_norm(const ReferenceCall *call)
{
    double sum = 0;
    for (int64_t i = 0; i < lk_tensor_count(call->in_tensor[2]); i++)
        sum += call->in[2][i] * call->in[3][i];
    double norm = (double)call->attr->alpha * sqrt(fmax(sum, 0)), limit = (double)call->attr->max_norm;
    bool sound = !call->in[4] || isfinite(call->in[4][1]);
    for (int k = 0; k < 2 && norm > limit && sound; k++)
        for (int64_t i = 0; i < lk_tensor_count(call->out_tensor[k]); i++)
            call->out[k][i] *= sqrt(limit / norm);
    return true;
}
