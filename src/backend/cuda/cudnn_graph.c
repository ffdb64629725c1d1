/* Descriptors of cuDNN's graph interface. */
#include "backend/cuda/cudnn_graph.h"

#include <stdlib.h>
#include <string.h>

#define ALIGNMENT         INT64_C(16)
#define SCRATCH_ALIGNMENT INT64_C(256)

cudnnDataType_t lk_cudnn_data_type(LkDType dtype)
{
    return dtype == LK_BF16 ? CUDNN_DATA_BFLOAT16 : dtype == LK_F16 ? CUDNN_DATA_HALF : CUDNN_DATA_FLOAT;
}

void lk_cudnn_graph_clear(LkCudnnGraph *graph)
{
    while (graph->n_owned)
        cudnnBackendDestroyDescriptor(graph->owned[--graph->n_owned]);
    graph->n_operations = 0;
}

static void *failed(LkCudnnGraph *graph, cudnnStatus_t status, const char *what)
{
    if (!graph->status) {
        graph->status = status;
        graph->failed = what;
    }
    return NULL;
}

cudnnBackendDescriptor_t lk_cudnn_describe(LkCudnnGraph *graph, cudnnBackendDescriptorType_t type, int n,
                                           const LkCudnnAttribute *attributes, const char *what)
{
    if (graph->status)
        return NULL;
    if (graph->n_owned == LK_CUDNN_MAX_OWNED)
        return failed(graph, CUDNN_STATUS_BAD_PARAM, what);
    cudnnBackendDescriptor_t made;
    cudnnStatus_t status = cudnnBackendCreateDescriptor(type, &made);
    if (status)
        return failed(graph, status, what);
    graph->owned[graph->n_owned++] = made;
    for (int i = 0; i < n && !status; i++)
        status = cudnnBackendSetAttribute(made, attributes[i].name, attributes[i].type, attributes[i].count,
                                          attributes[i].data);
    if (!status)
        status = cudnnBackendFinalize(made);
    return status ? failed(graph, status, what) : made;
}

void lk_cudnn_operation(LkCudnnGraph *graph, cudnnBackendDescriptorType_t type, int n,
                        const LkCudnnAttribute *attributes, const char *what)
{
    cudnnBackendDescriptor_t made = lk_cudnn_describe(graph, type, n, attributes, what);
    if (!made)
        return;
    if (graph->n_operations == LK_CUDNN_MAX_OPERATIONS)
        failed(graph, CUDNN_STATUS_BAD_PARAM, what);
    else
        graph->operations[graph->n_operations++] = made;
}

static LkCudnnTensor tensor(LkCudnnGraph *graph, cudnnDataType_t type, const LkCudnnShape *shape, int64_t uid,
                            bool is_virtual, bool by_value)
{
    int64_t alignment = ALIGNMENT;
    const LkCudnnAttribute attributes[] = {
        {CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_DATA_TYPE, 1, &type},
        {CUDNN_ATTR_TENSOR_DIMENSIONS, CUDNN_TYPE_INT64, 4, shape->dims},
        {CUDNN_ATTR_TENSOR_STRIDES, CUDNN_TYPE_INT64, 4, shape->strides},
        {CUDNN_ATTR_TENSOR_UNIQUE_ID, CUDNN_TYPE_INT64, 1, &uid},
        {CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, CUDNN_TYPE_INT64, 1, &alignment},
        {CUDNN_ATTR_TENSOR_IS_VIRTUAL, CUDNN_TYPE_BOOLEAN, 1, &is_virtual},
        {CUDNN_ATTR_TENSOR_IS_BY_VALUE, CUDNN_TYPE_BOOLEAN, 1, &by_value},
    };
    return lk_cudnn_describe(graph, CUDNN_BACKEND_TENSOR_DESCRIPTOR, 7, attributes, "describing a tensor");
}

