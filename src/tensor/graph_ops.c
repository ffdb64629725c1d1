#include "tensor/graph_ops.h"

#include <string.h>

static const LkTensor *tensor(const LkGraph *graph, LkRef ref)
{
    return lk_graph_tensor(graph, ref);
}

static bool same_shape(const LkTensor *a, const LkTensor *b)
{
    return a->rank == b->rank && memcmp(a->shape, b->shape, (size_t)a->rank * sizeof *a->shape) == 0;
}

/** A new activation with another tensor's shape. */
static LkRef like(LkGraph *graph, LkRef ref, LkDType dtype)
{
    LkTensor t = *tensor(graph, ref);
    return lk_graph_activation(graph, dtype, t.rank, t.shape);
}

/** Appends a node with one input and one output of the same shape. */
static LkRef unary(LkGraph *graph, LkOp op, LkRef x, LkDType dtype, const LkAttributes *attr)
{
    if (x == LK_NONE)
        return LK_NONE;
    LkRef y = like(graph, x, dtype);
    return lk_graph_append(graph, op, attr, 1, &x, 1, &y) < 0 ? LK_NONE : y;
}

static bool is_vector(const LkTensor *t, int64_t n)
{
    return lk_tensor_count(t) == n && t->dtype == LK_F32;
}

LkRef lk_matmul(LkGraph *graph, LkRef a, LkRef b, LkMatmul o)
{
    if (a == LK_NONE || b == LK_NONE)
        return LK_NONE;
    LkTensor ta = *tensor(graph, a), tb = *tensor(graph, b);
    int64_t m = o.trans_a ? lk_tensor_cols(&ta) : lk_tensor_rows(&ta);
    int64_t k = o.trans_a ? lk_tensor_rows(&ta) : lk_tensor_cols(&ta);
    int64_t n = o.trans_b ? lk_tensor_rows(&tb) : lk_tensor_cols(&tb);
    int64_t kb = o.trans_b ? lk_tensor_cols(&tb) : lk_tensor_rows(&tb);
    if (k != kb)
        return lk_graph_problem(graph, "a matrix product of %lld and %lld", (long long)k, (long long)kb);

    LkRef y = o.into;
    if (y == LK_NONE) {
        int64_t shape[LK_MAX_RANK] = {m, n};
        int rank = 2;
        if (!o.trans_a && ta.rank > 1) {
            rank = ta.rank;
            memcpy(shape, ta.shape, sizeof shape);
            shape[rank - 1] = n;
        }
        y = lk_graph_activation(graph, graph->compute, rank, shape);
    } else if (lk_tensor_count(tensor(graph, y)) != m * n) {
        return lk_graph_problem(graph, "a matrix product written into another shape");
    }
    LkRef in[4] = {a, b};
    int n_in = 2;
    if (o.bias != LK_NONE) {
        if (!is_vector(tensor(graph, o.bias), n))
            return lk_graph_problem(graph, "a bias that does not fit its matrix product");
        in[n_in++] = o.bias;
    }
    if (o.addend != LK_NONE) {
        if (lk_tensor_count(tensor(graph, o.addend)) != m * n)
            return lk_graph_problem(graph, "an addend that does not fit its matrix product");
        in[n_in++] = o.addend;
    }
    LkAttributes attr = {.trans_a = o.trans_a,
                         .trans_b = o.trans_b,
                         .alpha = o.alpha == 0 ? 1 : o.alpha,
                         .has_bias = o.bias != LK_NONE,
                         .has_addend = o.addend != LK_NONE};
    return lk_graph_append(graph, LK_OP_MATMUL, &attr, n_in, in, 1, &y) < 0 ? LK_NONE : y;
}

LkRef lk_linear(LkGraph *graph, LkRef x, LkRef weight, LkRef bias)
{
    LkMatmul options = LK_MATMUL_DEFAULT;
    options.trans_b = true;
    options.bias = bias;
    return lk_matmul(graph, x, weight, options);
}

