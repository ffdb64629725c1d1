/* What a card computes beside other things: in thousands of random training graphs every two nodes that touch the same
 * numbers keep their order, worked out from the waits alone; and the products of an adapter are where they should be.
 */
#include "network.h"

#include "backend/cuda/tracks.h"
#include "tensor/joined.h"
#include "tests/ops/random_network.h"
#include "tests/tap.h"

#include <stdlib.h>

/** When the main track knows that a node has ended: before which node. Acts out the signals. */
static int32_t *known_ends(const LkTracks *tracks)
{
    int32_t *known = calloc((size_t)tracks->n_nodes + 1, sizeof *known);
    int32_t *given = malloc(((size_t)tracks->n_signals + 1) * sizeof *given); /* per signal: the node that gave it */
    for (int32_t n = 0; n < tracks->n_nodes; n++)
        known[n] = tracks->track[n] == LK_TRACK_MAIN ? n + 1 : INT32_MAX;
    for (int32_t now = 0; now <= tracks->n_nodes; now++) {
        for (int track = 0; track < LK_TRACK_COUNT; track++) {
            int32_t last = tracks->joins[now][track] < 0 ? -1 : given[tracks->joins[now][track]];
            for (int32_t n = 0; n <= last; n++) /* a track keeps its own order */
                if (tracks->track[n] == tracks->track[last] && known[n] > now)
                    known[n] = now;
        }
        if (now < tracks->n_nodes && tracks->signal[now] >= 0)
            given[tracks->signal[now]] = now;
    }
    free(given);
    return known;
}

/** Whether two references share numbers. Of columns and of what they are columns of, those count. */
static bool overlap(const LkGraph *graph, LkRef a, LkRef b)
{
    if (a == LK_NONE || b == LK_NONE || lk_graph_owner(graph, a) != lk_graph_owner(graph, b))
        return false;
    const LkTensor *t[2] = {lk_graph_tensor(graph, a), lk_graph_tensor(graph, b)};
    bool columns = t[0]->pitch > 0 || t[1]->pitch > 0;
    int64_t first[2], end[2], all = lk_tensor_cols(lk_graph_tensor(graph, lk_graph_owner(graph, a)));
    for (int i = 0; i < 2; i++) {
        first[i] = columns && t[i]->pitch == 0 ? 0 : t[i]->offset;
        end[i] = !columns ? first[i] + lk_tensor_count(t[i]) : t[i]->pitch ? first[i] + lk_tensor_cols(t[i]) : all;
    }
    return first[0] < end[1] && first[1] < end[0];
}

/** Whether a node writes its tensor k, of inputs and then outputs. A joined product writes behind a weight that was
 * fetched. */
static bool writes(const LkGraph *graph, const LkNode *node, int k)
{
    bool joined = node->op == LK_OP_MATMUL && node->attr.low_rank[0].given;
    return k >= node->n_in ||
           (joined && k == 1 && graph->tensors[lk_graph_owner(graph, node->in[1])].kind == LK_TENSOR_ACTIVATION);
}

/** Whether node b has to see what node a does, or must not disturb it. */
static bool depend(const LkGraph *graph, const LkNode *a, const LkNode *b)
{
    for (int i = 0; i < a->n_in + a->n_out; i++)
        for (int k = 0; k < b->n_in + b->n_out; k++)
            if ((writes(graph, a, i) || writes(graph, b, k)) &&
                overlap(graph, i < a->n_in ? a->in[i] : a->out[i - a->n_in],
                        k < b->n_in ? b->in[k] : b->out[k - b->n_in]))
                return true;
    return false;
}

typedef struct Found {
    int pairs, unordered, late, tracks[LK_TRACK_COUNT];
} Found;

/** Looks at every two nodes. A node begins when what the main track knew by then has ended. */
static void look(const LkGraph *graph, Found *found)
{
    LkTracks *tracks = lk_tracks_new(graph);
    int32_t *known = known_ends(tracks);
    for (int32_t b = 0; b < graph->n_nodes; b++) {
        found->tracks[tracks->track[b]]++;
        found->late += known[b] > tracks->until[b] + 1; /* later than the plan was told */
        for (int32_t a = 0; a < b; a++) {
            if (!depend(graph, &graph->nodes[a], &graph->nodes[b]))
                continue;
            found->pairs++;
            found->unordered += known[a] > b && tracks->track[a] != tracks->track[b];
        }
    }
    free(known);
    lk_tracks_free(tracks);
}

/** Layers as a model has them, each with an adapter whose product with the down matrix comes first; some add to what
 * was before, some share their input. Those that read a norm can be one with their adapters, some of which are as wide
 * as that takes. */
static LkRef adapted_layers(GraphTest *test, uint64_t seed)
{
    LkGraph *graph = test->graph;
    LkRef x = test_input(test, graph->compute, TEST_NORMAL, 0, 1, 2, (int64_t[]){6, 8}), before = x;
    for (uint64_t i = 0; i < 3 + seed % 9 && test->used + 200 < TEST_PARAMETERS; i++) {
        int64_t rank = 1 + test_below(seed, 21, i, 4), width = 8;
        if (test_below(seed, 25, i, 2)) {
            x = lk_layer_norm(graph, x, test_vector(test, 1, 0.1, width), test_vector(test, 0, 0.1, width), 0.1f);
            rank = 8;
        }
        LkMatmul options = {.trans_b = true, .alpha = 1, .bias = LK_NONE, .addend = LK_NONE, .into = LK_NONE};
        LkRef down = lk_matmul(graph, x, test_parameter(test, 2, (int64_t[]){rank, width}), options);
        LkMatmul up = options;
        options.addend = test_below(seed, 22, i, 3) ? LK_NONE : before;
        LkRef w = test_weight(test, graph->compute, 0, 0.3, 2, (int64_t[]){width, width});
        up.addend = lk_matmul(graph, x, w, options);
        LkRef y = lk_matmul(graph, down, test_parameter(test, 2, (int64_t[]){width, rank}), up);
        before = y;
        if (test_below(seed, 23, i, 3))
            x = test_below(seed, 24, i, 2) ? lk_activation(graph, y, LK_SILU) : y;
    }
    return lk_graph_reshape(graph, before, 4, (int64_t[]){1, 2, 3, 8});
}

