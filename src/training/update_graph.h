/* The graph of the optimizer's step: clip, one of the optimizers over every group, the average, clear the gradient.
 * What the host wants to know of the step is one tensor. */
#pragma once

#include "training/optimizer.h"
#include "training/step_graph.h"

/** Options of the optimizer's graph. */
typedef struct LkUpdateShape {
    float max_norm;            /* clip the gradient's total norm; 0: do not */
    LkOptimizerType optimizer; /* AdamW where it is not given */
    bool ema;                  /* an average of the weights is kept */
    float norm_limit;          /* of every module's change of its layer, after the step; 0: none */
} LkUpdateShape;

/** An array that the optimizer keeps. */
typedef struct LkUpdateArray {
    const char *name; /* as in LkOptimizer, or "ema" */
    LkRef ref;
    LkDType dtype;
    int64_t count;
    bool is_weights; /* begins as the weights */
    LkOptimizerArrayKind kind;
} LkUpdateArray;

/** What a report has, in this order. */
enum {
    LK_REPORT_NORM,       /* of the gradient before clipping */
    LK_REPORT_FACTOR,     /* of the gradient; not finite: the step changed nothing */
    LK_REPORT_FOUND_RATE, /* by an optimizer that finds its own; else the norm again */
    LK_REPORT_LOSSES
};

/** The optimizer's graph over the modules that a step trains. */
typedef struct LkUpdateGraph {
    LkGraph *graph;
    LkRef scalars; /* f32 [LK_SCALAR_COUNT] */
    LkRef clip;    /* f32 [2]: gradient norm before clipping, factor */
    LkRef report;  /* f32 [LK_REPORT_LOSSES + losses]: what the host reads after a step */
    LkRef adapter, gradient;
    int64_t n_losses; /* of the step that the batches gathered */
    int n_arrays;
    LkUpdateArray arrays[LK_OPTIMIZER_ARRAYS + 1];
    LkRef table;       /* state i32 [matrices, LK_MATRIX_COUNT] that the host writes once from `matrices`; or LK_NONE */
    int32_t *matrices; /* owned */
    int64_t n_matrices;
} LkUpdateGraph;

LkUpdateGraph *lk_update_graph_new(const LkStepGraph *step, const LkUpdateShape *shape, LkError *error);
void lk_update_graph_free(LkUpdateGraph *update);

/** Bytes of what the optimizer keeps on the device. */
int64_t lk_update_bytes(const LkUpdateGraph *update);

/** The array of this name, or NULL. */
const LkUpdateArray *lk_update_array(const LkUpdateGraph *update, const char *name);
