/* cuDNN: descriptors, which attributes they have, and handles. */
#include "dnn.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** Which attribute a descriptor has, of which type, how many elements at most, and whether it must be set. */
static const struct {
    cudnnBackendDescriptorType_t of;
    cudnnBackendAttributeName_t name;
    cudnnBackendAttributeType_t type;
    int64_t most;
    bool required;
} known[] = {
#define TENSOR_ CUDNN_BACKEND_TENSOR_DESCRIPTOR
    {TENSOR_, CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_DATA_TYPE, 1, true},
    {TENSOR_, CUDNN_ATTR_TENSOR_DIMENSIONS, CUDNN_TYPE_INT64, FAKE_DNN_DIMS, true},
    {TENSOR_, CUDNN_ATTR_TENSOR_STRIDES, CUDNN_TYPE_INT64, FAKE_DNN_DIMS, true},
    {TENSOR_, CUDNN_ATTR_TENSOR_UNIQUE_ID, CUDNN_TYPE_INT64, 1, true},
    {TENSOR_, CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, CUDNN_TYPE_INT64, 1, true},
    {TENSOR_, CUDNN_ATTR_TENSOR_IS_VIRTUAL, CUDNN_TYPE_BOOLEAN, 1, false},
    {TENSOR_, CUDNN_ATTR_TENSOR_IS_BY_VALUE, CUDNN_TYPE_BOOLEAN, 1, false},
#define CONV_ CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR
    {CONV_, CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, CUDNN_TYPE_INT64, 1, true},
    {CONV_, CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, 1, true},
    {CONV_, CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_TYPE_CONVOLUTION_MODE, 1, true},
    {CONV_, CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, CUDNN_TYPE_INT64, 2, true},
    {CONV_, CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, CUDNN_TYPE_INT64, 2, true},
    {CONV_, CUDNN_ATTR_CONVOLUTION_DILATIONS, CUDNN_TYPE_INT64, 2, true},
    {CONV_, CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, CUDNN_TYPE_INT64, 2, true},
#define FPROP_ CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR
    {FPROP_, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, true},
    {FPROP_, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, true},
    {FPROP_, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, true},
    {FPROP_, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, true},
    {FPROP_, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA, CUDNN_TYPE_FLOAT, 1, true},
    {FPROP_, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA, CUDNN_TYPE_FLOAT, 1, true},
#define DGRAD_ CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR
    {DGRAD_, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, true},
    {DGRAD_, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, true},
    {DGRAD_, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, true},
    {DGRAD_, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, true},
    {DGRAD_, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA, CUDNN_TYPE_FLOAT, 1, true},
    {DGRAD_, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA, CUDNN_TYPE_FLOAT, 1, true},
#define WGRAD_ CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR
    {WGRAD_, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, true},
    {WGRAD_, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, true},
    {WGRAD_, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, true},
    {WGRAD_, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, true},
    {WGRAD_, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA, CUDNN_TYPE_FLOAT, 1, true},
    {WGRAD_, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA, CUDNN_TYPE_FLOAT, 1, true},
#define POINT_ CUDNN_BACKEND_POINTWISE_DESCRIPTOR
    {POINT_, CUDNN_ATTR_POINTWISE_MODE, CUDNN_TYPE_POINTWISE_MODE, 1, true},
    {POINT_, CUDNN_ATTR_POINTWISE_MATH_PREC, CUDNN_TYPE_DATA_TYPE, 1, true},
    {POINT_, CUDNN_ATTR_POINTWISE_AXIS, CUDNN_TYPE_INT64, 1, false},
#define POINT_OP_ CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR
    {POINT_OP_, CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, true},
    {POINT_OP_, CUDNN_ATTR_OPERATION_POINTWISE_XDESC, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, true},
    {POINT_OP_, CUDNN_ATTR_OPERATION_POINTWISE_BDESC, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, false},
    {POINT_OP_, CUDNN_ATTR_OPERATION_POINTWISE_TDESC, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, false},
    {POINT_OP_, CUDNN_ATTR_OPERATION_POINTWISE_YDESC, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, true},
    {CUDNN_BACKEND_MATMUL_DESCRIPTOR, CUDNN_ATTR_MATMUL_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, 1, true},
#define MATMUL_OP_ CUDNN_BACKEND_OPERATION_MATMUL_DESCRIPTOR
    {MATMUL_OP_, CUDNN_ATTR_OPERATION_MATMUL_ADESC, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, true},
    {MATMUL_OP_, CUDNN_ATTR_OPERATION_MATMUL_BDESC, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, true},
    {MATMUL_OP_, CUDNN_ATTR_OPERATION_MATMUL_CDESC, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, true},
    {MATMUL_OP_, CUDNN_ATTR_OPERATION_MATMUL_DESC, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, true},
    {CUDNN_BACKEND_REDUCTION_DESCRIPTOR, CUDNN_ATTR_REDUCTION_OPERATOR, CUDNN_TYPE_REDUCTION_OPERATOR_TYPE, 1, true},
    {CUDNN_BACKEND_REDUCTION_DESCRIPTOR, CUDNN_ATTR_REDUCTION_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, 1, true},
    {CUDNN_BACKEND_REDUCTION_DESCRIPTOR, CUDNN_ATTR_REDUCTION_IS_DETERMINISTIC, CUDNN_TYPE_BOOLEAN, 1, false},
#define REDUCTION_OP_ CUDNN_BACKEND_OPERATION_REDUCTION_DESCRIPTOR
    {REDUCTION_OP_, CUDNN_ATTR_OPERATION_REDUCTION_XDESC, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, true},
    {REDUCTION_OP_, CUDNN_ATTR_OPERATION_REDUCTION_YDESC, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, true},
    {REDUCTION_OP_, CUDNN_ATTR_OPERATION_REDUCTION_DESC, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, true},
#define RESHAPE_OP_ CUDNN_BACKEND_OPERATION_RESHAPE_DESCRIPTOR
    {RESHAPE_OP_, CUDNN_ATTR_OPERATION_RESHAPE_XDESC, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, true},
    {RESHAPE_OP_, CUDNN_ATTR_OPERATION_RESHAPE_YDESC, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, true},
#define GRAPH_ CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR
    {GRAPH_, CUDNN_ATTR_OPERATIONGRAPH_OPS, CUDNN_TYPE_BACKEND_DESCRIPTOR, 64, true},
    {GRAPH_, CUDNN_ATTR_OPERATIONGRAPH_HANDLE, CUDNN_TYPE_HANDLE, 1, false},
#define HEUR_ CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR
    {HEUR_, CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, 1, true},
    {HEUR_, CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, true},
    {HEUR_, CUDNN_ATTR_ENGINEHEUR_RESULTS, CUDNN_TYPE_BACKEND_DESCRIPTOR, 64, false},
#define ENGINE_ CUDNN_BACKEND_ENGINE_DESCRIPTOR
    {ENGINE_, CUDNN_ATTR_ENGINE_OPERATION_GRAPH, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, true},
    {ENGINE_, CUDNN_ATTR_ENGINE_GLOBAL_INDEX, CUDNN_TYPE_INT64, 1, true},
    {ENGINE_, CUDNN_ATTR_ENGINE_NUMERICAL_NOTE, CUDNN_TYPE_NUMERICAL_NOTE, CUDNN_NUMERICAL_NOTE_TYPE_COUNT, false},
    {ENGINE_, CUDNN_ATTR_ENGINE_BEHAVIOR_NOTE, CUDNN_TYPE_BEHAVIOR_NOTE, CUDNN_BEHAVIOR_NOTE_TYPE_COUNT, false},
#define KNOB_ CUDNN_BACKEND_KNOB_CHOICE_DESCRIPTOR
    {KNOB_, CUDNN_ATTR_KNOB_CHOICE_KNOB_TYPE, CUDNN_TYPE_KNOB_TYPE, 1, true},
    {KNOB_, CUDNN_ATTR_KNOB_CHOICE_KNOB_VALUE, CUDNN_TYPE_INT64, 1, true},
#define CFG_ CUDNN_BACKEND_ENGINECFG_DESCRIPTOR
    {CFG_, CUDNN_ATTR_ENGINECFG_ENGINE, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, true},
    {CFG_, CUDNN_ATTR_ENGINECFG_KNOB_CHOICES, CUDNN_TYPE_BACKEND_DESCRIPTOR, CUDNN_KNOB_TYPE_COUNTS, false},
#define PLAN_ CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR
    {PLAN_, CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, true},
    {PLAN_, CUDNN_ATTR_EXECUTION_PLAN_HANDLE, CUDNN_TYPE_HANDLE, 1, false},
    {PLAN_, CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE, CUDNN_TYPE_INT64, 1, false},
#define PACK_ CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR
    {PACK_, CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, CUDNN_TYPE_INT64, 64, true},
    {PACK_, CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR, 64, true},
    {PACK_, CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, 1, false},
};
enum { KNOWN = sizeof known / sizeof *known };

