#include "tensor/residency.h"

#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

/** A form in which an eligible weight is stored and read: convolutions read another order than products. */
typedef struct Form {
    LkRef stored;    /* the new weight, or LK_NONE while no node reads this form */
    LkRef in_arena;  /* the tensor of the compute type that the last reader read */
    int32_t read_at; /* by this node, -1: by none yet */
} Form;

/** One reading of a weight that must be brought first. */
typedef struct Visit {
    int32_t node;   /* of the old list: the first that reads it */
    int32_t before; /* it is fetched before this node of the old list */
    LkRef stored, fetched;
    int64_t bytes;
} Visit;

typedef struct Mover {
    LkGraph *graph;
    const LkResidency *residency;
    LkNode *old;
    int32_t n_old;
    LkRef n_weights;  /* tensors that were there before */
    bool *eligible;   /* per tensor that was there before */
    Form (*forms)[2]; /* likewise: plain, taps first */
    int64_t ahead_bytes;
    Visit *visits;
    int32_t n_visits, next_visit;
} Mover;

/** Nodes between two readings of a weight that make it once: the three products of one stored matrix, say. */
enum { NEAR = 8 };

bool lk_residency_is_any(const LkResidency *residency)
{
    return lk_dtype_is_code(residency->codes) || residency->host_share > 0;
}

bool lk_residency_on_host(const LkResidency *residency, const char *name)
{
    return residency->host_share > 0 &&
           (int)(lk_hash64(name, strlen(name), 0) % LK_RESIDENCY_ALL) < residency->host_share;
}

LkRef lk_dequantise(LkGraph *graph, LkRef codes, LkRef scales)
{
    if (codes == LK_NONE || scales == LK_NONE)
        return LK_NONE;
    LkTensor t = *lk_graph_tensor(graph, codes);
    const LkTensor *s = lk_graph_tensor(graph, scales);
    if (!lk_dtype_is_code(t.dtype) || s->dtype != LK_F32 || lk_tensor_count(s) != t.shape[0])
        return lk_graph_problem(graph, "codes and scales that do not fit each other");
    LkRef in[2] = {codes, scales}, y = lk_graph_activation(graph, graph->compute, t.rank, t.shape);
    return lk_graph_append(graph, LK_OP_DEQUANTISE, NULL, 2, in, 1, &y) < 0 ? LK_NONE : y;
}

static bool is_convolution(LkOp op)
{
    return op == LK_OP_CONV2D || op == LK_OP_CONV2D_BACKWARD_DATA;
}

/** Whether a weight may change its place at all. */
static bool is_movable(const LkGraph *graph, const LkResidency *residency, const LkTensor *t)
{
    const char *only = residency->only;
    return t->kind == LK_TENSOR_WEIGHT && t->rank >= 2 && t->dtype == graph->compute &&
           lk_tensor_count(t) >= residency->least_count &&
           lk_tensor_count(t) % 4 == 0 && /* the scales behind the codes are aligned */
           (!only || strncmp(t->name, only, strlen(only)) == 0);
}

/** Marks the weights that may move: not those of which a node picks rows, tables of tokens. */
static void find_movable(const LkGraph *graph, const LkResidency *residency, const LkNode *nodes, int32_t n_nodes,
                         LkRef n_weights, bool *movable)
{
    for (LkRef i = 0; i < n_weights; i++)
        movable[i] = is_movable(graph, residency, &graph->tensors[i]);
    for (int32_t n = 0; n < n_nodes; n++)
        for (int k = 0; k < nodes[n].n_in && nodes[n].op == LK_OP_EMBEDDING; k++)
            movable[lk_graph_owner(graph, nodes[n].in[k])] = false;
}

bool lk_residency_extent(const LkGraph *graph, const LkResidency *residency, LkResidencyExtent *extent)
{
    bool *movable = calloc((size_t)graph->n_tensors + 1, sizeof *movable);
    *extent = (LkResidencyExtent){0};
    if (!movable)
        return false;
    find_movable(graph, residency, graph->nodes, graph->n_nodes, graph->n_tensors, movable);
    for (LkRef i = 0; i < graph->n_tensors; i++) {
        const LkTensor *t = &graph->tensors[i];
        if (movable[i])
            extent->movable_count += lk_tensor_count(t);
        else if (t->kind == LK_TENSOR_WEIGHT && !lk_dtype_is_code(t->dtype) && !t->taps_first && !t->on_host)
            extent->fixed_bytes += lk_weight_bytes(t);
    }
    free(movable);
    return true;
}

