/* What a backend is: a table of functions. The order of use is open, compile, (plan), reserve, bind, then write, run,
 * read as often as needed. There is no call per operation while running. */
#pragma once

#include "tensor/graph.h"
#include "tensor/plan.h"

#define LK_BACKEND_VERSION 6

typedef struct LkDevice LkDevice;
typedef struct LkProgram LkProgram;

/** One device that a backend found. */
typedef struct LkDeviceInfo {
    char name[128];       /* "AMD EPYC 9R14", "NVIDIA GeForce RTX 4090" */
    char detail[256];     /* instruction set or compute capability, library versions */
    int64_t memory_bytes; /* all of it */
    int64_t free_bytes;   /* what a program may take now */
    bool bf16, fp16;      /* matrix products of this type run at full speed */
    int threads;          /* of a CPU */
} LkDeviceInfo;

/** A frozen weight as its file has it. */
typedef struct LkSourceWeight {
    LkDType dtype;
    int64_t count;      /* elements */
    const void *handle; /* the source's own */
} LkSourceWeight;

/** Where frozen weights come from: one at a time, of which any elements can be read by any number of threads. */
typedef struct LkWeightSource {
    void *context;
    /** Finds a weight, which can be read until it is closed. */
    bool (*open)(void *context, const char *name, LkSourceWeight *weight, LkError *error);
    /** Copies elements first..first+count-1, in the weight's type. False where they cannot be had (any more). */
    bool (*read)(void *context, const LkSourceWeight *weight, int64_t first, int64_t count, void *to, LkError *error);
    void (*close)(void *context, const LkSourceWeight *weight);
} LkWeightSource;

typedef struct LkBackend {
    int version;
    const char *name; /* "cpu", "cuda" */

    /** Products of up to so many terms are better made where they are read (tensor/low_rank.h); 0: none are. */
    int folded_terms;

    /** Fills up to `max` entries and returns how many devices there are; -1 with an error where none can be used. */
    int (*devices)(LkDeviceInfo *out, int max, LkError *error);
    /** Opens a device; threads = 0 means all cores. */
    LkDevice *(*open)(int index, int threads, LkError *error);
    void (*close)(LkDevice *device);

    /** Makes everything that a graph needs to run but its memory. The graph must outlive the program. */
    LkProgram *(*compile)(LkDevice *device, const LkGraph *graph, LkError *error);
    /** What the nodes need, for lk_plan_new. Its arrays belong to the program. */
    LkPlanNeeds (*needs)(const LkProgram *program);
    /** Bytes of weights and of states that binding this program will add to what the device holds. */
    int64_t (*weight_bytes)(const LkProgram *program);
    int64_t (*state_bytes)(const LkProgram *program);
    /** Bytes of the weights that all programs of a device use together, held already or not. */
    int64_t (*planned_weights)(const LkDevice *device);
    /** Bytes of the host's memory for weights that are fetched (LK_OP_FETCH), of all programs together; 0 where the
     * host's memory is the device's and planned_weights has them. */
    int64_t (*planned_host)(const LkDevice *device);
    /** Makes the one arena, at least `bytes` large; 0 gives it back. Programs bound before must be bound again when it
     * grows or was given back. */
    bool (*reserve)(LkDevice *device, int64_t bytes, LkError *error);
    /** Gives a program its memory: places in the arena, states (new ones are zero), weights (read and packed). */
    bool (*bind)(LkProgram *program, const LkPlan *plan, const LkWeightSource *source, LkError *error);

    /** Copies to or from an input, output or state (or a view of one). `bytes` must be the tensor's size. */
    bool (*write)(LkProgram *program, LkRef tensor, const void *data, size_t bytes, LkError *error);
    bool (*read)(LkProgram *program, LkRef tensor, void *data, size_t bytes, LkError *error);
    /** Runs all nodes. */
    bool (*run)(LkProgram *program, LkError *error);
    /** Runs all nodes and says how long each took, in seconds. */
    bool (*measure)(LkProgram *program, double *seconds, LkError *error);

    /** Whether what ran is from its second run on one recorded launch; where it cannot be recorded, it is slower. NULL:
     * the backend records nothing. */
    bool (*recorded)(const LkProgram *program);

    void (*program_free)(LkProgram *program);
    /** Frees weights that no remaining program uses. */
    void (*trim)(LkDevice *device);
    /** Bytes that the device holds now: arena + weights + states. */
    int64_t (*allocated)(const LkDevice *device);
} LkBackend;

/** What a graph of this type (compute) has as folded_terms for a backend. */
int lk_backend_folded_terms(const LkBackend *api, LkDType compute);

/** The CPU backend (oneDNN and own kernels), or NULL in a build without it. */
const LkBackend *lk_backend_cpu(void);

/** The CUDA backend, opened at run time: NULL with the reason in `error` where it cannot be used. */
const LkBackend *lk_backend_cuda(LkError *error);
