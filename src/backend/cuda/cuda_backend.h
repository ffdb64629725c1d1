/* What the files of the CUDA backend share. */
#pragma once

#include "backend/cuda/cudnn_plan.h"
#include "backend/cuda/tracks.h"
#include "backend/program.h"

#include <cublasLt.h>
#include <cuda_runtime_api.h>

/** Alignment of weights and states on the device. */
#define LK_CUDA_ALIGNMENT 256

/** Bytes of one of the two pinned buffers through which large tensors travel. */
#define LK_CUDA_STAGING (INT64_C(16) << 20)

/** Workspace that a matrix product may ask for, the same on every card, so that results do not depend on free memory.
 */
#define LK_CUDA_PRODUCT_WORKSPACE (INT64_C(32) << 20)

/** Workspace of one call of the fused attention's backward pass, whose deterministic form keeps a matrix a head. */
#define LK_CUDA_ATTENTION_WORKSPACE LK_CUDNN_WORKSPACE_CAP

/** In which order a frozen weight is stored. A weight may be stored in several ways at once. */
typedef enum LkCudaLayout {
    LK_CUDA_PLAIN,         /* in the file's order */
    LK_CUDA_CHANNELS_LAST, /* a convolution's [O,I,k,k] as [O,k,k,I] */
    LK_CUDA_WITH_ROOM,     /* in the file's order, with room behind every row: products alone read it */
} LkCudaLayout;

/** One allocation, shared by the weights that one bind loaded; freed with the last of them. */
typedef struct LkCudaRegion {
    void *data;
    int64_t bytes;
    bool on_host; /* pinned */
    int weights;
} LkCudaRegion;

/** One stored form of one weight, shared by all programs of the device. */
typedef struct LkCudaWeight {
    LkHeldWeight held; /* its form is a layout; bytes with padding to LK_CUDA_ALIGNMENT; on the host: pinned memory */
    LkCudaRegion *region;
    int64_t room; /* elements behind every row: what a program puts there before it reads them (tails.c) */
} LkCudaWeight;

enum { LK_CUDA_STAGINGS = 2 };

/* Products for which cuBLASLt was asked already (product.c). */
typedef struct LkProductChoice LkProductChoice;

struct LkDevice {
    int index;
    char name[64];               /* "NVIDIA GeForce RTX 4090" */
    int sm;                      /* 86 for compute capability 8.6 */
    int processors;              /* streaming multiprocessors */
    int64_t allocated;           /* arena + weights + states, bytes */
    int64_t attention_workspace; /* LK_CUDA_ATTENTION_WORKSPACE; tests want less */
    cudaStream_t stream; /* where work goes: the main track's, but while a node of another is put into its own */
    cudaStream_t copy_stream;
    cudaStream_t tracks[LK_TRACK_COUNT]; /* of the others; NULL for the main one */
    bool one_track;                      /* nothing is computed beside anything: to measure what that brings */
    cublasLtHandle_t blas;
    LkCudnn dnn;
    void *staging[LK_CUDA_STAGINGS]; /* of lk_cuda_host_new */
    bool pinned[LK_CUDA_STAGINGS];
    cudaEvent_t staged[LK_CUDA_STAGINGS];
    bool sending[LK_CUDA_STAGINGS]; /* the copy stream may still read it */
    cudaEvent_t reached;            /* what lk_cuda_wait waits for */
    int64_t emptied;                /* how often the stream was seen to be empty */
    LkHeld held;
    LkProductChoice *choices;
};

/** A weight behind whose rows a program puts an adapter's part, and the joined product that reads both. */
typedef struct LkCudaTail {
    const LkCudaWeight *weight;
    const LkNode *node;
} LkCudaTail;

/** All of them: filled before the first such product, in every run. */
typedef struct LkCudaTails {
    LkCudaTail *items;
    int count, capacity;
} LkCudaTails;

