/* Choosing the engine that computes an operation graph. */
#pragma once

#include "backend/cuda/cudnn_graph.h"

/** A plan for the finalized operation graph, the engine's configuration that it was made from, and its workspace. */
typedef struct LkCudnnChosen {
    cudnnBackendDescriptor_t plan, config;
    int64_t workspace;
    char engine[192];
} LkCudnnChosen;

/** Takes the first engine that `choice` allows and that can be built. The descriptors are the caller's. */
bool lk_cudnn_choose(const LkCudnn *cudnn, cudnnBackendDescriptor_t operations, const LkCudnnChoice *choice,
                     LkCudnnChosen *out, const char *what, LkError *error);
