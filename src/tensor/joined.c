#include "tensor/joined.h"

#include "tensor/low_rank.h"
#include "tensor/sweep.h"

#include <stdlib.h>
#include <string.h>

/** Columns of which every part begins at 16 bytes in the types of 16 bits. */
enum { MULTIPLE = 8 };

enum { NEVER = -1, MANY = -2 }; /* writers */

/** Products of one x for which it is copied into rows with room. Those of the text are two a block. */
enum { WORTH_A_COPY = 4 };

/** What is known of a tensor that owns memory, and what becomes of it. */
typedef struct Fate {
    int32_t writer; /* a node, NEVER or MANY */
    int32_t readers, last_read;
    bool apart;     /* all who read it can read its rows apart */
    LkRef behind;   /* of an x: the h whose place is behind it, the last of several, or LK_NONE */
    bool shared;    /* of an x: there are several, one after the other in the same place */
    bool moved;     /* of an x: it is copied into its rows, because its maker cannot write them */
    bool there;     /* and that is done */
    bool few;       /* of an x that would be copied: too few products read it */
    int products;   /* of an x: that read it together with an h */
    LkRef of;       /* of an h: the x that it lies behind, or LK_NONE */
    LkRef factor;   /* of a weight: the u that it is joined with, or LK_NONE */
    int64_t begin;  /* of such a weight: the first column of h that u meets, beside those of other layers' */
    int64_t room;   /* and how many these are together; of a weight on the host: of those who fetched it */
    int32_t joined; /* of an x: the last product that reads it together with h */
    LkRef rows;     /* of an x and its h: [x | h] */
    bool copied;    /* of an h: out of these rows */
} Fate;

typedef struct Joiner {
    LkGraph *graph;
    LkNode *old;
    int32_t n_old;
    LkRef n_tensors; /* that were there before */
    Fate *fates;     /* of these */
    int32_t *layers; /* per node: the layer's product that it is joined with, or NEVER */
    LkRef factors;   /* the tensor that all u are parts of */
} Joiner;

static Fate *fate(const Joiner *j, LkRef ref)
{
    return &j->fates[lk_graph_owner(j->graph, ref)];
}

static const LkTensor *tensor(const Joiner *j, LkRef ref)
{
    return lk_graph_tensor(j->graph, ref);
}

/** Whether a reference has all rows of its owner: all columns or some. */
static bool has_rows(const LkGraph *graph, LkRef ref)
{
    return lk_graph_is_whole(graph, ref) || !lk_tensor_is_dense(lk_graph_tensor(graph, ref));
}

static void find_uses(Joiner *j)
{
    const LkGraph *graph = j->graph;
    for (LkRef t = 0; t < j->n_tensors; t++)
        j->fates[t] = (Fate){.writer = NEVER,
                             .last_read = -1,
                             .apart = graph->tensors[t].kind == LK_TENSOR_ACTIVATION && !graph->tensors[t].output,
                             .behind = LK_NONE,
                             .of = LK_NONE,
                             .factor = LK_NONE,
                             .joined = NEVER,
                             .rows = LK_NONE};
    for (int32_t n = 0; n < j->n_old; n++) {
        const LkNode *node = &j->old[n];
        j->layers[n] = NEVER;
        for (int k = 0; k < node->n_in; k++) {
            Fate *f = fate(j, node->in[k]);
            f->readers++;
            f->last_read = n;
            f->apart = f->apart && lk_op_takes_columns(node->op, &node->attr, k) && has_rows(graph, node->in[k]);
        }
        for (int k = 0; k < node->n_out; k++) {
            Fate *f = fate(j, node->out[k]);
            f->writer = f->writer == NEVER ? n : MANY;
        }
    }
}

/** Whether a node is alpha · a · bᵀ and perhaps more, all of the graph's type but a bias. */
static bool is_product(const Joiner *j, const LkNode *node)
{
    if (node->op != LK_OP_MATMUL || node->attr.trans_a || !node->attr.trans_b || node->attr.low_rank[0].given)
        return false;
    bool same = tensor(j, node->out[0])->dtype == j->graph->compute;
    for (int k = 0; k < node->n_in; k++)
        same = same && (tensor(j, node->in[k])->dtype == j->graph->compute || (k == 2 && node->attr.has_bias));
    return same;
}

/** Whether what a tensor holds does not change once it is there. */
static bool stays(const Joiner *j, LkRef ref)
{
    return tensor(j, lk_graph_owner(j->graph, ref))->kind != LK_TENSOR_STATE && fate(j, ref)->writer != MANY;
}

