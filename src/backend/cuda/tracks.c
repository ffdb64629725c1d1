#include "backend/cuda/tracks.h"

#include <stdlib.h>
#include <string.h>

/* Gradients are waited for in groups, two groups late: the fewer waits, the cheaper, and what a gradient reads is kept
 * in memory until then. A small product is one with at most this share of the work that is done beside it. */
enum { GROUP = 8, SMALL_SHARE = 4 };

/** What is known of a graph's tensors (owners of their memory). */
typedef struct Uses {
    const LkGraph *graph;
    bool *written;       /* states that a node writes */
    int32_t *last_touch; /* of states: the last node that reads or writes them other than as a gradient, or -1 */
    int32_t *first_read; /* of activations: by any node; n_nodes for none */
    bool *awaited;       /* of activations: read by the host, or by a node that is not in the track of gradients */
} Uses;

static LkTensorKind kind_of(const Uses *u, LkRef ref)
{
    return u->graph->tensors[lk_graph_owner(u->graph, ref)].kind;
}

/** Whether none of what a product or a copy reads changes while the graph runs: no state that is written; and a joined
 * product reads rows that another h may come into (tensor/joined.h). */
static bool factors_stay(const Uses *u, const LkNode *node)
{
    if (node->op == LK_OP_MATMUL && node->attr.low_rank[0].given)
        return false;
    for (int k = 0; k < 2 && k < node->n_in; k++)
        if (u->written[lk_graph_owner(u->graph, node->in[k])])
            return false;
    return true;
}

static bool adds_to_state(const Uses *u, const LkNode *node)
{
    return node->op == LK_OP_MATMUL && kind_of(u, node->out[0]) == LK_TENSOR_STATE && factors_stay(u, node);
}

static void find_uses(Uses *u)
{
    const LkGraph *graph = u->graph;
    for (LkRef i = 0; i < graph->n_tensors; i++) {
        u->last_touch[i] = -1;
        u->first_read[i] = graph->n_nodes;
    }
    for (int32_t n = 0; n < graph->n_nodes; n++)
        for (int k = 0; k < graph->nodes[n].n_out; k++)
            if (kind_of(u, graph->nodes[n].out[k]) == LK_TENSOR_STATE)
                u->written[lk_graph_owner(graph, graph->nodes[n].out[k])] = true;
    for (int32_t n = 0; n < graph->n_nodes; n++) {
        const LkNode *node = &graph->nodes[n];
        bool gradient = adds_to_state(u, node);
        for (int k = 0; k < node->n_in + node->n_out; k++) {
            LkRef ref = k < node->n_in ? node->in[k] : node->out[k - node->n_in];
            LkRef owner = ref == LK_NONE ? LK_NONE : lk_graph_owner(graph, ref);
            if (owner == LK_NONE)
                continue;
            if (!gradient)
                u->last_touch[owner] = n;
            if (k < node->n_in && u->first_read[owner] > n)
                u->first_read[owner] = n;
        }
    }
}

/** Multiplications of a product or convolution; 0 for anything else. */
static double work(const LkGraph *graph, const LkNode *node)
{
    const LkTensor *x = lk_graph_tensor(graph, node->in[0]), *weight = lk_graph_tensor(graph, node->in[1]);
    double results = (double)lk_tensor_count(lk_graph_tensor(graph, node->out[0]));
    switch (node->op) {
    case LK_OP_MATMUL:
        return results * (double)(node->attr.trans_a ? lk_tensor_rows(x) : lk_tensor_cols(x));
    case LK_OP_CONV2D:
    case LK_OP_CONV2D_BACKWARD_DATA:
        return results * (double)(lk_tensor_count(weight) / lk_tensor_cols(lk_graph_tensor(graph, node->out[0])));
    default:
        return 0;
    }
}

