/* The kernels with POSIX threads as lanes: the packs, strides and barriers of a GPU, without one. */
#pragma once

#include "kernels/kernels.h"

/** Runs all phases with `lanes` (1..64) threads a block. */
void lk_kernel_launch_threads(LkKernelId id, LkDType dtype, const void *args, int lanes);
