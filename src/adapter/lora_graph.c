#include "adapter/lora_graph.h"

#include "adapter/lora_masks.h"

#include <glib/gi18n.h>
#include <stdlib.h>

_Static_assert((int)LK_LORA_MAX_GROUPS == (int)LK_SCALAR_MAX_GROUPS, "every group of parts has scalars of its own");

/** Ranks of which a module's columns begin at 16 bytes in every type, beside those of others. */
enum { COLUMNS = 8 };

/** One module being attached to a layer. */
typedef struct Attaching {
    const LkLoraGraph *in_graph;
    LkGraph *graph;
    const LkLoraModule *m;
    const LkAdaptedLayer *layer;
    int64_t taps;
    float scale; /* of delta, with the adapter's strength */
} Attaching;

bool lk_lora_graph(LkLoraGraph *in_graph, LkGraph *graph, const LkLora *lora, const char *name, bool train,
                   float strength)
{
    const int64_t shape[1] = {lk_lora_elements(lora)};
    *in_graph =
        (LkLoraGraph){.lora = lora, .gradient = LK_NONE, .masks = LK_NONE, .key = LK_NONE, .strength = strength};
    in_graph->used = calloc((size_t)lk_lora_count(lora) + 1, sizeof *in_graph->used);
    if (!in_graph->used)
        graph->out_of_memory = true;
    in_graph->state = lk_graph_state(graph, name, LK_F32, 1, shape);
    in_graph->shadow = graph->compute == LK_F32 ? in_graph->state : lk_cast(graph, in_graph->state, graph->compute);
    if (train)
        in_graph->gradient = lk_graph_state(graph, "adapter.gradient", LK_F32, 1, shape);
    return in_graph->used != NULL;
}

void lk_lora_graph_clear(LkLoraGraph *in_graph)
{
    free(in_graph->used);
    free(in_graph->mask_at);
    in_graph->used = NULL;
    in_graph->mask_at = NULL;
}

/** A part as a matrix with `rows` rows, of the shadow or of the f32 state itself. */
static LkRef part_of(const Attaching *a, LkRef state, LkPartRole role, int64_t rows)
{
    int index = lk_adapter_part(&a->m->shape, role);
    int64_t shape[2] = {rows, lk_part_elements(&a->m->parts[index]) / rows};
    return lk_graph_parameter(a->graph, state, a->in_graph->gradient, a->m->at[index], 2, shape);
}

static LkRef part(const Attaching *a, LkPartRole role, int64_t rows)
{
    return part_of(a, a->in_graph->shadow, role, rows);
}

static int64_t rows_of(const Attaching *a, LkPartRole role)
{
    return a->m->parts[lk_adapter_part(&a->m->shape, role)].rows;
}

/** The product of two parts, with as many rows as the first. */
static LkRef product(const Attaching *a, LkPartRole left, LkPartRole right, float scale)
{
    LkMatmul options = LK_MATMUL_DEFAULT;
    options.alpha = scale;
    return lk_matmul(a->graph, part(a, left, rows_of(a, left)), part(a, right, rows_of(a, right)), options);
}

/** LoHa's: the errors of two factors would multiply, so that they are made in f32 and only their product is rounded. */
static LkRef hadamard(const Attaching *a)
{
    const LkAdapterShape *s = &a->m->shape;
    const int64_t shape[2] = {s->out, s->in * a->taps};
    LkRef factor[2];
    for (int i = 0; i < 2; i++) {
        LkPartRole left = i ? LK_PART_HADA_W2_A : LK_PART_HADA_W1_A;
        LkMatmul options = LK_MATMUL_DEFAULT;
        options.into = lk_graph_activation(a->graph, LK_F32, 2, shape);
        factor[i] = lk_matmul(a->graph, part_of(a, a->in_graph->state, left, s->out),
                              part_of(a, a->in_graph->state, left + 1, s->dim), options);
    }
    LkRef delta = lk_multiply(a->graph, factor[0], factor[1], a->scale);
    return a->graph->compute == LK_F32 ? delta : lk_cast(a->graph, delta, a->graph->compute);
}