static size_t element_bytes(cudnnBackendAttributeType_t type)
{
    switch (type) {
    case CUDNN_TYPE_BOOLEAN:
    case CUDNN_TYPE_CHAR:
        return 1;
    case CUDNN_TYPE_HANDLE:
    case CUDNN_TYPE_INT64:
    case CUDNN_TYPE_DOUBLE:
    case CUDNN_TYPE_VOID_PTR:
    case CUDNN_TYPE_BACKEND_DESCRIPTOR:
        return 8;
    default:
        return 4;
    }
}

/* ---- Errors in words ---- */

static _Thread_local char last_words[256];

cudnnStatus_t fake_dnn_fail(cudnnStatus_t status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(last_words, sizeof last_words, format, args);
    va_end(args);
    return status;
}

void cudnnGetLastErrorString(char *message, size_t size)
{
    if (message && size)
        snprintf(message, size, "%s", last_words);
    last_words[0] = '\0';
}

const char *cudnnGetErrorString(cudnnStatus_t status)
{
    switch ((int)CUDNN_STATUS_CATEGORY(status)) {
    case 0:
        return "CUDNN_STATUS_SUCCESS";
    case 1000:
        return "CUDNN_STATUS_NOT_INITIALIZED";
    case 2000:
        return "CUDNN_STATUS_BAD_PARAM";
    case 3000:
        return "CUDNN_STATUS_NOT_SUPPORTED";
    case 4000:
        return "CUDNN_STATUS_INTERNAL_ERROR";
    case 5000:
        return "CUDNN_STATUS_EXECUTION_FAILED";
    default:
        return "CUDNN_UNKNOWN_STATUS";
    }
}

