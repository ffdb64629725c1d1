/* What the allowed errors mean. Inputs are exact, so an operation that computes in f32 and rounds once errs by at most
 * one half unit in the last place (1 of `f32`, 1 of `low`). Beyond that, in f32:
 *   sums of n terms     the error grows like a random walk, sqrt(n) / 2 and less where sums are kept in blocks: 16 is
 *                       enough for 1500 terms; the whole of 2^-24 · 32 = 2e-6 is the most that any operation gets
 *   exp, erf, tanh      vectorised approximations of a few units: 8
 *   norms               mean and variance are subtracted and divided: 16; where the mean is 10 deviations, 10 times
 * that In bf16 sums are kept in f32, and the rounding of the result outweighs everything (1); attention rounds its
 * probabilities and, backward, their gradients before multiplying by them, and reads its rounded result (2). */
#include "backend_cases.h"

#include "adapter_graphs.h"
#include "optimizer_graphs.h"
#include "product_graphs.h"
#include "tensor/low_rank.h"
#include "tensor/residency.h"

#include <math.h>

/** An activation of the compute type as output of a backward operation. */
static LkRef result(GraphTest *test, LkRef like)
{
    LkTensor t = *lk_graph_tensor(test->graph, like);
    return lk_graph_activation(test->graph, t.dtype, t.rank, t.shape);
}

/** s: N, H, W, I, O, k, stride, pad before, pad after, bias. */
static void conv2d(GraphTest *test, const int64_t *s)
{
    LkRef w = test_weight(test, test->graph->compute, 0, 1, 4, (int64_t[]){s[4], s[3], s[5], s[5]});
    lk_conv2d(test->graph, test_x(test, 4, s), w, s[9] ? test_vector(test, 0, 1, s[4]) : LK_NONE, (int)s[6], (int)s[7],
              (int)s[8]);
}

static void conv2d_backward(GraphTest *test, const int64_t *s)
{
    int64_t h = (s[1] + s[7] + s[8] - s[5]) / s[6] + 1, w = (s[2] + s[7] + s[8] - s[5]) / s[6] + 1;
    LkRef weight = test_weight(test, test->graph->compute, 0, 1, 4, (int64_t[]){s[4], s[3], s[5], s[5]});
    LkRef in[2] = {test_x(test, 4, (int64_t[]){s[0], h, w, s[4]}), weight};
    LkRef dx = lk_graph_activation(test->graph, test->graph->compute, 4, s);
    LkAttributes attr = {.kernel = (int)s[5], .stride = (int)s[6], .pad_before = (int)s[7], .pad_after = (int)s[8]};
    lk_graph_append(test->graph, LK_OP_CONV2D_BACKWARD_DATA, &attr, 2, in, 1, &dx);
}

/** s: N, S, L, heads, width, causal, valid keys (0: all), backward too. */
static void attention(GraphTest *test, const int64_t *s)
{
    const int64_t q_shape[3] = {s[0], s[1], s[3] * s[4]}, kv_shape[3] = {s[0], s[2], s[3] * s[4]};
    LkRef q = test_x(test, 3, q_shape), k = test_x(test, 3, kv_shape), v = test_x(test, 3, kv_shape);
    float scale = s[4] > 36 ? 0.125f : s[4] > 9 ? 0.25f : 0.5f;
    LkRef o = lk_attention(test->graph, q, k, v, s[3], scale, s[5]);
    LkNode *node = &test->graph->nodes[test->graph->n_nodes - 1];
    if (s[6])
        node->attr.kv_length = s[6];
    if (!s[7])
        return;
    LkAttributes attr = node->attr;
    LkRef in[6] = {q, k, v, o, node->out[1], test_x(test, 3, q_shape)};
    LkRef out[3] = {result(test, q), result(test, k), result(test, v)};
    lk_graph_append(test->graph, LK_OP_ATTENTION_BACKWARD, &attr, 6, in, 3, out);
}

/** s: N, H, W, C, groups, SiLU, mean of x. */
static void group_norm(GraphTest *test, const int64_t *s)
{
    LkRef x = test_input(test, test->graph->compute, TEST_NORMAL, (double)s[6], 1, 4, s);
    LkRef gamma = test_vector(test, 1, 0.3, s[3]), beta = test_vector(test, 0, 0.3, s[3]);
    lk_group_norm(test->graph, x, gamma, beta, (int)s[4], 1e-5f, s[5]);
    const LkNode *node = &test->graph->nodes[test->graph->n_nodes - 1];
    LkAttributes attr = node->attr;
    LkRef in[6] = {test_x(test, 4, s), x, node->out[1], gamma, beta}, dx = result(test, x);
    lk_graph_append(test->graph, LK_OP_GROUP_NORM_BACKWARD, &attr, 5, in, 1, &dx);
    attr.has_addend = true;
    for (int of_f32 = 0; of_f32 < 2; of_f32++) {
        in[5] = of_f32 ? test_input(test, LK_F32, TEST_NORMAL, 0, 1, 4, s) : test_x(test, 4, s);
        dx = result(test, x);
        lk_graph_append(test->graph, LK_OP_GROUP_NORM_BACKWARD, &attr, 6, in, 1, &dx);
    }
}

