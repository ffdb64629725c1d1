/* Group norm and layer norm. Both normalise a set of elements to mean 0 and variance 1 (population variance), then
 * apply a factor and an offset per channel. */
#include "backend/reference/ops.h"

#include <math.h>

/** The elements of one set: for position p and channel c of the set, index p * stride + c. */
typedef struct Set {
    int64_t start, positions, stride, channels;
} Set;

static void statistics(const double *x, Set set, double eps, double *mean, double *rstd)
{
    double count = (double)(set.positions * set.channels), sum = 0, squares = 0;
    for (int64_t p = 0; p < set.positions; p++)
        for (int64_t c = 0; c < set.channels; c++)
            sum += x[set.start + p * set.stride + c];
    *mean = sum / count;
    for (int64_t p = 0; p < set.positions; p++)
        for (int64_t c = 0; c < set.channels; c++) {
            double d = x[set.start + p * set.stride + c] - *mean;
            squares += d * d;
        }
    *rstd = 1 / sqrt(squares / count + eps);
}

static void forward(double *y, const double *x, Set set, const double *gamma, const double *beta, double mean,
                    double rstd, bool silu)
{
    for (int64_t p = 0; p < set.positions; p++)
        for (int64_t c = 0; c < set.channels; c++) {
            int64_t e = set.start + p * set.stride + c;
            double u = (x[e] - mean) * rstd * gamma[c] + beta[c];
            y[e] = silu ? reference_silu(u) : u;
        }
}

/** With h = (x - mean) rstd and g = dL/dh: dx = rstd (g - mean(g) - h mean(g h)). beta is only needed for SiLU. */
static void backward(double *dx, const double *dy, const double *x, Set set, const double *gamma, const double *beta,
                     double mean, double rstd)
{
    double count = (double)(set.positions * set.channels), mean_g = 0, mean_gh = 0;
    for (int pass = 0; pass < 2; pass++)
        for (int64_t p = 0; p < set.positions; p++)
            for (int64_t c = 0; c < set.channels; c++) {
                int64_t e = set.start + p * set.stride + c;
                double h = (x[e] - mean) * rstd;
                double g = dy[e] * gamma[c] * (beta ? reference_silu_derivative(h * gamma[c] + beta[c]) : 1);
                if (pass == 0) {
                    mean_g += g / count;
                    mean_gh += g * h / count;
                } else {
                    dx[e] = rstd * (g - mean_g - h * mean_gh);
                }
            }
}

/** Group `g` of sample `n` of x [N,…,C]. */
static Set group_of(const LkTensor *x, int groups, int64_t n, int64_t g)
{
    int64_t channels = lk_tensor_cols(x), positions = lk_tensor_rows(x) / x->shape[0];
    return (Set){.start = n * positions * channels + g * (channels / groups),
                 .positions = positions,
                 .stride = channels,
                 .channels = channels / groups};
}

/** in {x, gamma, beta}, out {y, stats [N,G,2] = mean and 1/σ}. */
bool reference_group_norm(const ReferenceCall *call)
{
    const LkTensor *x = call->in_tensor[0];
    int groups = call->attr->groups;
    for (int64_t n = 0; n < x->shape[0]; n++)
        for (int64_t g = 0; g < groups; g++) {
            Set set = group_of(x, groups, n, g);
            double *stats = call->out[1] + (n * groups + g) * 2;
            statistics(call->in[0], set, call->attr->eps, &stats[0], &stats[1]);
            forward(call->out[0], call->in[0], set, call->in[1] + g * set.channels, call->in[2] + g * set.channels,
                    stats[0], stats[1], call->attr->silu);
        }
    return true;
}

/** What is known of the gradient already, the input of that number. */
static void add_known(const ReferenceCall *call, int input)
{
    for (int64_t e = 0; call->attr->has_addend && e < lk_tensor_count(call->out_tensor[0]); e++)
        call->out[0][e] += call->in[input][e];
}

/** in {dy, x, stats, gamma, beta, [addend]}, out {dx}. */
bool reference_group_norm_backward(const ReferenceCall *call)
{
    const LkTensor *x = call->in_tensor[1];
    int groups = call->attr->groups;
    for (int64_t n = 0; n < x->shape[0]; n++)
        for (int64_t g = 0; g < groups; g++) {
            Set set = group_of(x, groups, n, g);
            const double *stats = call->in[2] + (n * groups + g) * 2;
            backward(call->out[0], call->in[0], call->in[1], set, call->in[3] + g * set.channels,
                     call->attr->silu ? call->in[4] + g * set.channels : NULL, stats[0], stats[1]);
        }
    add_known(call, 5);
    return true;
}

static Set row_of(const LkTensor *x, int64_t r)
{
    int64_t channels = lk_tensor_cols(x);
    return (Set){.start = r * channels, .positions = 1, .stride = channels, .channels = channels};
}

/** in {x, gamma, beta}, out {y, stats [R,2]}. */
bool reference_layer_norm(const ReferenceCall *call)
{
    for (int64_t r = 0; r < lk_tensor_rows(call->in_tensor[0]); r++) {
        double *stats = call->out[1] + r * 2;
        Set set = row_of(call->in_tensor[0], r);
        statistics(call->in[0], set, call->attr->eps, &stats[0], &stats[1]);
        double *y = call->out[0] + r * (lk_tensor_pitch(call->out_tensor[0]) - set.channels); /* whose rows lie apart */
        forward(y, call->in[0], set, call->in[1], call->in[2], stats[0], stats[1], false);
    }
    return true;
}

/** in {dy, x, stats, gamma, [addend], [beta]}, out {dx, [y]}. */
bool reference_layer_norm_backward(const ReferenceCall *call)
{
    for (int64_t r = 0; r < lk_tensor_rows(call->in_tensor[1]); r++) {
        const double *stats = call->in[2] + r * 2;
        Set row = row_of(call->in_tensor[1], r);
        backward(call->out[0], call->in[0], call->in[1], row, call->in[3], NULL, stats[0], stats[1]);
        if (call->node->n_out > 1)
            forward(call->out[1], call->in[1], row, call->in[3], call->in[call->node->n_in - 1], stats[0], stats[1],
                    false);
    }
    add_known(call, 4);
    return true;
}