/** A tensor that is given something at run time. */
static LkCudnnTensor bound(LkCudnnGraph *graph, cudnnDataType_t type, const LkCudnnShape *shape, LkCudnnBinding binding)
{
    if (graph->n_bindings == LK_CUDNN_MAX_BINDINGS)
        return failed(graph, CUDNN_STATUS_BAD_PARAM, "describing a tensor");
    graph->bindings[graph->n_bindings++] = binding;
    return tensor(graph, type, shape, graph->n_bindings, false, binding.source == LK_CUDNN_VALUE);
}

LkCudnnTensor lk_cudnn_tensor(LkCudnnGraph *graph, cudnnDataType_t type, const LkCudnnShape *shape, int pointer)
{
    return bound(graph, type, shape, (LkCudnnBinding){.source = LK_CUDNN_POINTER, .pointer = pointer});
}

LkCudnnTensor lk_cudnn_virtual(LkCudnnGraph *graph, cudnnDataType_t type, const LkCudnnShape *shape)
{
    return tensor(graph, type, shape, LK_CUDNN_MAX_BINDINGS + ++graph->n_virtual, true, false);
}

LkCudnnTensor lk_cudnn_scratch(LkCudnnGraph *graph, const LkCudnnShape *shape)
{
    int64_t bytes = 4;
    for (int i = 0; i < 4; i++)
        bytes *= shape->dims[i];
    LkCudnnBinding binding = {.source = LK_CUDNN_WORKSPACE, .offset = graph->extra_workspace};
    graph->extra_workspace += (bytes + SCRATCH_ALIGNMENT - 1) / SCRATCH_ALIGNMENT * SCRATCH_ALIGNMENT;
    return bound(graph, CUDNN_DATA_FLOAT, shape, binding);
}

LkCudnnTensor lk_cudnn_value(LkCudnnGraph *graph, float value)
{
    static const LkCudnnShape one = {{1, 1, 1, 1}, {1, 1, 1, 1}};
    return bound(graph, CUDNN_DATA_FLOAT, &one, (LkCudnnBinding){.source = LK_CUDNN_VALUE, .value = value});
}

/** The operation of a pointwise descriptor. */
static void pointwise(LkCudnnGraph *graph, cudnnBackendDescriptor_t descriptor, LkCudnnTensor x, LkCudnnTensor b,
                      LkCudnnTensor select, LkCudnnTensor y)
{
    LkCudnnAttribute attributes[5] = {
        {CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &descriptor},
        {CUDNN_ATTR_OPERATION_POINTWISE_XDESC, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &x},
        {CUDNN_ATTR_OPERATION_POINTWISE_YDESC, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &y},
    };
    int n = 3;
    if (b)
        attributes[n++] =
            (LkCudnnAttribute){CUDNN_ATTR_OPERATION_POINTWISE_BDESC, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &b};
    if (select)
        attributes[n++] =
            (LkCudnnAttribute){CUDNN_ATTR_OPERATION_POINTWISE_TDESC, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &select};
    lk_cudnn_operation(graph, CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR, n, attributes, "an operation on elements");
}

void lk_cudnn_pointwise(LkCudnnGraph *graph, cudnnPointwiseMode_t mode, LkCudnnTensor x, LkCudnnTensor b,
                        LkCudnnTensor select, LkCudnnTensor y)
{
    bool compares = mode >= CUDNN_POINTWISE_CMP_EQ && mode <= CUDNN_POINTWISE_CMP_LE;
    cudnnDataType_t math = compares ? CUDNN_DATA_BOOLEAN : CUDNN_DATA_FLOAT;
    const LkCudnnAttribute attributes[] = {
        {CUDNN_ATTR_POINTWISE_MODE, CUDNN_TYPE_POINTWISE_MODE, 1, &mode},
        {CUDNN_ATTR_POINTWISE_MATH_PREC, CUDNN_TYPE_DATA_TYPE, 1, &math},
    };
    cudnnBackendDescriptor_t made =
        lk_cudnn_describe(graph, CUDNN_BACKEND_POINTWISE_DESCRIPTOR, 2, attributes, "an operation on elements");
    pointwise(graph, made, x, b, select, y);
}

