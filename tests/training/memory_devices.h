/* The devices on which random jobs are held against their plans: the CPU, or cards of the stand-in for CUDA. */
#pragma once

#include "backend/backend.h"

typedef struct MemoryDevice {
    const char *name;
    const LkBackend *api;
    const char *precisions[4]; /* mixed_precision that it computes in, NULL-terminated */
    bool workspaces;           /* of the libraries: they, not its numbers, are what a small model takes in bf16 */
    int64_t steady;            /* by how much `beside` may grow from the first step to the last */
} MemoryDevice;

/** Makes device `number` ready, from 0; false behind the last. */
bool memory_device(int number, MemoryDevice *device);
/** What the device itself says that it holds, and held at most since it was made ready; -1 where it does not tell. */
int64_t memory_device_held(void);
int64_t memory_device_peak(void);
/** Something that grows when a step allocates: bytes, or calls. */
int64_t memory_device_beside(void);
