#include "random_network.h"

enum { POOL = 64 };

/** The pictures [N,H,W,C] made so far, and the state of the random choices. */
typedef struct Network {
    GraphTest *test;
    LkGraph *graph;
    int64_t samples;
    LkRef pool[POOL];
    int n;
    uint64_t choices;
} Network;

static uint32_t choose(Network *net, uint32_t n)
{
    return test_below(net->test->seed, 2, net->choices++, n);
}

static LkTensor tensor(const Network *net, LkRef ref)
{
    return *lk_graph_tensor(net->graph, ref);
}

/** A picture from the pool; later ones more often. */
static LkRef pick(Network *net)
{
    int a = (int)choose(net, (uint32_t)net->n), b = (int)choose(net, (uint32_t)net->n);
    return net->pool[a > b ? a : b];
}

static LkRef input(Network *net, int rank, const int64_t *shape)
{
    return test_input(net->test, net->graph->compute, TEST_NORMAL, 0, 1, rank, shape);
}

static LkRef vector(Network *net, double mean, double scale, int64_t count)
{
    return test_weight(net->test, LK_F32, mean, scale, 1, &count);
}

/** Like sqrt(1/k), near enough: keeps the size of activations. */
static double weight_scale(int64_t k)
{
    return k > 32 ? 0.15 : k > 8 ? 0.25 : k > 2 ? 0.5 : 0.8;
}

/** A Linear with a LoRA: x·Wᵀ + b + alpha (x·Aᵀ)·Bᵀ, or without its frozen part where parameters are few. */
static LkRef lora(Network *net, LkRef x, int64_t out)
{
    int64_t in = lk_tensor_cols(lk_graph_tensor(net->graph, x)), rank = 1 + choose(net, 3);
    LkRef w = test_weight(net->test, net->graph->compute, 0, weight_scale(in), 2, (int64_t[]){out, in});
    LkRef y = lk_linear(net->graph, x, w, choose(net, 2) ? vector(net, 0, 0.3, out) : LK_NONE);
    if (net->test->used + rank * (in + out) + 8 > TEST_PARAMETERS)
        return y;
    LkRef down = lk_linear(net->graph, x, test_parameter(net->test, 2, (int64_t[]){rank, in}), LK_NONE);
    LkMatmul up = {.trans_b = true, .alpha = 0.3f, .bias = LK_NONE, .addend = y, .into = LK_NONE};
    return lk_matmul(net->graph, down, test_parameter(net->test, 2, (int64_t[]){out, rank}), up);
}

/** Linears of the same x, whose LoRAs have one down matrix together. */
static void stacked(Network *net, LkRef x, int64_t out, int count, LkRef *y)
{
    int64_t in = lk_tensor_cols(lk_graph_tensor(net->graph, x)), rank = 2 + choose(net, 2), begin = 0;
    if (net->test->used + count * rank * (in + out) + 4 * (count + 1) > TEST_PARAMETERS) {
        for (int i = 0; i < count; i++)
            y[i] = lora(net, x, out);
        return;
    }
    LkRef h = lk_linear(net->graph, x, test_parameter(net->test, 2, (int64_t[]){count * rank, in}), LK_NONE);
    for (int i = 0; i < count; i++, begin += rank) {
        LkRef w = test_weight(net->test, net->graph->compute, 0, weight_scale(in), 2, (int64_t[]){out, in});
        LkMatmul up = {.trans_b = true,
                       .alpha = 0.3f,
                       .bias = LK_NONE,
                       .addend = lk_linear(net->graph, x, w, LK_NONE),
                       .into = LK_NONE};
        y[i] = lk_matmul(net->graph, lk_graph_columns(net->graph, h, begin, rank),
                         test_parameter(net->test, 2, (int64_t[]){out, rank}), up);
    }
}

/** x·(A·B), perhaps + x: a weight that is itself computed from parameters. */
static LkRef product_weight(Network *net, LkRef x)
{
    int64_t c = lk_tensor_cols(lk_graph_tensor(net->graph, x));
    if (net->test->used + 4 * c + 8 > TEST_PARAMETERS)
        return x;
    LkMatmul options = LK_MATMUL_DEFAULT;
    options.alpha = 0.25f;
    LkRef a = test_parameter(net->test, 2, (int64_t[]){c, 2});
    LkRef b = test_parameter(net->test, 2, (int64_t[]){2, c});
    LkRef w = lk_matmul(net->graph, a, b, options);
    options.addend = choose(net, 2) ? x : LK_NONE; /* operand and addend are one tensor */
    return lk_matmul(net->graph, x, w, options);
}