void lk_cudnn_index(LkCudnnGraph *graph, LkCudnnTensor like, int64_t axis, LkCudnnTensor y)
{
    cudnnPointwiseMode_t mode = CUDNN_POINTWISE_GEN_INDEX;
    cudnnDataType_t math = CUDNN_DATA_INT32;
    const LkCudnnAttribute attributes[] = {
        {CUDNN_ATTR_POINTWISE_MODE, CUDNN_TYPE_POINTWISE_MODE, 1, &mode},
        {CUDNN_ATTR_POINTWISE_MATH_PREC, CUDNN_TYPE_DATA_TYPE, 1, &math},
        {CUDNN_ATTR_POINTWISE_AXIS, CUDNN_TYPE_INT64, 1, &axis},
    };
    cudnnBackendDescriptor_t made =
        lk_cudnn_describe(graph, CUDNN_BACKEND_POINTWISE_DESCRIPTOR, 3, attributes, "an index");
    pointwise(graph, made, like, NULL, NULL, y);
}

void lk_cudnn_matmul(LkCudnnGraph *graph, LkCudnnTensor a, LkCudnnTensor b, LkCudnnTensor c)
{
    cudnnDataType_t math = CUDNN_DATA_FLOAT;
    const LkCudnnAttribute type = {CUDNN_ATTR_MATMUL_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, 1, &math};
    cudnnBackendDescriptor_t made = lk_cudnn_describe(graph, CUDNN_BACKEND_MATMUL_DESCRIPTOR, 1, &type, "a product");
    const LkCudnnAttribute attributes[] = {
        {CUDNN_ATTR_OPERATION_MATMUL_ADESC, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &a},
        {CUDNN_ATTR_OPERATION_MATMUL_BDESC, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &b},
        {CUDNN_ATTR_OPERATION_MATMUL_CDESC, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &c},
        {CUDNN_ATTR_OPERATION_MATMUL_DESC, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &made},
    };
    lk_cudnn_operation(graph, CUDNN_BACKEND_OPERATION_MATMUL_DESCRIPTOR, 4, attributes, "a product");
}

void lk_cudnn_reduction(LkCudnnGraph *graph, cudnnReduceTensorOp_t op, LkCudnnTensor x, LkCudnnTensor y)
{
    cudnnDataType_t math = CUDNN_DATA_FLOAT;
    const LkCudnnAttribute kind[] = {
        {CUDNN_ATTR_REDUCTION_OPERATOR, CUDNN_TYPE_REDUCTION_OPERATOR_TYPE, 1, &op},
        {CUDNN_ATTR_REDUCTION_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, 1, &math},
    };
    cudnnBackendDescriptor_t made = lk_cudnn_describe(graph, CUDNN_BACKEND_REDUCTION_DESCRIPTOR, 2, kind, "a sum");
    const LkCudnnAttribute attributes[] = {
        {CUDNN_ATTR_OPERATION_REDUCTION_XDESC, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &x},
        {CUDNN_ATTR_OPERATION_REDUCTION_YDESC, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &y},
        {CUDNN_ATTR_OPERATION_REDUCTION_DESC, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &made},
    };
    lk_cudnn_operation(graph, CUDNN_BACKEND_OPERATION_REDUCTION_DESCRIPTOR, 3, attributes, "a sum");
}

void lk_cudnn_reshape(LkCudnnGraph *graph, LkCudnnTensor x, LkCudnnTensor y)
{
    const LkCudnnAttribute attributes[] = {
        {CUDNN_ATTR_OPERATION_RESHAPE_XDESC, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &x},
        {CUDNN_ATTR_OPERATION_RESHAPE_YDESC, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &y},
    };
    lk_cudnn_operation(graph, CUDNN_BACKEND_OPERATION_RESHAPE_DESCRIPTOR, 2, attributes, "a transposition");
}