/** Of a weight that was fetched from the host, where its rows can have room behind them: the one on the host; else
 * LK_NONE. */
static LkRef fetched_from(const Joiner *j, LkRef ref)
{
    const Fate *f = fate(j, ref);
    if (!f->apart || f->writer < 0 || j->old[f->writer].op != LK_OP_FETCH)
        return LK_NONE;
    const LkNode *fetch = &j->old[f->writer];
    return lk_graph_is_whole(j->graph, fetch->out[0]) ? lk_graph_owner(j->graph, fetch->in[0]) : LK_NONE;
}

/** Whether a tensor is a frozen weight behind whose rows there can be room: one that stays on the device, or was
 * fetched from the host. */
static bool is_weight(const Joiner *j, LkRef ref)
{
    const LkTensor *t = tensor(j, lk_graph_owner(j->graph, ref));
    bool stays_there = t->kind == LK_TENSOR_WEIGHT && !t->on_host && !t->taps_first;
    return lk_graph_is_whole(j->graph, ref) && t->rank == 2 && (stays_there || fetched_from(j, ref) != LK_NONE);
}

/** Whether a node is a layer's product. */
static bool is_layer(const Joiner *j, const LkNode *node)
{
    for (int k = 2; k < node->n_in; k++)
        if (!stays(j, node->in[k]))
            return false;
    return is_product(j, node) && node->attr.alpha == 1 && lk_graph_is_whole(j->graph, node->out[0]) &&
           is_weight(j, node->in[1]);
}

/** The layer's product to which the product n is added and that nothing else reads, or NEVER. */
static int32_t find_layer(const Joiner *j, int32_t n)
{
    const LkNode *node = &j->old[n];
    if (!is_product(j, node) || !node->attr.has_addend || node->attr.has_bias || node->attr.alpha != 1 ||
        !lk_graph_is_whole(j->graph, node->out[0]) || !lk_graph_is_whole(j->graph, node->in[2]))
        return NEVER;
    LkRef y0 = lk_graph_owner(j->graph, node->in[2]);
    const Fate *f = &j->fates[y0];
    if (f->writer < 0 || f->readers != 1 || j->graph->tensors[y0].output || !is_layer(j, &j->old[f->writer]))
        return NEVER;
    return f->writer;
}

/** Whether x can be written with room behind its rows. */
static bool can_have_room(const Joiner *j, LkRef x)
{
    const Fate *f = fate(j, x);
    if (!f->apart || f->writer < 0 || !lk_graph_is_whole(j->graph, x))
        return false;
    const LkNode *maker = &j->old[f->writer];
    return maker->op != LK_OP_MATMUL && maker->op != LK_OP_FETCH && lk_op_takes_columns(maker->op, &maker->attr, -1) &&
           lk_graph_is_whole(j->graph, maker->out[0]) &&
           lk_graph_owner(j->graph, maker->out[0]) == lk_graph_owner(j->graph, x);
}

/** Whether h, or what it is columns of, is a product of x and narrow enough to lie behind it. */
static bool can_lie_behind(const Joiner *j, LkRef h, LkRef x)
{
    const Fate *f = fate(j, h);
    if (f->writer < 0 || !has_rows(j->graph, h))
        return false;
    const LkNode *maker = &j->old[f->writer];
    const LkTensor *all = tensor(j, lk_graph_owner(j->graph, h)), *part = tensor(j, h);
    int64_t wide = lk_tensor_cols(all) | lk_tensor_cols(part) | part->offset | lk_tensor_cols(tensor(j, x));
    return is_product(j, maker) && maker->n_in == 2 && lk_graph_is_whole(j->graph, maker->out[0]) &&
           lk_graph_owner(j->graph, maker->in[0]) == lk_graph_owner(j->graph, x) &&
           lk_tensor_rows(all) == lk_tensor_rows(tensor(j, x)) && lk_tensor_cols(all) <= j->graph->folded_terms &&
           wide % MULTIPLE == 0;
}

/** Whether a tensor is made by one node, or is a state that none writes. */
static bool is_constant(const Joiner *j, LkRef ref)
{
    LkTensorKind kind = j->graph->tensors[ref].kind;
    int32_t writer = j->fates[ref].writer;
    return kind == LK_TENSOR_ACTIVATION ? writer >= 0 : kind == LK_TENSOR_STATE && writer == NEVER;
}

