/* What the files of the CPU backend share. */
#pragma once

#include "backend/program.h"

#include <dnnl.h>

/** How a frozen weight is stored. A weight may be stored in several ways at once. */
typedef enum LkWeightRole {
    LK_WEIGHT_PLAIN,    /* in the file's order, in the compute type or f32: tables, norms, biases, small products */
    LK_WEIGHT_FORWARD,  /* packed by oneDNN for the forward pass */
    LK_WEIGHT_BACKWARD, /* packed by oneDNN for the gradient of the layer's input */
    LK_WEIGHT_CODES,    /* 8-bit codes and their rows' scales (weight_form.h), in the file's order */
    LK_WEIGHT_TAPS,     /* a convolution's as [O,k,k,I]: codes, or in the compute type */
} LkWeightRole;

/** One stored form of one weight, shared by all programs. */
typedef struct LkStoredWeight {
    LkHeldWeight held;        /* its form is a role */
    dnnl_memory_desc_t desc;  /* the stored layout */
    dnnl_memory_desc_t plain; /* the file's order as oneDNN must see it (dims permuted for the role) */
} LkStoredWeight;

struct LkDevice {
    int threads;
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    dnnl_primitive_attr_t attr; /* scratchpad from the caller, deterministic */
    LkHeld held;
    int64_t weight_bytes, state_bytes;
};

/** Makes the step of a node. */
LkStep *lk_cpu_matmul_new(LkProgram *program, const LkNode *node, LkError *error);
LkStep *lk_cpu_thin_new(LkProgram *program, const LkNode *node, LkError *error);
LkStep *lk_cpu_conv_new(LkProgram *program, const LkNode *node, LkError *error);
LkStep *lk_cpu_attention_step_new(LkProgram *program, const LkNode *node, LkError *error);
LkStep *lk_cpu_fetch_new(LkProgram *program, const LkNode *node, LkError *error);

/** Whether a matrix product is one that lk_cpu_thin_new does faster than oneDNN. */
bool lk_cpu_is_thin(const LkGraph *graph, const LkNode *node);

/** The role of the form that lk_cpu_weight_plain makes. */
LkWeightRole lk_cpu_plain_role(const LkTensor *weight);

/** Turns a status of oneDNN into words. */
bool lk_cpu_status(dnnl_status_t status, const char *what, LkError *error);

/** oneDNN's name of an element type. */
dnnl_data_type_t lk_cpu_data_type(LkDType dtype);

/** Memory of states, counted in device->state_bytes (memory.c). */
extern const LkHeldMemory lk_cpu_state_memory;

/* Weights (weights.c). */

/** The stored form of a weight in one role, made if missing and counted as used by the program. `desc` is the layout
 * and `plain` the file's layout with the same dims; both are copied. */
LkStoredWeight *lk_cpu_weight(LkProgram *program, LkRef ref, LkWeightRole role, const_dnnl_memory_desc_t desc,
                              const_dnnl_memory_desc_t plain, LkError *error);

/** The form that exists already, or NULL. */
LkStoredWeight *lk_cpu_weight_find(const LkHeld *held, const char *name, LkWeightRole role, LkDType dtype);

/** The form that kernels read: the plain one, or codes, or with a convolution's taps first, as the tensor says. */
LkHeldWeight *lk_cpu_weight_plain(LkProgram *program, LkRef ref, LkError *error);

/** Reads and packs what a program uses and the device does not hold yet (weights_load.c). */
bool lk_cpu_weights_load(LkProgram *program, const LkWeightSource *source, LkError *error);

/** Bytes of what the programs use, loaded or not. */
int64_t lk_cpu_planned_weights(const LkDevice *device);

/** Frees what no program uses (all of it when `all`). */
void lk_cpu_weights_trim(LkDevice *device, bool all);

/** A weight that lies in the arena brought into the layout that a primitive wants, in every run (repack.c). */
typedef struct LkRepack {
    dnnl_primitive_t primitive;
    dnnl_memory_t from, to;
    size_t bytes; /* of the layout: scratch memory; 0 where nothing is repacked */
} LkRepack;

bool lk_cpu_repack_init(LkRepack *repack, LkDevice *device, const_dnnl_memory_desc_t from, const_dnnl_memory_desc_t to,
                        LkError *error);
void lk_cpu_repack_clear(LkRepack *repack);
bool lk_cpu_repack_bind(LkRepack *repack, void *from, void *to, LkError *error);
bool lk_cpu_repack_run(const LkRepack *repack, LkDevice *device, LkError *error);

/* Memory that is zero, aligned to a page, and counts only once it is touched. */
void *lk_cpu_memory_new(size_t bytes);

/** The same in large pages, where the system has them: fewer misses of the address cache in memory that is read and
 * written in every order. Frozen weights are read from front to back and gain nothing; and a virtual machine gets the
 * large pages from its host anew, which takes six times as long as to use small ones that it has. */
void *lk_cpu_memory_new_large(size_t bytes);
void lk_cpu_memory_free(void *data, size_t bytes);

/** memcpy on all threads; first touches of new memory are what costs, and they run in parallel then. */
void lk_cpu_copy(void *to, const void *from, size_t bytes);
