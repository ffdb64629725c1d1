/* cuDNN: a graph of operations, read out of its descriptors, and what a card can do with it. */
#include "dnn.h"

#include <stdlib.h>
#include <string.h>

/* ---- Reading ---- */

/** Reads a tensor descriptor; a status with words where it makes no sense. */
static cudnnStatus_t read_tensor(const FakeDescriptor *d, FakeTensor *t)
{
    const FakeAttribute *dims = fake_attribute(d, CUDNN_ATTR_TENSOR_DIMENSIONS);
    const FakeAttribute *strides = fake_attribute(d, CUDNN_ATTR_TENSOR_STRIDES);
    if (dims->count != strides->count)
        return fake_dnn_fail(CUDNN_STATUS_BAD_PARAM, "a tensor with %lld dimensions and %lld strides",
                             (long long)dims->count, (long long)strides->count);
    *t = (FakeTensor){.descriptor = d, .n = (int)dims->count, .extent = 1, .producer = -1};
    t->uid = fake_attribute_int64(d, CUDNN_ATTR_TENSOR_UNIQUE_ID, 0);
    t->alignment = fake_attribute_int64(d, CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, 0);
    t->type = (cudnnDataType_t)fake_attribute_enum(d, CUDNN_ATTR_TENSOR_DATA_TYPE, 0);
    t->is_virtual = fake_attribute_bool(d, CUDNN_ATTR_TENSOR_IS_VIRTUAL);
    t->by_value = fake_attribute_bool(d, CUDNN_ATTR_TENSOR_IS_BY_VALUE);
    for (int i = 0; i < t->n; i++) {
        t->dims[i] = ((const int64_t *)dims->data)[i];
        t->strides[i] = ((const int64_t *)strides->data)[i];
        if (t->dims[i] < 1 || t->strides[i] < 0)
            return fake_dnn_fail(CUDNN_STATUS_BAD_PARAM, "dimension %d of tensor %lld is %lld", i, (long long)t->uid,
                                 (long long)t->dims[i]);
        t->extent += (t->dims[i] - 1) * t->strides[i];
    }
    if (t->alignment < 1 || (t->alignment & (t->alignment - 1)))
        return fake_dnn_fail(CUDNN_STATUS_BAD_PARAM, "an alignment of %lld bytes", (long long)t->alignment);
    return CUDNN_STATUS_SUCCESS;
}

/** The number of a tensor in the graph, which is added if it is new; -1 for NULL, -2 after a failure. */
static int add_tensor(FakeDnnGraph *graph, const FakeDescriptor *d, cudnnStatus_t *status)
{
    if (!d)
        return -1;
    for (int i = 0; i < graph->n_tensors; i++)
        if (graph->tensors[i].descriptor == d)
            return i;
    FakeTensor t;
    *status = d->type == CUDNN_BACKEND_TENSOR_DESCRIPTOR
                  ? read_tensor(d, &t)
                  : fake_dnn_fail(CUDNN_STATUS_BAD_PARAM_DESCRIPTOR_TYPE, "an operation's tensor is none");
    if (*status)
        return -2;
    for (int i = 0; i < graph->n_tensors; i++)
        if (graph->tensors[i].uid == t.uid) {
            *status =
                fake_dnn_fail(CUDNN_STATUS_BAD_PARAM_DUPLICATED_ENTRIES, "two tensors with id %lld", (long long)t.uid);
            return -2;
        }
    graph->tensors = realloc(graph->tensors, (size_t)(graph->n_tensors + 1) * sizeof *graph->tensors);
    if (!graph->tensors)
        abort();
    graph->tensors[graph->n_tensors] = t;
    return graph->n_tensors++;
}