LkRef lk_conv2d(LkGraph *graph, LkRef x, LkRef weight, LkRef bias, int stride, int pad_before, int pad_after)
{
    if (x == LK_NONE || weight == LK_NONE)
        return LK_NONE;
    LkTensor tx = *tensor(graph, x), tw = *tensor(graph, weight);
    if (tx.rank != 4 || tw.rank != 4 || tw.shape[1] != tx.shape[3] || tw.shape[2] != tw.shape[3] || stride < 1)
        return lk_graph_problem(graph, "a convolution whose weight does not fit its input");
    int64_t k = tw.shape[2], h = tx.shape[1] + pad_before + pad_after, w = tx.shape[2] + pad_before + pad_after;
    if (h < k || w < k)
        return lk_graph_problem(graph, "a convolution of a picture smaller than its kernel");
    int64_t shape[4] = {tx.shape[0], (h - k) / stride + 1, (w - k) / stride + 1, tw.shape[0]};
    LkRef y = lk_graph_activation(graph, graph->compute, 4, shape);
    LkRef in[3] = {x, weight, bias};
    if (bias != LK_NONE && !is_vector(tensor(graph, bias), tw.shape[0]))
        return lk_graph_problem(graph, "a bias that does not fit its convolution");
    LkAttributes attr = {.has_bias = bias != LK_NONE,
                         .kernel = (int)k,
                         .stride = stride,
                         .pad_before = pad_before,
                         .pad_after = pad_after};
    return lk_graph_append(graph, LK_OP_CONV2D, &attr, bias == LK_NONE ? 2 : 3, in, 1, &y) < 0 ? LK_NONE : y;
}

LkRef lk_attention(LkGraph *graph, LkRef q, LkRef k, LkRef v, int64_t heads, float scale, bool causal)
{
    if (q == LK_NONE || k == LK_NONE || v == LK_NONE)
        return LK_NONE;
    LkTensor tq = *tensor(graph, q), tk = *tensor(graph, k);
    if (tq.rank != 3 || tk.rank != 3 || !same_shape(&tk, tensor(graph, v)) || tq.shape[0] != tk.shape[0] ||
        tq.shape[2] != tk.shape[2] || heads < 1 || tq.shape[2] % heads != 0)
        return lk_graph_problem(graph, "an attention whose shapes do not fit (%lld channels in %lld heads)",
                                (long long)tq.shape[2], (long long)heads);
    int64_t stats[3] = {tq.shape[0], heads, tq.shape[1]};
    LkRef out[2] = {like(graph, q, graph->compute), lk_graph_activation(graph, LK_F32, 3, stats)};
    LkRef in[3] = {q, k, v};
    LkAttributes attr = {.heads = heads, .alpha = scale, .causal = causal, .kv_length = tk.shape[1]};
    return lk_graph_append(graph, LK_OP_ATTENTION, &attr, 3, in, 2, out) < 0 ? LK_NONE : out[0];
}

LkRef lk_group_norm(LkGraph *graph, LkRef x, LkRef gamma, LkRef beta, int groups, float eps, bool silu)
{
    if (x == LK_NONE)
        return LK_NONE;
    LkTensor tx = *tensor(graph, x);
    int64_t channels = lk_tensor_cols(&tx);
    if (tx.rank < 3 || groups < 1 || channels % groups != 0 || !is_vector(tensor(graph, gamma), channels) ||
        !is_vector(tensor(graph, beta), channels))
        return lk_graph_problem(graph, "a group norm of %lld channels in %d groups", (long long)channels, groups);
    int64_t stats[3] = {tx.shape[0], groups, 2};
    LkRef out[2] = {like(graph, x, graph->compute), lk_graph_activation(graph, LK_F32, 3, stats)};
    LkRef in[3] = {x, gamma, beta};
    LkAttributes attr = {.groups = groups, .eps = eps, .silu = silu};
    return lk_graph_append(graph, LK_OP_GROUP_NORM, &attr, 3, in, 2, out) < 0 ? LK_NONE : out[0];
}

