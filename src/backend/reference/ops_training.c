/* Loss, gradient clipping, optimizer. */
#include "backend/reference/ops.h"

#include "tensor/graph_ops.h"

#include <math.h>

/** The loss of a difference d, and its derivative: d²; |d|; 2 (√(d² + c²) - c), and that times c. */
static double loss_value(LkLoss kind, double d, double c)
{
    switch (kind) {
    case LK_LOSS_L2:
        return d * d;
    case LK_LOSS_L1:
        return fabs(d);
    case LK_LOSS_HUBER:
        return c * 2 * (sqrt(d * d + c * c) - c);
    default:
        return 2 * (sqrt(d * d + c * c) - c);
    }
}

static double loss_slope(LkLoss kind, double d, double c)
{
    switch (kind) {
    case LK_LOSS_L2:
        return 2 * d;
    case LK_LOSS_L1:
        return d > 0 ? 1 : d < 0 ? -1 : 0;
    case LK_LOSS_HUBER:
        return c * 2 * d / sqrt(d * d + c * c);
    default:
        return 2 * d / sqrt(d * d + c * c);
    }
}

/** in {pred, target, weight [N], scalars, threshold [N] if any, mask if any}, out {loss [N], d_pred}: loss[n] = mean
 * over the sample's elements of mask · loss(pred - target); d_pred = loss scale · d/dpred of (1/N) Σ_n weight[n]
 * loss[n]. */
bool reference_loss(const ReferenceCall *call)
{
    const LkTensor *pred = call->in_tensor[0];
    const LkAttributes *attr = call->attr;
    int64_t samples = pred->shape[0], each = lk_tensor_count(pred) / samples;
    const double *thresholds = attr->has_huber_c ? call->in[4] : NULL;
    const double *mask = attr->has_mask ? call->in[attr->has_huber_c ? 5 : 4] : NULL;
    double loss_scale = call->in[3][LK_SCALAR_LOSS_SCALE];
    for (int64_t n = 0; n < samples; n++) {
        double sum = 0, c = thresholds ? thresholds[n] : 0;
        for (int64_t e = n * each; e < (n + 1) * each; e++) {
            double d = call->in[0][e] - call->in[1][e], factor = mask ? mask[e] : 1;
            sum += factor * loss_value(attr->loss, d, c);
            call->out[1][e] =
                loss_scale * call->in[2][n] * factor * loss_slope(attr->loss, d, c) / (double)each / (double)samples;
        }
        call->out[0][n] = sum / (double)each;
    }
    return true;
}

/** in {g, scalars, losses if any}, out {norm of g · gradient scale, gradient scale · min(1, max_norm / (norm + 1e-6))};
 * the second is NaN where the norm is no finite f32, or a loss. */
bool reference_clip_coefficient(const ReferenceCall *call)
{
    double sum = 0, scale = call->in[1][LK_SCALAR_GRADIENT_SCALE], max_norm = call->attr->max_norm;
    for (int64_t e = 0; e < lk_tensor_count(call->in_tensor[0]); e++)
        sum += call->in[0][e] * scale * (call->in[0][e] * scale);
    bool sound = isfinite((float)sqrt(sum));
    for (int64_t e = 0; call->node->n_in > 2 && e < lk_tensor_count(call->in_tensor[2]); e++)
        sound = sound && isfinite(call->in[2][e]);
    call->out[0][0] = sqrt(sum);
    call->out[0][1] = !sound ? NAN : scale * (max_norm > 0 ? fmin(1, max_norm / (sqrt(sum) + 1e-6)) : 1);
    return true;
}

/** in {x, scalars}, out {notes}: notes[slot + i] = x[i]. */
bool reference_note(const ReferenceCall *call)
{
    int64_t slot = (int64_t)call->in[1][LK_SCALAR_SLOT], n = lk_tensor_count(call->in_tensor[0]);
    if (slot < 0 || slot + n > lk_tensor_count(call->out_tensor[0]))
        return false;
    for (int64_t e = 0; e < n; e++)
        call->out[0][slot + e] = call->in[0][e];
    return true;
}

/** in {p, g, m, v, clip, scalars}, out {p, m, v}: with the group's scalars and g' = g · clip[1] + l2 · p,
 * p ← p · decay; m ← β1 m + (1-β1) g'; v ← β2 v + (1-β2) g'²; p ← p - step size · m / (√v / √bias2 + eps). Nothing
 * changes where clip[1] is not finite. */
bool reference_adamw(const ReferenceCall *call)
{
    const double *group = call->in[5] + LK_SCALAR_GROUPS + call->attr->group * LK_SCALAR_GROUP_SIZE;
    double decay = group[0], beta1 = group[1], rest1 = group[2], beta2 = group[3], rest2 = group[4];
    double step_size = group[5], bias2_root = group[6], eps = group[7], l2 = group[8];
    double *p = call->out[0], *m = call->out[1], *v = call->out[2];
    bool sound = isfinite(call->in[4][1]);
    for (int64_t e = 0; e < lk_tensor_count(call->in_tensor[0]); e++) {
        double g = call->in[1][e] * call->in[4][1] + l2 * call->in[0][e];
        double new_m = sound ? beta1 * call->in[2][e] + rest1 * g : call->in[2][e];
        double new_v = sound ? beta2 * call->in[3][e] + rest2 * g * g : call->in[3][e];
        p[e] = call->in[0][e];
        if (sound)
            p[e] = p[e] * decay - step_size * new_m / (sqrt(new_v) / bias2_root + eps);
        m[e] = new_m;
        v[e] = new_v;
    }
    return true;
}
