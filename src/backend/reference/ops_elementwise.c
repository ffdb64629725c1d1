/* Operations that act on elements, rows or channels one by one. */
#include "backend/reference/ops.h"
#include "tensor/low_rank.h"

#include <math.h>

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

double reference_silu(double x)
{
    return x * sigmoid(x);
}

double reference_silu_derivative(double x)
{
    return sigmoid(x) * (1 + x * (1 - sigmoid(x)));
}

static double quick_gelu(double x)
{
    return x * sigmoid(1.702 * x);
}

static double quick_gelu_derivative(double x)
{
    double s = sigmoid(1.702 * x);
    return s + 1.702 * x * s * (1 - s);
}

double reference_gelu(double x)
{
    return 0.5 * x * (1 + erf(x / sqrt(2)));
}

double reference_gelu_derivative(double x)
{
    return 0.5 * (1 + erf(x / sqrt(2))) + x * exp(-0.5 * x * x) / sqrt(2 * M_PI);
}

static double gelu_tanh(double x)
{
    return 0.5 * x * (1 + tanh(sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
}

static double gelu_tanh_derivative(double x)
{
    double t = tanh(sqrt(2 / M_PI) * (x + 0.044715 * x * x * x));
    return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * sqrt(2 / M_PI) * (1 + 3 * 0.044715 * x * x);
}

static const struct {
    double (*value)(double);
    double (*derivative)(double);
} activations[] = {
    [LK_SILU] = {reference_silu, reference_silu_derivative},
    [LK_QUICK_GELU] = {quick_gelu, quick_gelu_derivative},
    [LK_GELU_ERF] = {reference_gelu, reference_gelu_derivative},
    [LK_GELU_TANH] = {gelu_tanh, gelu_tanh_derivative},
};

bool reference_activation(const ReferenceCall *call)
{
    for (int64_t e = 0; e < lk_tensor_count(call->out_tensor[0]); e++)
        call->out[0][e] = activations[call->attr->activation].value(call->in[0][e]);
    return true;
}

/** in {dy, x}. */
bool reference_activation_backward(const ReferenceCall *call)
{
    for (int64_t e = 0; e < lk_tensor_count(call->out_tensor[0]); e++)
        call->out[0][e] = call->in[0][e] * activations[call->attr->activation].derivative(call->in[1][e]);
    return true;
}

/** Input `i` at (r, c) with its low-rank addend, if it has one. */
static double with_low_rank(const ReferenceCall *call, int i, int which, int64_t r, int64_t c)
{
    const LkLowRankAddend *addend = &call->attr->low_rank[which];
    int64_t cols = lk_tensor_cols(call->in_tensor[i]);
    double sum = 0;
    if (!addend->given)
        return call->in[i][r * cols + c];
    int h = lk_low_rank_input(call->node, which);
    int64_t terms = lk_tensor_cols(call->in_tensor[h]);
    for (int64_t k = 0; k < terms; k++)
        sum += call->in[h][r * terms + k] * call->in[h + 1][addend->trans_b ? c * terms + k : k * cols + c];
    return call->in[i][r * cols + c] + (double)addend->alpha * sum;
}

/** in {x [R,2C], [h, u]}, out {y [R,C]}. */
bool reference_geglu(const ReferenceCall *call)
{
    int64_t rows = lk_tensor_rows(call->out_tensor[0]), cols = lk_tensor_cols(call->out_tensor[0]);
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < cols; c++)
            call->out[0][r * lk_tensor_pitch(call->out_tensor[0]) + c] =
                with_low_rank(call, 0, LK_LOW_RANK_X, r, c) *
                reference_gelu(with_low_rank(call, 0, LK_LOW_RANK_X, r, cols + c));
    return true;
}

/** in {dy [R,C], x [R,2C], [h, u of x], [h, u of dy]}, out {dx [R,2C], [y [R,C]]}. */
bool reference_geglu_backward(const ReferenceCall *call)
{
    int64_t rows = lk_tensor_rows(call->in_tensor[0]), cols = lk_tensor_cols(call->in_tensor[0]);
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < cols; c++) {
            double dy = with_low_rank(call, 0, LK_LOW_RANK_DY, r, c), *dx = call->out[0] + r * 2 * cols;
            double value = with_low_rank(call, 1, LK_LOW_RANK_X, r, c);
            double gate = with_low_rank(call, 1, LK_LOW_RANK_X, r, cols + c);
            dx[c] = dy * reference_gelu(gate);
            dx[cols + c] = dy * value * reference_gelu_derivative(gate);
            if (call->node->n_out > 1)
                call->out[1][r * cols + c] = value * reference_gelu(gate);
        }
    return true;
}

bool reference_add(const ReferenceCall *call)
{
    for (int64_t e = 0; e < lk_tensor_count(call->out_tensor[0]); e++)
        call->out[0][e] = call->in[0][e] + call->in[1][e];
    return true;
}

/** x [N,…,C] + v [N,C]. */
bool reference_add_rows(const ReferenceCall *call)
{
    const LkTensor *x = call->in_tensor[0];
    int64_t samples = x->shape[0], cols = lk_tensor_cols(x), positions = lk_tensor_rows(x) / samples;
    for (int64_t n = 0; n < samples; n++)
        for (int64_t p = 0; p < positions; p++)
            for (int64_t c = 0; c < cols; c++) {
                int64_t e = (n * positions + p) * cols + c;
                call->out[0][e] = call->in[0][e] + call->in[1][n * cols + c];
            }
    return true;
}