/** The next node of the main track, as far as gradients are not; n_nodes at the end. */
static int32_t next_main(const LkTracks *tracks, int32_t n)
{
    do
        n++;
    while (n < tracks->n_nodes && tracks->track[n] == LK_TRACK_GRADIENTS);
    return n;
}

/** Whether node n is a product, or a copy, that the main track can do without while it does something larger. */
static bool is_small(const Uses *u, const LkTracks *tracks, int32_t n)
{
    const LkNode *node = &u->graph->nodes[n];
    LkRef out = lk_graph_owner(u->graph, node->out[0]);
    int32_t beside = next_main(tracks, n);
    bool movable = (node->op == LK_OP_MATMUL && !node->attr.has_addend) || node->op == LK_OP_SLICE;
    if (!movable || kind_of(u, out) != LK_TENSOR_ACTIVATION || !factors_stay(u, node) || beside >= u->first_read[out] ||
        beside >= tracks->n_nodes)
        return false;
    double larger = work(u->graph, &u->graph->nodes[beside]);
    return larger > 0 && work(u->graph, node) * SMALL_SHARE <= larger;
}

/** The last node beside which a small one may run: a product until it is read; a copy, which may be read much later,
 * until the next of the main track, so that what it was copied from need not stay. */
static int32_t small_until(const Uses *u, const LkTracks *tracks, int32_t n)
{
    const LkNode *node = &u->graph->nodes[n];
    return node->op == LK_OP_SLICE ? next_main(tracks, n) : u->first_read[lk_graph_owner(u->graph, node->out[0])] - 1;
}

static void put_with_gradients(LkTracks *tracks, int32_t n)
{
    int32_t until = (n / GROUP + 2) * GROUP - 1, last = tracks->n_nodes - 1;
    tracks->track[n] = LK_TRACK_GRADIENTS;
    tracks->until[n] = until < last ? until : last;
}

static void find_awaited(const Uses *u, const LkTracks *tracks)
{
    for (LkRef i = 0; i < u->graph->n_tensors; i++)
        u->awaited[i] = u->graph->tensors[i].output;
    for (int32_t n = 0; n < tracks->n_nodes; n++)
        for (int k = 0; k < u->graph->nodes[n].n_in && tracks->track[n] != LK_TRACK_GRADIENTS; k++)
            if (u->graph->nodes[n].in[k] != LK_NONE)
                u->awaited[lk_graph_owner(u->graph, u->graph->nodes[n].in[k])] = true;
}

/** Whether node n is a product that gradients alone are made of: a layer's whose own input needs none. */
static bool is_for_gradients(const Uses *u, int32_t n)
{
    const LkNode *node = &u->graph->nodes[n];
    LkRef out = lk_graph_owner(u->graph, node->out[0]);
    return node->op == LK_OP_MATMUL && kind_of(u, out) == LK_TENSOR_ACTIVATION && factors_stay(u, node) &&
           !u->awaited[out] && u->first_read[out] < u->graph->n_nodes;
}

/** Puts every node into its track. */
static void choose(const Uses *u, LkTracks *tracks)
{
    const LkGraph *graph = u->graph;
    for (int32_t n = 0; n < graph->n_nodes; n++) {
        const LkNode *node = &graph->nodes[n];
        tracks->until[n] = n;
        if (adds_to_state(u, node) && u->last_touch[lk_graph_owner(graph, node->out[0])] < n)
            put_with_gradients(tracks, n);
    }
    find_awaited(u, tracks);
    for (int32_t n = 0; n < graph->n_nodes; n++)
        if (tracks->track[n] == LK_TRACK_MAIN && is_for_gradients(u, n))
            put_with_gradients(tracks, n);
    for (int32_t n = 0; n < graph->n_nodes; n++)
        if (tracks->track[n] == LK_TRACK_MAIN && is_small(u, tracks, n)) {
            tracks->track[n] = LK_TRACK_SMALL;
            tracks->until[n] = small_until(u, tracks, n);
        }
}

