/* A program as far as it is the same whatever the device: a step for each node, what it uses of the device, where its
 * tensors lie. A backend whose programs have more begins its own struct with this one. */
#pragma once

#include "backend/held_weights.h"
#include "backend/node_launches.h"

/** What a device holds, as far as it is the same whatever the device. */
typedef struct LkHeld {
    uint8_t *arena;
    int64_t arena_bytes;
    LkHeldState *states;
    LkHeldWeights weights;
} LkHeld;

/* One step of a program: a node, ready to run. */
typedef struct LkStep LkStep;

typedef struct LkStepClass {
    /** Takes the addresses of the node's tensors and of its scratch memory. */
    bool (*bind)(LkStep *step, LkProgram *program, void *scratch, LkError *error);
    /** Does the node's work. On a card it is put into the device's stream, which may be captured: no allocation, no
     * synchronisation. */
    bool (*run)(LkStep *step, LkError *error);
    void (*free)(LkStep *step);
} LkStepClass;

struct LkStep {
    const LkStepClass *class;
    LkDevice *device;
    const LkGraph *graph;
    const LkNode *node;
    int64_t scratch_bytes;
};

/** What a backend has of its own. */
typedef struct LkProgramClass {
    LkStep *(*step)(LkProgram *program, const LkNode *node, LkError *error); /* makes the step of a node */
    /** The form of a weight that the backend's kernels read as it is, made if missing and counted as used. */
    LkHeldWeight *(*plain)(LkProgram *program, LkRef ref, LkError *error);
    /** The same where it exists already, or NULL. */
    LkHeldWeight *(*find_plain)(const LkHeld *held, const LkTensor *weight);
    bool (*launch)(LkDevice *device, LkKernelId id, LkDType dtype, const void *args, LkError *error); /* our kernels */
    const LkHeldMemory *state_memory;
    const char *name; /* of the backend, for errors */
} LkProgramClass;

struct LkProgram {
    const LkProgramClass *class;
    LkDevice *device;
    LkHeld *held; /* of the device */
    const LkGraph *graph;
    LkStep **steps;       /* one a node */
    int64_t *node_bytes;  /* scratch memory of each */
    const int32_t *until; /* NULL, or as in LkPlanNeeds; of the backend */
    LkUses uses;          /* LkHeldWeight */
    void **address;       /* per tensor (owners), after binding */
    bool bound;
};

/** Gives an empty program, of which class, device, held and graph are filled in, its tables and steps; they are to be
 * cleared also where it fails. */
bool lk_program_init(LkProgram *program, LkError *error);
void lk_program_clear(LkProgram *program);

/** A step of `size` bytes with its base filled in; NULL with the error where memory is short. */
void *lk_step_new(LkProgram *program, const LkNode *node, const LkStepClass *class, size_t size, LkError *error);

/** The step of a node that our own kernels compute. */
LkStep *lk_kernel_step_new(LkProgram *program, const LkNode *node, LkError *error);

/* Functions of the backend table: backend.h says what they do. */
LkPlanNeeds lk_program_needs(const LkProgram *program);
int64_t lk_program_weight_bytes(const LkProgram *program);
int64_t lk_program_state_bytes(const LkProgram *program);

/** Whether the arena is large enough for a plan. */
bool lk_program_fits(const LkProgram *program, const LkPlan *plan, LkError *error);
/** Gives tensors and steps their places, once the weights are loaded. */
bool lk_program_place(LkProgram *program, const LkPlan *plan, LkError *error);

/** The address of a tensor of a bound program (of a weight: its plain form in its own type). NULL for LK_NONE. */
void *lk_program_address(const LkProgram *program, LkRef ref);

/** The address of a tensor that the host may touch, if it has this size; else NULL with the error. */
void *lk_program_host_address(const LkProgram *program, LkRef ref, size_t bytes, LkError *error);
