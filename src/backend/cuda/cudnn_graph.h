/* An operation graph of cuDNN while it is put together: tensors, operations, and what each tensor will be given at run
 * time.
 *
 * Calls return NULL after a failure and do nothing when given NULL, so that a graph is written down without checks
 * between its lines; lk_cudnn_graph_plan reports what failed first. */
#pragma once

#include "backend/cuda/cudnn_plan.h"

/** What a tensor that is not virtual is given when the plan runs. */
typedef enum LkCudnnSource {
    LK_CUDNN_POINTER,   /* an entry of the caller's array of pointers */
    LK_CUDNN_WORKSPACE, /* a part of the workspace, behind cuDNN's own */
    LK_CUDNN_VALUE,     /* a number of the host */
} LkCudnnSource;

typedef struct LkCudnnBinding {
    LkCudnnSource source;
    int pointer;    /* which entry of the array */
    int64_t offset; /* bytes from the start of the second part of the workspace */
    float value;
} LkCudnnBinding;

#define LK_CUDNN_MAX_BINDINGS   16
#define LK_CUDNN_MAX_OPERATIONS 24
#define LK_CUDNN_MAX_OWNED      128

/** Unique ids: binding i is tensor i + 1; virtual tensors come behind. */
typedef struct LkCudnnGraph {
    const LkCudnn *cudnn;
    cudnnBackendDescriptor_t owned[LK_CUDNN_MAX_OWNED];
    cudnnBackendDescriptor_t operations[LK_CUDNN_MAX_OPERATIONS];
    LkCudnnBinding bindings[LK_CUDNN_MAX_BINDINGS];
    int n_owned, n_operations, n_bindings, n_virtual;
    int64_t extra_workspace; /* of LK_CUDNN_WORKSPACE bindings */
    cudnnStatus_t status;    /* of the first call that failed */
    const char *failed;      /* what it was */
} LkCudnnGraph;

typedef cudnnBackendDescriptor_t LkCudnnTensor;

/** Four dimensions and their strides, in elements. */
typedef struct LkCudnnShape {
    int64_t dims[4], strides[4];
} LkCudnnShape;

/** The dtype as cuDNN names it. */
cudnnDataType_t lk_cudnn_data_type(LkDType dtype);

/** Frees what a graph holds. */
void lk_cudnn_graph_clear(LkCudnnGraph *graph);

LkCudnnTensor lk_cudnn_tensor(LkCudnnGraph *graph, cudnnDataType_t type, const LkCudnnShape *shape, int pointer);
/** Exists only within the graph. */
LkCudnnTensor lk_cudnn_virtual(LkCudnnGraph *graph, cudnnDataType_t type, const LkCudnnShape *shape);
/** f32 in the workspace. */
LkCudnnTensor lk_cudnn_scratch(LkCudnnGraph *graph, const LkCudnnShape *shape);
/** One f32 number. */
LkCudnnTensor lk_cudnn_value(LkCudnnGraph *graph, float value);

/** One attribute of an operation. */
typedef struct LkCudnnAttribute {
    cudnnBackendAttributeName_t name;
    cudnnBackendAttributeType_t type;
    int64_t count;
    const void *data;
} LkCudnnAttribute;

/** A finalized descriptor with these attributes, which belongs to the graph. `what` is for the error. */
cudnnBackendDescriptor_t lk_cudnn_describe(LkCudnnGraph *graph, cudnnBackendDescriptorType_t type, int n,
                                           const LkCudnnAttribute *attributes, const char *what);
/** The same as an operation of the graph. */
void lk_cudnn_operation(LkCudnnGraph *graph, cudnnBackendDescriptorType_t type, int n,
                        const LkCudnnAttribute *attributes, const char *what);

/* Operations with f32 arithmetic; b and select may be NULL where the mode has no such input. */
void lk_cudnn_pointwise(LkCudnnGraph *graph, cudnnPointwiseMode_t mode, LkCudnnTensor x, LkCudnnTensor b,
                        LkCudnnTensor select, LkCudnnTensor y);
/** y = the index of each element along an axis. */
void lk_cudnn_index(LkCudnnGraph *graph, LkCudnnTensor like, int64_t axis, LkCudnnTensor y);
void lk_cudnn_matmul(LkCudnnGraph *graph, LkCudnnTensor a, LkCudnnTensor b, LkCudnnTensor c);
void lk_cudnn_reduction(LkCudnnGraph *graph, cudnnReduceTensorOp_t op, LkCudnnTensor x, LkCudnnTensor y);
/** y is x seen with y's dimensions and strides. */
void lk_cudnn_reshape(LkCudnnGraph *graph, LkCudnnTensor x, LkCudnnTensor y);

/** What engines may be chosen. */
typedef struct LkCudnnChoice {
    bool f32;              /* f32 inputs are taken as they are: no narrower ones, and no tensor cores, … */
    bool tf32;             /* … unless these may round them to TF32 */
    bool slow;             /* the engine is compiled: worth keeping on disk */
    int64_t workspace_cap; /* of the library's workspace; 0: any */
    int64_t engine;        /* this engine with these knobs, without asking the heuristics; -1: as the heuristics say */
    int n_knobs;
    const int64_t (*knobs)[2]; /* type, value */
} LkCudnnChoice;

/** Makes the plan: asks the heuristics, passes by what `choice` excludes, takes the first engine that can be built.
 * Clears the graph. `name` tells it from any other, and stands in errors: "cuDNN has no engine for the convolution …".
 */
LkCudnnPlan *lk_cudnn_graph_plan(LkCudnnGraph *graph, const LkCudnnChoice *choice, const char *name, LkError *error);

/** Fails with what cuDNN says about its last error. */
bool lk_cudnn_fail(cudnnStatus_t status, const char *what, LkError *error);
