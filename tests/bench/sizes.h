/* What the benchmarks' base models look like: Stable Diffusion 1.5, 2.1 and XL in their true sizes. */
#pragma once

#include "model/arch.h"

/** The architecture of a family ("sd1", "sd2", "sdxl"), or NULL. */
const LkModelArch *bench_arch(const char *family);