/** One side of a LoKr. */
static LkRef kronecker_side(const Attaching *a, bool whole, int64_t rows, LkPartRole one, LkPartRole first)
{
    return whole ? part(a, one, rows) : product(a, first, first + 1, 1);
}

/** The change of the layer's weight [out, taps · in]. */
static LkRef delta_of(const Attaching *a)
{
    const LkAdapterShape *s = &a->m->shape;
    switch (s->algo) {
    case LK_ALGO_LORA:
        return product(a, LK_PART_UP, LK_PART_DOWN, a->scale);
    case LK_ALGO_LOHA:
        return hadamard(a);
    case LK_ALGO_LOKR:
        break;
    }
    LkRef left = kronecker_side(a, s->left_whole, s->left_out, LK_PART_LOKR_W1, LK_PART_LOKR_W1_A);
    LkRef right = kronecker_side(a, s->right_whole, s->out / s->left_out, LK_PART_LOKR_W2, LK_PART_LOKR_W2_A);
    return lk_kronecker(a->graph, left, right, (int)a->taps, a->scale);
}

/** The layer's operation with another weight [rows · taps, in]: a product, or one and the sum over the taps; of few
 * rows the taps stay in f32 until they are added, as a convolution's do. */
static LkRef apply(const Attaching *a, LkRef weight, float scale, LkRef addend, bool few)
{
    const LkAdaptedLayer *at = a->layer;
    LkMatmul options = LK_MATMUL_DEFAULT;
    options.trans_b = true;
    options.alpha = scale;
    options.addend = a->taps == 1 ? addend : LK_NONE;
    if (a->taps > 1 && few && a->graph->compute != LK_F32) {
        LkTensor z = *lk_graph_tensor(a->graph, at->x);
        z.shape[z.rank - 1] = lk_tensor_rows(lk_graph_tensor(a->graph, weight));
        options.into = lk_graph_activation(a->graph, LK_F32, z.rank, z.shape);
    }
    LkRef y = lk_matmul(a->graph, at->x, weight, options);
    if (a->taps == 1)
        return y;
    y = lk_gather_taps(a->graph, y, at->kernel, at->stride, at->pad_before, at->pad_after);
    return addend == LK_NONE ? y : lk_add(a->graph, y, addend);
}

/** Without the ranks or outputs that this step leaves out. */
static LkRef masked(const Attaching *a, LkRef x)
{
    const LkLoraGraph *g = a->in_graph;
    int64_t shape[2], channels = x == LK_NONE ? 0 : lk_tensor_cols(lk_graph_tensor(a->graph, x));
    if (g->masks == LK_NONE || x == LK_NONE)
        return x;
    shape[0] = lk_lora_mask_is_of_outputs(a->m, &g->dropout) ? 1 : lk_lora_mask_size(a->m, &g->dropout) / channels;
    shape[1] = channels;
    LkRef mask = lk_graph_view(a->graph, g->masks, g->mask_at[lk_lora_index(g->lora, a->m)], 2, shape);
    return lk_scale_rows(a->graph, x, mask, LK_NONE, LK_NONE);
}

/** scale · down x */
static LkRef down(const Attaching *a)
{
    return apply(a, part(a, LK_PART_DOWN, a->m->shape.dim * a->taps), a->scale, LK_NONE, true);
}

/** addend + scale · up (down x): the narrow way, without the change of the weight. */
static LkRef low_rank(const Attaching *a, LkRef addend)
{
    LkRef h = a->layer->begun == LK_NONE ? down(a) : a->layer->begun;
    if (a->in_graph->key != LK_NONE)
        h = lk_dropout(a->graph, h, a->in_graph->key, (uint32_t)lk_lora_index(a->in_graph->lora, a->m),
                       a->in_graph->dropout.numbers);
    bool outputs = a->in_graph->masks != LK_NONE && lk_lora_mask_is_of_outputs(a->m, &a->in_graph->dropout);
    LkMatmul options = LK_MATMUL_DEFAULT;
    options.trans_b = true;
    options.addend = outputs ? LK_NONE : addend;
    LkRef y = lk_matmul(a->graph, outputs ? h : masked(a, h), part(a, LK_PART_UP, a->m->shape.out), options);
    if (!outputs)
        return y;
    y = masked(a, y);
    return addend == LK_NONE ? y : lk_add(a->graph, y, addend);
}