LkRef lk_layer_norm(LkGraph *graph, LkRef x, LkRef gamma, LkRef beta, float eps)
{
    if (x == LK_NONE)
        return LK_NONE;
    LkTensor tx = *tensor(graph, x);
    int64_t channels = lk_tensor_cols(&tx);
    if (!is_vector(tensor(graph, gamma), channels) || !is_vector(tensor(graph, beta), channels))
        return lk_graph_problem(graph, "a layer norm whose weights do not fit %lld channels", (long long)channels);
    int64_t stats[2] = {lk_tensor_rows(&tx), 2};
    LkRef out[2] = {like(graph, x, graph->compute), lk_graph_activation(graph, LK_F32, 2, stats)};
    LkRef in[3] = {x, gamma, beta};
    LkAttributes attr = {.eps = eps};
    return lk_graph_append(graph, LK_OP_LAYER_NORM, &attr, 3, in, 2, out) < 0 ? LK_NONE : out[0];
}

LkRef lk_activation(LkGraph *graph, LkRef x, LkActivation activation)
{
    LkAttributes attr = {.activation = activation};
    return unary(graph, LK_OP_ACTIVATION, x, graph->compute, &attr);
}

LkRef lk_geglu(LkGraph *graph, LkRef x)
{
    if (x == LK_NONE)
        return LK_NONE;
    LkTensor tx = *tensor(graph, x);
    if (lk_tensor_cols(&tx) % 2 != 0)
        return lk_graph_problem(graph, "a gated activation of an odd number of channels");
    tx.shape[tx.rank - 1] /= 2;
    LkRef y = lk_graph_activation(graph, graph->compute, tx.rank, tx.shape);
    return lk_graph_append(graph, LK_OP_GEGLU, NULL, 1, &x, 1, &y) < 0 ? LK_NONE : y;
}

LkRef lk_add(LkGraph *graph, LkRef a, LkRef b)
{
    if (a == LK_NONE || b == LK_NONE)
        return LK_NONE;
    if (lk_tensor_count(tensor(graph, a)) != lk_tensor_count(tensor(graph, b)) ||
        tensor(graph, a)->dtype != tensor(graph, b)->dtype)
        return lk_graph_problem(graph, "a sum of two shapes");
    LkRef in[2] = {a, b}, y = like(graph, a, tensor(graph, a)->dtype);
    return lk_graph_append(graph, LK_OP_ADD, NULL, 2, in, 1, &y) < 0 ? LK_NONE : y;
}

LkRef lk_add_rows(LkGraph *graph, LkRef x, LkRef v)
{
    if (x == LK_NONE || v == LK_NONE)
        return LK_NONE;
    LkTensor tx = *tensor(graph, x), tv = *tensor(graph, v);
    if (lk_tensor_cols(&tx) != lk_tensor_cols(&tv) || tx.shape[0] != lk_tensor_rows(&tv))
        return lk_graph_problem(graph, "a row that does not fit the tensor it is added to");
    LkRef in[2] = {x, v}, y = like(graph, x, graph->compute);
    return lk_graph_append(graph, LK_OP_ADD_ROWS, NULL, 2, in, 1, &y) < 0 ? LK_NONE : y;
}

LkRef lk_upsample2(LkGraph *graph, LkRef x)
{
    if (x == LK_NONE)
        return LK_NONE;
    LkTensor tx = *tensor(graph, x);
    if (tx.rank != 4)
        return lk_graph_problem(graph, "an enlargement of something that is no picture");
    int64_t shape[4] = {tx.shape[0], tx.shape[1] * 2, tx.shape[2] * 2, tx.shape[3]};
    LkRef y = lk_graph_activation(graph, graph->compute, 4, shape);
    return lk_graph_append(graph, LK_OP_UPSAMPLE2, NULL, 1, &x, 1, &y) < 0 ? LK_NONE : y;
}