/** s: N, S, C, mean of x. */
static void layer_norm(GraphTest *test, const int64_t *s)
{
    LkRef x = test_input(test, test->graph->compute, TEST_NORMAL, (double)s[3], 1, 3, s);
    LkRef gamma = test_vector(test, 1, 0.3, s[2]), beta = test_vector(test, 0, 0.3, s[2]);
    lk_layer_norm(test->graph, x, gamma, beta, 1e-5f);
    const LkNode *node = &test->graph->nodes[test->graph->n_nodes - 1];
    LkAttributes attr = node->attr;
    LkRef in[6] = {test_x(test, 3, s), x, node->out[1], gamma, test_x(test, 3, s), beta};
    for (int with_y = 0; with_y < 2; with_y++) {
        LkRef out[2] = {result(test, x), with_y ? result(test, x) : LK_NONE};
        attr.has_addend = true;
        lk_graph_append(test->graph, LK_OP_LAYER_NORM_BACKWARD, &attr, 5 + with_y, in, 1 + with_y, out);
    }
    for (int with_y = 0; with_y < 2; with_y++) {
        LkRef out[2] = {result(test, x), with_y ? result(test, x) : LK_NONE};
        attr.has_addend = false;
        in[4] = beta;
        lk_graph_append(test->graph, LK_OP_LAYER_NORM_BACKWARD, &attr, 4 + with_y, in, 1 + with_y, out);
    }
}

/** s: R, C, kind, scale of x. */
static void activation(GraphTest *test, const int64_t *s)
{
    LkRef x = test_input(test, test->graph->compute, TEST_NORMAL, 0, (double)s[3], 2, s), dx = result(test, x);
    lk_activation(test->graph, x, (LkActivation)s[2]);
    LkAttributes attr = {.activation = (LkActivation)s[2]};
    LkRef in[2] = {test_x(test, 2, s), x};
    lk_graph_append(test->graph, LK_OP_ACTIVATION_BACKWARD, &attr, 2, in, 1, &dx);
}

/** s: N, S, C, scale of x. */
static void geglu(GraphTest *test, const int64_t *s)
{
    const int64_t wide[3] = {s[0], s[1], 2 * s[2]};
    LkRef x = test_input(test, test->graph->compute, TEST_NORMAL, 0, (double)s[3], 3, wide);
    LkRef in[2] = {test_x(test, 3, s), x}, y = lk_geglu(test->graph, x);
    for (int with_y = 0; with_y < 2; with_y++) {
        LkRef out[2] = {result(test, x), with_y ? result(test, y) : LK_NONE};
        lk_graph_append(test->graph, LK_OP_GEGLU_BACKWARD, NULL, 2, in, 1 + with_y, out);
    }
}

/** s: N, S, C, terms of x's addend, of dy's; 0 for none; whether dy is f32. */
static void geglu_low_rank(GraphTest *test, const int64_t *s)
{
    const int64_t wide[3] = {s[0], s[1], 2 * s[2]};
    LkDType t = test->graph->compute;
    LkRef dy = s[5] ? test_input(test, LK_F32, TEST_NORMAL, 0, 1, 3, s) : test_x(test, 3, s);
    LkRef in[6] = {dy, test_x(test, 3, wide)};
    LkAttributes attr = {0};
    int n_in = 2;
    for (int i = 0; i < LK_LOW_RANK_ADDENDS; i++) {
        int64_t terms = s[3 + i], columns = i == LK_LOW_RANK_X ? 2 * s[2] : s[2];
        if (terms == 0)
            continue;
        attr.low_rank[i] = (LkLowRankAddend){.given = true, .trans_b = i == LK_LOW_RANK_X, .alpha = 0.5f};
        in[n_in++] = test_x(test, 3, (int64_t[]){s[0], s[1], terms});
        in[n_in++] = test_weight(test, t, 0, 0.3, 2,
                                 attr.low_rank[i].trans_b ? (int64_t[]){columns, terms} : (int64_t[]){terms, columns});
    }
    for (int with_y = 0; with_y < 2; with_y++) {
        LkRef out[2] = {result(test, in[1]), with_y ? lk_graph_activation(test->graph, t, 3, s) : LK_NONE};
        lk_graph_append(test->graph, LK_OP_GEGLU_BACKWARD, &attr, n_in, in, 1 + with_y, out);
    }
    if (!attr.low_rank[LK_LOW_RANK_X].given)
        return;
    LkRef y = lk_graph_activation(test->graph, t, 3, s);
    attr.low_rank[LK_LOW_RANK_DY].given = false;
    lk_graph_append(test->graph, LK_OP_GEGLU, &attr, 3, (LkRef[]){in[1], in[2], in[3]}, 1, &y);
}