static void check_random_graphs(void)
{
    enum { GRAPHS = 3000 };
    Found found = {0};
    int joined = 0;
    for (uint64_t seed = 1; seed <= GRAPHS; seed++) {
        GraphTest *test = graph_test_new(seed % 2 ? LK_F32 : LK_BF16, seed);
        LkRef y =
            seed % 4 < 2 ? adapted_layers(test, seed) : test_random_network(test, 3 + (int)test_below(seed, 10, 1, 25));
        test_loss(test, y);
        if (!lk_autodiff(test->graph, y, test->d_y, (LkRecompute)(seed % 3), NULL))
            abort();
        if (seed % 8 < 4)
            lk_graph_join_products(test->graph);
        for (int32_t n = 0; n < test->graph->n_nodes; n++)
            joined += test->graph->nodes[n].op == LK_OP_MATMUL && test->graph->nodes[n].attr.low_rank[0].given;
        look(test->graph, &found);
        graph_test_free(test);
    }
    tap_ok(joined > GRAPHS / 4, "%d products are one with their layer's", joined);
    tap_note("%d pairs; %d nodes in the main track, %d small, %d gradients", found.pairs, found.tracks[LK_TRACK_MAIN],
             found.tracks[LK_TRACK_SMALL], found.tracks[LK_TRACK_GRADIENTS]);
    tap_ok(found.pairs > GRAPHS && found.unordered == 0, "%d of %d pairs that touch the same numbers lack an order",
           found.unordered, found.pairs);
    tap_ok(found.late == 0, "%d nodes are waited for later than the plan was told", found.late);
    tap_ok(found.tracks[LK_TRACK_SMALL] > GRAPHS && found.tracks[LK_TRACK_GRADIENTS] > GRAPHS, "all tracks are used");
}

/** Two blocks, each with adapters at q and k, which have one down matrix, at the attention's output, at k and v of the
 * text, which have one, too, and at both layers of the GEGLU's network. Each matrix has a gradient. The products with
 * the down matrices are beside the layer's product where that is not one with them: before the GEGLU. What comes back
 * through the up matrices is beside the gradient of the layer's input, but for the layer before the GEGLU, whose
 * gradient is made another way, and for those that have no such input, q and k of the first block and what reads the
 * text: theirs are for gradients alone. The text is copied once, and what is made of it in each block, beside products.
 */
static void check_network(void)
{
    GraphTest *test = test_step_network(LK_BF16);
    LkGraph *graph = test->graph;
    Found found = {0};
    look(graph, &found);
    enum { UP = 14, DOWN = 10, GEGLUS = 2, WITHOUT = 6, COPIES = 3 };
    tap_ok(found.tracks[LK_TRACK_GRADIENTS] == UP + DOWN + WITHOUT, "%d gradients", found.tracks[LK_TRACK_GRADIENTS]);
    tap_ok(found.tracks[LK_TRACK_SMALL] == GEGLUS + UP - GEGLUS - WITHOUT + COPIES, "%d small products and copies",
           found.tracks[LK_TRACK_SMALL]);
    tap_ok(found.unordered == 0 && found.late == 0, "all in order");

    /* A reader of the gradients at the end: none of them may be left for later. */
    LkRef scaled =
        lk_graph_activation(graph, LK_F32, 1, &(int64_t){lk_tensor_count(lk_graph_tensor(graph, test->gradient))});
    lk_graph_append(graph, LK_OP_ADD, NULL, 2, (LkRef[]){test->gradient, test->gradient}, 1, &scaled);
    found = (Found){0};
    look(graph, &found);
    tap_ok(found.tracks[LK_TRACK_GRADIENTS] == 0 && found.unordered == 0, "what is read again stays in the main track");
    graph_test_free(test);
}

/** A copy out of rows that the next product reads goes beside it, and no further: the rows may go. */
static void check_copy(void)
{
    GraphTest *test = graph_test_new(LK_BF16, 3);
    LkGraph *graph = test->graph;
    LkRef x = lk_layer_norm(graph, test_x(test, 2, (int64_t[]){8, 16}), test_vector(test, 1, 0, 16),
                            test_vector(test, 0, 1, 16), 1e-5f);
    LkRef columns = lk_slice(graph, x, 8, 8);
    LkRef y = lk_linear(graph, x, test_weight(test, LK_BF16, 0, 1, 2, (int64_t[]){8, 16}), LK_NONE);
    y = lk_activation(graph, y, LK_SILU);
    lk_graph_output(graph, lk_add(graph, y, columns));
    LkTracks *tracks = lk_tracks_new(graph);
    Found found = {0};
    look(graph, &found);
    tap_ok(tracks->track[1] == LK_TRACK_SMALL && tracks->until[1] == 2 && found.unordered == 0 && found.late == 0,
           "a copy is made beside the next product");
    lk_tracks_free(tracks);
    graph_test_free(test);
}

int main(void)
{
    check_random_graphs();
    check_network();
    check_copy();
    return tap_done();
}