/** A program, and what a card's has beside. */
typedef struct LkCudaProgram {
    LkProgram base;
    LkCudaTails tails;
    int32_t *waits;        /* per node: the fetch that must have arrived first, or -1 */
    LkTracks *tracks;      /* NULL: one after the other */
    cudaEvent_t *signals;  /* as many as the tracks need */
    cudaEvent_t reached;   /* where the main track is when a node of another begins */
    int64_t *input_offset; /* per tensor: its place in `inputs`, for inputs */
    uint8_t *inputs;       /* what the host wrote into the inputs, on its way; of lk_cuda_host_new */
    bool pinned;           /* they are */
    bool in_flight;        /* the stream may still read `inputs`, unless it has been empty since: */
    int64_t emptied;       /* of the device, when it was started */
    cudaEvent_t sent;      /* the last run's inputs are on the card */
    int runs;              /* since it was bound */
    bool direct;           /* it could not be recorded: every run is launched call by call */
    cudaGraphExec_t captured;
} LkCudaProgram;

/** Makes the step of a node. */
LkStep *lk_cuda_matmul_new(LkProgram *program, const LkNode *node, LkError *error);
LkStep *lk_cuda_low_rank_new(LkProgram *program, const LkNode *node, LkError *error);
LkStep *lk_cuda_joined_new(LkProgram *program, const LkNode *node, LkError *error);
LkStep *lk_cuda_conv_new(LkProgram *program, const LkNode *node, LkError *error);
LkStep *lk_cuda_attention_new(LkProgram *program, const LkNode *node, LkError *error);
LkStep *lk_cuda_fetch_new(LkProgram *program, const LkNode *node, LkError *error);

/** Which fetch each node waits for: none twice, as copies arrive in their order. To be freed; NULL with the error. */
int32_t *lk_cuda_fetch_waits(const LkGraph *graph, LkError *error);
/** Lets the stream wait until a fetch has arrived. */
bool lk_cuda_fetch_wait(LkStep *step, LkError *error);

/** Whether the products and convolutions of f32 in this graph round their inputs to TF32: it lets them, and the card
 * has it. */
bool lk_cuda_tf32(const LkDevice *device, const LkGraph *graph);

/** `bytes` rounded up to the alignment of memory on the device. */
static inline int64_t lk_cuda_aligned(int64_t bytes)
{
    return (bytes + LK_CUDA_ALIGNMENT - 1) / LK_CUDA_ALIGNMENT * LK_CUDA_ALIGNMENT;
}

/* Statuses in words (status.c). */
bool lk_cuda_ok(cudaError_t status, const char *what, LkError *error);
bool lk_cublas_ok(cublasStatus_t status, const char *what, LkError *error);

/** Makes the device the current one of the calling thread; to be called first by whatever is called from outside. */
bool lk_cuda_enter(const LkDevice *device, LkError *error);

/** Waits for all work in the device's stream, without keeping a core of the host busy. */
bool lk_cuda_wait(LkDevice *device, const char *what, LkError *error);

/** Memory of the host for copies: pinned, or plain where the system has no more to pin (copies are slower then). */
void *lk_cuda_host_new(size_t bytes, bool *pinned, LkError *error);
void lk_cuda_host_free(void *data, bool pinned);

/* Memory of the device, counted in device->allocated (memory.c). */
void *lk_cuda_memory_new(LkDevice *device, int64_t bytes, const char *what, LkError *error);
void lk_cuda_memory_free(LkDevice *device, void *data, int64_t bytes);
extern const LkHeldMemory lk_cuda_state_memory;

/** Copies between the device and pageable host memory by way of the pinned buffers; waits until done. */
bool lk_cuda_upload(LkDevice *device, void *to, const void *from, size_t bytes, LkError *error);
bool lk_cuda_download(LkDevice *device, void *to, const void *from, size_t bytes, LkError *error);

/** The staging buffer (0 or 1), once the copy that used it last is done; NULL with the error where that failed. */
void *lk_cuda_staging(LkDevice *device, int number, LkError *error);
/** Copies what was put into a pinned buffer to the device, in the copy stream, and lets the next user wait for it: rows
 * without gaps there, `step` bytes from row to row on the device. */
