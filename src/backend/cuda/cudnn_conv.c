/* Convolutions and their gradients on channels-last pictures. */
#include "backend/cuda/cudnn_cache.h"
#include "backend/cuda/cudnn_graph.h"

#include <inttypes.h>
#include <stdio.h>

typedef struct Kind {
    cudnnBackendDescriptorType_t operation;
    cudnnBackendAttributeName_t descriptor, x, w, y, alpha, beta;
    const char *what;
} Kind;

static const Kind forward = {CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR,
                             CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC,
                             CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X,
                             CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W,
                             CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y,
                             CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA,
                             CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA,
                             "convolution"};
static const Kind backward_data = {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR,
                                   CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC,
                                   CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX,
                                   CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W,
                                   CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY,
                                   CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA,
                                   CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA,
                                   "convolution's gradient for its input"};
static const Kind backward_weight = {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR,
                                     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC,
                                     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X,
                                     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW,
                                     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY,
                                     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA,
                                     CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA,
                                     "convolution's gradient for its weight"};

/** Dimensions N,C,H,W of what is stored as N,H,W,C. */
static LkCudnnShape picture(int64_t n, int64_t c, int64_t h, int64_t w)
{
    return (LkCudnnShape){{n, c, h, w}, {h * w * c, 1, w * c, c}};
}

static cudnnBackendDescriptor_t convolution(LkCudnnGraph *graph, const LkConvGeometry *g)
{
    int64_t two = 2, ones[2] = {1, 1}, strides[2] = {g->stride, g->stride};
    int64_t before[2] = {g->pad_before, g->pad_before}, after[2] = {g->pad_after, g->pad_after};
    cudnnDataType_t math = CUDNN_DATA_FLOAT;
    cudnnConvolutionMode_t mode = CUDNN_CROSS_CORRELATION;
    const LkCudnnAttribute attributes[] = {
        {CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, CUDNN_TYPE_INT64, 1, &two},
        {CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, 1, &math},
        {CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_TYPE_CONVOLUTION_MODE, 1, &mode},
        {CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, CUDNN_TYPE_INT64, 2, before},
        {CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, CUDNN_TYPE_INT64, 2, after},
        {CUDNN_ATTR_CONVOLUTION_DILATIONS, CUDNN_TYPE_INT64, 2, ones},
        {CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, CUDNN_TYPE_INT64, 2, strides},
    };
    return lk_cudnn_describe(graph, CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR, 7, attributes, "describing a convolution");
}

static void operation(LkCudnnGraph *graph, const Kind *kind, const LkConvGeometry *g, LkCudnnTensor x, LkCudnnTensor w,
                      LkCudnnTensor y)
{
    cudnnBackendDescriptor_t descriptor = convolution(graph, g);
    float one = 1, zero = 0;
    const LkCudnnAttribute attributes[] = {
        {kind->descriptor, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &descriptor},
        {kind->x, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &x},
        {kind->w, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &w},
        {kind->y, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &y},
        {kind->alpha, CUDNN_TYPE_FLOAT, 1, &one},
        {kind->beta, CUDNN_TYPE_FLOAT, 1, &zero},
    };
    lk_cudnn_operation(graph, kind->operation, 6, attributes, kind->what);
}

/** What a convolution is called in errors, and in the cache. */
static void name(const Kind *kind, const LkConvGeometry *g, char *out, size_t size)
{
    snprintf(out, size,
             "the %s: %s [%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64
             "] with %d·%d weights, stride %d, padding %d and %d%s to [%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64
             "]",
             kind->what, g->tf32 ? "tf32" : lk_dtype_name(g->dtype), g->n, g->h, g->w, g->c_in, g->kernel, g->kernel,
             g->stride, g->pad_before, g->pad_after, g->bias && kind == &forward ? ", bias" : "", g->n, g->out_h,
             g->out_w, g->c_out);
}

static LkCudnnPlan *make(const LkCudnn *cudnn, const Kind *kind, const LkConvGeometry *g, LkError *error)
{
    char what[240];
    name(kind, g, what, sizeof what);
    LkCudnnPlan *known = lk_cudnn_cache_find(cudnn, what);
    if (known)
        return known;
    LkCudnnGraph graph = {.cudnn = cudnn};
    cudnnDataType_t type = lk_cudnn_data_type(g->dtype);
    LkCudnnShape xs = picture(g->n, g->c_in, g->h, g->w), ws = picture(g->c_out, g->c_in, g->kernel, g->kernel);
    LkCudnnShape ys = picture(g->n, g->c_out, g->out_h, g->out_w), bs = picture(1, g->c_out, 1, 1);
    bool bias = g->bias && kind == &forward;
    LkCudnnTensor x = lk_cudnn_tensor(&graph, type, &xs, LK_CONV_X);
    LkCudnnTensor w = lk_cudnn_tensor(&graph, type, &ws, LK_CONV_W);
    LkCudnnTensor y = lk_cudnn_tensor(&graph, type, &ys, LK_CONV_Y);
    LkCudnnTensor sum = bias ? lk_cudnn_virtual(&graph, CUDNN_DATA_FLOAT, &ys) : y;
    operation(&graph, kind, g, x, w, sum);
    if (bias)
        lk_cudnn_pointwise(&graph, CUDNN_POINTWISE_ADD, sum, lk_cudnn_tensor(&graph, type, &bs, LK_CONV_BIAS), NULL, y);
    LkCudnnChoice choice = {
        .f32 = g->dtype == LK_F32, .tf32 = g->tf32, .workspace_cap = LK_CUDNN_WORKSPACE_CAP, .engine = -1};
    return lk_cudnn_cache_keep(cudnn, what, lk_cudnn_graph_plan(&graph, &choice, what, error));
}

LkCudnnPlan *lk_cudnn_conv_new(const LkCudnn *cudnn, const LkConvGeometry *geometry, LkError *error)
{
    return make(cudnn, &forward, geometry, error);
}

LkCudnnPlan *lk_cudnn_conv_backward_data_new(const LkCudnn *cudnn, const LkConvGeometry *geometry, LkError *error)
{
    return make(cudnn, &backward_data, geometry, error);
}

LkCudnnPlan *lk_cudnn_conv_backward_weight_new(const LkCudnn *cudnn, const LkConvGeometry *geometry, LkError *error)
{
    return make(cudnn, &backward_weight, geometry, error);
}
