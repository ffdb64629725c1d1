#include "tensor/adapter_ops.h"

#include <float.h>
#include <string.h>

static const LkTensor *tensor(const LkGraph *graph, LkRef ref)
{
    return lk_graph_tensor(graph, ref);
}

LkRef lk_multiply(LkGraph *graph, LkRef a, LkRef b, float alpha)
{
    if (a == LK_NONE || b == LK_NONE)
        return LK_NONE;
    LkTensor t = *tensor(graph, a);
    if (lk_tensor_count(&t) != lk_tensor_count(tensor(graph, b)) || t.dtype != tensor(graph, b)->dtype)
        return lk_graph_problem(graph, "a product by element of two shapes");
    LkRef in[2] = {a, b}, y = lk_graph_activation(graph, t.dtype, t.rank, t.shape);
    LkAttributes attr = {.alpha = alpha};
    return lk_graph_append(graph, LK_OP_MULTIPLY, &attr, 2, in, 1, &y) < 0 ? LK_NONE : y;
}

LkRef lk_scale_rows(LkGraph *graph, LkRef x, LkRef v, LkRef bias, LkRef addend)
{
    if (x == LK_NONE || v == LK_NONE)
        return LK_NONE;
    LkTensor t = *tensor(graph, x), tv = *tensor(graph, v);
    int64_t rows = lk_tensor_count(&tv) / lk_tensor_cols(&t);
    if (tv.dtype != LK_F32 || rows * lk_tensor_cols(&t) != lk_tensor_count(&tv) || (rows != 1 && rows != t.shape[0]) ||
        (bias != LK_NONE && lk_tensor_count(tensor(graph, bias)) != lk_tensor_cols(&t)))
        return lk_graph_problem(graph, "a factor of rows that does not fit its tensor");
    if (addend != LK_NONE && lk_tensor_count(tensor(graph, addend)) != lk_tensor_count(&t))
        return lk_graph_problem(graph, "an addend that does not fit the rows it is added to");
    LkRef in[4] = {x, v}, y = lk_graph_activation(graph, t.dtype, t.rank, t.shape);
    int n_in = 2;
    if (bias != LK_NONE)
        in[n_in++] = bias;
    if (addend != LK_NONE)
        in[n_in++] = addend;
    LkAttributes attr = {.has_bias = bias != LK_NONE, .has_addend = addend != LK_NONE};
    return lk_graph_append(graph, LK_OP_SCALE_ROWS, &attr, n_in, in, 1, &y) < 0 ? LK_NONE : y;
}

LkRef lk_gather_taps(LkGraph *graph, LkRef z, int kernel, int stride, int pad_before, int pad_after)
{
    if (z == LK_NONE)
        return LK_NONE;
    LkTensor t = *tensor(graph, z);
    int64_t taps = (int64_t)kernel * kernel;
    if (t.rank != 4 || kernel < 1 || stride < 1 || t.shape[3] % taps != 0 ||
        (t.dtype != graph->compute && t.dtype != LK_F32))
        return lk_graph_problem(graph, "taps of a convolution that do not fit its channels");
    int64_t h = t.shape[1] + pad_before + pad_after, w = t.shape[2] + pad_before + pad_after;
    if (h < kernel || w < kernel)
        return lk_graph_problem(graph, "a convolution of a picture smaller than its kernel");
    int64_t shape[4] = {t.shape[0], (h - kernel) / stride + 1, (w - kernel) / stride + 1, t.shape[3] / taps};
    LkRef y = lk_graph_activation(graph, graph->compute, 4, shape);
    LkAttributes attr = {.kernel = kernel, .stride = stride, .pad_before = pad_before, .pad_after = pad_after};
    return lk_graph_append(graph, LK_OP_GATHER_TAPS, &attr, 1, &z, 1, &y) < 0 ? LK_NONE : y;
}