/** Those that move, and how much of them is fetched ahead. */
static void find_eligible(Mover *m)
{
    bool codes = lk_dtype_is_code(m->residency->codes);
    int64_t bytes = 0, size = (int64_t)lk_dtype_size(codes ? m->residency->codes : m->graph->compute);
    find_movable(m->graph, m->residency, m->old, m->n_old, m->n_weights, m->eligible);
    for (LkRef i = 0; i < m->n_weights; i++)
        bytes += m->eligible[i] ? lk_tensor_count(&m->graph->tensors[i]) * size : 0;
    bytes /= LK_RESIDENCY_AHEAD_PARTS;
    m->ahead_bytes = bytes < m->residency->ahead_bytes ? bytes : m->residency->ahead_bytes;
    for (LkRef i = 0; i < m->n_weights; i++)
        m->eligible[i] = m->eligible[i] && (codes || lk_residency_on_host(m->residency, m->graph->tensors[i].name));
}

/** The weight in its new form. */
static LkRef new_weight(const Mover *m, LkRef weight, bool taps_first)
{
    LkGraph *graph = m->graph;
    LkTensor t = graph->tensors[weight];
    LkRef ref = lk_graph_activation(graph, t.dtype, t.rank, t.shape);
    if (ref == LK_NONE)
        return LK_NONE;
    t.taps_first = taps_first;
    t.on_host = lk_residency_on_host(m->residency, t.name);
    if (lk_dtype_is_code(m->residency->codes))
        t.dtype = m->residency->codes;
    graph->tensors[ref] = t;
    return ref;
}

static Form *form_of(Mover *m, LkRef weight, bool taps_first)
{
    Form *form = &m->forms[weight][taps_first];
    if (form->stored == LK_NONE)
        form->stored = new_weight(m, weight, taps_first);
    return form;
}

/** The order in which a node reads a weight. */
static bool reads_taps_first(const Mover *m, const LkNode *node, LkRef weight)
{
    const LkTensor *t = &m->graph->tensors[weight];
    return is_convolution(node->op) && t->rank == 4 && t->shape[2] * t->shape[3] > 1;
}

/** A part of a stored weight's bytes (itself, or what was fetched of it) as a tensor of another type. */
static LkRef part_of(LkGraph *graph, LkRef base, LkDType dtype, int64_t offset, int rank, const int64_t *shape)
{
    LkRef ref = lk_graph_activation(graph, dtype, rank, shape);
    if (ref == LK_NONE)
        return LK_NONE;
    LkTensor *part = &graph->tensors[ref];
    part->kind = LK_TENSOR_VIEW;
    part->base = base;
    part->offset = offset;
    part->node = graph->tensors[base].node;
    part->name = graph->tensors[base].name;
    return ref;
}

/** Whether the weight must be brought anew for this node. Readings are asked about in order, twice with the same
 * answers: when the fetches are listed and when nodes are rewritten. */
static bool is_visit(Form *form, int32_t node)
{
    bool fresh = form->read_at < 0 || node - form->read_at > NEAR;
    form->read_at = node;
    return fresh;
}

static void forget_readings(Mover *m)
{
    for (LkRef i = 0; i < m->n_weights; i++)
        for (int k = 0; k < 2; k++)
            m->forms[i][k].read_at = -1;
}

static void list_visits(Mover *m)
{
    for (int32_t n = 0; n < m->n_old; n++)
        for (int k = 0; k < m->old[n].n_in; k++) {
            LkRef weight = lk_graph_owner(m->graph, m->old[n].in[k]);
            if (weight >= m->n_weights || !m->eligible[weight])
                continue;
            Form *form = form_of(m, weight, reads_taps_first(m, &m->old[n], weight));
            if (form->stored == LK_NONE || !is_visit(form, n) || !m->graph->tensors[form->stored].on_host)
                continue;
            m->visits[m->n_visits++] = (Visit){.node = n,
                                               .stored = form->stored,
                                               .fetched = LK_NONE,
                                               .bytes = lk_weight_bytes(&m->graph->tensors[form->stored])};
        }
}