LkRef lk_concat(LkGraph *graph, LkRef a, LkRef b)
{
    if (a == LK_NONE || b == LK_NONE)
        return LK_NONE;
    LkTensor ta = *tensor(graph, a), tb = *tensor(graph, b);
    if (lk_tensor_rows(&ta) != lk_tensor_rows(&tb))
        return lk_graph_problem(graph, "two tensors of different size put side by side");
    ta.shape[ta.rank - 1] += lk_tensor_cols(&tb);
    LkRef in[2] = {a, b}, y = lk_graph_activation(graph, graph->compute, ta.rank, ta.shape);
    return lk_graph_append(graph, LK_OP_CONCAT, NULL, 2, in, 1, &y) < 0 ? LK_NONE : y;
}

LkRef lk_slice(LkGraph *graph, LkRef x, int64_t begin, int64_t count)
{
    if (x == LK_NONE)
        return LK_NONE;
    LkTensor tx = *tensor(graph, x);
    if (begin < 0 || count < 1 || begin + count > lk_tensor_cols(&tx))
        return lk_graph_problem(graph, "channels outside a tensor");
    tx.shape[tx.rank - 1] = count;
    LkRef y = lk_graph_activation(graph, tx.dtype, tx.rank, tx.shape);
    LkAttributes attr = {.begin = begin};
    return lk_graph_append(graph, LK_OP_SLICE, &attr, 1, &x, 1, &y) < 0 ? LK_NONE : y;
}

LkRef lk_embedding(LkGraph *graph, LkRef ids, LkRef table, LkRef positions)
{
    if (ids == LK_NONE || table == LK_NONE || positions == LK_NONE)
        return LK_NONE;
    LkTensor ti = *tensor(graph, ids), tt = *tensor(graph, table), tp = *tensor(graph, positions);
    if (ti.rank != 2 || tt.rank != 2 || tp.rank != 2 || tp.shape[0] != ti.shape[1] || tp.shape[1] != tt.shape[1])
        return lk_graph_problem(graph, "a token table that does not fit its positions");
    int64_t shape[3] = {ti.shape[0], ti.shape[1], tt.shape[1]};
    LkRef in[3] = {ids, table, positions}, y = lk_graph_activation(graph, graph->compute, 3, shape);
    return lk_graph_append(graph, LK_OP_EMBEDDING, NULL, 3, in, 1, &y) < 0 ? LK_NONE : y;
}

LkRef lk_time_embedding(LkGraph *graph, LkRef t, int64_t channels)
{
    if (t == LK_NONE || channels < 2 || channels % 2 != 0)
        return lk_graph_problem(graph, "a time embedding of %lld channels", (long long)channels);
    int64_t shape[2] = {lk_tensor_count(tensor(graph, t)), channels};
    LkRef y = lk_graph_activation(graph, graph->compute, 2, shape);
    return lk_graph_append(graph, LK_OP_TIME_EMBEDDING, NULL, 1, &t, 1, &y) < 0 ? LK_NONE : y;
}

LkRef lk_q_sample(LkGraph *graph, LkRef x, LkRef z, LkRef a, LkRef b, LkDType dtype)
{
    if (x == LK_NONE || z == LK_NONE || a == LK_NONE || b == LK_NONE)
        return LK_NONE;
    const LkTensor *tx = tensor(graph, x);
    if (!same_shape(tx, tensor(graph, z)) || !is_vector(tensor(graph, a), tx->shape[0]) ||
        !is_vector(tensor(graph, b), tx->shape[0]) || tx->dtype != LK_F32 || tensor(graph, z)->dtype != LK_F32)
        return lk_graph_problem(graph, "a mixture of latent and noise whose shapes do not fit");
    LkRef in[4] = {x, z, a, b}, y = like(graph, x, dtype);
    return lk_graph_append(graph, LK_OP_Q_SAMPLE, NULL, 4, in, 1, &y) < 0 ? LK_NONE : y;
}