/** The attributes that name an operation's tensors and its own descriptor; 0: there is none. */
static const struct {
    cudnnBackendDescriptorType_t type;
    int in[FAKE_DNN_INPUTS], out, descriptor;
} operations[] = {
    {CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR,
     {CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W},
     CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y,
     CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC},
    {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR,
     {CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W},
     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX,
     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC},
    {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR,
     {CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY},
     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW,
     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC},
    {CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR,
     {CUDNN_ATTR_OPERATION_POINTWISE_XDESC, CUDNN_ATTR_OPERATION_POINTWISE_BDESC, CUDNN_ATTR_OPERATION_POINTWISE_TDESC},
     CUDNN_ATTR_OPERATION_POINTWISE_YDESC,
     CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR},
    {CUDNN_BACKEND_OPERATION_MATMUL_DESCRIPTOR,
     {CUDNN_ATTR_OPERATION_MATMUL_ADESC, CUDNN_ATTR_OPERATION_MATMUL_BDESC},
     CUDNN_ATTR_OPERATION_MATMUL_CDESC,
     CUDNN_ATTR_OPERATION_MATMUL_DESC},
    {CUDNN_BACKEND_OPERATION_REDUCTION_DESCRIPTOR,
     {CUDNN_ATTR_OPERATION_REDUCTION_XDESC},
     CUDNN_ATTR_OPERATION_REDUCTION_YDESC,
     CUDNN_ATTR_OPERATION_REDUCTION_DESC},
    {CUDNN_BACKEND_OPERATION_RESHAPE_DESCRIPTOR,
     {CUDNN_ATTR_OPERATION_RESHAPE_XDESC},
     CUDNN_ATTR_OPERATION_RESHAPE_YDESC,
     0},
};

static void read_pair(const FakeDescriptor *d, cudnnBackendAttributeName_t name, int64_t *out)
{
    const FakeAttribute *a = fake_attribute(d, name);
    for (int i = 0; i < 2; i++)
        out[i] = a->count > i ? ((const int64_t *)a->data)[i] : -1;
}

static cudnnStatus_t read_parameters(const FakeDescriptor *d, FakeOperation *op)
{
    switch (op->type) {
    case CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR:
        op->mode = fake_attribute_enum(d, CUDNN_ATTR_POINTWISE_MODE, -1);
        op->axis = fake_attribute_int64(d, CUDNN_ATTR_POINTWISE_AXIS, -1);
        return CUDNN_STATUS_SUCCESS;
    case CUDNN_BACKEND_OPERATION_REDUCTION_DESCRIPTOR:
        op->mode = fake_attribute_enum(d, CUDNN_ATTR_REDUCTION_OPERATOR, -1);
        return CUDNN_STATUS_SUCCESS;
    case CUDNN_BACKEND_OPERATION_MATMUL_DESCRIPTOR:
    case CUDNN_BACKEND_OPERATION_RESHAPE_DESCRIPTOR:
        return CUDNN_STATUS_SUCCESS;
    default:
        read_pair(d, CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, op->before);
        read_pair(d, CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, op->after);
        read_pair(d, CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, op->stride);
        read_pair(d, CUDNN_ATTR_CONVOLUTION_DILATIONS, op->dilation);
        if (fake_attribute_int64(d, CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, 0) != 2 ||
            fake_attribute_enum(d, CUDNN_ATTR_CONVOLUTION_CONV_MODE, -1) != CUDNN_CROSS_CORRELATION ||
            fake_attribute_enum(d, CUDNN_ATTR_CONVOLUTION_COMP_TYPE, -1) != CUDNN_DATA_FLOAT)
            return fake_dnn_fail(CUDNN_STATUS_NOT_SUPPORTED, "the stand-in has cross-correlations in two dimensions");
        return CUDNN_STATUS_SUCCESS;
    }
}

