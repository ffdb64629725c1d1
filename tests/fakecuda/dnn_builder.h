/* A short way to write cuDNN graphs down in tests. Every call that fails makes `status` stay at its error. */
#pragma once

#include <cudnn.h>
#include <stdbool.h>

enum { BUILDER_ROOM = 128, BUILDER_TENSORS = 32 };

typedef cudnnBackendDescriptor_t Descriptor;

typedef struct Builder {
    cudnnHandle_t handle;
    cudnnStatus_t status;
    Descriptor owned[BUILDER_ROOM], operations[BUILDER_ROOM];
    int n_owned, n_operations;
    int64_t ids[BUILDER_TENSORS];
    void *data[BUILDER_TENSORS];
    int n_ids;
    int64_t next_id;
} Builder;

/** One attribute of a descriptor. */
typedef struct Attribute {
    cudnnBackendAttributeName_t name;
    cudnnBackendAttributeType_t type;
    int64_t count;
    const void *data;
} Attribute;

Descriptor builder_make(Builder *b, cudnnBackendDescriptorType_t type, int n, const Attribute *attributes);
void builder_add(Builder *b, cudnnBackendDescriptorType_t type, int n, const Attribute *attributes);

/** A tensor of four dimensions at `data`; NULL: virtual. Strides in elements. */
Descriptor builder_tensor(Builder *b, cudnnDataType_t type, const int64_t *dims, const int64_t *strides, void *data);
/** A float of the host, which must stay there. */
Descriptor builder_value(Builder *b, float *value);

void builder_pointwise(Builder *b, cudnnPointwiseMode_t mode, int64_t axis, Descriptor x, Descriptor with,
                       Descriptor select, Descriptor y);
void builder_matmul(Builder *b, Descriptor x, Descriptor y, Descriptor z);
void builder_reduce(Builder *b, cudnnReduceTensorOp_t op, Descriptor x, Descriptor y);
void builder_reshape(Builder *b, Descriptor x, Descriptor y);
/** kind 0: x, w -> y; 1: dy, w -> dx; 2: x, dy -> dw. */
void builder_conv(Builder *b, int kind, int64_t stride, int64_t before, int64_t after, Descriptor first,
                  Descriptor second, Descriptor out);

/** A plan of the engine with this note (-1: the first that can be built and has not NONDETERMINISTIC), NULL without. */
Descriptor builder_plan(Builder *b, int note, int64_t *workspace);
cudnnStatus_t builder_run(Builder *b, Descriptor plan, void *workspace);
void builder_clear(Builder *b);
