/* Where the time of a program goes: its nodes by class. */
#pragma once

#include "tensor/graph.h"

/** What a node costs. */
typedef struct NodeCost {
    const char *class; /* "convolution forward", "LoRA weight gradients" */
    double flops;      /* of matrix products, convolutions and attention; 0 for others */
    double bytes;      /* inputs and outputs, each once */
    char shape[64];    /* "4096x320x1280" */
} NodeCost;

NodeCost profile_cost(const LkGraph *graph, const LkNode *node);

/** Prints a table of the classes. `best` (may be NULL) is each node's time by oneDNN alone, 0 where there is none. */
void profile_classes(const LkGraph *graph, const double *seconds, const double *best, double flops_roof,
                     double bytes_roof);

/** Prints the `count` kinds of nodes (same class and shape) that take longest. */
void profile_kinds(const LkGraph *graph, const double *seconds, const double *best, int count);