LkRef lk_kronecker(LkGraph *graph, LkRef a, LkRef b, int taps, float alpha)
{
    if (a == LK_NONE || b == LK_NONE)
        return LK_NONE;
    LkTensor ta = *tensor(graph, a), tb = *tensor(graph, b);
    int64_t wide = lk_tensor_cols(&tb);
    if (ta.rank != 2 || tb.rank != 2 || ta.dtype != tb.dtype || taps < 1 || wide % taps != 0)
        return lk_graph_problem(graph, "a Kronecker product of two shapes that do not fit");
    int64_t shape[2] = {ta.shape[0] * tb.shape[0], ta.shape[1] * wide};
    LkRef in[2] = {a, b}, y = lk_graph_activation(graph, ta.dtype, 2, shape);
    LkAttributes attr = {.kernel = taps, .alpha = alpha};
    return lk_graph_append(graph, LK_OP_KRONECKER, &attr, 2, in, 1, &y) < 0 ? LK_NONE : y;
}

LkRef lk_dora_scale(LkGraph *graph, LkRef w, LkRef delta, LkRef magnitude, LkRef keep, float strength)
{
    if (w == LK_NONE || delta == LK_NONE || magnitude == LK_NONE)
        return LK_NONE;
    LkTensor tw = *tensor(graph, w), tm = *tensor(graph, magnitude);
    const int64_t rows[1] = {tw.shape[0]};
    if ((tw.rank != 2 && tw.rank != 4) || lk_tensor_count(&tw) != lk_tensor_count(tensor(graph, delta)) ||
        tw.dtype != tensor(graph, delta)->dtype || tm.dtype != LK_F32 || lk_tensor_count(&tm) != rows[0] ||
        (keep != LK_NONE && lk_tensor_count(tensor(graph, keep)) != rows[0]))
        return lk_graph_problem(graph, "a DoRA that does not fit its weight");
    LkRef in[4] = {w, delta, magnitude, keep};
    LkRef out[2] = {lk_graph_activation(graph, LK_F32, 1, rows), lk_graph_activation(graph, LK_F32, 1, rows)};
    LkAttributes attr = {.kernel = tw.rank == 4 ? (int)(tw.shape[2] * tw.shape[3]) : 1,
                         .eps = FLT_EPSILON, /* torch.finfo(float32).eps, LyCORIS' choice */
                         .has_addend = keep != LK_NONE,
                         .alpha = strength};
    return lk_graph_append(graph, LK_OP_DORA_SCALE, &attr, keep != LK_NONE ? 4 : 3, in, 2, out) < 0 ? LK_NONE : out[0];
}

LkRef lk_dropout(LkGraph *graph, LkRef x, LkRef key, uint32_t stream, float p)
{
    if (x == LK_NONE || key == LK_NONE)
        return LK_NONE;
    LkTensor t = *tensor(graph, x);
    if (!(p >= 0 && p < 1) || tensor(graph, key)->dtype != LK_I32 || lk_tensor_count(tensor(graph, key)) != 4)
        return lk_graph_problem(graph, "a dropout that leaves nothing, or without a key");
    LkRef in[2] = {x, key}, y = lk_graph_activation(graph, t.dtype, t.rank, t.shape);
    LkAttributes attr = {.begin = stream, .alpha = p};
    return lk_graph_append(graph, LK_OP_DROPOUT, &attr, 2, in, 1, &y) < 0 ? LK_NONE : y;
}

void lk_limit_norm(LkGraph *graph, LkRef a, LkRef b, LkRef clip, float scale, float limit)
{
    LkMatmul left = LK_MATMUL_DEFAULT, right = LK_MATMUL_DEFAULT;
    left.trans_a = right.trans_b = true;
    LkRef in[5] = {a, b, lk_matmul(graph, a, a, left), lk_matmul(graph, b, b, right), clip}, out[2] = {a, b};
    LkAttributes attr = {.alpha = scale, .max_norm = limit};
    lk_graph_append(graph, LK_OP_LIMIT_NORM, &attr, clip == LK_NONE ? 4 : 5, in, 2, out);
}
