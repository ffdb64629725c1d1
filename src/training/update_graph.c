#include "training/update_graph.h"

#include "tensor/optimizer_ops.h"

#include <glib/gi18n.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------ Adafactor's matrices */

/** Writes the row of one part; `ends` are the rows and columns before it. As transformers' Adafactor sees it: the last
 * two dimensions in files are the matrix, so a convolution's weight is many matrices of taps, those of 1×1 too. */
static void add_matrices(LkUpdateGraph *u, const LkLoraModule *m, int p, int64_t ends[2])
{
    const LkPart *part = &m->parts[p];
    int64_t dims[4], batch = 1, inner = 1, rows = part->rows, columns = part->channels * part->taps;
    if (lk_part_file_shape(&m->shape, part, dims) == 4) {
        batch = dims[0] * dims[1];
        inner = dims[1];
        rows = dims[2];
        columns = dims[3];
    }
    int32_t *row = u->matrices + u->n_matrices++ * LK_MATRIX_COUNT;
    row[LK_MATRIX_AT] = (int32_t)m->at[p];
    row[LK_MATRIX_BATCH] = (int32_t)batch;
    row[LK_MATRIX_INNER] = (int32_t)inner;
    row[LK_MATRIX_ROWS] = (int32_t)rows;
    row[LK_MATRIX_COLUMNS] = (int32_t)columns;
    row[LK_MATRIX_ROWS_AT] = (int32_t)ends[0];
    row[LK_MATRIX_COLUMNS_AT] = (int32_t)ends[1];
    row[LK_MATRIX_GROUP] = m->groups[p];
    ends[0] += batch * rows;
    ends[1] += batch * columns;
}

/** The matrices of all modules that are trained; ends become the numbers of their rows and columns. */
static bool list_matrices(LkUpdateGraph *u, const LkLoraGraph *lora, int64_t ends[2])
{
    int modules = lk_lora_count(lora->lora);
    u->matrices = calloc((size_t)modules * LK_MAX_PARTS * LK_MATRIX_COUNT + 1, sizeof *u->matrices);
    for (int i = 0; u->matrices && i < modules; i++) {
        const LkLoraModule *m = lk_lora_at(lora->lora, i);
        for (int p = 0; p < m->n_parts && lora->used[i]; p++)
            add_matrices(u, m, p, ends);
    }
    return u->matrices;
}

/* ------------------------------------------------------------------ arrays */

static int64_t array_count(LkOptimizerArrayKind kind, int64_t elements, const int64_t ends[2])
{
    switch (kind) {
    case LK_ARRAY_ELEMENTS:
        break;
    case LK_ARRAY_CODES:
        return (elements + 3) / 4;
    case LK_ARRAY_SCALES: /* a stretch begins a block of its own */
        return elements / LK_QUANTUM + 1 + LK_SCALAR_MAX_GROUPS;
    case LK_ARRAY_CARRY:
        return LK_CARRY_COUNT;
    case LK_ARRAY_ROWS:
        return ends[0];
    case LK_ARRAY_COLUMNS:
        return ends[1];
    }
    return elements;
}

static void add_array(LkUpdateGraph *u, const LkOptimizerArray *array, int64_t elements, const int64_t ends[2])
{
    char name[64];
    snprintf(name, sizeof name, "adapter.%s", array->name);
    LkUpdateArray *a = &u->arrays[u->n_arrays++];
    *a = (LkUpdateArray){.name = array->name,
                         .dtype = array->kind == LK_ARRAY_CODES ? LK_I32 : LK_F32,
                         .count = array_count(array->kind, elements, ends),
                         .is_weights = array->is_weights,
                         .kind = array->kind};
    a->ref = lk_graph_state(u->graph, name, a->dtype, 1, &a->count);
}

int64_t lk_update_bytes(const LkUpdateGraph *update)
{
    int64_t bytes =
        update->n_matrices * LK_MATRIX_COUNT * (int64_t)sizeof(int32_t) + update->n_losses * (int64_t)sizeof(float);
    for (int i = 0; i < update->n_arrays; i++)
        bytes += update->arrays[i].count * (int64_t)lk_dtype_size(update->arrays[i].dtype);
    return bytes;
}

const LkUpdateArray *lk_update_array(const LkUpdateGraph *update, const char *name)
{
    for (int i = 0; i < update->n_arrays; i++)
        if (strcmp(update->arrays[i].name, name) == 0)
            return &update->arrays[i];
    return NULL;
}

/* ------------------------------------------------------------------ the step */

/** One group's stretch of the weights. */
typedef struct Stretch {
    int64_t first, count;
    int number; /* among the stretches of the graph */
    LkOptimizerRefs refs;
} Stretch;

