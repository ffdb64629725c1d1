#include "dnn_builder.h"

#include <stddef.h>
#include <string.h>

Descriptor builder_make(Builder *b, cudnnBackendDescriptorType_t type, int n, const Attribute *attributes)
{
    Descriptor made = NULL;
    if (!b->status)
        b->status = cudnnBackendCreateDescriptor(type, &made);
    if (b->status)
        return NULL;
    b->owned[b->n_owned++] = made;
    for (int i = 0; i < n && !b->status; i++)
        b->status = cudnnBackendSetAttribute(made, attributes[i].name, attributes[i].type, attributes[i].count,
                                             attributes[i].data);
    if (!b->status)
        b->status = cudnnBackendFinalize(made);
    return b->status ? NULL : made;
}

void builder_add(Builder *b, cudnnBackendDescriptorType_t type, int n, const Attribute *attributes)
{
    Descriptor made = builder_make(b, type, n, attributes);
    if (made)
        b->operations[b->n_operations++] = made;
}

static Descriptor tensor(Builder *b, cudnnDataType_t type, const int64_t *dims, const int64_t *strides, void *data,
                         bool by_value)
{
    int64_t id = ++b->next_id, alignment = by_value ? 4 : 16;
    bool is_virtual = !data;
    if (data) {
        b->ids[b->n_ids] = id;
        b->data[b->n_ids++] = data;
    }
    const Attribute attributes[] = {
        {CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_DATA_TYPE, 1, &type},
        {CUDNN_ATTR_TENSOR_DIMENSIONS, CUDNN_TYPE_INT64, 4, dims},
        {CUDNN_ATTR_TENSOR_STRIDES, CUDNN_TYPE_INT64, 4, strides},
        {CUDNN_ATTR_TENSOR_UNIQUE_ID, CUDNN_TYPE_INT64, 1, &id},
        {CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, CUDNN_TYPE_INT64, 1, &alignment},
        {CUDNN_ATTR_TENSOR_IS_VIRTUAL, CUDNN_TYPE_BOOLEAN, 1, &is_virtual},
        {CUDNN_ATTR_TENSOR_IS_BY_VALUE, CUDNN_TYPE_BOOLEAN, 1, &by_value},
    };
    return builder_make(b, CUDNN_BACKEND_TENSOR_DESCRIPTOR, 7, attributes);
}

Descriptor builder_tensor(Builder *b, cudnnDataType_t type, const int64_t *dims, const int64_t *strides, void *data)
{
    return tensor(b, type, dims, strides, data, false);
}

Descriptor builder_value(Builder *b, float *value)
{
    static const int64_t one[4] = {1, 1, 1, 1};
    return tensor(b, CUDNN_DATA_FLOAT, one, one, value, true);
}

void builder_pointwise(Builder *b, cudnnPointwiseMode_t mode, int64_t axis, Descriptor x, Descriptor with,
                       Descriptor select, Descriptor y)
{
    cudnnDataType_t math = CUDNN_DATA_FLOAT;
    const Attribute kind[] = {
        {CUDNN_ATTR_POINTWISE_MODE, CUDNN_TYPE_POINTWISE_MODE, 1, &mode},
        {CUDNN_ATTR_POINTWISE_MATH_PREC, CUDNN_TYPE_DATA_TYPE, 1, &math},
        {CUDNN_ATTR_POINTWISE_AXIS, CUDNN_TYPE_INT64, 1, &axis},
    };
    Descriptor made = builder_make(b, CUDNN_BACKEND_POINTWISE_DESCRIPTOR, axis >= 0 ? 3 : 2, kind);
    Attribute attributes[5] = {
        {CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &made},
        {CUDNN_ATTR_OPERATION_POINTWISE_XDESC, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &x},
        {CUDNN_ATTR_OPERATION_POINTWISE_YDESC, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &y},
    };
    int n = 3;
    if (with)
        attributes[n++] = (Attribute){CUDNN_ATTR_OPERATION_POINTWISE_BDESC, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &with};
    if (select)
        attributes[n++] = (Attribute){CUDNN_ATTR_OPERATION_POINTWISE_TDESC, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &select};
    builder_add(b, CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR, n, attributes);
}