/** [N,…,C] → [N,C], summed over the positions. */
bool reference_sum_rows(const ReferenceCall *call)
{
    const LkTensor *x = call->in_tensor[0];
    int64_t samples = x->shape[0], cols = lk_tensor_cols(x), positions = lk_tensor_rows(x) / samples;
    for (int64_t n = 0; n < samples; n++)
        for (int64_t c = 0; c < cols; c++) {
            double sum = 0;
            for (int64_t p = 0; p < positions; p++)
                sum += call->in[0][(n * positions + p) * cols + c];
            call->out[0][n * cols + c] = sum;
        }
    return true;
}

/** y[n,i,j,c] = x[n, i/2, j/2, c]. */
bool reference_upsample2(const ReferenceCall *call)
{
    const int64_t *y = call->out_tensor[0]->shape;
    for (int64_t n = 0; n < y[0]; n++)
        for (int64_t i = 0; i < y[1]; i++)
            for (int64_t j = 0; j < y[2]; j++)
                for (int64_t c = 0; c < y[3]; c++)
                    call->out[0][((n * y[1] + i) * y[2] + j) * y[3] + c] =
                        call->in[0][((n * (y[1] / 2) + i / 2) * (y[2] / 2) + j / 2) * y[3] + c];
    return true;
}

/** Sums the four copies of each element. */
bool reference_upsample2_backward(const ReferenceCall *call)
{
    const int64_t *x = call->out_tensor[0]->shape;
    for (int64_t n = 0; n < x[0]; n++)
        for (int64_t i = 0; i < x[1]; i++)
            for (int64_t j = 0; j < x[2]; j++)
                for (int64_t c = 0; c < x[3]; c++) {
                    double sum = 0;
                    for (int64_t k = 0; k < 4; k++)
                        sum += call->in[0][((n * 2 * x[1] + 2 * i + k / 2) * 2 * x[2] + 2 * j + k % 2) * x[3] + c];
                    call->out[0][((n * x[1] + i) * x[2] + j) * x[3] + c] = sum;
                }
    return true;
}

bool reference_concat(const ReferenceCall *call)
{
    int64_t a = lk_tensor_cols(call->in_tensor[0]), b = lk_tensor_cols(call->in_tensor[1]);
    for (int64_t r = 0; r < lk_tensor_rows(call->out_tensor[0]); r++)
        for (int64_t c = 0; c < a + b; c++)
            call->out[0][r * (a + b) + c] = c < a ? call->in[0][r * a + c] : call->in[1][r * b + c - a];
    return true;
}

bool reference_slice(const ReferenceCall *call)
{
    int64_t from = lk_tensor_cols(call->in_tensor[0]), cols = lk_tensor_cols(call->out_tensor[0]);
    for (int64_t r = 0; r < lk_tensor_rows(call->out_tensor[0]); r++)
        for (int64_t c = 0; c < cols; c++)
            call->out[0][r * lk_tensor_pitch(call->out_tensor[0]) + c] = call->in[0][r * from + call->attr->begin + c];
    return true;
}

/** in {ids [N,P], table [V,C], positions [P,C]}. */
bool reference_embedding(const ReferenceCall *call)
{
    int64_t cols = lk_tensor_cols(call->out_tensor[0]), length = lk_tensor_rows(call->in_tensor[2]);
    for (int64_t r = 0; r < lk_tensor_rows(call->out_tensor[0]); r++)
        for (int64_t c = 0; c < cols; c++) {
            int64_t id = (int64_t)call->in[0][r];
            if (id < 0 || id >= lk_tensor_rows(call->in_tensor[1]))
                return false;
            call->out[0][r * cols + c] = call->in[1][id * cols + c] + call->in[2][r % length * cols + c];
        }
    return true;
}

/** [cos(t f_0) … cos(t f_{h-1}) | sin(t f_0) … ], f_i = 10000^(-i/h), h = C/2 (DDPM, Ho et al. 2020, cosines first). */
bool reference_time_embedding(const ReferenceCall *call)
{
    int64_t cols = lk_tensor_cols(call->out_tensor[0]), half = cols / 2;
    for (int64_t n = 0; n < lk_tensor_rows(call->out_tensor[0]); n++)
        for (int64_t i = 0; i < half; i++) {
            double angle = call->in[0][n] * pow(10000, -(double)i / (double)half);
            call->out[0][n * cols + i] = cos(angle);
            call->out[0][n * cols + half + i] = sin(angle);
        }
    return true;
}

/** in {x, z, a, b}: a[n] x + b[n] z. */
bool reference_q_sample(const ReferenceCall *call)
{
    const LkTensor *x = call->in_tensor[0];
    int64_t count = lk_tensor_count(x), sample = count / x->shape[0];
    for (int64_t e = 0; e < count; e++)
        call->out[0][e] = call->in[2][e / sample] * call->in[0][e] + call->in[3][e / sample] * call->in[1][e];
    return true;
}

bool reference_cast(const ReferenceCall *call)
{
    for (int64_t e = 0; e < lk_tensor_count(call->out_tensor[0]); e++)
        call->out[0][e] = call->in[0][e];
    return true;
}

bool reference_zero(const ReferenceCall *call)
{
    for (int64_t e = 0; e < lk_tensor_count(call->out_tensor[0]); e++)
        call->out[0][e] = 0;
    return true;
}

bool reference_fetch(const ReferenceCall *call)
{
    const LkTensor *y = call->out_tensor[0];
    int64_t count = lk_tensor_count(y), cols = lk_tensor_cols(y), pitch = lk_tensor_pitch(y);
    for (int64_t i = 0; i < count; i++)
        call->out[0][i / cols * pitch + i % cols] = call->in[0][i];
    return true;
}

bool reference_dequantise(const ReferenceCall *call)
{
    int64_t count = lk_tensor_count(call->out_tensor[0]), cols = count / call->in_tensor[0]->shape[0];
    for (int64_t i = 0; i < count; i++)
        call->out[0][i] = call->in[0][i] * call->in[1][i / cols];
    return true;
}