static LkRef tokens(Network *net, LkRef x)
{
    LkTensor t = tensor(net, x);
    return lk_graph_reshape(net->graph, x, 3, (int64_t[]){t.shape[0], t.shape[1] * t.shape[2], t.shape[3]});
}

/** Self or cross attention on the picture's positions. */
static LkRef attention(Network *net, LkRef x)
{
    LkTensor t = tensor(net, x);
    LkRef context = tokens(net, choose(net, 2) ? x : pick(net)), mine = tokens(net, x);
    int64_t heads = 1 + choose(net, 3), channels = heads * (1 + choose(net, 4));
    LkRef of[3]; /* q, k, v */
    if (choose(net, 2)) {
        stacked(net, mine, channels, 3, of);
    } else {
        of[0] = lora(net, mine, channels);
        of[1] = lora(net, context, channels);
        of[2] = choose(net, 3) ? lora(net, context, channels) : of[1];
    }
    bool causal = choose(net, 3) == 0 && tensor(net, of[0]).shape[1] == tensor(net, of[1]).shape[1];
    LkRef o = lora(net, lk_attention(net->graph, of[0], of[1], of[2], heads, 0.5f, causal), t.shape[3]);
    return lk_add(net->graph, lk_graph_reshape(net->graph, o, 4, t.shape), x);
}

static LkRef convolution(Network *net, LkRef x)
{
    LkTensor t = tensor(net, x);
    int64_t k = choose(net, 3) ? 3 : 1, out = 1 + choose(net, 6);
    int stride = 1 + (int)choose(net, 2), after = k == 3, before = k == 3 && (stride == 1 || choose(net, 2));
    if (t.shape[1] + before + after < k || t.shape[2] + before + after < k)
        before = after = 1;
    LkRef w = test_weight(net->test, net->graph->compute, 0, weight_scale(t.shape[3] * k * k), 4,
                          (int64_t[]){out, t.shape[3], k, k});
    return lk_conv2d(net->graph, x, w, choose(net, 2) ? vector(net, 0, 0.3, out) : LK_NONE, stride, before, after);
}

static LkRef norm(Network *net, LkRef x)
{
    LkTensor t = tensor(net, x);
    int64_t c = t.shape[3];
    LkRef gamma = vector(net, 1, 0.3, c), beta = vector(net, 0, 0.3, c);
    if (choose(net, 2))
        return lk_layer_norm(net->graph, x, gamma, beta, 0.1f);
    int groups = c % 2 == 0 ? 2 : c % 3 == 0 ? 3 : 1;
    return lk_group_norm(net->graph, x, gamma, beta, groups, 0.1f, choose(net, 2));
}

/** A sum with another picture of this shape, or with a parameter. */
static LkRef sum(Network *net, LkRef x)
{
    LkTensor t = tensor(net, x);
    int64_t count = lk_tensor_count(&t);
    if (count <= 40 && net->test->used + count + 4 < TEST_PARAMETERS && choose(net, 2))
        return lk_add(net->graph, x, test_parameter(net->test, 4, t.shape));
    for (int i = net->n - 1; i >= 0; i--) {
        LkTensor other = tensor(net, net->pool[i]);
        if (other.shape[1] == t.shape[1] && other.shape[2] == t.shape[2] && other.shape[3] == t.shape[3] &&
            choose(net, 2))
            return lk_add(net->graph, net->pool[i], x);
    }
    return lk_add(net->graph, x, x);
}

static LkRef concat(Network *net, LkRef x)
{
    LkTensor t = tensor(net, x);
    for (int i = net->n - 1; i >= 0; i--) {
        LkTensor other = tensor(net, net->pool[i]);
        if (other.shape[1] == t.shape[1] && other.shape[2] == t.shape[2] && other.shape[3] + t.shape[3] <= 12 &&
            choose(net, 2))
            return lk_concat(net->graph, net->pool[i], x);
    }
    return lk_concat(net->graph, x, input(net, 4, (int64_t[]){t.shape[0], t.shape[1], t.shape[2], 1}));
}

/** A time embedding through a small network, added to all positions. */
static LkRef add_time(Network *net, LkRef x)
{
    LkTensor t = tensor(net, x);
    LkRef time = test_input(net->test, LK_F32, TEST_UNIFORM, 0, 999, 1, &net->samples);
    LkRef v = lora(net, lk_time_embedding(net->graph, time, 6), 5);
    v = lora(net, lk_activation(net->graph, v, LK_SILU), t.shape[3]);
    return lk_add_rows(net->graph, x, v);
}