void builder_matmul(Builder *b, Descriptor x, Descriptor y, Descriptor z)
{
    cudnnDataType_t math = CUDNN_DATA_FLOAT;
    const Attribute kind = {CUDNN_ATTR_MATMUL_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, 1, &math};
    Descriptor made = builder_make(b, CUDNN_BACKEND_MATMUL_DESCRIPTOR, 1, &kind);
    const Attribute attributes[] = {
        {CUDNN_ATTR_OPERATION_MATMUL_ADESC, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &x},
        {CUDNN_ATTR_OPERATION_MATMUL_BDESC, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &y},
        {CUDNN_ATTR_OPERATION_MATMUL_CDESC, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &z},
        {CUDNN_ATTR_OPERATION_MATMUL_DESC, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &made},
    };
    builder_add(b, CUDNN_BACKEND_OPERATION_MATMUL_DESCRIPTOR, 4, attributes);
}

void builder_reduce(Builder *b, cudnnReduceTensorOp_t op, Descriptor x, Descriptor y)
{
    cudnnDataType_t math = CUDNN_DATA_FLOAT;
    const Attribute kind[] = {
        {CUDNN_ATTR_REDUCTION_OPERATOR, CUDNN_TYPE_REDUCTION_OPERATOR_TYPE, 1, &op},
        {CUDNN_ATTR_REDUCTION_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, 1, &math},
    };
    Descriptor made = builder_make(b, CUDNN_BACKEND_REDUCTION_DESCRIPTOR, 2, kind);
    const Attribute attributes[] = {
        {CUDNN_ATTR_OPERATION_REDUCTION_XDESC, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &x},
        {CUDNN_ATTR_OPERATION_REDUCTION_YDESC, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &y},
        {CUDNN_ATTR_OPERATION_REDUCTION_DESC, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &made},
    };
    builder_add(b, CUDNN_BACKEND_OPERATION_REDUCTION_DESCRIPTOR, 3, attributes);
}

void builder_reshape(Builder *b, Descriptor x, Descriptor y)
{
    const Attribute attributes[] = {
        {CUDNN_ATTR_OPERATION_RESHAPE_XDESC, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &x},
        {CUDNN_ATTR_OPERATION_RESHAPE_YDESC, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &y},
    };
    builder_add(b, CUDNN_BACKEND_OPERATION_RESHAPE_DESCRIPTOR, 2, attributes);
}

void builder_conv(Builder *b, int kind, int64_t stride, int64_t before, int64_t after, Descriptor first,
                  Descriptor second, Descriptor out)
{
    static const struct {
        cudnnBackendDescriptorType_t type;
        cudnnBackendAttributeName_t conv, first, second, out, alpha, beta;
    } kinds[] = {
        {CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC,
         CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W,
         CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA,
         CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA},
        {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR,
         CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY,
         CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX,
         CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA},
        {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR,
         CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X,
         CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW,
         CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA},
    };
    int64_t two = 2, ones[2] = {1, 1}, strides[2] = {stride, stride}, pre[2] = {before, before},
            post[2] = {after, after};
    cudnnDataType_t math = CUDNN_DATA_FLOAT;
    cudnnConvolutionMode_t mode = CUDNN_CROSS_CORRELATION;
    float one = 1, zero = 0;
    const Attribute conv[] = {
        {CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, CUDNN_TYPE_INT64, 1, &two},
        {CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, 1, &math},
        {CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_TYPE_CONVOLUTION_MODE, 1, &mode},
        {CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, CUDNN_TYPE_INT64, 2, pre},
        {CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, CUDNN_TYPE_INT64, 2, post},
        {CUDNN_ATTR_CONVOLUTION_DILATIONS, CUDNN_TYPE_INT64, 2, ones},
        {CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, CUDNN_TYPE_INT64, 2, strides},
    };
    Descriptor made = builder_make(b, CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR, 7, conv);
    const Attribute attributes[] = {
        {kinds[kind].conv, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &made},
        {kinds[kind].first, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &first},
        {kinds[kind].second, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &second},
        {kinds[kind].out, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &out},
        {kinds[kind].alpha, CUDNN_TYPE_FLOAT, 1, &one},
        {kinds[kind].beta, CUDNN_TYPE_FLOAT, 1, &zero},
    };
    builder_add(b, kinds[kind].type, 6, attributes);
}