/** Fetches begin when the reading that is `ahead_bytes` before them is done, at the earliest. */
static void place_visits(Mover *m)
{
    int64_t waiting = 0;
    int32_t first = 0;
    for (int32_t i = 0; i < m->n_visits; i++) {
        waiting += m->visits[i].bytes;
        while (first < i && waiting > m->ahead_bytes)
            waiting -= m->visits[first++].bytes;
        m->visits[i].before = first == 0 ? 0 : m->visits[first - 1].node + 1;
    }
}

/** Begins the fetches whose time has come before old node n. */
static void begin_fetches(Mover *m, int32_t *begun, int32_t n)
{
    for (; *begun < m->n_visits && m->visits[*begun].before <= n; (*begun)++) {
        Visit *visit = &m->visits[*begun];
        LkTensor t = m->graph->tensors[visit->stored];
        int64_t bytes[1] = {visit->bytes};
        visit->fetched = lk_dtype_is_code(t.dtype) ? lk_graph_activation(m->graph, t.dtype, 1, bytes)
                                                   : lk_graph_activation(m->graph, t.dtype, t.rank, t.shape);
        lk_graph_append(m->graph, LK_OP_FETCH, NULL, 1, &visit->stored, 1, &visit->fetched);
    }
}

/** The weight in the arena, in the compute type. */
static LkRef bring(Mover *m, const Form *form)
{
    LkGraph *graph = m->graph;
    LkTensor t = graph->tensors[form->stored];
    LkRef bytes = t.on_host ? m->visits[m->next_visit++].fetched : form->stored;
    if (bytes == LK_NONE || !lk_dtype_is_code(t.dtype))
        return bytes;
    int64_t rows[1] = {t.shape[0]};
    LkRef codes = part_of(graph, bytes, t.dtype, 0, t.rank, t.shape);
    LkRef scales = part_of(graph, bytes, LK_F32, lk_tensor_count(&t) / (int64_t)sizeof(float), 1, rows);
    return lk_dequantise(graph, codes, scales);
}

static void rewrite_node(Mover *m, int32_t n)
{
    LkNode node = m->old[n];
    for (int k = 0; k < node.n_in; k++) {
        LkRef weight = lk_graph_owner(m->graph, node.in[k]);
        if (weight >= m->n_weights || !m->eligible[weight])
            continue;
        bool taps_first = reads_taps_first(m, &node, weight);
        Form *form = form_of(m, weight, taps_first);
        if (form->stored == LK_NONE)
            return;
        if (is_visit(form, n))
            form->in_arena = bring(m, form);
        node.in[k] = lk_graph_seen_as(m->graph, form->in_arena, node.in[k]); /* as the old node saw it */
        node.attr.taps_first |= taps_first;
    }
    lk_graph_append_node(m->graph, &node);
}

static bool prepare(Mover *m)
{
    size_t weights = (size_t)m->n_weights + 1, reads = 0;
    m->old = malloc(((size_t)m->n_old + 1) * sizeof *m->old);
    m->eligible = calloc(weights, sizeof *m->eligible);
    m->forms = malloc(weights * sizeof *m->forms);
    if (!m->old || !m->eligible || !m->forms)
        return false;
    memcpy(m->old, m->graph->nodes, (size_t)m->n_old * sizeof *m->old);
    for (int32_t n = 0; n < m->n_old; n++)
        reads += (size_t)m->old[n].n_in;
    for (LkRef i = 0; i < m->n_weights; i++)
        for (int k = 0; k < 2; k++)
            m->forms[i][k] = (Form){LK_NONE, LK_NONE, -1};
    m->visits = malloc((reads + 1) * sizeof *m->visits);
    return m->visits;
}

bool lk_graph_reside(LkGraph *graph, const LkResidency *residency, LkError *error)
{
    if (!lk_graph_check(graph, error))
        return false;
    if (!lk_residency_is_any(residency))
        return true;
    Mover m = {.graph = graph, .residency = residency, .n_old = graph->n_nodes, .n_weights = graph->n_tensors};
    if (prepare(&m)) {
        int32_t begun = 0;
        find_eligible(&m);
        list_visits(&m);
        place_visits(&m);
        forget_readings(&m);
        graph->n_nodes = 0;
        lk_graph_forget_writers(graph);
        for (int32_t n = 0; n < m.n_old; n++) {
            begin_fetches(&m, &begun, n);
            rewrite_node(&m, n);
        }
    } else {
        graph->out_of_memory = true;
    }
    free(m.old);
    free(m.eligible);
    free(m.forms);
    free(m.visits);
    return lk_graph_check(graph, error);
}