/** Through f32 and back: in mixed precision two casts. */
static LkRef through_f32(Network *net, LkRef x)
{
    return lk_cast(net->graph, lk_cast(net->graph, x, LK_F32), net->graph->compute);
}

/** Some of the channels, of x or of an input. */
static LkRef slice(Network *net, LkRef x)
{
    LkTensor t = tensor(net, x);
    int64_t begin = choose(net, (uint32_t)t.shape[3]);
    if (choose(net, 2)) {
        int64_t count = 1 + choose(net, (uint32_t)(t.shape[3] - begin));
        return lk_slice(net->graph, x, begin, count);
    }
    LkRef wide = input(net, 4, (int64_t[]){t.shape[0], t.shape[1], t.shape[2], 2 * t.shape[3]});
    return lk_add(net->graph, x, lk_slice(net->graph, wide, begin, t.shape[3]));
}

static LkRef step(Network *net, LkRef x)
{
    LkTensor t = tensor(net, x);
    switch (choose(net, 14)) {
    case 0:
    case 1:
        return lora(net, x, 1 + choose(net, 8));
    case 2:
    case 3:
        return convolution(net, x);
    case 4:
        return attention(net, x);
    case 5:
    case 6:
        return norm(net, x);
    case 7:
        return lk_activation(net->graph, x, (LkActivation)choose(net, 4));
    case 8:
        return t.shape[3] % 2 == 0 ? lk_geglu(net->graph, x) : lk_geglu(net->graph, lora(net, x, 2 * t.shape[3]));
    case 9:
        return sum(net, x);
    case 10:
        return add_time(net, x);
    case 11:
        return t.shape[1] * t.shape[2] <= 12 ? lk_upsample2(net->graph, x) : through_f32(net, x);
    case 12:
        return concat(net, x);
    default:
        return choose(net, 2) ? product_weight(net, x) : slice(net, x);
    }
}

/** A noisy latent, and a picture of embedded tokens. */
static void begin(Network *net)
{
    int64_t n = net->samples, c = 1 + choose(net, 6), p = 1 + choose(net, 7), v = 11;
    int64_t h = 1 + choose(net, 5), w = 1 + choose(net, 5);
    const int64_t shape[4] = {n, h, w, c};
    LkRef x = test_input(net->test, LK_F32, TEST_NORMAL, 0, 1, 4, shape);
    LkRef z = test_input(net->test, LK_F32, TEST_NORMAL, 0, 1, 4, shape);
    LkRef a = test_input(net->test, LK_F32, TEST_UNIFORM, 0.2, 0.7, 1, &n);
    LkRef b = test_input(net->test, LK_F32, TEST_UNIFORM, 0.2, 0.7, 1, &n);
    net->pool[net->n++] = lk_q_sample(net->graph, x, z, a, b, net->graph->compute);

    LkRef ids = test_input(net->test, LK_I32, TEST_INTEGERS, 0, (double)v, 2, (int64_t[]){n, p});
    LkRef table = test_weight(net->test, net->graph->compute, 0, 1, 2, (int64_t[]){v, c});
    LkRef positions = test_weight(net->test, net->graph->compute, 0, 1, 2, (int64_t[]){p, c});
    LkRef text = lk_embedding(net->graph, ids, table, positions);
    net->pool[net->n++] = lk_graph_reshape(net->graph, text, 4, (int64_t[]){n, 1, p, c});
}

LkRef test_random_network(GraphTest *test, int steps)
{
    Network net = {.test = test, .graph = test->graph};
    net.samples = 1 + choose(&net, 3);
    begin(&net);
    LkRef y = lora(&net, net.pool[0], 1 + choose(&net, 6)); /* so that something is trainable */
    net.pool[net.n++] = y;
    bool inside = false;
    for (int i = 0; i < steps && net.n < POOL; i++) {
        if (choose(&net, 3) == 0) {
            if (inside)
                lk_graph_end_segment(test->graph);
            inside = choose(&net, 4) > 0;
            if (inside)
                lk_graph_begin_segment(test->graph);
        }
        LkRef from = choose(&net, 4) ? y : pick(&net);
        y = step(&net, from);
        net.pool[net.n++] = y;
    }
    if (inside)
        lk_graph_end_segment(test->graph);
    return lora(&net, y, 2);
}
