#include "tensor/graph.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

LkGraph *lk_graph_new(LkDType compute)
{
    LkGraph *graph = calloc(1, sizeof *graph);
    if (graph)
        graph->compute = compute;
    return graph;
}

void lk_graph_free(LkGraph *graph)
{
    if (!graph)
        return;
    for (int32_t i = 0; i < graph->n_names; i++)
        free(graph->names[i]);
    free(graph->names);
    free(graph->tensors);
    free(graph->nodes);
    free(graph);
}

bool lk_graph_check(const LkGraph *graph, LkError *error)
{
    if (!graph || graph->out_of_memory)
        return lk_fail(error, LK_ERROR_MEMORY, "There is not enough memory to describe the model's graph.");
    if (graph->problem[0])
        return lk_fail(error, LK_ERROR_UNSUPPORTED, "The model cannot be built: %s.", graph->problem);
    return true;
}

LkRef lk_graph_problem(LkGraph *graph, const char *format, ...)
{
    if (!graph->problem[0]) {
        va_list args;
        va_start(args, format);
        vsnprintf(graph->problem, sizeof graph->problem, format, args);
        va_end(args);
    }
    return LK_NONE;
}

/** Makes room for one more element; false when memory is out. */
static bool grow(LkGraph *graph, void **items, int32_t count, int32_t *capacity, size_t size)
{
    if (count < *capacity)
        return true;
    int32_t wanted = *capacity ? *capacity * 2 : 256;
    void *larger = realloc(*items, (size_t)wanted * size);
    if (!larger) {
        graph->out_of_memory = true;
        return false;
    }
    *items = larger;
    *capacity = wanted;
    return true;
}

static const char *keep_name(LkGraph *graph, const char *name)
{
    if (!grow(graph, (void **)&graph->names, graph->n_names, &graph->name_capacity, sizeof *graph->names))
        return "";
    char *copy = strdup(name);
    if (!copy) {
        graph->out_of_memory = true;
        return "";
    }
    graph->names[graph->n_names++] = copy;
    return copy;
}

/** No tensor may have more elements: sums of some of them, in bytes, stay far from the end of int64_t. */
#define MOST_ELEMENTS ((int64_t)1 << 40)

static LkRef add_tensor(LkGraph *graph, LkTensorKind kind, LkDType dtype, int rank, const int64_t *shape)
{
    int64_t count = 1;
    if (rank < 0 || rank > LK_MAX_RANK)
        return lk_graph_problem(graph, "a tensor of rank %d", rank);
    for (int i = 0; i < rank; i++) {
        if (shape[i] < 1 || shape[i] > MOST_ELEMENTS)
            return lk_graph_problem(graph, "a tensor with a dimension of %lld", (long long)shape[i]);
        if (count > MOST_ELEMENTS / shape[i])
            return lk_graph_problem(graph, "a tensor of more than 2^40 elements");
        count *= shape[i];
    }
    if (!grow(graph, (void **)&graph->tensors, graph->n_tensors, &graph->tensor_capacity, sizeof *graph->tensors))
        return LK_NONE;
    LkTensor *tensor = &graph->tensors[graph->n_tensors];
    *tensor = (LkTensor){.kind = kind, .dtype = dtype, .rank = rank, .base = LK_NONE, .node = -1, .grad_base = LK_NONE};
    memcpy(tensor->shape, shape, (size_t)rank * sizeof *shape);
    return graph->n_tensors++;
}

/** A tensor known by its name: the existing one if there is one of this kind. */
static LkRef named(LkGraph *graph, LkTensorKind kind, const char *name, LkDType dtype, int rank, const int64_t *shape)
{
    LkRef known = lk_graph_find(graph, kind, name);
    if (known != LK_NONE) {
        const LkTensor *tensor = &graph->tensors[known];
        if (tensor->dtype != dtype || tensor->rank != rank ||
            memcmp(tensor->shape, shape, (size_t)rank * sizeof *shape) != 0)
            return lk_graph_problem(graph, "'%s' is used with two shapes or types", name);
        return known;
    }
    LkRef ref = add_tensor(graph, kind, dtype, rank, shape);
    if (ref != LK_NONE)
        graph->tensors[ref].name = keep_name(graph, name);
    return ref;
}

LkRef lk_graph_input(LkGraph *graph, const char *name, LkDType dtype, int rank, const int64_t *shape)
{
    return named(graph, LK_TENSOR_INPUT, name, dtype, rank, shape);
}

LkRef lk_graph_weight(LkGraph *graph, const char *name, LkDType dtype, int rank, const int64_t *shape)
{
    return named(graph, LK_TENSOR_WEIGHT, name, dtype, rank, shape);
}

LkRef lk_graph_state(LkGraph *graph, const char *name, LkDType dtype, int rank, const int64_t *shape)
{
    return named(graph, LK_TENSOR_STATE, name, dtype, rank, shape);
}