static cudnnStatus_t read_operation(FakeDnnGraph *graph, const FakeDescriptor *d, FakeOperation *op)
{
    size_t row = 0;
    while (row < sizeof operations / sizeof *operations && operations[row].type != d->type)
        row++;
    if (row == sizeof operations / sizeof *operations)
        return fake_dnn_fail(CUDNN_STATUS_NOT_SUPPORTED, "the stand-in has no operation of type %d", (int)d->type);
    *op = (FakeOperation){.type = d->type, .out = -1};
    cudnnStatus_t status = CUDNN_STATUS_SUCCESS;
    for (int i = 0; i < FAKE_DNN_INPUTS && !status; i++) {
        int name = operations[row].in[i];
        op->in[i] = add_tensor(graph, name ? fake_attribute_descriptor(d, (cudnnBackendAttributeName_t)name, 0) : NULL,
                               &status);
    }
    if (!status)
        op->out = add_tensor(graph, fake_attribute_descriptor(d, (cudnnBackendAttributeName_t)operations[row].out, 0),
                             &status);
    const FakeDescriptor *own =
        operations[row].descriptor
            ? fake_attribute_descriptor(d, (cudnnBackendAttributeName_t)operations[row].descriptor, 0)
            : NULL;
    if (!status)
        status = read_parameters(own, op);
    return status;
}

/* ---- Checks ---- */

static cudnnStatus_t check_conv(const FakeDnnGraph *g, const FakeOperation *op)
{
    int a = op->in[0], b = op->in[1], c = op->out;
    bool forward = op->type == CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR;
    bool data = op->type == CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR;
    const FakeTensor *x = &g->tensors[data ? c : a], *w = &g->tensors[forward || data ? b : c];
    const FakeTensor *y = &g->tensors[forward ? c : data ? a : b];
    bool fits = x->n == 4 && w->n == 4 && y->n == 4 && x->dims[0] == y->dims[0] && y->dims[1] == w->dims[0] &&
                x->dims[1] == w->dims[1]; /* one group */
    for (int i = 0; i < 2 && fits; i++) {
        int64_t kernel = (w->dims[2 + i] - 1) * op->dilation[i] + 1;
        fits = op->stride[i] >= 1 && op->dilation[i] >= 1 && op->before[i] >= 0 && op->after[i] >= 0 &&
               y->dims[2 + i] == (x->dims[2 + i] + op->before[i] + op->after[i] - kernel) / op->stride[i] + 1;
    }
    return fits ? CUDNN_STATUS_SUCCESS
                : fake_dnn_fail(CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH, "the sizes of a convolution do not fit");
}

static bool broadcasts(const FakeTensor *from, const FakeTensor *to)
{
    bool fits = from->n == to->n;
    for (int i = 0; i < from->n && fits; i++)
        fits = from->dims[i] == to->dims[i] || from->dims[i] == 1;
    return fits;
}

static cudnnStatus_t check_matmul(const FakeDnnGraph *g, const FakeOperation *op)
{
    const FakeTensor *a = &g->tensors[op->in[0]], *b = &g->tensors[op->in[1]], *c = &g->tensors[op->out];
    int n = a->n;
    bool fits = n >= 2 && b->n == n && c->n == n && a->dims[n - 1] == b->dims[n - 2] &&
                a->dims[n - 2] == c->dims[n - 2] && b->dims[n - 1] == c->dims[n - 1];
    for (int i = 0; i < n - 2 && fits; i++)
        fits = (a->dims[i] == c->dims[i] || a->dims[i] == 1) && (b->dims[i] == c->dims[i] || b->dims[i] == 1);
    return fits ? CUDNN_STATUS_SUCCESS
                : fake_dnn_fail(CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH, "the sizes of a product do not fit");
}

static cudnnStatus_t check_operation(const FakeDnnGraph *g, const FakeOperation *op)
{
    switch (op->type) {
    case CUDNN_BACKEND_OPERATION_MATMUL_DESCRIPTOR:
        return check_matmul(g, op);
    case CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR:
        for (int i = 0; i < FAKE_DNN_INPUTS; i++)
            if (op->in[i] >= 0 && !broadcasts(&g->tensors[op->in[i]], &g->tensors[op->out]))
                return fake_dnn_fail(CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH, "elements of different shapes");
        return CUDNN_STATUS_SUCCESS;
    case CUDNN_BACKEND_OPERATION_REDUCTION_DESCRIPTOR:
        return broadcasts(&g->tensors[op->out], &g->tensors[op->in[0]])
                   ? CUDNN_STATUS_SUCCESS
                   : fake_dnn_fail(CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH, "a sum to another shape");
    case CUDNN_BACKEND_OPERATION_RESHAPE_DESCRIPTOR:
        return g->tensors[op->in[0]].extent >= g->tensors[op->out].extent
                   ? CUDNN_STATUS_SUCCESS
                   : fake_dnn_fail(CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH, "a view beyond its tensor");
    default:
        return check_conv(g, op);
    }
}