static void add(GraphTest *test, const int64_t *s)
{
    lk_add(test->graph, test_x(test, 2, s), test_x(test, 2, s));
}

/** In f32 whatever the compute type, in place in a state: a direct parameter's gradient. */
static void add_into_state(GraphTest *test, const int64_t *s)
{
    LkRef state = test_state(test, LK_F32, TEST_NORMAL, 0, 1, 1, (int64_t[]){s[0] * s[1] + 40});
    LkRef place = lk_graph_view(test->graph, state, 19, 2, s);
    LkRef in[2] = {place, test_input(test, LK_F32, TEST_NORMAL, 0, 1, 2, s)};
    lk_graph_append(test->graph, LK_OP_ADD, NULL, 2, in, 1, &place);
}

/** s: N, H, W, C. */
static void add_rows(GraphTest *test, const int64_t *s)
{
    lk_add_rows(test->graph, test_x(test, 4, s), test_x(test, 2, (int64_t[]){s[0], s[3]}));
}

static void sum_rows(GraphTest *test, const int64_t *s)
{
    LkRef dy = test_x(test, 4, s);
    LkRef dv = lk_graph_activation(test->graph, test->graph->compute, 2, (int64_t[]){s[0], s[3]});
    lk_graph_append(test->graph, LK_OP_SUM_ROWS, NULL, 1, &dy, 1, &dv);
}

static void upsample2(GraphTest *test, const int64_t *s)
{
    lk_upsample2(test->graph, test_x(test, 4, s));
}

static void upsample2_backward(GraphTest *test, const int64_t *s)
{
    LkRef dy = test_x(test, 4, (int64_t[]){s[0], 2 * s[1], 2 * s[2], s[3]});
    LkRef dx = lk_graph_activation(test->graph, test->graph->compute, 4, s);
    lk_graph_append(test->graph, LK_OP_UPSAMPLE2_BACKWARD, NULL, 1, &dy, 1, &dx);
}

/** s: rows, C of a, C of b. */
static void concat(GraphTest *test, const int64_t *s)
{
    lk_concat(test->graph, test_x(test, 2, s), test_x(test, 2, (int64_t[]){s[0], s[2]}));
}

/** s: rows, C, begin, count. */
static void slice(GraphTest *test, const int64_t *s)
{
    lk_slice(test->graph, test_x(test, 2, s), s[2], s[3]);
}

/** s: N, P, vocabulary, C. */
static void embedding(GraphTest *test, const int64_t *s)
{
    LkRef ids = test_input(test, LK_I32, TEST_INTEGERS, 0, (double)s[2], 2, s);
    LkRef table = test_weight(test, test->graph->compute, 0, 1, 2, (int64_t[]){s[2], s[3]});
    lk_embedding(test->graph, ids, table, test_weight(test, test->graph->compute, 0, 1, 2, (int64_t[]){s[1], s[3]}));
}

static void time_embedding(GraphTest *test, const int64_t *s)
{
    LkRef t = test_input(test, LK_F32, TEST_INTEGERS, 0, 1000, 1, s);
    lk_time_embedding(test->graph, t, s[1]);
}

/** s: N, H, W, C, whether the result is f32. */
static void q_sample(GraphTest *test, const int64_t *s)
{
    LkRef x = test_input(test, LK_F32, TEST_NORMAL, 0, 1, 4, s), z = test_input(test, LK_F32, TEST_NORMAL, 0, 1, 4, s);
    LkRef a = test_input(test, LK_F32, TEST_UNIFORM, -1, 2, 1, s),
          b = test_input(test, LK_F32, TEST_UNIFORM, 0, 1, 1, s);
    lk_q_sample(test->graph, x, z, a, b, s[4] ? LK_F32 : test->graph->compute);
}

static void mse(GraphTest *test, const int64_t *s)
{
    test_loss(test, test_x(test, 4, s));
}

/** s: N, H, W, C, kind, whether masked. */
static void loss(GraphTest *test, const int64_t *s)
{
    LkRef pred = test_x(test, 4, s), target = test_input(test, LK_F32, TEST_NORMAL, 0, 1, 4, s), d_pred;
    LkRef weight = test_input(test, LK_F32, TEST_UNIFORM, 0.5, 1, 1, s);
    LkLossOptions options = {.kind = (LkLoss)s[4], .huber_c = LK_NONE, .mask = LK_NONE};
    if (options.kind == LK_LOSS_HUBER || options.kind == LK_LOSS_SMOOTH_L1)
        options.huber_c = test_input(test, LK_F32, TEST_UNIFORM, 0.05, 0.5, 1, s);
    if (s[5])
        options.mask = test_input(test, LK_F32, TEST_UNIFORM, 0, 1, 4, s);
    lk_graph_output(test->graph, lk_loss(test->graph, pred, target, weight, test->scalars, options, &d_pred));
}

static void cast(GraphTest *test, const int64_t *s)
{
    lk_cast(test->graph, test_x(test, 2, s), LK_F32);
    lk_cast(test->graph, test_input(test, LK_F32, TEST_NORMAL, 0, 1, 2, s), test->graph->compute);
}