/** The stretch of an array. */
static LkRef view(const LkUpdateGraph *u, const Stretch *s, int array)
{
    const LkUpdateArray *a = &u->arrays[array];
    int64_t first = s->first, count = s->count;
    if (a->kind == LK_ARRAY_CODES) {
        first = s->first / 4;
        count = (s->count + 3) / 4;
    } else if (a->kind == LK_ARRAY_SCALES) {
        first = s->first / LK_QUANTUM + s->number;
        count = (s->count + LK_QUANTUM - 1) / LK_QUANTUM;
    }
    return lk_graph_view(u->graph, a->ref, first, 1, &count);
}

static void add_stretch(LkUpdateGraph *u, LkOptimizerType type, const Stretch *s)
{
    const LkOptimizerRefs *o = &s->refs;
    switch (type) {
    case LK_OPTIMIZER_ADAMW:
    case LK_OPTIMIZER_ADAM:
        lk_adamw(u->graph, o->p, o->g, view(u, s, 0), view(u, s, 1), o->clip, o->scalars, o->group);
        break;
    case LK_OPTIMIZER_ADAMW_8BIT:
        lk_adamw_8bit(u->graph, o, view(u, s, 0), view(u, s, 1), view(u, s, 2), view(u, s, 3));
        break;
    case LK_OPTIMIZER_SGD:
        lk_sgd(u->graph, o, view(u, s, 0));
        break;
    case LK_OPTIMIZER_LION:
        lk_lion(u->graph, o, view(u, s, 0));
        break;
    case LK_OPTIMIZER_LION_8BIT:
        lk_lion_8bit(u->graph, o, view(u, s, 0), view(u, s, 1));
        break;
    case LK_OPTIMIZER_SCHEDULE_FREE:
        lk_schedule_free(u->graph, o, view(u, s, 0), view(u, s, 1));
        break;
    case LK_OPTIMIZER_PRODIGY:
        lk_adapt_gather(u->graph, o, view(u, s, 0), view(u, s, 1), view(u, s, 2), view(u, s, 3), u->arrays[4].ref,
                        s->number);
        break;
    case LK_OPTIMIZER_DADAPT_ADAM:
        lk_adapt_gather(u->graph, o, view(u, s, 0), view(u, s, 1), view(u, s, 2), LK_NONE, u->arrays[3].ref, s->number);
        break;
    case LK_OPTIMIZER_ADAFACTOR:
    case LK_OPTIMIZER_COUNT:
        break;
    }
}

/** The stretches are moved by one rate that is found from all of them. */
static void settle_and_apply(LkUpdateGraph *u, bool dadapt, const Stretch *stretches, int n)
{
    LkRef carry = u->arrays[dadapt ? 3 : 4].ref;
    if (n > 0)
        lk_adapt_settle(u->graph, &stretches[0].refs, carry, dadapt);
    for (int i = 0; i < n; i++)
        lk_adapt_apply(u->graph, &stretches[i].refs, view(u, &stretches[i], 0), view(u, &stretches[i], 1), carry,
                       dadapt);
}

static void add_optimizer(LkUpdateGraph *u, const LkLoraGraph *lora, LkOptimizerType type)
{
    Stretch stretches[LK_SCALAR_MAX_GROUPS];
    int n = 0;
    if (type == LK_OPTIMIZER_ADAFACTOR) {
        LkOptimizerRefs whole = {.p = u->adapter, .g = u->gradient, .clip = u->clip, .scalars = u->scalars};
        lk_adafactor(u->graph, &whole, u->arrays[0].ref, u->arrays[1].ref, u->table);
        return;
    }
    for (int group = 0; group < lk_lora_group_count(lora->lora) && n < LK_SCALAR_MAX_GROUPS; group++) {
        Stretch *s = &stretches[n];
        if (!lk_lora_used_range(lora, group, &s->first, &s->count))
            continue;
        s->number = n++;
        s->refs = (LkOptimizerRefs){.p = lk_graph_view(u->graph, u->adapter, s->first, 1, &s->count),
                                    .g = lk_graph_view(u->graph, u->gradient, s->first, 1, &s->count),
                                    .clip = u->clip,
                                    .scalars = u->scalars,
                                    .group = group};
        add_stretch(u, type, s);
    }
    if (lk_optimizer(type)->finds_rate)
        settle_and_apply(u, type == LK_OPTIMIZER_DADAPT_ADAM, stretches, n);
}