/** Whether the engine of a configuration is one that builder_plan wants. */
static bool wanted(Descriptor config, int note)
{
    Descriptor engine = NULL;
    int64_t n = 0;
    cudnnBackendNumericalNote_t has = CUDNN_NUMERICAL_NOTE_TYPE_COUNT;
    cudnnBackendCreateDescriptor(CUDNN_BACKEND_ENGINE_DESCRIPTOR, &engine);
    cudnnBackendGetAttribute(config, CUDNN_ATTR_ENGINECFG_ENGINE, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &n, &engine);
    cudnnBackendGetAttribute(engine, CUDNN_ATTR_ENGINE_NUMERICAL_NOTE, CUDNN_TYPE_NUMERICAL_NOTE, 1, &n, &has);
    cudnnBackendDestroyDescriptor(engine);
    return note >= 0 ? (int)has == note : has != CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC;
}

static Descriptor plan_of(Builder *b, Descriptor config, int64_t *workspace)
{
    Descriptor plan = NULL;
    int64_t n = 0;
    cudnnBackendCreateDescriptor(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR, &plan);
    cudnnBackendSetAttribute(plan, CUDNN_ATTR_EXECUTION_PLAN_HANDLE, CUDNN_TYPE_HANDLE, 1, &b->handle);
    cudnnBackendSetAttribute(plan, CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &config);
    if (cudnnBackendFinalize(plan) == CUDNN_STATUS_SUCCESS) {
        cudnnBackendGetAttribute(plan, CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE, CUDNN_TYPE_INT64, 1, &n, workspace);
        return plan;
    }
    cudnnBackendDestroyDescriptor(plan);
    return NULL;
}

Descriptor builder_plan(Builder *b, int note, int64_t *workspace)
{
    const Attribute ops = {CUDNN_ATTR_OPERATIONGRAPH_OPS, CUDNN_TYPE_BACKEND_DESCRIPTOR, b->n_operations,
                           b->operations};
    Descriptor graph = builder_make(b, CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR, 1, &ops), plan = NULL;
    cudnnBackendHeurMode_t mode = CUDNN_HEUR_MODE_A;
    const Attribute ask[] = {
        {CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &graph},
        {CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, 1, &mode},
    };
    Descriptor heuristics = builder_make(b, CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR, 2, ask), configs[8];
    for (int i = 0; i < 8; i++)
        cudnnBackendCreateDescriptor(CUDNN_BACKEND_ENGINECFG_DESCRIPTOR, &configs[i]);
    int64_t n = 0;
    if (heuristics)
        cudnnBackendGetAttribute(heuristics, CUDNN_ATTR_ENGINEHEUR_RESULTS, CUDNN_TYPE_BACKEND_DESCRIPTOR, 8, &n,
                                 configs);
    for (int i = 0; i < n && !plan; i++)
        if (wanted(configs[i], note))
            plan = plan_of(b, configs[i], workspace);
    for (int i = 0; i < 8; i++)
        cudnnBackendDestroyDescriptor(configs[i]);
    return plan;
}

cudnnStatus_t builder_run(Builder *b, Descriptor plan, void *workspace)
{
    Builder pack = {0};
    const Attribute attributes[] = {
        {CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, CUDNN_TYPE_INT64, b->n_ids, b->ids},
        {CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR, b->n_ids, b->data},
        {CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, 1, &workspace},
    };
    Descriptor made = builder_make(&pack, CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR, 3, attributes);
    cudnnStatus_t status = made ? cudnnBackendExecute(b->handle, plan, made) : pack.status;
    builder_clear(&pack);
    return status;
}

void builder_clear(Builder *b)
{
    while (b->n_owned)
        cudnnBackendDestroyDescriptor(b->owned[--b->n_owned]);
}