/** Whether a weight that is joined already would be joined with the same numbers in the same place. */
static bool fits(const Joiner *j, const Fate *of_weight, const Fate *wanted)
{
    const LkTensor *a = tensor(j, of_weight->factor), *b = tensor(j, wanted->factor);
    return of_weight->factor == LK_NONE || (a->offset == b->offset && lk_tensor_cols(a) == lk_tensor_cols(b) &&
                                            of_weight->room == wanted->room && of_weight->begin == wanted->begin);
}

/** Whether x can be copied into rows with room. */
static bool can_be_copied(const Joiner *j, LkRef x)
{
    LkTensorKind kind = tensor(j, lk_graph_owner(j->graph, x))->kind;
    bool stays_so = kind == LK_TENSOR_INPUT ? fate(j, x)->writer == NEVER : fate(j, x)->writer >= 0;
    return !fate(j, x)->few && lk_graph_is_whole(j->graph, x) &&
           (kind == LK_TENSOR_INPUT || kind == LK_TENSOR_ACTIVATION) && stays_so;
}

/** Whether h has its place behind x, or can have it after the h before, which no product needs there any more. What is
 * an h itself has nothing behind it, and what has something behind it is no h. */
static bool has_place(const Joiner *j, const Fate *of_x, LkRef h)
{
    if (of_x->of != LK_NONE || j->fates[h].behind != LK_NONE)
        return false;
    if (of_x->behind == LK_NONE || of_x->behind == h)
        return true;
    return j->fates[h].of == LK_NONE && j->fates[h].writer > of_x->joined &&
           lk_tensor_cols(tensor(j, h)) == lk_tensor_cols(tensor(j, of_x->behind));
}

static void join(Joiner *j, int32_t n, int32_t layer, LkRef all, const Fate *weight)
{
    LkRef x = lk_graph_owner(j->graph, j->old[layer].in[0]), host = fetched_from(j, j->old[layer].in[1]);
    Fate *of_x = &j->fates[x];
    of_x->moved = of_x->products == 0 ? !can_have_room(j, j->old[layer].in[0]) : of_x->moved;
    of_x->shared |= of_x->behind != LK_NONE && of_x->behind != all;
    of_x->behind = all;
    of_x->joined = n;
    of_x->products++;
    j->fates[all].of = x;
    j->factors = lk_graph_owner(j->graph, weight->factor);
    j->layers[n] = layer;
    *fate(j, j->old[layer].in[1]) = *weight;
    if (host != LK_NONE)
        j->fates[host].room = weight->room;
}

/** Joins the product n with its layer's, if it can be. */
static void consider(Joiner *j, int32_t n)
{
    int32_t layer = find_layer(j, n);
    if (layer < 0)
        return;
    LkRef x = j->old[layer].in[0], h = j->old[n].in[0], u = j->old[n].in[1], w = j->old[layer].in[1];
    LkRef all = lk_graph_owner(j->graph, h), factors = lk_graph_owner(j->graph, u), host = fetched_from(j, w);
    if (!can_be_copied(j, x) || !can_lie_behind(j, h, x) || !has_place(j, fate(j, x), all))
        return;
    /* All u are there before the first of these products: parts of one tensor, made by one node or by none. */
    if (!lk_tensor_is_dense(tensor(j, u)) || !is_constant(j, factors) ||
        (j->factors != LK_NONE && j->factors != factors))
        return;
    Fate weight = *fate(j, w);
    weight.factor = u;
    weight.begin = tensor(j, h)->offset;
    weight.room = lk_tensor_cols(tensor(j, all));
    bool same_room = host == LK_NONE || j->fates[host].room == 0 || j->fates[host].room == weight.room;
    if (same_room && fits(j, fate(j, w), &weight))
        join(j, n, layer, all, &weight);
}

/** Joins all products that can be, but those of an x that would have to be copied and that too few read. */
static void consider_all(Joiner *j)
{
    for (int pass = 0; pass < 2; pass++) {
        for (LkRef t = 0; t < j->n_tensors && pass > 0; t++) {
            Fate *f = &j->fates[t];
            f->few = f->moved && f->products < WORTH_A_COPY;
            f->behind = f->of = f->factor = LK_NONE;
            f->shared = f->moved = false;
            f->joined = NEVER;
            f->products = 0;
            f->room = 0;
        }
        j->factors = LK_NONE;
        for (int32_t n = 0; n < j->n_old; n++) {
            j->layers[n] = NEVER;
            consider(j, n);
        }
    }
}

