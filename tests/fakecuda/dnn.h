/* cuDNN's graph interface as the stand-in keeps it, between the dnn_*.c files. */
#pragma once

#include "private.h"

#include <cudnn.h>

enum { FAKE_DNN_DIMS = 8, FAKE_DNN_INPUTS = 3 };

typedef struct FakeAttribute {
    cudnnBackendAttributeName_t name;
    cudnnBackendAttributeType_t type;
    int64_t count;
    void *data; /* of descriptors: pointers with a reference each */
} FakeAttribute;

typedef struct FakeDnnGraph FakeDnnGraph;

/** What a cudnnBackendDescriptor_t points to. The caller's handle is one reference; others that were given it hold it
 * too, so that a plan outlives the tensors it was made of. */
typedef struct FakeDescriptor {
    cudnnBackendDescriptorType_t type;
    int refs;
    bool finalized;
    FakeAttribute *attributes;
    int count;
    FakeDnnGraph *graph; /* of a finalized operation graph */
} FakeDescriptor;

/** The attribute; NULL when it was not set. */
const FakeAttribute *fake_attribute(const FakeDescriptor *d, cudnnBackendAttributeName_t name);
int64_t fake_attribute_count(const FakeDescriptor *d, cudnnBackendAttributeName_t name);
int64_t fake_attribute_int64(const FakeDescriptor *d, cudnnBackendAttributeName_t name, int64_t otherwise);
/** A data type, mode …: anything stored in an int. */
int fake_attribute_enum(const FakeDescriptor *d, cudnnBackendAttributeName_t name, int otherwise);
bool fake_attribute_bool(const FakeDescriptor *d, cudnnBackendAttributeName_t name);
/** The index'th descriptor of an attribute, or NULL. */
FakeDescriptor *fake_attribute_descriptor(const FakeDescriptor *d, cudnnBackendAttributeName_t name, int64_t index);
/** Sets an attribute without the checks of cudnnBackendSetAttribute. */
void fake_attribute_put(FakeDescriptor *d, cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
                        int64_t count, const void *data);

FakeDescriptor *fake_descriptor_new(cudnnBackendDescriptorType_t type);
void fake_descriptor_unref(FakeDescriptor *d);
/** Makes `to` the same as `from`. */
void fake_descriptor_copy(FakeDescriptor *to, const FakeDescriptor *from);

/** Remembers words for cudnnGetLastErrorString; returns the status. */
cudnnStatus_t fake_dnn_fail(cudnnStatus_t status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** Whether all that must be set is. */
cudnnStatus_t fake_dnn_complete(const FakeDescriptor *d);

/* ---- Graphs (dnn_graph.c) ---- */

typedef struct FakeTensor {
    const FakeDescriptor *descriptor;
    int64_t uid, alignment;
    cudnnDataType_t type;
    int n; /* dimensions */
    int64_t dims[FAKE_DNN_DIMS], strides[FAKE_DNN_DIMS];
    int64_t extent; /* elements from the first to behind the last */
    bool is_virtual, by_value;
    int producer; /* operation, or -1 */
    bool used;
} FakeTensor;

typedef struct FakeOperation {
    cudnnBackendDescriptorType_t type;
    int in[FAKE_DNN_INPUTS], out; /* tensors, -1 where there is none */
    int mode;                     /* of pointwise and reduction */
    int64_t axis;
    int64_t before[2], after[2], stride[2], dilation[2]; /* of convolutions */
} FakeOperation;

/** Operations in an order in which they can be computed. */
struct FakeDnnGraph {
    FakeTensor *tensors;
    FakeOperation *operations;
    int n_tensors, n_operations;
};

/** Reads a graph out of the descriptors of its operations. */
cudnnStatus_t fake_dnn_graph_new(const FakeDescriptor *d, FakeDnnGraph **out);
void fake_dnn_graph_free(FakeDnnGraph *graph);

/** What a graph is, for the choice of engines. */
typedef enum FakeDnnPattern {
    FAKE_DNN_CONV,
    FAKE_DNN_CONV_BACKWARD,
    FAKE_DNN_ATTENTION,
    FAKE_DNN_ATTENTION_BACKWARD,
    FAKE_DNN_OTHER
} FakeDnnPattern;
FakeDnnPattern fake_dnn_pattern(const FakeDnnGraph *graph);

/** Whether a test wants these graphs refused (fake_refuse). */
bool fake_dnn_refused(FakeDnnPattern pattern);
/** Whether a test wants attention in f32 (fake_any_type). */
bool fake_dnn_any_type(void);

/** Whether the configured card has an engine for the graph. */
cudnnStatus_t fake_dnn_supported(const FakeDnnGraph *graph);
bool fake_dnn_is_f32(const FakeDnnGraph *graph);

/* ---- Computing (dnn_compute.c, dnn_conv.c) ---- */

/** Where the elements of a tensor are while a graph is computed: a CUDA data type; `rounding` is the type to which a
 * virtual tensor's floats are rounded. */
typedef struct FakeStorage {
    int type, rounding;
    void *data;
} FakeStorage;

float fake_dnn_get(const FakeStorage *s, int64_t offset);
void fake_dnn_put(const FakeStorage *s, int64_t offset, float value);

/** Computes a graph; data has an address for each tensor that is not virtual. tf32: as an engine that rounds f32 inputs
 * does. */
void fake_dnn_compute(const FakeDnnGraph *graph, void *const *data, bool tf32);
void fake_dnn_conv(const FakeOperation *op, const FakeTensor *tensors, const FakeStorage *storage, bool tf32);