/** Who makes and who uses each tensor. */
static cudnnStatus_t connect(FakeDnnGraph *g)
{
    for (int i = 0; i < g->n_operations; i++) {
        const FakeOperation *op = &g->operations[i];
        if (g->tensors[op->out].producer >= 0)
            return fake_dnn_fail(CUDNN_STATUS_BAD_PARAM, "a tensor is written by two operations");
        g->tensors[op->out].producer = i;
        for (int k = 0; k < FAKE_DNN_INPUTS; k++)
            if (op->in[k] >= 0)
                g->tensors[op->in[k]].used = true;
    }
    for (int i = 0; i < g->n_tensors; i++)
        if (g->tensors[i].is_virtual && (g->tensors[i].producer < 0 || !g->tensors[i].used))
            return fake_dnn_fail(CUDNN_STATUS_BAD_PARAM, "virtual tensor %lld comes from or goes nowhere",
                                 (long long)g->tensors[i].uid);
    return CUDNN_STATUS_SUCCESS;
}

/** Puts the operations into an order in which each comes behind its inputs. */
static cudnnStatus_t sort(FakeDnnGraph *g)
{
    FakeOperation *sorted = malloc((size_t)g->n_operations * sizeof *sorted);
    bool *ready = calloc((size_t)g->n_tensors, sizeof *ready), *taken = calloc((size_t)g->n_operations, sizeof *taken);
    if (!sorted || !ready || !taken)
        abort();
    for (int i = 0; i < g->n_tensors; i++)
        ready[i] = g->tensors[i].producer < 0;
    int n = 0;
    for (bool more = true; more;) {
        more = false;
        for (int i = 0; i < g->n_operations; i++) {
            bool can = !taken[i];
            for (int k = 0; k < FAKE_DNN_INPUTS && can; k++)
                can = g->operations[i].in[k] < 0 || ready[g->operations[i].in[k]];
            if (can) {
                taken[i] = more = true;
                ready[g->operations[i].out] = true;
                sorted[n++] = g->operations[i];
            }
        }
    }
    bool whole = n == g->n_operations;
    if (whole)
        memcpy(g->operations, sorted, (size_t)n * sizeof *sorted);
    free(sorted);
    free(ready);
    free(taken);
    return whole ? CUDNN_STATUS_SUCCESS : fake_dnn_fail(CUDNN_STATUS_BAD_PARAM, "the operations wait for each other");
}

cudnnStatus_t fake_dnn_graph_new(const FakeDescriptor *d, FakeDnnGraph **out)
{
    FakeDnnGraph *graph = calloc(1, sizeof *graph);
    int64_t n = fake_attribute_count(d, CUDNN_ATTR_OPERATIONGRAPH_OPS);
    if (!graph || !(graph->operations = calloc((size_t)n, sizeof *graph->operations)))
        abort();
    cudnnStatus_t status = CUDNN_STATUS_SUCCESS;
    for (int64_t i = 0; i < n && !status; i++) {
        FakeOperation *op = &graph->operations[graph->n_operations++];
        status = read_operation(graph, fake_attribute_descriptor(d, CUDNN_ATTR_OPERATIONGRAPH_OPS, i), op);
        if (!status)
            status = check_operation(graph, op);
    }
    if (!status)
        status = connect(graph);
    if (!status)
        status = sort(graph);
    if (status) {
        fake_dnn_graph_free(graph);
        graph = NULL;
    }
    *out = graph;
    return status;
}