/** Keeps the norm of every used module's change within the limit (sd-scripts' max-norm regularisation). */
static void limit_norms(LkUpdateGraph *u, const LkLoraGraph *lora, float limit)
{
    for (int i = 0; i < lk_lora_count(lora->lora); i++) {
        const LkLoraModule *m = lk_lora_at(lora->lora, i);
        if (!lora->used[i] || m->shape.algo != LK_ALGO_LORA || m->shape.dora)
            continue;
        int64_t down[2] = {m->shape.dim, lk_part_elements(&m->parts[0]) / m->shape.dim};
        int64_t up[2] = {m->shape.out, m->shape.dim};
        lk_limit_norm(u->graph, lk_graph_view(u->graph, u->adapter, m->at[1], 2, up),
                      lk_graph_view(u->graph, u->adapter, m->at[0], 2, down), u->clip, lk_adapter_scale(&m->shape),
                      limit);
    }
}

/** Puts what the host reads side by side, so that it waits for the device once a step. */
static void add_report(LkUpdateGraph *u, LkRef losses)
{
    const int64_t one[1] = {1};
    const LkUpdateArray *carry = lk_update_array(u, "carry");
    LkRef rate = carry ? lk_graph_view(u->graph, carry->ref, LK_CARRY_D, 1, one)
                       : lk_graph_view(u->graph, u->clip, LK_REPORT_NORM, 1, one);
    u->report = lk_concat(u->graph, u->clip, rate);
    if (losses != LK_NONE)
        u->report = lk_concat(u->graph, u->report, losses);
    lk_graph_output(u->graph, u->report);
}

static void build(LkUpdateGraph *u, const LkStepGraph *step, const LkUpdateShape *shape, const int64_t ends[2])
{
    static const LkOptimizerArray ema = {"ema", LK_ARRAY_ELEMENTS, true};
    const LkOptimizer *optimizer = lk_optimizer(shape->optimizer);
    int64_t elements = lk_lora_elements(step->lora.lora), scalars[1] = {LK_SCALAR_COUNT};
    u->scalars = lk_graph_input(u->graph, "scalars", LK_F32, 1, scalars);
    u->adapter = lk_graph_state(u->graph, "adapter", LK_F32, 1, &elements);
    u->gradient = lk_graph_state(u->graph, "adapter.gradient", LK_F32, 1, &elements);
    for (const LkOptimizerArray *array = optimizer->arrays; array->name; array++)
        add_array(u, array, elements, ends);
    if (shape->ema)
        add_array(u, &ema, elements, ends);
    if (u->n_matrices > 0) {
        int64_t table[2] = {u->n_matrices, LK_MATRIX_COUNT};
        u->table = lk_graph_state(u->graph, "adapter.matrices", LK_I32, 2, table);
    }
    LkRef losses = LK_NONE;
    if (step->losses != LK_NONE) {
        u->n_losses = lk_tensor_count(lk_graph_tensor(step->graph, step->losses));
        losses = lk_graph_state(u->graph, "losses", LK_F32, 1, &u->n_losses);
    }
    u->clip = lk_clip_coefficient(u->graph, u->gradient, u->scalars, losses, shape->max_norm);
    lk_graph_output(u->graph, u->clip);
    add_optimizer(u, &step->lora, shape->optimizer);
    if (shape->norm_limit > 0)
        limit_norms(u, &step->lora, shape->norm_limit);
    if (shape->ema)
        lk_ema(u->graph, u->arrays[u->n_arrays - 1].ref, u->adapter, u->scalars, u->clip);
    add_report(u, losses);
    lk_zero(u->graph, u->gradient);
    if (losses != LK_NONE)
        lk_zero(u->graph, losses);
}

LkUpdateGraph *lk_update_graph_new(const LkStepGraph *step, const LkUpdateShape *shape, LkError *error)
{
    LkUpdateGraph *u = calloc(1, sizeof *u);
    int64_t ends[2] = {0, 0};
    if (u) {
        u->table = LK_NONE;
        u->graph = lk_graph_new(LK_F32);
    }
    if (!u || !u->graph || (shape->optimizer == LK_OPTIMIZER_ADAFACTOR && !list_matrices(u, &step->lora, ends))) {
        lk_update_graph_free(u);
        lk_fail(error, LK_ERROR_MEMORY, _("There is not enough memory to describe the optimizer."));
        return NULL;
    }
    build(u, step, shape, ends);
    if (!lk_graph_check(u->graph, error)) {
        lk_update_graph_free(u);
        return NULL;
    }
    return u;
}

void lk_update_graph_free(LkUpdateGraph *update)
{
    if (!update)
        return;
    lk_graph_free(update->graph);
    free(update->matrices);
    free(update);
}