static LkRef whole_change(const Attaching *a, LkRef delta, LkRef addend)
{
    int64_t shape[2] = {a->m->shape.out * a->taps, a->m->shape.in};
    LkRef weight = lk_graph_reshape(a->graph, delta, 2, shape);
    if (a->in_graph->masks == LK_NONE)
        return apply(a, weight, 1, addend, false);
    LkRef change = masked(a, apply(a, weight, 1, LK_NONE, false));
    return addend == LK_NONE ? change : lk_add(a->graph, change, addend);
}

/** Every channel of y + change times magnitude / |row of weight + delta|; the bias stays as it is. */
static LkRef decompose(const Attaching *a, LkRef change, LkRef delta)
{
    const LkLoraModule *m = a->m;
    int64_t at = m->at[lk_adapter_part(&m->shape, LK_PART_MAGNITUDE)];
    LkRef magnitude = lk_graph_parameter(a->graph, a->in_graph->state, a->in_graph->gradient, at, 1, &m->shape.out);
    LkRef keep = LK_NONE;
    if (a->in_graph->masks != LK_NONE) /* behind the factors of the outputs */
        keep =
            lk_graph_view(a->graph, a->in_graph->masks,
                          a->in_graph->mask_at[lk_lora_index(a->in_graph->lora, m)] + m->shape.out, 1, &m->shape.out);
    LkRef scale = lk_dora_scale(a->graph, a->layer->weight, delta, magnitude, keep, a->in_graph->strength);
    return lk_scale_rows(a->graph, a->layer->y, scale, a->layer->bias, change);
}

bool lk_lora_wants_own(void *context, const char *layer)
{
    const LkLoraModule *m = lk_lora_find_layer(((const LkLoraGraph *)context)->lora, layer);
    return m && m->shape.dora;
}

/** Whether a module is made for what the layer reads. */
static bool fits_input(const LkLoraModule *m, const LkGraph *graph, const LkAdaptedLayer *layer)
{
    return layer->kernel == m->shape.kernel && lk_tensor_cols(lk_graph_tensor(graph, layer->x)) == m->shape.in;
}

static Attaching attaching(const LkLoraGraph *in_graph, LkGraph *graph, const LkLoraModule *m,
                           const LkAdaptedLayer *layer)
{
    return (Attaching){.in_graph = in_graph,
                       .graph = graph,
                       .m = m,
                       .layer = layer,
                       .taps = (int64_t)m->shape.kernel * m->shape.kernel,
                       .scale = in_graph->strength * lk_adapter_scale(&m->shape)};
}

/** A layer whose product with the down matrix can begin. */
typedef struct Beginning {
    LkAdaptedLayer *layer;
    const LkLoraModule *m;
} Beginning;

static int64_t down_at(const LkLoraModule *m)
{
    return m->at[lk_adapter_part(&m->shape, LK_PART_DOWN)];
}

/** Those of the layers that can begin, in the order in which their down matrices lie; returns how many. */
static int find_beginnings(const LkLoraGraph *in_graph, const LkGraph *graph, LkAdaptedLayer *layers, int count,
                           Beginning *found)
{
    int n = 0;
    for (int i = 0; i < count; i++) {
        const LkLoraModule *m = lk_lora_find_layer(in_graph->lora, layers[i].name);
        if (!m || layers[i].x == LK_NONE || m->shape.algo != LK_ALGO_LORA || !fits_input(m, graph, &layers[i]))
            continue;
        int at = n++;
        for (; at > 0 && down_at(found[at - 1].m) > down_at(m); at--)
            found[at] = found[at - 1];
        found[at] = (Beginning){&layers[i], m};
    }
    return n;
}