void fake_dnn_graph_free(FakeDnnGraph *graph)
{
    if (!graph)
        return;
    free(graph->tensors);
    free(graph->operations);
    free(graph);
}

/* ---- What a card can do ---- */

FakeDnnPattern fake_dnn_pattern(const FakeDnnGraph *graph)
{
    int products = 0;
    for (int i = 0; i < graph->n_operations; i++) {
        cudnnBackendDescriptorType_t type = graph->operations[i].type;
        if (type == CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR)
            return FAKE_DNN_CONV;
        if (type == CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR ||
            type == CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR)
            return FAKE_DNN_CONV_BACKWARD;
        products += type == CUDNN_BACKEND_OPERATION_MATMUL_DESCRIPTOR;
    }
    return products == 2 ? FAKE_DNN_ATTENTION : products == 5 ? FAKE_DNN_ATTENTION_BACKWARD : FAKE_DNN_OTHER;
}

static bool has_type(const FakeDnnGraph *graph, cudnnDataType_t type)
{
    for (int i = 0; i < graph->n_tensors; i++)
        if (!graph->tensors[i].is_virtual && !graph->tensors[i].by_value && graph->tensors[i].type == type)
            return true;
    return false;
}

bool fake_dnn_is_f32(const FakeDnnGraph *graph)
{
    return !has_type(graph, CUDNN_DATA_HALF) && !has_type(graph, CUDNN_DATA_BFLOAT16);
}

/** The head size of an attention: the last dimension of its first product's first operand. */
static const FakeTensor *first_operand(const FakeDnnGraph *graph)
{
    for (int i = 0; i < graph->n_operations; i++)
        if (graph->operations[i].type == CUDNN_BACKEND_OPERATION_MATMUL_DESCRIPTOR)
            return &graph->tensors[graph->operations[i].in[0]];
    return NULL;
}

/** The support matrix of cuDNN's attention, as tests/cudnn finds it by building plans for described cards. */
static cudnnStatus_t attention_supported(const FakeDnnGraph *graph, bool backward)
{
    const FakeTensor *q = first_operand(graph);
    int sm = fake_config()->sm;
    int64_t head = q->dims[q->n - 1], most = !backward ? 512 : sm == 90 ? 256 : 128;
    if (sm < 80)
        return fake_dnn_fail(CUDNN_STATUS_NOT_SUPPORTED_ARCH_MISMATCH, "attention needs compute capability 8.0");
    if (fake_dnn_is_f32(graph) && !fake_dnn_any_type())
        return fake_dnn_fail(CUDNN_STATUS_NOT_SUPPORTED_DATA_TYPE, "attention is for half and bfloat16");
    if (head % 8 || head > most || q->strides[q->n - 1] != 1)
        return fake_dnn_fail(CUDNN_STATUS_NOT_SUPPORTED_SHAPE, "attention with heads of %lld", (long long)head);
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t fake_dnn_supported(const FakeDnnGraph *graph)
{
    FakeDnnPattern pattern = fake_dnn_pattern(graph);
    if (fake_dnn_refused(pattern))
        return fake_dnn_fail(CUDNN_STATUS_NOT_SUPPORTED, "the test wants this refused");
    if (has_type(graph, CUDNN_DATA_BFLOAT16) && fake_config()->sm < 80)
        return fake_dnn_fail(CUDNN_STATUS_NOT_SUPPORTED_ARCH_MISMATCH, "bfloat16 needs compute capability 8.0");
    if (pattern == FAKE_DNN_OTHER)
        return fake_dnn_fail(CUDNN_STATUS_NOT_SUPPORTED_GRAPH_PATTERN, "neither a convolution nor an attention");
    bool backward = pattern == FAKE_DNN_ATTENTION_BACKWARD;
    return pattern == FAKE_DNN_ATTENTION || backward ? attention_supported(graph, backward) : CUDNN_STATUS_SUCCESS;
}