/** Where the main track must wait for which node: for the last of a track's of which it is time, unless a later one was
 * waited for already. */
static void find_joins(LkTracks *tracks)
{
    int32_t waited[LK_TRACK_COUNT] = {-1, -1, -1};
    memset(tracks->joins, 0xff, ((size_t)tracks->n_nodes + 1) * sizeof *tracks->joins); /* -1 */
    for (int32_t n = 0; n < tracks->n_nodes; n++)
        if (tracks->track[n] != LK_TRACK_MAIN)
            tracks->joins[tracks->until[n] + 1][tracks->track[n]] = n;
    for (int32_t n = 0; n <= tracks->n_nodes; n++)
        for (int track = 0; track < LK_TRACK_COUNT; track++) {
            int32_t *node = &tracks->joins[n][track];
            if (*node <= waited[track])
                *node = -1;
            else
                waited[track] = *node;
        }
}

/** Numbers the signals: one that was waited for is free again. `taken` has room for one a node. */
static void number_signals(LkTracks *tracks, bool *taken)
{
    for (int32_t n = 0; n < tracks->n_nodes; n++)
        tracks->signal[n] = -1;
    for (int32_t n = 0; n <= tracks->n_nodes; n++)
        for (int track = 0; track < LK_TRACK_COUNT; track++)
            if (tracks->joins[n][track] >= 0)
                tracks->signal[tracks->joins[n][track]] = 0; /* to be numbered */
    for (int32_t n = 0; n <= tracks->n_nodes; n++) {
        for (int track = 0; track < LK_TRACK_COUNT; track++)
            if (tracks->joins[n][track] >= 0) {
                tracks->joins[n][track] = tracks->signal[tracks->joins[n][track]];
                taken[tracks->joins[n][track]] = false;
            }
        if (n == tracks->n_nodes || tracks->signal[n] < 0)
            continue;
        int32_t free_one = 0;
        while (taken[free_one])
            free_one++;
        taken[free_one] = true;
        tracks->signal[n] = free_one;
        tracks->n_signals = free_one + 1 > tracks->n_signals ? free_one + 1 : tracks->n_signals;
    }
}

LkTracks *lk_tracks_new(const LkGraph *graph)
{
    size_t nodes = (size_t)graph->n_nodes + 1, tensors = (size_t)graph->n_tensors + 1;
    LkTracks *tracks = calloc(1, sizeof *tracks);
    Uses uses = {.graph = graph,
                 .written = calloc(tensors, sizeof *uses.written),
                 .last_touch = malloc(tensors * sizeof *uses.last_touch),
                 .first_read = malloc(tensors * sizeof *uses.first_read),
                 .awaited = malloc(tensors * sizeof *uses.awaited)};
    bool *taken = calloc(nodes, sizeof *taken), ok = false;
    if (tracks) {
        *tracks = (LkTracks){.n_nodes = graph->n_nodes,
                             .track = calloc(nodes, sizeof *tracks->track),
                             .until = malloc(nodes * sizeof *tracks->until),
                             .signal = malloc(nodes * sizeof *tracks->signal),
                             .joins = malloc(nodes * sizeof *tracks->joins)};
        ok = tracks->track && tracks->until && tracks->signal && tracks->joins && taken && uses.written &&
             uses.last_touch && uses.first_read && uses.awaited;
    }
    if (ok) {
        find_uses(&uses);
        choose(&uses, tracks);
        find_joins(tracks);
        number_signals(tracks, taken);
    }
    free(uses.written);
    free(uses.last_touch);
    free(uses.first_read);
    free(uses.awaited);
    free(taken);
    if (ok)
        return tracks;
    lk_tracks_free(tracks);
    return NULL;
}

void lk_tracks_free(LkTracks *tracks)
{
    if (!tracks)
        return;
    free(tracks->track);
    free(tracks->until);
    free(tracks->signal);
    free(tracks->joins);
    free(tracks);
}
