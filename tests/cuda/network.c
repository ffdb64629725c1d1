#include "network.h"

#include "tensor/joined.h"

#include <stdio.h>
#include <stdlib.h>

enum { BATCH = 2, SIZE = 8, CHANNELS = 32, HEADS = 2, RANK = 8, WORDS = 9 };

static LkRef weight(GraphTest *test, LkDType dtype, double mean, double scale, int64_t rows, int64_t cols)
{
    return test_weight(test, dtype, mean, scale, cols ? 2 : 1, (int64_t[]){rows, cols});
}

static LkRef linear(GraphTest *test, LkRef x, int64_t out)
{
    int64_t in = lk_graph_tensor(test->graph, x)->shape[2];
    return lk_linear(test->graph, x, weight(test, test->graph->compute, 0, 0.17, out, in),
                     weight(test, LK_F32, 0, 0.1, out, 0));
}

/** x with the down matrix of `count` adapters. */
static LkRef down(GraphTest *test, LkRef x, int count)
{
    int64_t in = lk_graph_tensor(test->graph, x)->shape[2];
    LkMatmul options = {.trans_b = true, .alpha = 0.1f, .bias = LK_NONE, .addend = LK_NONE, .into = LK_NONE};
    return lk_matmul(test->graph, x, test_parameter(test, 2, (int64_t[]){count * RANK, in}), options);
}

/** What an adapter adds to its layer. */
static LkRef up(GraphTest *test, LkRef h, LkRef y)
{
    int64_t out = lk_graph_tensor(test->graph, y)->shape[2];
    LkMatmul options = {.trans_b = true, .alpha = 1, .bias = LK_NONE, .addend = y, .into = LK_NONE};
    return lk_matmul(test->graph, h, test_parameter(test, 2, (int64_t[]){out, RANK}), options);
}

/** A linear layer with an adapter beside it. */
static LkRef adapted(GraphTest *test, LkRef x, int64_t out)
{
    LkRef h = down(test, x, 1);
    return up(test, h, linear(test, x, out));
}

static LkRef picture(GraphTest *test, LkRef x, int64_t out)
{
    int64_t in = lk_graph_tensor(test->graph, x)->shape[3];
    LkRef w = test_weight(test, test->graph->compute, 0, 0.1, 4, (int64_t[]){out, in, 3, 3});
    return lk_conv2d(test->graph, x, w, weight(test, LK_F32, 0, 0.1, out, 0), 1, 1, 1);
}

static LkRef normed(GraphTest *test, LkRef x)
{
    return lk_group_norm(test->graph, x, weight(test, LK_F32, 1, 0.1, CHANNELS, 0),
                         weight(test, LK_F32, 0, 0.1, CHANNELS, 0), 4, 1e-5f, true);
}

/** Attention to itself and to a text, and a GEGLU's network. */
static LkRef attention_block(GraphTest *test, LkRef t, LkRef text)
{
    LkRef n = lk_layer_norm(test->graph, t, weight(test, LK_F32, 1, 0.1, CHANNELS, 0),
                            weight(test, LK_F32, 0, 0.1, CHANNELS, 0), 1e-5f);
    LkRef h = down(test, n, 2), of[2];
    for (int i = 0; i < 2; i++)
        of[i] = up(test, lk_graph_columns(test->graph, h, i * RANK, RANK), linear(test, n, CHANNELS));
    LkRef o = lk_attention(test->graph, of[0], of[1], linear(test, n, CHANNELS), HEADS, 0.35f, false);
    t = lk_add(test->graph, t, adapted(test, o, CHANNELS));
    h = down(test, text, 2);
    for (int i = 0; i < 2; i++)
        of[i] = up(test, lk_graph_columns(test->graph, h, i * RANK, RANK), linear(test, text, CHANNELS));
    o = lk_attention(test->graph, linear(test, t, CHANNELS), of[0], of[1], HEADS, 0.35f, false);
    t = lk_add(test->graph, t, linear(test, o, CHANNELS));
    return lk_add(test->graph, t, adapted(test, lk_geglu(test->graph, adapted(test, t, 2 * CHANNELS)), CHANNELS));
}

GraphTest *test_step_network(LkDType compute)
{
    static const int64_t tokens[3] = {BATCH, SIZE * SIZE, CHANNELS}, pixels[4] = {BATCH, SIZE, SIZE, CHANNELS};
    LkError error = {0};
    GraphTest *test = graph_test_new(compute, 11);
    LkGraph *graph = test->graph;
    LkRef x = test_input(test, compute, TEST_NORMAL, 0, 1, 4, (int64_t[]){BATCH, SIZE, SIZE, 4});
    x = normed(test, picture(test, x, CHANNELS));
    LkRef t = lk_graph_reshape(graph, x, 3, tokens);
    LkRef text = test_x(test, 3, (int64_t[]){BATCH, WORDS, CHANNELS});
    LkRef y = lk_graph_reshape(graph, attention_block(test, attention_block(test, t, text), text), 4, pixels);
    y = picture(test, normed(test, y), 4);
    lk_graph_output(graph, y);
    test_loss(test, y);
    if (!lk_autodiff(graph, y, test->d_y, LK_RECOMPUTE_NONE, &error) || !lk_graph_check(graph, &error)) {
        fprintf(stderr, "%s\n", error.text);
        exit(2);
    }
    lk_graph_join_products(graph);
    test_draw(test);
    return test;
}
