#include "product_graphs.h"

/** s: M, K, N, bits: 1 trans_a, 2 trans_b, 4 bias, 8 addend, 16 alpha, 32 b is a frozen weight, 64 the addend is f32.
 */
void backend_matmul(GraphTest *test, const int64_t *s)
{
    bool trans_a = s[3] & 1, trans_b = s[3] & 2;
    const int64_t b_shape[2] = {trans_b ? s[2] : s[1], trans_b ? s[1] : s[2]};
    LkRef a = test_x(test, 2, trans_a ? (int64_t[]){s[1], s[0]} : (int64_t[]){s[0], s[1]});
    LkRef b = s[3] & 32 ? test_weight(test, test->graph->compute, 0, 1, 2, b_shape) : test_x(test, 2, b_shape);
    LkDType addend = s[3] & 64 ? LK_F32 : test->graph->compute;
    const int64_t y_shape[2] = {s[0], s[2]};
    LkMatmul options = {.trans_a = trans_a,
                        .trans_b = trans_b,
                        .alpha = s[3] & 16 ? -0.75f : 0,
                        .bias = s[3] & 4 ? test_vector(test, 0, 1, s[2]) : LK_NONE,
                        .addend = s[3] & 8 ? test_input(test, addend, TEST_NORMAL, 0, 1, 2, y_shape) : LK_NONE,
                        .into = LK_NONE};
    lk_matmul(test->graph, a, b, options);
}

/** A parameter's gradient: dyᵀ·x added in place to a part of an f32 state. */
static void accumulate(GraphTest *test, LkRef dy, LkRef x, const int64_t *s)
{
    LkRef state = test_state(test, LK_F32, TEST_NORMAL, 0, 1, 1, (int64_t[]){s[1] * s[2] + 40});
    LkRef place = lk_graph_view(test->graph, state, 19, 2, (int64_t[]){s[1], s[2]});
    LkMatmul options = {.trans_a = true, .alpha = 0.5f, .bias = LK_NONE, .addend = place, .into = place};
    lk_matmul(test->graph, dy, x, options);
}

/** s: half the tokens, columns of dy, columns of x. */
void backend_matmul_accumulate(GraphTest *test, const int64_t *s)
{
    accumulate(test, test_x(test, 3, (int64_t[]){s[0], 2, s[1]}), test_x(test, 3, (int64_t[]){s[0], 2, s[2]}), s);
}

/** s: tokens, columns of dy, columns of x. */
void backend_matmul_accumulate_odd(GraphTest *test, const int64_t *s)
{
    accumulate(test, test_x(test, 2, (int64_t[]){s[0], s[1]}), test_x(test, 2, (int64_t[]){s[0], s[2]}), s);
}

/** A stack of three LoRAs' products: they read parts of rows, and write such. s: M, columns of each part, others. */
void backend_matmul_columns(GraphTest *test, const int64_t *s)
{
    LkRef h = test_x(test, 2, (int64_t[]){s[0], 3 * s[1]}), dy = test_x(test, 2, (int64_t[]){s[0], s[2]});
    LkRef dh = lk_graph_activation(test->graph, test->graph->compute, 2, (int64_t[]){s[0], 3 * s[1]});
    LkMatmul options = {.alpha = -0.5f, .bias = LK_NONE, .addend = LK_NONE};
    for (int i = 0; i < 3; i++) {
        LkRef part = lk_graph_columns(test->graph, h, i * s[1], s[1]);
        LkRef up = test_weight(test, test->graph->compute, 0, 1, 2, (int64_t[]){s[2], s[1]});
        lk_linear(test->graph, part, up, LK_NONE);
        options.into = lk_graph_columns(test->graph, dh, i * s[1], s[1]);
        lk_matmul(test->graph, dy, up, options);
        accumulate(test, dy, part, (int64_t[]){s[0], s[2], s[1]});
        accumulate(test, part, dy, s);
        options.into = LK_NONE;
        options.addend = test_input(test, LK_F32, TEST_NORMAL, 0, 1, 2, (int64_t[]){s[0], s[2]});
        options.trans_b = true;
        lk_matmul(test->graph, part, test_x(test, 2, (int64_t[]){s[2], s[1]}), options);
        options.addend = LK_NONE;
        options.trans_b = false;
    }
}

/** Two parts of one frozen weight, as queries and keys of a stored [3C,C] matrix are. s: M, C, rows of a part. */
void backend_matmul_weight_parts(GraphTest *test, const int64_t *s)
{
    LkRef x = test_x(test, 2, s), w = test_weight(test, test->graph->compute, 0, 1, 2, (int64_t[]){3 * s[2], s[1]});
    for (int i = 0; i < 3; i++) {
        LkRef part = lk_graph_view(test->graph, w, i * s[2] * s[1], 2, (int64_t[]){s[2], s[1]});
        lk_linear(test->graph, x, part, LK_NONE);
    }
}

/** One frozen weight used forward and backward, with many rows and with few. s: M, K, N, M of the second use. */
void backend_matmul_shared_weight(GraphTest *test, const int64_t *s)
{
    LkRef w = test_weight(test, test->graph->compute, 0, 1, 2, (int64_t[]){s[2], s[1]});
    lk_linear(test->graph, test_x(test, 2, s), w, test_vector(test, 0, 1, s[2]));
    lk_linear(test->graph, test_x(test, 2, (int64_t[]){s[3], s[1]}), w, LK_NONE);
    lk_matmul(test->graph, test_x(test, 2, (int64_t[]){s[0], s[2]}), w, LK_MATMUL_DEFAULT);
}
