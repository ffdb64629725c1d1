/* What the benchmarks' base model looks like: Stable Diffusion 1.5 in its true size. */
#pragma once

#include "model/arch.h"

extern const LkModelArch bench_arch;