LkRef lk_graph_view(LkGraph *graph, LkRef of, int64_t offset, int rank, const int64_t *shape)
{
    if (of == LK_NONE)
        return LK_NONE;
    LkTensor source = graph->tensors[of];
    if (!lk_tensor_is_dense(&source))
        return lk_graph_problem(graph, "another shape of some columns");
    LkRef ref = add_tensor(graph, LK_TENSOR_VIEW, source.dtype, rank, shape);
    if (ref == LK_NONE)
        return LK_NONE;
    LkTensor *view = &graph->tensors[ref];
    if (offset < 0 || offset > lk_tensor_count(&source) - lk_tensor_count(view))
        return lk_graph_problem(graph, "a view that reaches outside its tensor");
    view->base = source.kind == LK_TENSOR_VIEW ? source.base : of;
    view->offset = source.kind == LK_TENSOR_VIEW ? source.offset + offset : offset;
    view->node = source.node;
    view->name = source.name;
    if (source.trainable) {
        view->trainable = true;
        view->grad_base = source.grad_base;
        view->grad_offset = source.grad_offset + offset;
    }
    return ref;
}

LkRef lk_graph_reshape(LkGraph *graph, LkRef of, int rank, const int64_t *shape)
{
    LkRef ref = lk_graph_view(graph, of, 0, rank, shape);
    if (ref != LK_NONE && lk_tensor_count(&graph->tensors[ref]) != lk_tensor_count(&graph->tensors[of]))
        return lk_graph_problem(graph, "a reshape that changes the number of elements");
    return ref;
}

LkRef lk_graph_columns(LkGraph *graph, LkRef of, int64_t begin, int64_t count)
{
    if (of == LK_NONE)
        return LK_NONE;
    LkTensor source = graph->tensors[of];
    int64_t pitch = lk_tensor_cols(&source);
    bool whole = source.kind == LK_TENSOR_ACTIVATION || source.kind == LK_TENSOR_INPUT;
    if (!whole || source.rank < 1 || begin < 0 || count < 1 || begin > pitch - count)
        return lk_graph_problem(graph, "columns that a tensor does not have");
    if (count == 1 && pitch > 1)
        return lk_graph_problem(graph, "a single column of several");
    source.shape[source.rank - 1] = count;
    LkRef ref = lk_graph_view(graph, of, 0, source.rank, source.shape);
    if (ref != LK_NONE) {
        graph->tensors[ref].offset = begin;
        graph->tensors[ref].pitch = pitch;
    }
    return ref;
}

LkRef lk_graph_seen_as(LkGraph *graph, LkRef of, LkRef like)
{
    LkTensor t = graph->tensors[like];
    if (t.kind != LK_TENSOR_VIEW)
        return of;
    if (!lk_tensor_is_dense(&t))
        return lk_graph_columns(graph, of, t.offset, lk_tensor_cols(&t));
    return lk_graph_view(graph, of, t.offset, t.rank, t.shape);
}

void lk_graph_output(LkGraph *graph, LkRef ref)
{
    if (ref != LK_NONE)
        graph->tensors[lk_graph_owner(graph, ref)].output = true;
}

void lk_graph_begin_segment(LkGraph *graph)
{
    graph->segment = ++graph->segments;
}

void lk_graph_end_segment(LkGraph *graph)
{
    graph->segment = 0;
}

LkRef lk_graph_activation(LkGraph *graph, LkDType dtype, int rank, const int64_t *shape)
{
    return add_tensor(graph, LK_TENSOR_ACTIVATION, dtype, rank, shape);
}

bool lk_op_takes_columns(LkOp op, const LkAttributes *attr, int k)
{
    switch (op) {
    case LK_OP_MATMUL: /* the third: h of another product */
        return k == 0 || k == 1 || (k < 0 && !attr->has_addend) || (attr->low_rank[0].given && k == 2 + attr->has_bias);
    case LK_OP_LAYER_NORM:
    case LK_OP_GEGLU:
    case LK_OP_ATTENTION:
    case LK_OP_FETCH:
    case LK_OP_SLICE:
        return k < 0;
    case LK_OP_ATTENTION_BACKWARD: /* the result */
        return k == 3;
    default:
        return false;
    }
}

bool lk_graph_is_whole(const LkGraph *graph, LkRef ref)
{
    const LkTensor *seen = lk_graph_tensor(graph, ref), *owner = lk_graph_tensor(graph, lk_graph_owner(graph, ref));
    return lk_tensor_count(seen) == lk_tensor_count(owner) && lk_tensor_cols(seen) == lk_tensor_cols(owner);
}

static bool columns_fit(LkGraph *graph, LkOp op, const LkAttributes *attr, int n_in, const LkRef *in, int n_out,
                        const LkRef *out)
{
    for (int i = 0; i < n_in + n_out; i++)
        if (!lk_tensor_is_dense(&graph->tensors[i < n_in ? in[i] : out[i - n_in]]) &&
            !lk_op_takes_columns(op, attr, i < n_in ? i : -1)) {
            lk_graph_problem(graph, "an operation (%d) that cannot read or write columns alone", (int)op);
            return false;
        }
    return true;
}

