/* The truth that kernels and backends are compared with: a naive executor in double precision, for tests only.
 *
 * Every tensor is an array of double whatever its dtype (a cast copies, i32 ids are doubles too), views share the
 * memory of the tensor that owns it, and nothing else is shared: no arena, no writing in place, no threads. Every
 * operation is written from its mathematical definition, with no code in common with kernels/ or the backends. */
#pragma once

#include "base/error.h"
#include "tensor/graph.h"

typedef struct LkReference LkReference;

/** Memory for every tensor of the graph, all zero. The graph must outlive it and not grow. */
LkReference *lk_reference_new(const LkGraph *graph, LkError *error);
void lk_reference_free(LkReference *reference);

/** The elements of a tensor (of a view: inside its owner's memory), to be read and written freely. The memory belongs
 * to the reference. NULL for a reference that is not a tensor of the graph. */
double *lk_reference_data(LkReference *reference, LkRef ref);

/** Runs all nodes in order. Fails where a node has the wrong number of inputs or outputs or an index out of range. */
bool lk_reference_run(LkReference *reference, LkError *error);

/** Runs the nodes first .. end-1. */
bool lk_reference_run_range(LkReference *reference, int32_t first, int32_t end, LkError *error);