/** Lets a tensor, or what is seen of it, be columns of the rows from `begin` on. What no node reads becomes a harmless
 * part. */
static void put_into(LkGraph *graph, LkTensor *t, bool whole, LkRef rows, int64_t begin)
{
    const LkTensor *base = &graph->tensors[rows];
    bool seen = whole || t->pitch > 0;
    t->offset = seen ? begin + (t->kind == LK_TENSOR_VIEW ? t->offset : 0) : 0;
    t->kind = LK_TENSOR_VIEW;
    t->base = rows;
    t->pitch = lk_tensor_cols(base);
    if (seen)
        return;
    t->rank = 1;
    t->shape[0] = 1;
    t->pitch = 0;
}

static void move_tensors(Joiner *j, LkRef owner, LkRef rows, int64_t begin)
{
    LkGraph *graph = j->graph;
    for (LkRef t = 0; t < j->n_tensors; t++) /* views first: they ask their owner */
        if (graph->tensors[t].kind == LK_TENSOR_VIEW && graph->tensors[t].base == owner)
            put_into(graph, &graph->tensors[t], lk_graph_is_whole(graph, t), rows, begin);
    put_into(graph, &graph->tensors[owner], true, rows, begin);
}

/** A tensor like `ref` whose rows have room. */
static LkRef with_room(LkGraph *graph, LkRef ref, int64_t room)
{
    LkTensor wide = graph->tensors[ref];
    wide.shape[wide.rank - 1] += room;
    return lk_graph_activation(graph, wide.dtype, wide.rank, wide.shape);
}

/** Lets a weight that is fetched for a joined product have its room, wherever else it is fetched, too, so that all its
 * readers see what they would see of one that stays on the device. */
static void widen_fetched(Joiner *j, LkRef ref)
{
    LkRef host = j->graph->tensors[ref].kind == LK_TENSOR_ACTIVATION ? fetched_from(j, ref) : LK_NONE;
    if (host == LK_NONE || j->fates[host].room == 0)
        return;
    LkRef rows = with_room(j->graph, ref, j->fates[host].room);
    if (rows != LK_NONE)
        move_tensors(j, ref, rows, 0);
}

/** Gives every x of joined products its rows. */
static void make_rows(Joiner *j)
{
    for (LkRef x = 0; x < j->n_tensors; x++) {
        Fate *f = &j->fates[x];
        widen_fetched(j, x);
        if (f->behind == LK_NONE)
            continue;
        f->rows = with_room(j->graph, x, lk_tensor_cols(tensor(j, f->behind)));
        if (f->rows != LK_NONE && !f->moved)
            move_tensors(j, x, f->rows, 0);
    }
}

/** Gives every h its place behind x. It is copied out of there where it is needed when the rows are not, or by an
 * operation that wants its own rows together; behind an x that is a copy, always (sweeping takes what nobody reads). */
static void place_behind(Joiner *j)
{
    for (LkRef h = 0; h < j->n_tensors; h++) {
        Fate *f = &j->fates[h];
        const Fate *of_x = f->of == LK_NONE ? NULL : &j->fates[f->of];
        if (!of_x || of_x->rows == LK_NONE)
            continue;
        int32_t last = of_x->last_read > of_x->joined ? of_x->last_read : of_x->joined;
        f->rows = of_x->rows;
        f->copied = of_x->shared || of_x->moved || f->last_read > last || !f->apart;
        if (!f->copied)
            move_tensors(j, h, f->rows, lk_tensor_cols(tensor(j, f->rows)) - lk_tensor_cols(tensor(j, h)));
    }
}

/** Whether a tensor, or what it is a part of, is an h that is copied out of its rows. */
static bool is_copied(const Joiner *j, LkRef ref)
{
    LkRef owner = lk_graph_owner(j->graph, ref);
    return owner >= 0 && owner < j->n_tensors && j->fates[owner].copied;
}

/** Where an h, or a part of it, begins in its rows. */
static int64_t begin_of(const Joiner *j, LkRef h)
{
    const LkTensor *rows = tensor(j, fate(j, h)->rows), *all = tensor(j, lk_graph_owner(j->graph, h));
    return lk_tensor_cols(rows) - lk_tensor_cols(all) + tensor(j, h)->offset;
}