size_t cudnnGetVersion(void)
{
    return CUDNN_VERSION;
}

size_t cudnnGetCudartVersion(void)
{
    return CUDART_VERSION;
}

/* ---- Descriptors ---- */

FakeDescriptor *fake_descriptor_new(cudnnBackendDescriptorType_t type)
{
    FakeDescriptor *d = calloc(1, sizeof *d);
    if (!d)
        abort();
    d->type = type;
    d->refs = 1;
    return d;
}

static void attribute_clear(FakeAttribute *a)
{
    for (int64_t i = 0; a->type == CUDNN_TYPE_BACKEND_DESCRIPTOR && i < a->count; i++)
        fake_descriptor_unref(((FakeDescriptor **)a->data)[i]);
    free(a->data);
}

static void clear(FakeDescriptor *d)
{
    for (int i = 0; i < d->count; i++)
        attribute_clear(&d->attributes[i]);
    free(d->attributes);
    fake_dnn_graph_free(d->graph);
    d->attributes = NULL;
    d->count = 0;
    d->graph = NULL;
}

void fake_descriptor_unref(FakeDescriptor *d)
{
    if (d && --d->refs == 0) {
        clear(d);
        free(d);
    }
}

void fake_descriptor_copy(FakeDescriptor *to, const FakeDescriptor *from)
{
    clear(to);
    for (int i = 0; i < from->count; i++) {
        const FakeAttribute *a = &from->attributes[i];
        fake_attribute_put(to, a->name, a->type, a->count, a->data);
    }
    to->finalized = from->finalized;
}