bool lk_cuda_staging_send(LkDevice *device, int number, void *to, size_t step, size_t row, size_t rows, LkError *error);

/** Launches the kernels of a node, or a single one, in the device's stream (launch.c). */
bool lk_cuda_launch(LkDevice *device, LkKernelId id, LkDType dtype, const void *args, LkError *error);

/* Weights (weights.c, weights_load.c). */

/** The stored form of the weight that owns `ref`, made if missing and counted as used by the program. Codes and weights
 * on the host: in the type and order that the tensor says. */
LkHeldWeight *lk_cuda_weight(LkProgram *program, LkRef ref, LkCudaLayout layout, LkDType dtype, LkError *error);

/** The same for a product, which can read rows that lie apart: the form that the device holds already, else one with
 * `room` elements behind every row. It may have less room than was asked for, or more. */
LkCudaWeight *lk_cuda_factor(LkProgram *program, LkRef ref, int64_t room, LkError *error);

/** The stored form in which the tensor of a weight is read as it is: its own type, in the order that it says. */
LkCudaLayout lk_cuda_plain_layout(const LkTensor *weight);

/** Whether a tensor is a frozen weight or a part of one. */
bool lk_cuda_is_weight(const LkGraph *graph, LkRef ref);

/** Reads, converts and copies what a program uses and the device does not hold yet. */
bool lk_cuda_weights_load(LkProgram *program, const LkWeightSource *source, LkError *error);

void lk_cuda_region_free(LkDevice *device, LkCudaRegion *region);

int64_t lk_cuda_planned_weights(const LkDevice *device);
/** Bytes of those on the host. */
int64_t lk_cuda_planned_host(const LkDevice *device);

/** Frees what no program uses (all of it when `all`). */
void lk_cuda_weights_trim(LkDevice *device, bool all);

/* Tails (tails.c). */

/** Lets the program fill the room of a weight for a joined product, in the order of nodes; once for each weight. */
bool lk_cuda_tails_add(LkCudaProgram *program, const LkNode *node, const LkCudaWeight *weight, LkError *error);
/** What stands behind the rows of a joined product's weight, which is at this address with its rows `step` elements
 * apart; of a bound program. */
LkTail lk_cuda_tail(const LkProgram *program, const LkNode *node, void *weight, int64_t step);
/** Fills tails, in as few launches as can be. */
bool lk_cuda_fill_tails(LkDevice *device, LkDType dtype, const LkTail *tails, int count, LkError *error);
/** Fills the program's, if it is time before node n. */
bool lk_cuda_tails_fill(const LkCudaProgram *program, int32_t n, LkError *error);

/* Programs (program.c, program_run.c). */
LkProgram *lk_cuda_compile(LkDevice *device, const LkGraph *graph, LkError *error);
void lk_cuda_program_free(LkProgram *program);
bool lk_cuda_bind(LkProgram *program, const LkPlan *plan, const LkWeightSource *source, LkError *error);
bool lk_cuda_write(LkProgram *program, LkRef tensor, const void *data, size_t bytes, LkError *error);
bool lk_cuda_read(LkProgram *program, LkRef tensor, void *data, size_t bytes, LkError *error);
bool lk_cuda_run(LkProgram *program, LkError *error);
bool lk_cuda_recorded(const LkProgram *program);
bool lk_cuda_measure(LkProgram *program, double *seconds, LkError *error);
/** Makes what a program's tracks need. */
bool lk_cuda_tracks_init(LkCudaProgram *program, LkError *error);
void lk_cuda_tracks_clear(LkCudaProgram *program);
/** Lets the main stream wait for what node n must not overtake; n_nodes: for everything. */
bool lk_cuda_tracks_join(const LkCudaProgram *program, int32_t n, LkError *error);
/** Puts node n into its track's stream. */
bool lk_cuda_tracks_run(const LkCudaProgram *program, int32_t n, LkError *error);
/** Waits for all streams, whatever became of the program. */
void lk_cuda_drain(LkDevice *device);

/** Forgets a captured run, whose addresses are no longer right. */
void lk_cuda_uncapture(LkCudaProgram *program);
