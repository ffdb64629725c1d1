/* A graph as text: for golden files, where a refactoring shows as an empty difference. */
#pragma once

#include "tensor/plan.h"

#include <stdio.h>

const char *lk_op_name(LkOp op);

/** One line a node: index, operation, output shapes, inputs; `plan` (may be NULL) adds arena offsets. */
void lk_graph_dump(const LkGraph *graph, const LkPlan *plan, FILE *out);