const FakeAttribute *fake_attribute(const FakeDescriptor *d, cudnnBackendAttributeName_t name)
{
    for (int i = 0; i < d->count; i++)
        if (d->attributes[i].name == name)
            return &d->attributes[i];
    return NULL;
}

int64_t fake_attribute_count(const FakeDescriptor *d, cudnnBackendAttributeName_t name)
{
    const FakeAttribute *a = fake_attribute(d, name);
    return a ? a->count : 0;
}

int64_t fake_attribute_int64(const FakeDescriptor *d, cudnnBackendAttributeName_t name, int64_t otherwise)
{
    const FakeAttribute *a = fake_attribute(d, name);
    return a && a->count > 0 ? *(const int64_t *)a->data : otherwise;
}

int fake_attribute_enum(const FakeDescriptor *d, cudnnBackendAttributeName_t name, int otherwise)
{
    const FakeAttribute *a = fake_attribute(d, name);
    return a && a->count > 0 ? *(const int *)a->data : otherwise;
}

bool fake_attribute_bool(const FakeDescriptor *d, cudnnBackendAttributeName_t name)
{
    const FakeAttribute *a = fake_attribute(d, name);
    return a && a->count > 0 && *(const bool *)a->data;
}

FakeDescriptor *fake_attribute_descriptor(const FakeDescriptor *d, cudnnBackendAttributeName_t name, int64_t index)
{
    const FakeAttribute *a = fake_attribute(d, name);
    return a && index < a->count ? ((FakeDescriptor **)a->data)[index] : NULL;
}

void fake_attribute_put(FakeDescriptor *d, cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
                        int64_t count, const void *data)
{
    size_t bytes = (size_t)count * element_bytes(type);
    void *copy = malloc(bytes ? bytes : 1);
    if (!copy)
        abort();
    memcpy(copy, data, bytes);
    for (int64_t i = 0; type == CUDNN_TYPE_BACKEND_DESCRIPTOR && i < count; i++)
        ((FakeDescriptor **)copy)[i]->refs++;
    FakeAttribute *a = (FakeAttribute *)fake_attribute(d, name);
    if (a) {
        attribute_clear(a);
    } else {
        d->attributes = realloc(d->attributes, (size_t)(d->count + 1) * sizeof *d->attributes);
        if (!d->attributes)
            abort();
        a = &d->attributes[d->count++];
    }
    *a = (FakeAttribute){name, type, count, copy};
}

static cudnnStatus_t done(cudnnStatus_t status)
{
    fake_end();
    return status;
}

/** The row of an attribute of a descriptor; -1 when it has none of that name and type. */
static int row_of(const FakeDescriptor *d, cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type)
{
    for (int i = 0; i < KNOWN; i++)
        if (known[i].of == d->type && known[i].name == name && known[i].type == type)
            return i;
    return -1;
}

cudnnStatus_t cudnnBackendCreateDescriptor(cudnnBackendDescriptorType_t type, cudnnBackendDescriptor_t *out)
{
    if (fake_begin(__func__))
        return done(fake_dnn_fail(CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED, "made to fail"));
    bool there = false;
    for (int i = 0; i < KNOWN; i++)
        there |= known[i].of == type;
    if (!out || !there)
        return done(fake_dnn_fail(CUDNN_STATUS_NOT_SUPPORTED, "the stand-in has no descriptor of type %d", (int)type));
    FakeDescriptor *d = fake_descriptor_new(type);
    fake_object_add(FAKE_DNN_DESCRIPTOR, d);
    *out = d;
    return done(CUDNN_STATUS_SUCCESS);
}

cudnnStatus_t cudnnBackendDestroyDescriptor(cudnnBackendDescriptor_t descriptor)
{
    bool fails = fake_begin(__func__);
    if (!descriptor)
        return done(CUDNN_STATUS_SUCCESS);
    if (!fake_object_remove(FAKE_DNN_DESCRIPTOR, descriptor))
        return done(fake_dnn_fail(CUDNN_STATUS_BAD_PARAM, "no such descriptor"));
    fake_descriptor_unref(descriptor);
    return done(fails ? CUDNN_STATUS_INTERNAL_ERROR : CUDNN_STATUS_SUCCESS);
}