void lk_graph_forget_writers(LkGraph *graph)
{
    for (LkRef i = 0; i < graph->n_tensors; i++)
        if (graph->tensors[i].kind == LK_TENSOR_ACTIVATION)
            graph->tensors[i].node = -1;
}

void lk_graph_note_writer(LkGraph *graph, int32_t n)
{
    for (int k = 0; k < graph->nodes[n].n_out; k++) {
        LkRef out = graph->nodes[n].out[k];
        LkTensor *owner = &graph->tensors[lk_graph_owner(graph, out)];
        if (owner->kind != LK_TENSOR_ACTIVATION)
            continue;
        graph->tensors[out].node = n;
        if (owner->node < 0)
            owner->node = n;
    }
}

int32_t lk_graph_append(LkGraph *graph, LkOp op, const LkAttributes *attr, int n_in, const LkRef *in, int n_out,
                        const LkRef *out)
{
    if (n_in > LK_MAX_INPUTS || n_out > LK_MAX_OUTPUTS) {
        lk_graph_problem(graph, "an operation with too many inputs or outputs");
        return -1;
    }
    for (int i = 0; i < n_in; i++)
        if (in[i] == LK_NONE) {
            lk_graph_problem(graph, "an operation whose input could not be built");
            return -1;
        }
    for (int i = 0; i < n_out; i++)
        if (out[i] == LK_NONE)
            return -1;
    if (!columns_fit(graph, op, attr, n_in, in, n_out, out) ||
        !grow(graph, (void **)&graph->nodes, graph->n_nodes, &graph->node_capacity, sizeof *graph->nodes))
        return -1;
    LkNode *node = &graph->nodes[graph->n_nodes];
    *node = (LkNode){.op = op, .n_in = n_in, .n_out = n_out, .segment = graph->segment};
    if (attr)
        node->attr = *attr;
    if (n_in > 0) /* in may be NULL where there is nothing to copy */
        memcpy(node->in, in, (size_t)n_in * sizeof *in);
    memcpy(node->out, out, (size_t)n_out * sizeof *out);
    lk_graph_note_writer(graph, graph->n_nodes);
    return graph->n_nodes++;
}

int32_t lk_graph_append_node(LkGraph *graph, const LkNode *node)
{
    int32_t segment = graph->segment;
    graph->segment = node->segment;
    int32_t n = lk_graph_append(graph, node->op, &node->attr, node->n_in, node->in, node->n_out, node->out);
    graph->segment = segment;
    return n;
}

const LkTensor *lk_graph_tensor(const LkGraph *graph, LkRef ref)
{
    static const LkTensor empty = {.base = LK_NONE, .node = -1, .grad_base = LK_NONE};
    return ref == LK_NONE ? &empty : &graph->tensors[ref];
}

LkRef lk_graph_owner(const LkGraph *graph, LkRef ref)
{
    return ref != LK_NONE && graph->tensors[ref].kind == LK_TENSOR_VIEW ? graph->tensors[ref].base : ref;
}

int64_t lk_tensor_count(const LkTensor *tensor)
{
    int64_t count = 1;
    for (int i = 0; i < tensor->rank; i++)
        count *= tensor->shape[i];
    return count;
}

int64_t lk_tensor_cols(const LkTensor *tensor)
{
    return tensor->rank ? tensor->shape[tensor->rank - 1] : 1;
}

int64_t lk_tensor_rows(const LkTensor *tensor)
{
    return lk_tensor_count(tensor) / lk_tensor_cols(tensor);
}

int64_t lk_tensor_bytes(const LkTensor *tensor)
{
    return lk_tensor_count(tensor) * (int64_t)lk_dtype_size(tensor->dtype);
}

int64_t lk_tensor_pitch(const LkTensor *tensor)
{
    return tensor->pitch ? tensor->pitch : lk_tensor_cols(tensor);
}

bool lk_tensor_is_dense(const LkTensor *tensor)
{
    return tensor->pitch == 0 || tensor->pitch == lk_tensor_cols(tensor);
}

bool lk_dtype_is_code(LkDType dtype)
{
    return dtype == LK_I8 || dtype == LK_E4M3;
}

int64_t lk_weight_bytes(const LkTensor *tensor)
{
    return lk_tensor_bytes(tensor) + (lk_dtype_is_code(tensor->dtype) ? tensor->shape[0] * (int64_t)sizeof(float) : 0);
}

LkRef lk_graph_find(const LkGraph *graph, LkTensorKind kind, const char *name)
{
    for (LkRef i = 0; i < graph->n_tensors; i++)
        if (graph->tensors[i].kind == kind && graph->tensors[i].name && strcmp(graph->tensors[i].name, name) == 0)
            return i;
    return LK_NONE;
}