LkRef lk_loss(LkGraph *graph, LkRef pred, LkRef target, LkRef weight, LkRef scalars, LkLossOptions o, LkRef *d_pred)
{
    *d_pred = LK_NONE;
    if (pred == LK_NONE || target == LK_NONE || weight == LK_NONE || scalars == LK_NONE)
        return LK_NONE;
    LkTensor tp = *tensor(graph, pred);
    int64_t count = lk_tensor_count(&tp);
    if (count != lk_tensor_count(tensor(graph, target)) || tensor(graph, target)->dtype != LK_F32 ||
        !is_vector(tensor(graph, weight), tp.shape[0]) || !is_vector(tensor(graph, scalars), LK_SCALAR_COUNT))
        return lk_graph_problem(graph, "a loss whose shapes do not fit");
    bool huber = o.kind == LK_LOSS_HUBER || o.kind == LK_LOSS_SMOOTH_L1;
    if (huber != (o.huber_c != LK_NONE) || (huber && !is_vector(tensor(graph, o.huber_c), tp.shape[0])) ||
        (o.mask != LK_NONE && !is_vector(tensor(graph, o.mask), count)))
        return lk_graph_problem(graph, "a loss whose threshold or mask does not fit");
    LkRef in[6] = {pred, target, weight, scalars};
    int n_in = 4;
    if (o.huber_c != LK_NONE)
        in[n_in++] = o.huber_c;
    if (o.mask != LK_NONE)
        in[n_in++] = o.mask;
    LkAttributes attr = {.loss = o.kind, .has_huber_c = o.huber_c != LK_NONE, .has_mask = o.mask != LK_NONE};
    LkRef out[2] = {lk_graph_activation(graph, LK_F32, 1, &tp.shape[0]), like(graph, pred, tp.dtype)};
    if (lk_graph_append(graph, LK_OP_LOSS, &attr, n_in, in, 2, out) < 0)
        return LK_NONE;
    *d_pred = out[1];
    return out[0];
}

LkRef lk_cast(LkGraph *graph, LkRef x, LkDType dtype)
{
    return unary(graph, LK_OP_CAST, x, dtype, NULL);
}

void lk_zero(LkGraph *graph, LkRef ref)
{
    lk_graph_append(graph, LK_OP_ZERO, NULL, 0, NULL, 1, &ref);
}

LkRef lk_clip_coefficient(LkGraph *graph, LkRef gradient, LkRef scalars, LkRef losses, float max_norm)
{
    const int64_t shape[1] = {2};
    LkRef y = lk_graph_activation(graph, LK_F32, 1, shape), in[3] = {gradient, scalars, losses};
    LkAttributes attr = {.max_norm = max_norm};
    int n_in = losses == LK_NONE ? 2 : 3;
    return lk_graph_append(graph, LK_OP_CLIP_COEFFICIENT, &attr, n_in, in, 1, &y) < 0 ? LK_NONE : y;
}

void lk_note(LkGraph *graph, LkRef x, LkRef scalars, LkRef notes)
{
    LkRef in[2] = {x, scalars};
    if (x == LK_NONE || scalars == LK_NONE || notes == LK_NONE)
        return;
    if (tensor(graph, x)->dtype != LK_F32 || !is_vector(tensor(graph, scalars), LK_SCALAR_COUNT) ||
        lk_tensor_count(tensor(graph, x)) > lk_tensor_count(tensor(graph, notes)))
        lk_graph_problem(graph, "notes that do not fit their place");
    else
        lk_graph_append(graph, LK_OP_NOTE, NULL, 2, in, 1, &notes);
}

void lk_adamw(LkGraph *graph, LkRef p, LkRef g, LkRef m, LkRef v, LkRef clip, LkRef scalars, int group)
{
    LkRef in[6] = {p, g, m, v, clip, scalars}, out[3] = {p, m, v};
    LkAttributes attr = {.group = group};
    lk_graph_append(graph, LK_OP_ADAMW, &attr, 6, in, 3, out);
}