/** From an f32 state to a part of a state of the compute type: the adapter's shadow. */
/** s: rows, columns, type of the codes. */
static void dequantise(GraphTest *test, const int64_t *s)
{
    LkRef codes = test_input(test, (LkDType)s[2], TEST_NORMAL, 0, 60, 2, s);
    lk_dequantise(test->graph, codes, test_input(test, LK_F32, TEST_NORMAL, 0, 0.01, 1, s));
}

/** A weight that is brought from the host's memory. s: rows, columns. */
static void fetch(GraphTest *test, const int64_t *s)
{
    LkRef weight = test_weight(test, test->graph->compute, 0, 1, 2, s), y = result(test, weight);
    test->graph->tensors[weight].on_host = true;
    lk_graph_append(test->graph, LK_OP_FETCH, NULL, 1, &weight, 1, &y);
    lk_add(test->graph, y, y); /* it is read */
}

static void cast_to_shadow(GraphTest *test, const int64_t *s)
{
    LkRef master = test_state(test, LK_F32, TEST_NORMAL, 0, 1, 2, s);
    LkRef shadow = test_state(test, test->graph->compute, TEST_NORMAL, 0, 1, 1, (int64_t[]){s[0] * s[1] + 40});
    LkRef place = lk_graph_view(test->graph, shadow, 19, 2, s);
    lk_graph_append(test->graph, LK_OP_CAST, NULL, 1, &master, 1, &place);
}

static void zero(GraphTest *test, const int64_t *s)
{
    LkRef state = test_state(test, LK_F32, TEST_NORMAL, 0, 1, 1, (int64_t[]){s[0] + 40});
    lk_zero(test->graph, lk_graph_view(test->graph, state, 19, 1, s));
}

/** s: elements, thousandths of the largest norm allowed, losses. */
static void clip(GraphTest *test, const int64_t *s)
{
    LkRef gradient = test_state(test, LK_F32, TEST_NORMAL, 0, 1, 1, s);
    LkRef losses = s[2] ? test_state(test, LK_F32, TEST_NORMAL, 0, 1, 1, s + 2) : LK_NONE;
    lk_graph_output(test->graph,
                    lk_clip_coefficient(test->graph, gradient, test->scalars, losses, (float)s[1] * 1e-3f));
}

/** s: losses of a batch, room. */
static void note(GraphTest *test, const int64_t *s)
{
    LkRef x = test_input(test, LK_F32, TEST_NORMAL, 0, 1, 1, s),
          notes = test_state(test, LK_F32, TEST_NORMAL, 0, 1, 1, s + 1);
    lk_note(test->graph, x, test->scalars, notes);
}

/** AdamW on a part of each state; the factor of the gradient is at least `factor`. */
static void adamw_of(GraphTest *test, const int64_t *s, double factor)
{
    static const struct {
        TestFill fill;
        double scale;
    } state[4] = {{TEST_NORMAL, 0.1}, {TEST_NORMAL, 0.1}, {TEST_NORMAL, 0.05}, {TEST_POSITIVE, 0.05}};
    LkRef part[4];
    for (int i = 0; i < 4; i++) {
        LkRef whole = test_state(test, LK_F32, state[i].fill, 0, state[i].scale, 1, (int64_t[]){s[0] + 40});
        part[i] = lk_graph_view(test->graph, whole, 19, 1, s);
    }
    LkRef clip_values = test_input(test, LK_F32, TEST_UNIFORM, factor, 0.7, 1, (int64_t[]){2});
    lk_adamw(test->graph, part[0], part[1], part[2], part[3], clip_values, test->scalars, (int)s[1]);
}

/** s: elements, optimizer group. */
static void adamw(GraphTest *test, const int64_t *s)
{
    adamw_of(test, s, 0.2);
}

/** One whose gradient is not finite, which changes nothing, beside one that does. */
static void adamw_not_finite(GraphTest *test, const int64_t *s)
{
    adamw_of(test, s, INFINITY);
    adamw_of(test, s, 0.2);
}