/** Whether `next`'s down matrix lies under that of `m`, so that both are one. */
static bool goes_on(const LkLoraModule *m, const LkLoraModule *next)
{
    const LkAdapterShape *a = &m->shape, *b = &next->shape;
    return a->kernel == 1 && b->kernel == 1 && a->in == b->in && a->dim % COLUMNS == 0 && b->dim % COLUMNS == 0 &&
           lk_adapter_scale(a) == lk_adapter_scale(b) && down_at(next) == down_at(m) + a->dim * a->in;
}

/** [h of the first, h of the second, …] = scale · x · their down matrices; each layer gets its columns. */
static void begin_stack(const LkLoraGraph *in_graph, LkGraph *graph, const Beginning *stack, int count)
{
    const LkLoraModule *first = stack[0].m;
    int64_t shape[2] = {0, first->shape.in}, begin = 0;
    for (int i = 0; i < count; i++)
        shape[0] += stack[i].m->shape.dim;
    LkMatmul options = LK_MATMUL_DEFAULT;
    options.trans_b = true;
    options.alpha = in_graph->strength * lk_adapter_scale(&first->shape);
    LkRef downs = lk_graph_parameter(graph, in_graph->shadow, in_graph->gradient, down_at(first), 2, shape);
    LkRef h = lk_matmul(graph, stack[0].layer->x, downs, options);
    for (int i = 0; i < count; begin += stack[i++].m->shape.dim)
        stack[i].layer->begun = lk_graph_columns(graph, h, begin, stack[i].m->shape.dim);
}

void lk_lora_begin(void *context, LkGraph *graph, LkAdaptedLayer *layers, int count)
{
    const LkLoraGraph *in_graph = context;
    bool dropped = in_graph->masks != LK_NONE || in_graph->key != LK_NONE; /* what drops numbers reads whole rows */
    Beginning found[LK_MAX_SIBLINGS];
    int n = find_beginnings(in_graph, graph, layers, count, found);
    for (int i = 0, next; i < n; i = next) {
        for (next = i + 1; next < n && !dropped && goes_on(found[next - 1].m, found[next].m);)
            next++;
        if (next > i + 1) {
            begin_stack(in_graph, graph, &found[i], next - i);
        } else {
            const Attaching a = attaching(in_graph, graph, found[i].m, found[i].layer);
            found[i].layer->begun = down(&a);
        }
    }
}

LkRef lk_lora_attach(void *context, LkGraph *graph, const LkAdaptedLayer *layer)
{
    LkLoraGraph *in_graph = context;
    const LkLoraModule *m = lk_lora_find_layer(in_graph->lora, layer->name);
    if (!m || layer->x == LK_NONE || layer->y == LK_NONE)
        return layer->y;
    const LkAdapterShape *s = &m->shape;
    if (!fits_input(m, graph, layer) || lk_tensor_cols(lk_graph_tensor(graph, layer->y)) != s->out)
        return lk_graph_problem(graph, _("the LoRA's module '%s' does not fit the base model"), m->name);
    in_graph->used[lk_lora_index(in_graph->lora, m)] = true;
    const Attaching a = attaching(in_graph, graph, m, layer);
    LkRef delta = s->algo != LK_ALGO_LORA || s->dora ? delta_of(&a) : LK_NONE;
    LkRef addend = s->dora ? LK_NONE : layer->y;
    LkRef y = s->algo == LK_ALGO_LORA ? low_rank(&a, addend) : whole_change(&a, delta, addend);
    return s->dora ? decompose(&a, y, delta) : y;
}

bool lk_lora_used_range(const LkLoraGraph *in_graph, int group, int64_t *first, int64_t *count)
{
    int64_t begin = -1, end = -1;
    for (int i = 0; i < lk_lora_count(in_graph->lora); i++) {
        const LkLoraModule *m = lk_lora_at(in_graph->lora, i);
        for (int p = 0; p < m->n_parts && in_graph->used[i]; p++) {
            if (m->groups[p] != group)
                continue;
            int64_t part_end = m->at[p] + lk_lora_part_span(m, p);
            begin = begin < 0 || m->at[p] < begin ? m->at[p] : begin;
            end = part_end > end ? part_end : end;
        }
    }
    *first = begin;
    *count = end - begin;
    return begin >= 0;
}
