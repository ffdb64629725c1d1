/* A plan checked by acting it out: independent of lk_plan_verify, which works with lifetimes. */
#pragma once

#include "tensor/plan.h"

/** Runs the graph on an arena whose bytes say which tensor they belong to. False, with the reason, where a node would
 * read what is not there any more, write over one of its operands other than in place, or leave the arena; or where an
 * input or output is not whole at the end. What a node that may end late reads, writes and uses as scratch memory must
 * stay as it is until then. */
bool plan_simulate(const LkGraph *graph, const LkPlan *plan, LkPlanNeeds needs, char reason[200]);

/** A lower bound of what any plan needs: the largest sum, over the nodes, of what is needed after the node and was
 * there by its end, and of its scratch memory. Sizes are rounded up to LK_ALIGNMENT. */
int64_t plan_lower_bound(const LkGraph *graph, LkPlanNeeds needs);