const BackendCase backend_cases[] = {
    {"matmul 1", backend_matmul, 1, 1, {1, 1, 1, 0}},
    {"matmul", backend_matmul, 8, 1, {7, 13, 5, 0}},
    {"matmul aT", backend_matmul, 8, 1, {7, 13, 5, 1}},
    {"matmul bT", backend_matmul, 8, 1, {7, 13, 5, 2}},
    {"matmul aT bT", backend_matmul, 8, 1, {7, 13, 5, 3}},
    {"matmul of tiles", backend_matmul, 16, 1, {257, 129, 67, 0}},
    {"matmul aT of tiles", backend_matmul, 16, 1, {131, 257, 33, 1}},
    {"matmul bT of tiles", backend_matmul, 16, 1, {67, 320, 131, 2}},
    {"matmul aT bT of tiles", backend_matmul, 16, 1, {67, 64, 131, 3}},
    {"matmul bias", backend_matmul, 8, 1, {31, 17, 29, 2 + 4}},
    {"matmul addend", backend_matmul, 8, 2, {31, 17, 29, 8}},
    {"matmul alpha", backend_matmul, 8, 1, {31, 17, 29, 16}},
    {"matmul bias addend", backend_matmul, 8, 2, {31, 17, 29, 2 + 4 + 8}},
    {"matmul alpha addend", backend_matmul, 8, 2, {31, 17, 29, 2 + 8 + 16}},
    {"matmul alpha bias", backend_matmul, 8, 1, {31, 17, 29, 2 + 4 + 16}},
    {"matmul alpha bias addend", backend_matmul, 8, 2, {31, 17, 29, 1 + 2 + 4 + 8 + 16}},
    {"linear, few rows", backend_matmul, 16, 1, {3, 77, 40, 2 + 4 + 32}},
    {"linear, many rows", backend_matmul, 16, 1, {521, 96, 61, 2 + 4 + 32}},
    {"linear, many rows, addend", backend_matmul, 16, 2, {521, 96, 64, 2 + 4 + 8 + 32}},
    {"linear backward, few rows", backend_matmul, 16, 1, {7, 61, 96, 32}},
    {"linear backward, many rows", backend_matmul, 16, 1, {600, 61, 96, 32}},
    {"linear backward, few rows, f32 addend", backend_matmul, 16, 1, {7, 61, 96, 8 + 32 + 64}},
    {"linear backward, many rows, f32 addend", backend_matmul, 16, 1, {600, 61, 96, 8 + 32 + 64}},
    {"few terms onto f32", backend_matmul, 16, 1, {77, 16, 320, 2 + 8 + 64}},
    {"few terms onto f32, alpha", backend_matmul, 16, 1, {33, 48, 36, 8 + 16 + 64}},
    {"64 and more terms onto f32", backend_matmul, 16, 1, {40, 100, 130, 8 + 64}},
    {"129 terms onto f32", backend_matmul, 16, 1, {40, 129, 130, 8 + 64}},
    {"matmul alpha bias f32 addend", backend_matmul, 8, 1, {31, 17, 29, 4 + 8 + 16 + 64}},
    {"lora down", backend_matmul, 16, 1, {600, 320, 4, 2}},
    {"lora up", backend_matmul, 8, 2, {600, 4, 320, 2 + 8 + 16}},
    {"matmul into a gradient", backend_matmul_accumulate, 8, 1, {13, 4, 33}},
    {"matmul into a gradient of tiles", backend_matmul_accumulate, 16, 1, {150, 8, 320}},
    {"matmul into a gradient, in parts", backend_matmul_accumulate, 32, 1, {2048, 4, 40}},
    {"gradient of lora down", backend_matmul_accumulate, 16, 1, {300, 16, 320}},
    {"gradient of lora down, odd tokens, rank 4", backend_matmul_accumulate_odd, 16, 1, {77, 4, 48}},
    {"gradient of stacked lora down", backend_matmul_accumulate, 16, 1, {300, 96, 320}},
    {"gradient of lora up", backend_matmul_accumulate, 16, 1, {300, 320, 16}},
    {"gradient of lora up, odd tokens, rank 36", backend_matmul_accumulate_odd, 16, 1, {131, 96, 36}},
    {"matmul of columns", backend_matmul_columns, 16, 1, {300, 16, 320}},
    {"matmul of columns, odd", backend_matmul_columns, 16, 1, {77, 3, 33}},
    {"matmul of columns, few rows", backend_matmul_columns, 16, 1, {1, 3, 33}},
    {"matmul of columns, one output", backend_matmul_columns, 16, 1, {6, 2, 1}},
    {"matmul of columns, as many outputs", backend_matmul_columns, 16, 1, {300, 16, 16}},
    {"matmul of columns, in parts", backend_matmul_columns, 32, 1, {2048, 8, 40}},
    {"matmul with parts of a weight", backend_matmul_weight_parts, 8, 1, {7, 13, 5}},
    {"matmul with parts of a weight, many rows", backend_matmul_weight_parts, 8, 1, {512, 16, 48}},
    {"matmul with a shared weight", backend_matmul_shared_weight, 16, 1, {512, 64, 96, 5}},
    {"matmul with a shared weight, two packings", backend_matmul_shared_weight, 16, 1, {1024, 64, 48, 512}},

    {"conv2d of one pixel", conv2d, 8, 1, {1, 1, 1, 1, 1, 1, 1, 0, 0, 1}},
    {"conv2d 1x1", conv2d, 8, 1, {2, 7, 5, 13, 11, 1, 1, 0, 0, 1}},
    {"conv2d 3x3", conv2d, 8, 1, {2, 13, 17, 19, 23, 3, 1, 1, 1, 1}},
    {"conv2d 3x3, few channels", conv2d, 8, 1, {1, 11, 9, 4, 32, 3, 1, 1, 1, 1}},
    {"conv2d 3x3, to few channels", conv2d, 16, 1, {1, 8, 9, 64, 4, 3, 1, 1, 1, 1}},
    {"conv2d 3x3 of tiles", conv2d, 16, 1, {1, 16, 24, 64, 96, 3, 1, 1, 1, 0}},
    {"conv2d 3x3, stride 2", conv2d, 16, 1, {1, 16, 15, 32, 32, 3, 2, 1, 1, 1}},
    {"conv2d 3x3, stride 2, padded after", conv2d, 8, 1, {2, 8, 6, 16, 16, 3, 2, 0, 1, 1}},
    {"conv2d of a pixel, padded", conv2d, 8, 1, {1, 1, 1, 3, 2, 3, 1, 1, 1, 0}},
    {"conv2d 3x3, no padding, odd", conv2d, 8, 1, {1, 5, 7, 3, 5, 3, 1, 0, 0, 1}},
    {"conv2d backward of one pixel", conv2d_backward, 8, 1, {1, 1, 1, 1, 1, 1, 1, 0, 0}},
    {"conv2d backward 1x1", conv2d_backward, 8, 1, {2, 7, 5, 13, 11, 1, 1, 0, 0}},
    {"conv2d backward 3x3", conv2d_backward, 8, 1, {2, 13, 17, 19, 23, 3, 1, 1, 1}},
    {"conv2d backward 3x3, few channels", conv2d_backward, 16, 1, {1, 11, 9, 4, 64, 3, 1, 1, 1}},
    {"conv2d backward 3x3 of tiles", conv2d_backward, 16, 1, {1, 16, 24, 64, 96, 3, 1, 1, 1}},
    {"conv2d backward 3x3, stride 2", conv2d_backward, 16, 1, {1, 16, 15, 32, 32, 3, 2, 1, 1}},
    {"conv2d backward 3x3, stride 2, padded after", conv2d_backward, 8, 1, {2, 8, 6, 16, 16, 3, 2, 0, 1}},
    {"conv2d backward 2x2, stride 3, positions unread", conv2d_backward, 8, 1, {1, 6, 7, 3, 5, 2, 3, 0, 0}},

    {"attention 1", attention, 8, 2, {1, 1, 1, 1, 1, 0}},
    {"attention", attention, 16, 2, {2, 7, 13, 3, 5, 0}},
    {"attention, 77 keys", attention, 16, 2, {2, 67, 77, 2, 40, 0}},
    {"attention of tiles", attention, 16, 2, {1, 257, 131, 2, 64, 0}},
    {"attention, wide heads", attention, 16, 2, {1, 37, 64, 2, 160, 0}},
    {"attention, causal", attention, 16, 2, {2, 77, 77, 3, 16, 1}},
    {"attention, causal tiles", attention, 16, 2, {1, 151, 151, 1, 64, 1}},
    {"attention, padded keys", attention, 16, 2, {2, 7, 16, 2, 8, 0, 11}},
    {"attention, one query", attention, 16, 2, {3, 1, 19, 2, 8, 0}},
    {"attention backward 1", attention, 8, 2, {1, 1, 1, 1, 1, 0, 0, 1}},
    {"attention backward", attention, 32, 2, {2, 7, 13, 3, 5, 0, 0, 1}},
    {"attention backward, 77 keys", attention, 32, 2, {2, 67, 77, 2, 40, 0, 0, 1}},
    {"attention backward of tiles", attention, 32, 2, {1, 257, 131, 2, 64, 0, 0, 1}},
    {"attention backward, wide heads", attention, 32, 2, {1, 37, 64, 2, 160, 0, 0, 1}},
    {"attention backward, causal", attention, 32, 2, {2, 77, 77, 3, 16, 1, 0, 1}},
    {"attention backward, causal tiles", attention, 32, 2, {1, 151, 151, 1, 64, 1, 0, 1}},
    {"attention backward, padded keys", attention, 32, 2, {2, 7, 16, 2, 8, 0, 11, 1}},

    {"group norm", group_norm, 16, 1, {2, 3, 5, 6, 2, 0}},
    {"group norm, SiLU", group_norm, 16, 1, {2, 7, 5, 12, 3, 1}},
    {"group norm of tiles", group_norm, 16, 1, {1, 33, 31, 64, 32, 0}},
    {"group norm of tiles, SiLU", group_norm, 16, 1, {2, 33, 31, 96, 32, 1}},
    {"group norm of one group", group_norm, 16, 1, {3, 1, 1, 31, 1, 1}},
    {"group norm, odd groups", group_norm, 16, 1, {1, 17, 19, 35, 5, 1}},
    {"group norm far from zero", group_norm, 160, 1, {1, 16, 16, 32, 8, 1, 10}},
    {"layer norm", layer_norm, 16, 1, {2, 3, 7}},
    {"layer norm, narrow", layer_norm, 16, 1, {1, 13, 5}},
    {"layer norm of 768", layer_norm, 16, 1, {2, 77, 768}},
    {"layer norm, wide and odd", layer_norm, 16, 1, {1, 3, 1283}},
    {"layer norm far from zero", layer_norm, 160, 1, {1, 31, 320, 10}},

    {"silu", activation, 8, 1, {3, 7, LK_SILU, 1}},
    {"silu, many", activation, 8, 1, {71, 1031, LK_SILU, 3}},
    {"silu, large arguments", activation, 8, 1, {31, 37, LK_SILU, 60}},
    {"quick gelu", activation, 8, 1, {17, 131, LK_QUICK_GELU, 1}},
    {"quick gelu, large arguments", activation, 8, 1, {31, 37, LK_QUICK_GELU, 60}},
    {"gelu", activation, 8, 1, {17, 131, LK_GELU_ERF, 1}},
    {"gelu, large arguments", activation, 8, 1, {31, 37, LK_GELU_ERF, 60}},
    {"gelu tanh", activation, 8, 1, {17, 131, LK_GELU_TANH, 1}},
    {"gelu tanh, large arguments", activation, 8, 1, {31, 37, LK_GELU_TANH, 60}},
    {"geglu 1", geglu, 8, 1, {1, 1, 1, 1}},
    {"geglu", geglu, 8, 1, {2, 7, 13, 1}},
    {"geglu of rank 1", geglu_low_rank, 8, 3, {1, 1, 1, 1, 1}},
    {"geglu of rank 4, gradient 8", geglu_low_rank, 8, 3, {2, 7, 13, 4, 8, 1}},
    {"geglu of rank 16, gradient 0", geglu_low_rank, 8, 3, {2, 65, 144, 16, 0}},
    {"geglu of rank 0, gradient 64", geglu_low_rank, 8, 3, {1, 70, 130, 0, 64}},
    {"geglu of tiles", geglu, 8, 1, {2, 65, 643, 2}},

    {"add", add, 1, 1, {1, 1}},
    {"add, many", add, 1, 1, {71, 1031}},
    {"add into a state", add_into_state, 1, 1, {13, 17}},
    {"add rows", add_rows, 1, 1, {2, 3, 5, 7}},
    {"add rows of tiles", add_rows, 1, 1, {2, 31, 33, 67}},
    {"sum rows", sum_rows, 4, 1, {2, 3, 5, 7}},
    {"sum rows of tiles", sum_rows, 16, 1, {2, 31, 33, 67}},
    {"sum rows of one position", sum_rows, 0, 0, {3, 1, 1, 5}},
    {"upsample2", upsample2, 0, 0, {2, 3, 1, 5}},
    {"upsample2 of tiles", upsample2, 0, 0, {1, 17, 19, 67}},
    {"upsample2 backward", upsample2_backward, 4, 1, {2, 3, 1, 5}},
    {"upsample2 backward of tiles", upsample2_backward, 4, 1, {1, 17, 19, 67}},
    {"concat", concat, 0, 0, {1, 1, 1}},
    {"concat of tiles", concat, 0, 0, {137, 67, 131}},
    {"slice", slice, 0, 0, {3, 7, 2, 4}},
    {"slice of tiles", slice, 0, 0, {137, 198, 67, 131}},
    {"embedding", embedding, 1, 1, {2, 7, 11, 5}},
    {"embedding of tiles", embedding, 1, 1, {3, 77, 999, 131}},
    {"time embedding", time_embedding, 1, 1, {1, 2}},
    {"time embedding of 320", time_embedding, 1, 1, {5, 320}},
    {"q_sample", q_sample, 2, 1, {2, 3, 5, 4, 0}},
    {"q_sample of tiles, f32", q_sample, 2, 1, {3, 31, 33, 4, 1}},
    {"mse", mse, 8, 1, {2, 3, 5, 4}},
    {"mse 1", mse, 8, 1, {1, 1, 1, 1}},
    {"mse of tiles", mse, 8, 1, {3, 31, 33, 4}},
    {"mse, masked", loss, 8, 1, {2, 9, 7, 4, LK_LOSS_L2, 1}},
    {"l1", loss, 8, 1, {2, 9, 7, 4, LK_LOSS_L1, 0}},
    {"huber", loss, 8, 1, {3, 31, 33, 4, LK_LOSS_HUBER, 0}},
    {"smooth l1, masked", loss, 8, 1, {3, 9, 7, 4, LK_LOSS_SMOOTH_L1, 1}},
    {"multiply", backend_multiply, 1, 1, {3, 7}},
    {"multiply of tiles", backend_multiply, 1, 1, {71, 1031}},
    {"scale rows", backend_scale_rows, 4, 1, {2, 3, 5, 7, 0, 0}},
    {"scale rows, biased", backend_scale_rows, 16, 1, {3, 31, 33, 67, 0, 1}},
    {"scale rows, added to", backend_scale_rows, 16, 1, {2, 3, 5, 7, 0, 2}},
    {"scale rows, biased, added to", backend_scale_rows, 16, 1, {2, 31, 33, 67, 1, 3}},
    {"scale all rows alike, biased", backend_scale_rows, 16, 1, {2, 17, 19, 643, 1, 1}},
    {"taps of one pixel", backend_taps, 4, 1, {1, 1, 1, 2, 3, 1, 1, 1}},
    {"taps", backend_taps, 4, 1, {2, 7, 5, 13, 3, 1, 1, 1}},
    {"taps, many channels", backend_taps, 4, 1, {1, 8, 6, 643, 3, 1, 1, 1}},
    {"taps, stride 2", backend_taps, 4, 1, {2, 8, 7, 16, 3, 2, 1, 1}},
    {"taps that are not rounded", backend_taps, 4, 1, {2, 7, 5, 13, 3, 1, 1, 1, 1}},
    {"taps, stride 2, padded after", backend_taps, 4, 1, {1, 8, 6, 16, 3, 2, 0, 1}},
    {"dropout", backend_dropout, 2, 1, {3, 7, 5, 25}},
    {"dropout of tiles", backend_dropout, 2, 1, {71, 1031, 300, 50}},
    {"limit of a norm", backend_limit_norm, 16, 16, {7, 3, 5, 500}},
    {"limit of a larger norm", backend_limit_norm, 16, 16, {320, 8, 67, 1000}},
    {"limit of a small norm", backend_limit_norm, 16, 16, {3, 2, 5, 900000}},
    {"kronecker 1", backend_kronecker, 2, 1, {1, 1, 1, 1, 1}},
    {"kronecker", backend_kronecker, 16, 1, {3, 5, 7, 11, 1}},
    {"kronecker of taps", backend_kronecker, 16, 1, {4, 4, 16, 20, 9}},
    {"kronecker, wide", backend_kronecker, 16, 1, {2, 3, 5, 643, 1}},
    {"dora", backend_dora, 16, 1, {7, 13, 1, 100}},
    {"dora of a convolution", backend_dora, 16, 1, {32, 67, 3, 100}},
    {"dora at half strength", backend_dora, 16, 1, {5, 320, 1, 50}},
    {"dora without some rows", backend_dora, 16, 1, {31, 67, 1, 100, 1}},
    {"dora of a convolution without some rows", backend_dora, 16, 1, {32, 35, 3, 100, 1}},
    {"cast", cast, 0, 1, {13, 17}},
    {"cast, many", cast, 0, 1, {71, 1031}},
    {"cast to the shadow", cast_to_shadow, 0, 1, {13, 17}},
    {"dequantise, 1", dequantise, 1, 1, {1, 1, LK_I8}},
    {"dequantise, whole numbers", dequantise, 1, 1, {13, 2177, LK_I8}},
    {"dequantise, 8-bit floats", dequantise, 1, 1, {13, 2177, LK_E4M3}},
    {"fetch", fetch, 1, 1, {13, 117}},
    {"zero", zero, 0, 0, {1031}},
    {"clip coefficient, none", clip, 8, 8, {4099, 0}},
    {"clip coefficient, too long", clip, 8, 8, {70001, 1000}},
    {"clip coefficient, short enough", clip, 8, 8, {1031, 1000000}},
    {"clip coefficient with losses", clip, 8, 8, {4099, 1000, 7}},
    {"notes", note, 0, 0, {3, 40}},
    {"notes that fill their room", note, 0, 0, {70, 76}},
    {"adamw", adamw, 8, 8, {1, 0}},
    {"adamw, many", adamw, 8, 8, {70001, 0}},
    {"adamw, second group", adamw, 8, 8, {1031, 1}},
    {"sgd", backend_sgd, 8, 8, {70001, 0}},
    {"sgd 1", backend_sgd, 8, 8, {1, 1}},
    {"lion", backend_lion, 8, 8, {70001, 0}},
    {"schedule free", backend_schedule_free, 8, 8, {70001, 0}},
    {"adamw, 8 bits", backend_adamw_8bit, 4e5, 4e5, {5003, 0}},
    {"adamw, 8 bits, few", backend_adamw_8bit, 4e5, 4e5, {3, 1}},
    {"lion, 8 bits", backend_lion_8bit, 4e5, 4e5, {5003, 0}},
    {"prodigy", backend_prodigy, 32, 32, {70001, 0}},
    {"prodigy, few", backend_prodigy, 32, 32, {5, 0}},
    {"dadapt", backend_dadapt, 32, 32, {70001, 0}},
    {"adafactor", backend_adafactor, 32, 32, {16, 129, 77, 8}},
    {"adafactor 1", backend_adafactor, 32, 32, {1, 1, 300, 1}},
    {"ema", backend_ema, 8, 8, {70001, 0}},
    {"optimizers, not finite", backend_optimizers_not_finite, 8, 8, {5003, 0}},
    {"adamw, not finite", adamw_not_finite, 8, 8, {5003, 0}},
};

const int backend_case_count = (int)(sizeof backend_cases / sizeof *backend_cases);