cudnnStatus_t cudnnBackendSetAttribute(cudnnBackendDescriptor_t descriptor, cudnnBackendAttributeName_t name,
                                       cudnnBackendAttributeType_t type, int64_t count, const void *data)
{
    if (fake_begin(__func__))
        return done(fake_dnn_fail(CUDNN_STATUS_BAD_PARAM, "made to fail"));
    FakeDescriptor *d = descriptor;
    if (!fake_object_is(FAKE_DNN_DESCRIPTOR, d) || !data || d->finalized)
        return done(fake_dnn_fail(CUDNN_STATUS_BAD_PARAM, "attribute %d set of no or of a finalized descriptor", name));
    int row = row_of(d, name, type);
    if (row < 0 || count < 1 || count > known[row].most) {
        fake_violate(
            "cudnnBackendSetAttribute: a descriptor of type %d has no attribute %d of %lld elements of type %d",
            (int)d->type, (int)name, (long long)count, (int)type);
        return done(fake_dnn_fail(CUDNN_STATUS_BAD_PARAM_ATTRIBUTE_TYPE, "%s", fake_violation()));
    }
    for (int64_t i = 0; type == CUDNN_TYPE_BACKEND_DESCRIPTOR && i < count; i++) {
        const FakeDescriptor *part = ((FakeDescriptor *const *)data)[i];
        if (!fake_object_is(FAKE_DNN_DESCRIPTOR, part) || !part->finalized)
            return done(fake_dnn_fail(CUDNN_STATUS_BAD_PARAM_NOT_FINALIZED, "a part is not finalized"));
    }
    if (type == CUDNN_TYPE_HANDLE && !fake_object_is(FAKE_DNN_HANDLE, *(void *const *)data))
        return done(fake_dnn_fail(CUDNN_STATUS_BAD_PARAM, "no such handle"));
    fake_attribute_put(d, name, type, count, data);
    return done(CUDNN_STATUS_SUCCESS);
}

cudnnStatus_t cudnnBackendGetAttribute(cudnnBackendDescriptor_t const descriptor, cudnnBackendAttributeName_t name,
                                       cudnnBackendAttributeType_t type, int64_t room, int64_t *count, void *data)
{
    if (fake_begin(__func__))
        return done(fake_dnn_fail(CUDNN_STATUS_BAD_PARAM, "made to fail"));
    const FakeDescriptor *d = descriptor;
    if (!fake_object_is(FAKE_DNN_DESCRIPTOR, d) || !d->finalized || row_of(d, name, type) < 0)
        return done(fake_dnn_fail(CUDNN_STATUS_BAD_PARAM, "attribute %d of no or of an unfinished descriptor", name));
    const FakeAttribute *a = fake_attribute(d, name);
    int64_t there = a ? a->count : 0, taken = there < room ? there : room;
    if (count)
        *count = there;
    for (int64_t i = 0; data && type == CUDNN_TYPE_BACKEND_DESCRIPTOR && i < taken; i++) {
        FakeDescriptor *to = ((FakeDescriptor **)data)[i];
        const FakeDescriptor *from = ((FakeDescriptor **)a->data)[i];
        if (!fake_object_is(FAKE_DNN_DESCRIPTOR, to) || to->type != from->type)
            return done(fake_dnn_fail(CUDNN_STATUS_BAD_PARAM, "descriptors to fill must be there and of their type"));
        fake_descriptor_copy(to, from);
    }
    if (data && type != CUDNN_TYPE_BACKEND_DESCRIPTOR && taken > 0)
        memcpy(data, a->data, (size_t)taken * element_bytes(type));
    return done(CUDNN_STATUS_SUCCESS);
}

cudnnStatus_t fake_dnn_complete(const FakeDescriptor *d)
{
    for (int i = 0; i < KNOWN; i++)
        if (known[i].of == d->type && known[i].required && !fake_attribute(d, known[i].name))
            return fake_dnn_fail(CUDNN_STATUS_BAD_PARAM, "a descriptor of type %d lacks attribute %d", (int)d->type,
                                 (int)known[i].name);
    return CUDNN_STATUS_SUCCESS;
}