/** An h, or a part of it, as columns of its rows. */
static LkRef in_rows(const Joiner *j, LkRef h)
{
    return is_copied(j, h) ? lk_graph_columns(j->graph, fate(j, h)->rows, begin_of(j, h), lk_tensor_cols(tensor(j, h)))
                           : h;
}

/** Whether a tensor, or what it is seen of, is an x that is copied into its rows. */
static bool is_moved(const Joiner *j, LkRef ref)
{
    LkRef owner = lk_graph_owner(j->graph, ref);
    return owner >= 0 && owner < j->n_tensors && j->fates[owner].moved && j->fates[owner].rows != LK_NONE;
}

static LkRef x_in_rows(const Joiner *j, LkRef x)
{
    return lk_graph_columns(j->graph, fate(j, x)->rows, 0, lk_tensor_cols(tensor(j, x)));
}

/** Appends a copy of columns. */
static void append_copy(LkGraph *graph, LkRef from, int64_t begin, LkRef to, int32_t segment)
{
    LkNode copy = {
        .op = LK_OP_SLICE, .n_in = 1, .n_out = 1, .in = {from}, .out = {to}, .attr.begin = begin, .segment = segment};
    lk_graph_append_node(graph, &copy);
}

/** Before the node that makes the first h of an x that is copied into its rows: the copy. */
static void copy_x(Joiner *j, int32_t n)
{
    LkRef h = j->old[n].n_out > 0 ? lk_graph_owner(j->graph, j->old[n].out[0]) : LK_NONE;
    LkRef x = h >= 0 && h < j->n_tensors ? j->fates[h].of : LK_NONE;
    if (x == LK_NONE || !is_moved(j, x) || j->fates[x].there)
        return;
    append_copy(j->graph, x, 0, x_in_rows(j, x), 0);
    j->fates[x].there = true;
}

/** The layer's product with the adapter's in it. */
static LkNode joined(const Joiner *j, int32_t n)
{
    const LkNode *low = &j->old[n];
    LkNode node = j->old[j->layers[n]];
    node.attr.low_rank[0] = (LkLowRankAddend){.given = true, .trans_b = true, .alpha = low->attr.alpha};
    int at = lk_low_rank_input(&node, 0);
    for (int k = node.n_in - 1; k >= at; k--) /* an addend stays the last */
        node.in[k + 2] = node.in[k];
    if (is_moved(j, node.in[0]))
        node.in[0] = x_in_rows(j, node.in[0]);
    node.in[at] = in_rows(j, low->in[0]);
    node.in[at + 1] = low->in[1];
    node.n_in += 2;
    node.out[0] = low->out[0];
    node.segment = low->segment;
    return node;
}

static void rewrite(Joiner *j)
{
    LkGraph *graph = j->graph;
    graph->n_nodes = 0;
    lk_graph_forget_writers(graph);
    for (int32_t n = 0; n < j->n_old; n++) {
        LkNode node = j->layers[n] >= 0 ? joined(j, n) : j->old[n];
        LkRef h = node.n_out > 0 ? node.out[0] : LK_NONE;
        copy_x(j, n);
        if (is_copied(j, h))
            node.out[0] = in_rows(j, h);
        lk_graph_append_node(graph, &node);
        if (is_copied(j, h))
            append_copy(graph, fate(j, h)->rows, begin_of(j, h), h, node.segment);
    }
}

static bool any_joined(const Joiner *j)
{
    return j->factors != LK_NONE;
}

void lk_graph_join_products(LkGraph *graph)
{
    if (graph->folded_terms == 0 || graph->n_nodes == 0)
        return;
    size_t nodes = (size_t)graph->n_nodes;
    Joiner j = {.graph = graph,
                .old = malloc(nodes * sizeof *j.old),
                .n_old = graph->n_nodes,
                .n_tensors = graph->n_tensors,
                .fates = malloc(((size_t)graph->n_tensors + 1) * sizeof *j.fates),
                .layers = malloc(nodes * sizeof *j.layers),
                .factors = LK_NONE};
    if (j.old && j.fates && j.layers) {
        memcpy(j.old, graph->nodes, nodes * sizeof *j.old);
        find_uses(&j);
        consider_all(&j);
        if (any_joined(&j)) {
            make_rows(&j);
            place_behind(&j);
            rewrite(&j);
            lk_graph_sweep(graph);
        }
    } else {
        graph->out_of_memory = true;
    }
    free(j.old);
    free(j.fates);
    free(j.layers);
}
