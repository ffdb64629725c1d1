/* Where every activation lives: liveness analysis gives each an offset in one arena, before anything is allocated. */
#pragma once

#include "tensor/graph.h"

/** Alignment of every tensor in the arena, bytes (a cache line; also what vector loads want). */
#define LK_ALIGNMENT 64

/** What nodes want beside places for their outputs. */
typedef struct LkPlanNeeds {
    const int64_t *bytes; /* per node: scratch memory; NULL: none wants any */
    const int32_t *until; /* per node: the last one that may begin before this one has ended; NULL: one at a time */
} LkPlanNeeds;

typedef struct LkPlan {
    int64_t arena_bytes;
    int64_t live_bytes;  /* the largest sum of what is alive at one node: no plan can be smaller */
    int64_t input_bytes; /* of the arena: what the host writes */
    int64_t activation_bytes, workspace_bytes; /* at the node where most is alive */
    int32_t peak_node;
    int32_t n_tensors, n_nodes;
    int64_t *offset;    /* per tensor: bytes from the arena's start; -1 where it does not live there */
    int64_t *workspace; /* per node: offset of its scratch memory, -1 for none */
} LkPlan;

/** Plans a graph for a backend that wants this. */
LkPlan *lk_plan_new(const LkGraph *graph, LkPlanNeeds needs, LkError *error);
void lk_plan_free(LkPlan *plan);

/** Checks by brute force that no two tensors that are alive together overlap; for tests and `plan --check`. */
bool lk_plan_verify(const LkGraph *graph, const LkPlan *plan, LkPlanNeeds needs, LkError *error);

/** Whether output 0 of a node of this kind may be written over input `input`. */
bool lk_op_in_place(LkOp op, int input);
